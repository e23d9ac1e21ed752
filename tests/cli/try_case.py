"""What the tests of `pbt try` share: a spec, a trainer of each protocol, and what is expected."""

import json
import os
import pathlib

from case import Case

CLIENT = pathlib.Path(__file__).resolve().parents[2] / "python" / "src"
PLUGIN = os.environ["TRY_PLUGIN"]

SPEC = """\
version: 1
name: tried
population: 6
ready: {every: 50}
stop: {steps: 500}
checkpoints: {directory: mine, keep_best: 2}
hyperparameters:
  rate: {type: float, scale: log, min: 0.01, max: 10}
  width: {type: ordinal, values: [32, 64], inherit: true}
"""

WORKER = f"""\
trainer:
  command: [python3, train.py]
  environment: {{PYTHONPATH: "{CLIENT}"}}
"""

COMMAND = """\
trainer:
  protocol: command
  command: [sh, trainer.sh, "{rate}", "{load}", "{save_to}", "{start_age}", "{end_age}", "{width}"]
  environment: {DELAY: "0"}
"""

LIBRARY = f"""\
trainer:
  protocol: library
  library: {PLUGIN}
  environment: {{FAULT: "%s"}}
"""

# One weight with momentum. The tests replace a line of it.
TRAINER = """\
import json, math, os, random, time
import pbt

def fresh(seed):
    return {"x": 5.0 + seed % 7, "v": 0.0}

def load(path):
    with open(path) as file:
        return json.load(file)

def save(path):
    with open(path, "w") as file:
        json.dump(state, file)

left = 0.0
worker = pbt.Worker()
state = fresh(0)
for segment in worker:
    if segment.load:
        state = load(segment.load)
    elif segment.fresh:
        state = fresh(segment.seed)
    rate = segment.hyperparameters["rate"]
    for step in segment.steps():
        state["v"] = 0.9 * state["v"] - 0.02 * rate * state["x"]
        state["x"] += state["v"]
    score = -state["x"] ** 2
    worker.report(score=score, save=save)
"""

CHECKS = ["runs", "saves", "loads", "steps", "hyperparameters", "repeats", "leaks"]


class TryCase(Case):
    def setUp(self):
        super().setUp()
        (self.folder / "tmp").mkdir()
        self.write(WORKER)
        (self.folder / "train.py").write_text(TRAINER)

    def environment(self):
        return super().environment() | {"TMPDIR": str(self.folder / "tmp")}

    def write(self, trainer, spec=SPEC):
        (self.folder / "spec.yaml").write_text(spec + trainer)

    def replace(self, *pairs):
        """Change the trainer."""
        text = TRAINER
        for old, new in pairs:
            self.assertEqual(text.count(old), 1, old)
            text = text.replace(old, new)
        (self.folder / "train.py").write_text(text)

    def left(self):
        return sorted(entry.name for entry in (self.folder / "tmp").iterdir())

    def verdict(self, *words, status=0):
        output, errors = self.pbt("try", "spec.yaml", "--json", *words, status=status)
        self.assertEqual(errors, "")
        verdict = json.loads(output)
        self.assertEqual([check["check"] for check in verdict["checks"]], CHECKS)
        self.assertEqual(self.left() == [], verdict["folder"] is None)
        return verdict

    def checks(self, status=0):
        return {check["check"]: check for check in self.verdict(status=status)["checks"]}

    def assert_right(self, skipped=()):
        """All is well; what does not apply is not said to be."""
        for name, check in self.checks().items():
            wanted = "skipped" if name in skipped else "ok"
            self.assertEqual(check["result"], wanted, (name, check))
            self.assertIsNone(check["hint"])
            self.assertIsNone(check["evidence"])

    def assert_wrong(self, name, *words, others=None):
        """One check says no, in these words, with a hint, which is returned; of the others none
        does."""
        checks = self.checks(status=1)
        self.assertEqual(checks[name]["result"], "no", checks)
        for word in words:
            self.assertIn(word, checks[name]["found"])
        self.assertTrue(checks[name]["hint"])
        self.assert_evidence(checks[name]["evidence"])
        for other, check in checks.items():
            wanted = ["ok", "?", "skipped"] if others is None else [others, "skipped"]
            if other != name:
                self.assertIn(check["result"], wanted, (other, check))
        return checks[name]["hint"]

    def assert_evidence(self, evidence):
        """Where two results are compared, they can be looked at."""
        for path in evidence["checkpoints"] if evidence is not None else ():
            self.assertTrue(pathlib.Path(path).exists(), evidence)

    def assert_unsure(self, name, *words):
        """One check cannot tell, and says why; the others are well."""
        checks = self.checks()
        self.assert_evidence(checks[name]["evidence"])
        for other, check in checks.items():
            self.assertEqual(check["result"], "?" if other == name else "ok", (other, check))
        for word in words:
            self.assertIn(word, checks[name]["found"])
        self.assertTrue(checks[name]["hint"])
