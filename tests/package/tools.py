"""The tools that install packages and count tests: what they must never get wrong."""
import concurrent.futures
import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
sys.dont_write_bytecode = True
import tap


def load_tool(name):
    """Import a tool that has no .py in its name."""
    loader = importlib.machinery.SourceFileLoader(name, str(ROOT / "tools" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    sys.modules[name] = module
    loader.exec_module(module)
    return module


class InstallDeps(unittest.TestCase):
    """tools/install-deps, with stand-ins for the system's commands."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        self.bin = self.root / "bin"
        self.calls = self.bin / "calls"
        for name in ("bin", "tools", "tests/export", "build-python"):
            (self.root / name).mkdir(parents=True)
        for name in ("tools/install-deps", "tests/export/requirements.txt"):
            shutil.copy(ROOT / name, self.root / name)
        shutil.copy(ROOT / "tests/export/requirements.txt", self.root / "build-python")
        for name in ("sh", "env", "cmp", "dirname", "rm", "cp"):
            (self.bin / name).symlink_to(f"/usr/bin/{name}")
        self.stand_in("id", "echo 1000")

    def tearDown(self):
        self.folder.cleanup()

    def stand_in(self, name, body):
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def debian(self, missing):
        """A Debian where one package is missing, or none."""
        self.stand_in("dpkg-query", f'test "$4" = "{missing}" || echo installed')
        self.stand_in("apt-get", f'echo "apt-get $*" >> {self.calls}')
        self.stand_in("sudo", f'echo "sudo" >> {self.calls}; exec "$@"')

    def run_tool(self, *groups):
        return subprocess.run(
            [str(self.root / "tools" / "install-deps"), *groups],
            env={"PATH": str(self.bin)}, capture_output=True, text=True, check=False,
        )

    def test_does_nothing_where_nothing_is_missing(self):
        self.debian(missing="")
        done = self.run_tool("build", "demo", "test")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.assertFalse(self.calls.exists())

    def test_installs_only_what_is_missing(self):
        self.debian(missing="gnuplot-nox")
        done = self.run_tool("build", "demo")
        self.assertEqual(done.returncode, 0, done.stderr)
        calls = self.calls.read_text().split("\n")
        self.assertEqual(calls[:3], ["sudo", "apt-get update -q", "sudo"])
        self.assertTrue(calls[3].endswith("--no-install-recommends gnuplot-nox"), calls)

    def test_asks_for_what_its_groups_name_alone(self):
        self.debian(missing="gnuplot-nox")
        self.assertEqual(self.run_tool("build", "test").returncode, 0)
        self.assertFalse(self.calls.exists())

    def test_installs_python_packages_where_the_list_has_changed(self):
        self.debian(missing="")
        listed = self.root / "build-python/requirements.txt"
        listed.write_text("old==1.0\n")
        self.assertEqual(self.run_tool("build").returncode, 0)
        self.assertEqual(listed.read_text(), "old==1.0\n")
        pip = f'mkdir build-python; echo "python3 $*" >> {self.calls}'
        self.stand_in("python3", pip)
        (self.bin / "mkdir").symlink_to("/usr/bin/mkdir")
        self.assertEqual(self.run_tool("test").returncode, 0)
        self.assertIn("-m pip install", self.calls.read_text())
        wanted = (self.root / "tests/export/requirements.txt").read_text()
        self.assertEqual(listed.read_text(), wanted)
        self.calls.unlink()
        self.assertEqual(self.run_tool("test").returncode, 0)
        self.assertFalse(self.calls.exists())

    def test_goes_on_where_pip_cannot(self):
        self.debian(missing="")
        (self.root / "build-python/requirements.txt").write_text("old==1.0\n")
        self.stand_in("python3", "exit 1")
        done = self.run_tool("test")
        self.assertEqual(done.returncode, 0)
        self.assertIn("TensorBoard will fail", done.stderr)
        self.assertFalse((self.root / "build-python").exists())

    def test_says_what_root_must_run_where_there_is_no_sudo(self):
        self.debian(missing="meson")
        (self.bin / "sudo").unlink()
        done = self.run_tool("build")
        self.assertEqual(done.returncode, 1)
        self.assertIn("apt-get install --no-install-recommends meson", done.stderr)

    def test_names_the_packages_on_other_systems(self):
        done = self.run_tool("build")
        self.assertEqual(done.returncode, 0)
        self.assertIn("libjansson-dev", done.stderr)

    def test_refuses_an_unknown_group(self):
        self.debian(missing="")
        self.assertEqual(self.run_tool("bild").returncode, 2)


class Counting(unittest.TestCase):
    """tools/test on a project whose tests go wrong in every way there is."""

    PROGRAMS = {
        "good": "echo 1..2; echo ok 1 - a; echo ok 2 - b",
        "leak": "echo 1..1; echo ok 1 - a; exit 23",
        "hang": "echo 1..2; echo ok 1 - a; sleep 9",
        "none": "echo 1..0",
        "bad": "echo 1..2; echo ok 1 - a; echo not ok 2 - b; exit 1",
        "skip": "echo 1..2; echo ok 1 - a; echo 'ok 2 # SKIP no gnuplot'",
        "single_good": "true",
        "single_bad": "exit 1",
        "single_hang": "sleep 9",
        "single_skip": "echo no python; exit 77",
        "single_killed": "kill -9 $$",
    }
    PASSED = 2 + 1 + 1 + 1 + 1 + 1
    FAULTS = {
        "leak: error", "hang: timeout", "none: skipped: 1..0", "bad: 2 - b: failure",
        "skip: 2: skipped: no gnuplot", "single_bad: fail", "single_hang: timeout",
        "single_skip: skipped: no python", "single_killed: fail",
    }

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(cls.folder.name)
        lines = ["project('counting')"]
        for name, body in cls.PROGRAMS.items():
            (root / name).write_text(f"#!/bin/sh\n{body}\n")
            (root / name).chmod(0o755)
            protocol = "exitcode" if name.startswith("single") else "tap"
            lines.append(f"test('{name}', find_program('{name}'), timeout: 1,")
            lines.append(f"     protocol: '{protocol}', suite: 'x')")
        (root / "meson.build").write_text("\n".join(lines))
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        environment = {key: os.environ[key] for key in os.environ if not key.startswith("MESON")}
        quiet = {**quiet, "cwd": root, "env": environment}
        subprocess.run(["meson", "setup", "b"], check=True, **quiet)
        subprocess.run(["meson", "test", "-C", "b"], check=False, **quiet)
        cls.logs = root / "b" / "meson-logs"
        cls.tool = load_tool("test")
        with contextlib.redirect_stdout(io.StringIO()):
            cls.tally = cls.tool.read_results(cls.logs)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_counts_every_case_that_passed(self):
        self.assertEqual(self.tally.passed, self.PASSED)

    def test_finds_every_fault_once(self):
        names = [fault.split(" / ")[-1] for fault in self.tally.faults]
        self.assertEqual(sorted(names), sorted(self.FAULTS))

    def test_every_program_is_accounted_for(self):
        with open(self.logs / "testlog.json", encoding="utf-8") as file:
            records = [json.loads(line) for line in file]
        self.assertEqual(len(records), len(self.PROGRAMS))

    def test_an_empty_suite_fails(self):
        self.assertEqual(self.suite(), ["build: nothing ran"])

    def test_what_cannot_be_prepared_fails(self):
        self.assertEqual(self.suite("does not build"), ["build: does not build"])

    def suite(self, *faults):
        """What is wrong with a suite without tests, whose preparation found faults."""
        prepared = concurrent.futures.Future()
        prepared.set_result(self.tool.Tally(faults=list(faults)))
        self.tool.run_build = lambda build: self.tool.Tally()
        with contextlib.redirect_stdout(io.StringIO()):
            return self.tool.run_suite("build", prepared).faults


class Layout(unittest.TestCase):
    """tools/check-layout, fault by fault."""

    def test_names_each_fault(self):
        check = load_tool("check-layout")
        text = "x" * 101 + "\n\ty\nz \n" + "\n" * 600 + "end"
        found = list(check.faults("f.c", text))
        self.assertEqual([fault.partition(": ")[2] for fault in found], [
            "604 lines, at most 600", "no newline at the end", "101 columns, at most 100", "a tab",
            "blanks at the end of the line",
        ])

    def test_accepts_what_is_right(self):
        self.assertEqual(list(load_tool("check-layout").faults("f.c", "x" * 100 + "\n")), [])


if __name__ == "__main__":
    tap.main()
