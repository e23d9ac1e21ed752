"""What the tests of the examples share: the shipped examples, a folder, and the program."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["PBT"]).parent
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
# Thousands of durable transactions that nobody needs to be durable.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Case(unittest.TestCase):
    """Each case has a folder of its own with the store in it."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pbt-example-", dir=MEMORY))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.store = f"sqlite:{self.folder}/store.db"

    def spec(self, path, **changes):
        """Copy a spec, with the plugin where this build left it and whole lines replaced by key."""
        text = (EXAMPLES / path).read_text(encoding="utf-8").replace("../../build", str(BUILD))
        lines = text.splitlines()
        for key, value in changes.items():
            places = [i for i, line in enumerate(lines) if line.startswith(key + ":")]
            self.assertEqual(len(places), 1, f"{key} in {path}")
            lines[places[0]] = f"{key}: {value}"
        copy = self.folder / pathlib.Path(path).name
        copy.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return copy

    def command(self, *words, **options):
        """Run a command, which must succeed, and return its output."""
        words = [str(word) for word in words]
        done = subprocess.run(words, capture_output=True, text=True, timeout=600, cwd=self.folder,
                              check=False, **options)
        self.assertEqual(done.returncode, 0, f"{words}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def run_study(self, spec, *options):
        return self.command(BUILD / "pbt", "run", spec, "--store", self.store, "--quiet", *options)

    def query(self, *words):
        output = self.command(BUILD / "pbt", *words, "--store", self.store, "--json")
        return [json.loads(line) for line in output.splitlines()]

    def verify(self, name):
        self.command(BUILD / "pbt", "verify", name, "--store", self.store)

    def assert_picture(self, path):
        """An SVG that gnuplot finished, with something drawn in it."""
        text = pathlib.Path(path).read_text(encoding="utf-8")
        self.assertTrue(text.rstrip().endswith("</svg>"))
        self.assertGreater(text.count("<path"), 20)
