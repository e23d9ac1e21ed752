"""tools/check-circles: what it must find in objects, and what it must let pass.

Usage: circles.py COMPILER [WORD...]
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import tap

COMPILER = []


class Circles(unittest.TestCase):
    def found(self, files):
        """Compile {object: text}, and check what came of it."""
        with tempfile.TemporaryDirectory(prefix="pbt-circles-") as folder:
            for name, text in files.items():
                place = pathlib.Path(folder, "src", name)
                place.parent.mkdir(parents=True, exist_ok=True)
                subprocess.run([*COMPILER, "-xc", "-c", "-", "-o", place], input=text, text=True,
                               check=True)
            done = subprocess.run([ROOT / "tools" / "check-circles", folder], text=True,
                                  stdout=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1 if done.stdout else 0)
        return done.stdout.splitlines()

    def test_files_that_call_each_other(self):
        files = {
            "one/libpbt-one.a.p/a.c.o": "extern int b[]; int *a(void) { return b; }",
            "one/libpbt-one.a.p/b.c.o": "int c(void); int b[] = {1}; int d(void) { return c(); }",
            "one/libpbt-one.a.p/c.c.o": "int *a(void); int c(void) { return *a(); }",
        }
        self.assertEqual(self.found(files), ["a circle: src/one/a.c src/one/b.c src/one/c.c"])
        files["one/libpbt-one.a.p/c.c.o"] = "int c(void) { return 0; }"
        self.assertEqual(self.found(files), [])

    def test_folders_that_call_each_other(self):
        files = {
            "one/libpbt-one.a.p/a.c.o": "int b(void); int a(void) { return b(); }",
            "two/libpbt-two.a.p/.._three_b.c.o": "int c(void); int b(void) { return c(); }",
            "one/libpbt-one.a.p/c.c.o": "int c(void) { return 0; }",
        }
        self.assertEqual(self.found(files), ["a circle: src/one src/three"])

    def test_names_that_two_files_define(self):
        files = {
            "one/libpbt-one.a.p/a.c.o": "int a(void) { return 0; } static int c; int *b = &c;",
            "two/libpbt-two.a.p/b.c.o": "int a(void) { return 1; } static int c; int *d = &c;",
        }
        self.assertEqual(self.found(files), ["a is defined twice: src/one/a.c src/two/b.c"])

    def test_a_folder_without_objects_is_no_proof(self):
        self.assertEqual(len(self.found({})), 1)


if __name__ == "__main__":
    COMPILER, sys.argv[1:] = sys.argv[1:], []
    tap.main()
