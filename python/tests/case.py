"""What the tests share: a folder, a study, a worker in this process or in one of its own."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import fake
import pbt


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pbt-python-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def study(self, **options):
        """Serve a study; a complaint of its server fails the case."""
        self.state = fake.Study(self.folder / "checkpoints", **options)
        self.server = fake.Server(self.state)
        self.addCleanup(self.server.close)
        self.addCleanup(lambda: self.assertEqual(self.state.complaints, []))
        return self.state

    def worker(self, **options):
        options.setdefault("name", "w0")
        options.setdefault("patience_seconds", 20)
        worker = pbt.Worker(self.server.url, "toy", fake.TOKEN, **options)
        self.addCleanup(worker.close)
        return worker

    def program(self, text, **environment):
        """Start a program that finds the study in its environment."""
        path = self.folder / "train.py"
        path.write_text(text, encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, str(path)],
            cwd=self.folder,
            env=self.server.environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )
        self.addCleanup(lambda: (process.kill(), process.communicate()))
        return process

    def wait_for(self, condition, seconds=20):
        until = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), until, "waited in vain")
            time.sleep(0.01)

    def bodies(self, verb):
        """What was said with a verb, as (segment, body)."""
        return [call[1:] for call in self.state.calls if call[0] == verb]


def write(text):
    """A `save` that writes a text."""
    return lambda path: pathlib.Path(path).write_text(text, encoding="utf-8")
