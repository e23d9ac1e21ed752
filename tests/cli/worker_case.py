"""What the tests with long-lived workers share: a spec, a trainer, and how to wait for them."""

import pathlib

from case import Case

CLIENT = pathlib.Path(__file__).resolve().parents[2] / "python" / "src"

SPEC = """\
version: 1
name: workers
seed: {seed}
population: {population}
mode: {mode}
ready: {{every: 10}}
stop: {{steps: {steps}}}
hyperparameters: {{rate: {{type: float, scale: log, min: 0.01, max: 10}}}}
failure: {{retries: {retries}, lost: {lost}}}
lease: {{seconds: 20}}
trainer:
  command: [python3, train.py]
  environment: {{PYTHONPATH: "{client}", DELAY: "{delay}"}}
"""

DEFAULTS = {"seed": 4, "population": 4, "mode": "generational", "steps": 50, "retries": 1,
            "lost": 1000, "client": CLIENT, "delay": "0"}

TRAINER = """\
import os, time
import pbt

def save(path):
    with open(path, "w") as file:
        file.write(repr(x))

with open("processes", "a") as file:
    file.write(f"{os.getpid()}\\n")
worker = pbt.Worker()
for segment in worker:
    x = float(open(segment.load).read()) if segment.load else 5.0
    for step in segment.steps():
        x -= 0.01 * segment.hyperparameters["rate"] * 2 * x
        time.sleep(float(os.environ["DELAY"]))
    worker.report(save=save, score=-x * x)
"""


class WorkerCase(Case):
    """A study of trainers in Python; each leaves its process's number in `processes`."""

    def setUp(self):
        super().setUp()
        self.trainer(TRAINER)
        self.workers()

    def trainer(self, text):
        (self.folder / "train.py").write_text(text)

    def workers(self, **changes):
        (self.folder / "spec.yaml").write_text(SPEC.format(**(DEFAULTS | changes)))

    def processes(self):
        path = self.folder / "processes"
        return path.read_text().split() if path.exists() else []

    def segments(self):
        aside = ("attempts", "sequence", "created_at", "reported_at")
        return [{k: v for k, v in segment.items() if k not in aside}
                for segment in self.json("segments")]

    def lives(self, process):
        """Whether a process is there and no zombie."""
        try:
            return pathlib.Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
        except (FileNotFoundError, ProcessLookupError):
            return False
