"""What is wrong with a spec is told all at once, before anything is made."""

import json
import unittest

import tap
from case import Case

WRONG = """\
version: 1
name: wrong
population: 2
ready: {every: 10}
stop: {steps: 20}
objective: {metric: loss}
hyperparameters:
  rate: {type: float, scale: log, min: 0.001, max: 1.0}
trainer:
  protocol: command
  command: [sh, trainer.sh, "${rate}", "{load}", "{save_to}", "{start_age}", "{end_age}"]
  environment: {DELAY: "0"}
checkpoints: {directory: $SCRATCH/ck}
"""

TOLD = """\
pbt: warning: wrong.yaml:6:21: objective.direction: 'loss' is maximized, which is the default
hint: write 'direction: minimize' below 'objective' if lower is better
pbt: wrong.yaml:11:29: trainer.command: found '${rate}': '{rate}' is replaced, and the '$' stays
hint: write '{rate}'; for a shell's own variable '${{rate}}'
pbt: wrong.yaml:13:26: checkpoints.directory: found '$SCRATCH/ck'; variables are not expanded
hint: write the path itself; '~/' at its beginning is your home
pbt: 2 errors, 1 warning in 'wrong.yaml'
"""


class Told(Case):
    def setUp(self):
        super().setUp()
        (self.folder / "wrong.yaml").write_text(WRONG)
        (self.folder / "spec.yaml").unlink()

    def test_nothing_is_made(self):
        for command in ("check", "run", "try"):
            self.assertEqual(self.pbt(command, "wrong.yaml", status=2), ("", TOLD))
        self.assertEqual(self.files(), ["trainer.sh", "wrong.yaml"])

    def test_json(self):
        output, errors = self.pbt("check", "wrong.yaml", "--json", status=2)
        self.assertEqual(errors, TOLD)
        told = json.loads(output)
        self.assertEqual(sorted(told), ["errors", "warnings"])
        self.assertEqual([(e["line"], e["column"]) for e in told["errors"]], [(11, 29), (13, 26)])
        (warning,) = told["warnings"]
        self.assertEqual(warning["hint"], TOLD.splitlines()[1][len("hint: "):])
        self.assertIn("wrong.yaml:6:21: objective.direction", warning["message"])
        self.assertIsNone(warning["detail"])

    def test_a_warning_stops_nothing(self):
        spec = WRONG.replace("${rate}", "{rate}").replace("$SCRATCH/ck", "~/ck")
        (self.folder / "wrong.yaml").write_text(spec.replace("metric: loss", "metric: score_loss"))
        trainer = self.folder / "trainer.sh"
        trainer.write_text(trainer.read_text().replace('"score', '"score_loss'))
        environment = self.environment() | {"HOME": str(self.folder / "home")}
        (self.folder / "home").mkdir()
        output, errors = self.pbt("run", "wrong.yaml", "--quiet", env=environment)
        self.assertEqual(errors.count("warning: wrong.yaml:6:21: objective.direction"), 1)
        self.assertTrue(list((self.folder / "home/ck").glob("m*")))
        self.assertNotIn("~", self.files())
        # Wherever its user's home is now, the study is where it was.
        self.assertIn('"checkpoint":"home/ck/m', self.pbt("segments", "--json")[0])
        self.pbt("verify")
        environment["HOME"] = "/nowhere"
        _, errors = self.pbt("run", "wrong.yaml", "--quiet", status=2, env=environment)
        self.assertIn("wrong.yaml:13:26: checkpoints.directory: found /nowhere/ck; the", errors)

    def test_a_study_of_old_goes_on(self):
        """Where a study is one that would not be made today, its user is told, and it goes on."""
        spec = WRONG.replace("${rate}", "{rate}").replace("$SCRATCH/ck", "ck")
        trainer = self.folder / "trainer.sh"
        trainer.write_text(trainer.read_text().replace('"score', '"loss'))
        (self.folder / "wrong.yaml").write_text(spec)
        self.pbt("run", "wrong.yaml", "--quiet")
        spec = spec.replace('"{end_age}"]', '"{end_age}", "<seed>"]').replace("20}", "40}")
        (self.folder / "wrong.yaml").write_text(spec)
        command = spec.split("command: ")[1].splitlines()[0]
        self.pbt("amend", "wrong", f"trainer.command={command}", "stop.steps=40")
        _, errors = self.pbt("run", "wrong.yaml", "--quiet")
        self.assertEqual(errors.count("pbt: warning: "), 2)
        self.assertIn("wrong.yaml:11:90: trainer.command: found '<seed>'", errors)
        self.assertIn("pbt: 2 warnings in 'wrong.yaml'", errors)
        self.assertEqual(self.json("show")[0]["state"], "finished")
        self.assertEqual(self.json("show")[0]["steps_done"], 80)
        (self.folder / "wrong.yaml").write_text(spec.replace("name: wrong", "name: other"))
        self.pbt("run", "wrong.yaml", "--quiet", status=2)
        self.assertEqual([study["name"] for study in self.json("list")], ["wrong"])


tap.main()
