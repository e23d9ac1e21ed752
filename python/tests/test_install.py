"""The package as pip installs it, where pip can build without a network."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import tap

ROOT = pathlib.Path(__file__).resolve().parents[1]


class Install(unittest.TestCase):
    def test_pip_installs_it(self):
        with tempfile.TemporaryDirectory(prefix="pbt-python-") as folder:
            copy, target = pathlib.Path(folder, "source"), pathlib.Path(folder, "target")
            shutil.copytree(ROOT, copy)  # a build writes beside its sources
            install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
                       "--no-build-isolation", "--disable-pip-version-check",
                       "--target", str(target), str(copy)]  # fmt: skip
            done = subprocess.run(install, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.assertEqual(done.returncode, 0, done.stdout.decode())
            installed = {path.name for path in (target / "pbt").iterdir()} - {"__pycache__"}
            wanted = {path.name for path in (ROOT / "src/pbt").glob("*.py")} | {"py.typed"}
            self.assertEqual(installed, wanted)
            code = f"import pbt; assert pbt.__file__.startswith({str(target)!r}); pbt.Worker()"
            done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(target)},
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
            self.assertIn(b"PBT_SERVER is not set", done.stderr)


if __name__ == "__main__":
    tap.main()
