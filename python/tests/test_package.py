"""The package as pip installs it, and its sources as the oldest Python reads them."""

import ast
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import pbt
import tap

ROOT = pathlib.Path(__file__).resolve().parents[1]
OLDEST = (3, 8)


class Package(unittest.TestCase):
    def sources(self):
        return sorted((ROOT / "src/pbt").glob("*.py"))

    def test_the_oldest_python_can_read_it(self):
        for path in self.sources():
            with self.subTest(path=path.name):
                ast.parse(path.read_text(encoding="utf-8"), feature_version=OLDEST)

    def test_it_needs_the_standard_library_alone(self):
        if sys.version_info < (3, 10):
            self.skipTest("sys.stdlib_module_names came with 3.10")
        for path in self.sources():
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.level == 0:
                    names = [node.module]
                for name in names:
                    self.assertIn(name.partition(".")[0], sys.stdlib_module_names, path.name)

    def test_the_version_is_one(self):
        project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        version = re.search(r'^version = "(.*)"$', project, re.MULTILINE).group(1)
        self.assertEqual(pbt.__version__, version)

    def test_everything_public_is_documented(self):
        for name in pbt.__all__:
            thing = getattr(pbt, name)
            self.assertTrue(thing.__doc__, name)
            for verb, value in vars(thing).items():
                if not verb.startswith("_") and (callable(value) or isinstance(value, property)):
                    self.assertTrue(value.__doc__, f"{name}.{verb}")

    def test_pip_installs_it(self):
        if subprocess.call(
            [sys.executable, "-c", "import setuptools, wheel, pip"], stderr=subprocess.DEVNULL
        ):
            self.skipTest("this Python has no pip, setuptools and wheel")
        with tempfile.TemporaryDirectory(prefix="pbt-python-") as folder:
            copy, target = pathlib.Path(folder, "source"), pathlib.Path(folder, "target")
            shutil.copytree(ROOT, copy)  # a build writes beside its sources
            install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
                       "--no-build-isolation", "--disable-pip-version-check",
                       "--target", str(target), str(copy)]  # fmt: skip
            done = subprocess.run(install, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.assertEqual(done.returncode, 0, done.stdout.decode())
            installed = {path.name for path in (target / "pbt").iterdir()} - {"__pycache__"}
            wanted = {path.name for path in self.sources()} | {"py.typed"}
            self.assertEqual(installed, wanted)
            code = f"import pbt; assert pbt.__file__.startswith({str(target)!r}); pbt.Worker()"
            done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(target)},
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
            self.assertIn(b"PBT_SERVER is not set", done.stderr)


if __name__ == "__main__":
    tap.main()
