"""What `make install` leaves of pbt-worker, and what a user compiles with it.

Arguments: the build folder, the C compiler with its flags, and after `--` the C++ compiler.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import tap

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD, *WORDS = sys.argv[1:]
CUT = WORDS.index("--")
COMPILER, CXX = WORDS[:CUT], WORDS[CUT + 1:]
FLAGS = [word for word in COMPILER if word.startswith("-")]  # it may be `ccache cc`


def output(*command, **options):
    """Run a command; its standard output, or an exception with all it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name)
        output("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", str(cls.root))
        cls.library = next(cls.root.rglob("libpbt-worker.so"))
        cls.package = next(cls.root.rglob("pbt-worker.pc"))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def pkg_config(self, *arguments):
        """As if the folder were the root; the system's own packages stay where they are."""
        package = self.package.read_text().replace("prefix=/", f"prefix={self.root}/", 1)
        moved = self.root / "moved"
        moved.mkdir(exist_ok=True)
        (moved / "pbt-worker.pc").write_text(package)
        environment = {**os.environ, "PKG_CONFIG_PATH": str(moved)}
        return output("pkg-config", *arguments, "pbt-worker", env=environment).split()

    def run_example(self, *command):
        """Compile the example and run it where there is no study."""
        program = str(self.root / "trainer")
        output(*command, "-Wall", "-Wextra", "-Werror", "-o", program)
        environment = {name: os.environ[name] for name in os.environ if not name.startswith("PBT_")}
        environment["LD_LIBRARY_PATH"] = str(self.library.parent)
        done = subprocess.run([program], env=environment, capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("no server (PBT_SERVER) is named", done.stderr)

    def test_soname_is_1(self):
        header = output("objdump", "-p", str(self.library))
        self.assertRegex(header, r"SONAME\s+libpbt-worker\.so\.1\n")

    def test_needs_what_its_page_names_and_nothing_else(self):
        header = output("objdump", "-p", str(self.library))
        needed = set(re.findall(r"NEEDED\s+(lib[a-z0-9-]+)", header))
        self.assertEqual({name for name in needed if "san" not in name},
                         {"libarchive", "libcurl", "libjansson", "libc", "libm"})

    def test_exports_what_the_headers_declare_and_nothing_else(self):
        lines = output("nm", "-D", "--defined-only", str(self.library)).splitlines()
        exported = {line.split()[-1] for line in lines}
        exported = {name for name in exported if "asan" not in name}
        text = (ROOT / "include/pbt/worker.h").read_text(encoding="utf-8")
        declared = set(re.findall(r"^PBT_API [^;(]*?(pbt_\w+)\(", text, re.MULTILINE))
        self.assertGreater(len(declared), 20)
        self.assertEqual(exported, declared | {"pbt_err_name", "pbt_err_message", "pbt_version",
                                               "pbt_version_number"})

    def test_example_compiles_as_its_page_says(self):
        page = (ROOT / "examples/c_worker/README.md").read_text(encoding="utf-8")
        self.assertIn("$(pkg-config --cflags --libs pbt-worker) -lm", page)
        source = str(ROOT / "examples/c_worker/trainer.c")
        self.run_example(*COMPILER, source, *self.pkg_config("--cflags", "--libs"), "-lm")

    def test_example_compiles_as_cxx(self):
        if not CXX:
            self.skipTest("no C++ compiler")
        source = str(ROOT / "examples/c_worker/trainer.c")
        self.run_example(*CXX, *FLAGS, "-x", "c++", source, "-x", "none",
                         *self.pkg_config("--cflags", "--libs"), "-lm")

    def test_static_library_links(self):
        source = str(ROOT / "examples/c_worker/trainer.c")
        archive = str(next(self.root.rglob("libpbt-worker.a")))
        private = [flag for flag in self.pkg_config("--libs", "--static") if flag != "-lpbt-worker"]
        needed = ("-larchive", "-lcurl", "-ljansson", "-lm", "-pthread")
        shared = [flag for flag in private if flag.startswith(needed)]
        self.run_example(*COMPILER, source, archive, *self.pkg_config("--cflags"), *shared)


if __name__ == "__main__":
    del sys.argv[1:]
    tap.main()
