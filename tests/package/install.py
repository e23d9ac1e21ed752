"""What `make install` leaves, and README.md's program built against it.

Arguments: the build folder, the C compiler with its flags.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
sys.dont_write_bytecode = True
import tap

BUILD, COMPILER = sys.argv[1], sys.argv[2:]


def output(*command, **options):
    """Run a command; its standard output, or an exception with all it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def readme_block(marker):
    """The code block of README.md that follows a comment such as `<!-- file: study.yaml -->`."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    pattern = rf"<!-- {re.escape(marker)} -->\n```\w*\n(.*?)```\n"
    return re.search(pattern, text, re.DOTALL).group(1)


def declared(header):
    """The functions that a public header marks PBT_API."""
    text = (ROOT / "include/pbt" / header).read_text(encoding="utf-8")
    return set(re.findall(r"^PBT_API [^;(]*?(pbt_\w+)\(", text, re.MULTILINE))


def exported(library):
    """The symbols that a shared library shows, the sanitizers' aside."""
    lines = output("nm", "-D", "--defined-only", str(library)).splitlines()
    names = {line.split()[-1] for line in lines}
    return {name for name in names if not name.startswith(("__asan", "__odr_asan"))}


def needed(library):
    """The libraries that one needs, the sanitizers' aside."""
    header = output("objdump", "-p", str(library))
    names = set(re.findall(r"NEEDED\s+(lib[a-z0-9-]+)", header))
    return {name for name in names if "san" not in name}


PROGRAM = """
#include <pbt/pbt.h>
#include <pbt/worker.h>
#include <stdio.h>
int main(void) { pbt_worker_options options = pbt_worker_options_default();
return puts(pbt_version()) < 0 || options.size == 0; }
"""
CMAKE = """
cmake_minimum_required(VERSION 3.16)
project(user C)
find_package(pbt 0.1 REQUIRED)
find_package(pbt 9.0 QUIET)
if(pbt_FOUND)
  message(FATAL_ERROR "another version was taken")
endif()
add_executable(user user.c)
target_link_libraries(user PRIVATE pbt::pbt pbt::worker)
"""
MESON = """
project('user', 'c')
executable('user', 'user.c', dependencies: [dependency('pbt'), dependency('pbt-worker')])
"""


class Installed(unittest.TestCase):
    """An installation in a folder of its own."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name)
        output("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", str(cls.root))
        cls.library = next(cls.root.rglob("libpbt.so"))
        cls.worker = next(cls.root.rglob("libpbt-worker.so"))
        cls.package = next(cls.root.rglob("pbt.pc"))
        cls.program = next(cls.root.rglob("bin/pbt"))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def environment(self):
        """As if the folder were the root: pkg-config and the loader look there."""
        return {
            **os.environ,
            "PKG_CONFIG_PATH": str(self.package.parent),
            "PKG_CONFIG_SYSROOT_DIR": str(self.root),
            "LD_LIBRARY_PATH": str(self.library.parent),
        }

    def pkg_config(self, *arguments):
        return output("pkg-config", *arguments, "pbt", env=self.environment()).split()

    def test_has_headers_library_and_program(self):
        names = {path.name for path in self.root.rglob("*") if not path.is_dir()}
        wanted = {
            *("pbt", "pbt.h", "trainer.h", "libpbt.so", "libpbt.so.1", "libpbt.a", "pbt.pc"),
            *("worker.h", "pbt.hpp", "libpbt-worker.so", "libpbt-worker.so.1", "pbt-worker.pc"),
        }
        self.assertLessEqual(wanted, names)

    def test_has_manual_pages_and_completion(self):
        share = self.program.parents[1] / "share"
        for name in ("man/man1/pbt.1", "man/man1/pbt-run.1", "man/man5/pbt-spec.5",
                     "bash-completion/completions/pbt", "zsh/site-functions/_pbt",
                     "fish/vendor_completions.d/pbt.fish"):
            self.assertTrue((share / name).is_file(), name)

    def test_each_function_has_a_manual_page(self):
        pages = {path.stem: path for path in self.root.rglob("man3/*.3")}
        functions = declared("pbt.h") | declared("worker.h")
        self.assertGreater(len(functions), 60)
        others = {"pbt", "pbt_worker", "pbt_trainer", "pbt_job_real"}
        self.assertLessEqual(functions | others, set(pages))
        said = subprocess.run(["mandoc", "-Tlint", "-Wwarning", *map(str, pages.values())],
                              capture_output=True, text=True, check=False)
        self.assertEqual(said.stdout + said.stderr, "")

    def test_has_licence_and_documents(self):
        documents = next(self.root.rglob("share/doc/pbt"))
        for name in ("LICENSE", "README.md", "docs/tutorial.md", "docs/spec.md"):
            self.assertTrue((documents / name).is_file(), name)

    def test_soname_is_1(self):
        header = output("objdump", "-p", str(self.library))
        self.assertRegex(header, r"SONAME\s+libpbt\.so\.1\n")

    def test_exports_what_the_header_declares_and_nothing_else(self):
        self.assertEqual(exported(self.library), declared("pbt.h"))

    def test_the_worker_library_exports_what_headers_declare(self):
        found = exported(self.worker)
        self.assertLessEqual(declared("worker.h"), found)
        self.assertLessEqual(found, declared("worker.h") | declared("pbt.h"))

    def test_is_hardened(self):
        for file in (self.library, self.worker, self.program):
            header = output("readelf", "-hldW", str(file))
            self.assertRegex(header, r"Type:\s+DYN")
            self.assertIn("GNU_RELRO", header)
            self.assertRegex(header, r"BIND_NOW|\bNOW\b")
            if "san" not in " ".join(COMPILER):
                symbols = output("nm", "-D", str(file))
                self.assertIn("__stack_chk_fail", symbols)
                self.assertRegex(symbols, r"__\w+_chk\b")

    def test_links_what_its_functions_need(self):
        self.assertLessEqual(needed(self.library), {"libc", "libm", "libfyaml"})

    def test_the_worker_library_links_what_its_functions_need(self):
        known = {"libc", "libm", "libcurl", "libjansson", "libarchive"}
        self.assertLessEqual(needed(self.worker), known)

    def test_version_is_the_same_everywhere(self):
        version = self.pkg_config("--modversion")[0]
        header = (ROOT / "include/pbt/pbt.h").read_text(encoding="utf-8")
        self.assertIn(f'#define PBT_VERSION "{version}"', header)
        self.assertEqual(output(str(self.program), "--version").split()[-1], version)
        numbers = re.findall(r"#define PBT_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header)
        self.assertEqual(".".join(numbers), version)

    def test_readme_program_finds_a_good_schedule(self):
        source = self.root / "search.c"
        source.write_text(readme_block("program: search.c"), encoding="utf-8")
        program = str(self.root / "search")
        flags = self.pkg_config("--cflags", "--libs")
        output(*COMPILER, "-Wall", "-Wextra", "-Werror", str(source), "-o", program, *flags, "-lm")
        lines = output(program, env=self.environment()).splitlines()
        pattern = re.compile(r"until step (\d+): rate ([\d.]+), loss ([\d.]+)")
        rows = [[float(number) for number in pattern.fullmatch(line).groups()] for line in lines]
        ages, rates, losses = zip(*rows)
        self.assertEqual(ages, tuple(50.0 * number for number in range(1, len(rows) + 1)))
        self.assertGreaterEqual(len(rows), 4)
        self.assertLess(losses[-1], losses[0] / 10)
        self.assertLess(rates[-1], rates[0])

    def test_readme_compiles_as_it_says(self):
        self.assertIn("pkg-config --cflags --libs pbt", readme_block("compile: search.c"))

    def test_static_library_links(self):
        source = self.root / "version.c"
        source.write_text("#include <pbt/pbt.h>\n#include <stdio.h>\n"
                          "int main(void) { puts(pbt_version());\n"
                          "return pbt_version_number() != PBT_VERSION_NUMBER; }\n")
        program = str(self.root / "version")
        private = [flag for flag in self.pkg_config("--libs-only-l", "--static") if flag != "-lpbt"]
        archive = str(next(self.root.rglob("libpbt.a")))
        cflags = self.pkg_config("--cflags")
        output(*COMPILER, str(source), archive, "-o", program, *cflags, *private)
        self.assertEqual(output(program).strip(), self.pkg_config("--modversion")[0])

    def user(self, file, text):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.root))
        (folder / "user.c").write_text(PROGRAM, encoding="utf-8")
        (folder / file).write_text(text, encoding="utf-8")
        return folder

    def assert_runs(self, program):
        version = (ROOT / "meson.build").read_text(encoding="utf-8").split("version: '")[1]
        said = output(str(program), env=self.environment()).strip()
        self.assertEqual(said, version.split("'")[0])

    def test_cmake_finds_it_installed_and_in_its_build_folder(self):
        installed = next(self.root.rglob("cmake/pbt/pbtConfig.cmake")).parent
        environment = os.environ | {"CC": " ".join(COMPILER)}
        for place in (installed, pathlib.Path(BUILD, "tools")):
            folder = self.user("CMakeLists.txt", CMAKE)
            output("cmake", "-S", str(folder), "-B", str(folder / "b"), f"-Dpbt_DIR={place}",
                   env=environment)
            output("cmake", "--build", str(folder / "b"))
            self.assert_runs(folder / "b" / "user")

    def test_pkg_config_finds_it_in_its_build_folder(self):
        folder = self.user("note", "")
        environment = os.environ | {"PKG_CONFIG_PATH": f"{BUILD}/meson-uninstalled"}
        flags = output("pkg-config", "--cflags", "--libs", "pbt", "pbt-worker", env=environment)
        output(*COMPILER, str(folder / "user.c"), "-o", str(folder / "user"), *flags.split())
        self.assert_runs(folder / "user")

    def test_meson_has_it_as_a_subproject(self):
        folder = self.user("meson.build", MESON)
        (folder / "subprojects").mkdir()
        (folder / "subprojects" / "pbt").symlink_to(ROOT)
        environment = {key: os.environ[key] for key in os.environ if not key.startswith("MESON")}
        output("meson", "setup", str(folder / "b"), str(folder), "--force-fallback-for=pbt",
               env=environment | {"CC": " ".join(w for w in COMPILER if w[0] != "-")})
        output("ninja", "-C", str(folder / "b"), "user")
        self.assert_runs(folder / "b" / "user")


class Readme(unittest.TestCase):
    """README.md's study, run to the letter."""

    def test_commands_do_what_they_say(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "build").symlink_to(BUILD)
            for file in ("study.yaml", "train.sh"):
                (folder / file).write_text(readme_block(f"file: {file}"), encoding="utf-8")
            for line in readme_block("run").splitlines():
                said = output("sh", "-c", line, cwd=folder)
                self.assertEqual(said.strip() == "", line.startswith("chmod "), line)

    def test_links_lead_somewhere(self):
        for page in [ROOT / "README.md", *ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
            links = re.findall(r"\]\((?!http)([^)#]+)", page.read_text(encoding="utf-8"))
            for link in links:
                self.assertTrue((page.parent / link).exists(), f"{page.name}: {link}")


if __name__ == "__main__":
    del sys.argv[1:]
    tap.main()
