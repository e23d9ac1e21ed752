"""What the tests of the program share: a folder of their own, a spec, a trainer, the program."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

PBT = os.environ["PBT"]
HERE = pathlib.Path(__file__).parent

SPEC = """\
version: 1
name: {name}
seed: {seed}
population: {population}
mode: {mode}
ready: {{every: 10}}
stop: {{steps: {steps}}}
explore: {{rule: perturb, resample_probability: 0}}
hyperparameters:
  rate: {{type: float, scale: log, min: 0.001, max: 1.0}}
  width: {{type: ordinal, values: [32, 64], inherit: true}}
trainer:
  protocol: command
  command: [sh, {trainer}, "{{rate}}", "{{load}}", "{{save_to}}", \
"{{start_age}}", "{{end_age}}", "{{width}}"]
  environment: {{DELAY: "{delay}"}}
lease: {{seconds: 20}}
"""

DEFAULTS = {
    "name": "tiny",
    "seed": 3,
    "population": 4,
    "mode": "generational",
    "steps": 40,
    "trainer": "trainer.sh",
    "delay": "0",
}


class Case(unittest.TestCase):
    """Each case has a folder with `spec.yaml` and `trainer.sh`, which is the program's own."""

    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pbt-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        shutil.copy(HERE / "trainer.sh", self.folder)
        self.spec()

    def spec(self, file="spec.yaml", **changes):
        (self.folder / file).write_text(SPEC.format(**(DEFAULTS | changes)))
        return file

    def environment(self):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PBT_")}
        return kept | {"LC_ALL": "C"}

    def start(self, *words, **options):
        """Start the program in the folder."""
        settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        settings |= {"stdin": subprocess.DEVNULL, "env": self.environment(), "cwd": self.folder}
        process = subprocess.Popen([PBT, *words], **(settings | options))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def pbt(self, *words, status=0, **options):
        """Run the program, check its exit status, and return what it printed on both streams."""
        process = self.start(*words, **options)
        output, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, status, f"pbt {words}\n{output}\n{errors}")
        return output, errors

    def json(self, *words):
        """Ask a query for JSON lines."""
        output, errors = self.pbt(*words, "--json")
        self.assertEqual(errors, "")
        return [json.loads(line) for line in output.splitlines()]

    def wait_for(self, condition, what):
        until = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), until, f"waited in vain for {what}")
            time.sleep(0.01)

    def files(self):
        return sorted(entry.name for entry in self.folder.iterdir())
