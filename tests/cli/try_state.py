"""`pbt try` where something is not saved, or not used: which it is, and what shows it."""

import tap
from try_case import SPEC, WORKER, TryCase

# As a command: one weight with momentum, and what the options say is wrong.
PROGRAM = """\
import json, random, sys
rate, load, save, first, last, seed = sys.argv[1:7]
state = {"x": 5.0, "v": 0.0}
if load:
    with open(load) as file:
        state = json.load(file)
%s
for step in range(int(first), int(last)):
    state["v"] = 0.9 * state["v"] - 0.02 * float(rate) * state["x"]
    state["x"] += state["v"] + noise()
with open(save, "w") as file:
    json.dump(state, file)
print(json.dumps({"score": -state["x"] ** 2}))
"""

PROGRAM_SPEC = """\
trainer:
  protocol: command
  command: [python3, train.py, "{rate}", "{load}", "{save_to}", "{start_age}", "{end_age}",
            "{seed}", "{width}"]
"""

NOISE = ('state["x"] += state["v"]', 'state["x"] += state["v"] + random.gauss(0, 0.1)')
FORGET = ("return json.load(file)", "return json.load(file) | {'v': 0.0}")
SEEDED = ("left = 0.0", "left = random.seed(7)")


class State(TryCase):
    def program(self, how):
        self.write(PROGRAM_SPEC)
        (self.folder / "train.py").write_text(PROGRAM % how)

    # ---- what is saved

    def test_forgotten_moments(self):
        self.replace(FORGET)
        hint = self.assert_wrong("loads", "elsewhere than one that never stopped", others="ok")
        self.assertIn("the optimizer's moments", hint)

    def test_the_evidence_can_be_looked_at(self):
        self.replace(FORGET)
        output, _ = self.pbt("try", "spec.yaml", status=1)
        self.assertRegex(output, r"(?m)^ +score -\d+\.\d+ loaded, -\d+\.\d+ carried on; "
                                 r"the checkpoints differ$")
        self.assertRegex(output, r"(?m)^ +cmp /.*/loaded/.*/m0s1 /.*/memory/.*/m0s1$")
        self.assertRegex(output, r"(?m)^kept: /.*pbt-try-")

    def test_numbers_that_differ_late_are_shown_whole(self):
        self.replace(FORGET, ("score = -state[\"x\"] ** 2", "score = 1e6 - state['x'] * 1e-7"))
        output, _ = self.pbt("try", "spec.yaml", status=1)
        self.assertRegex(output,
                         r"score (999999\.999999\d)\d+ loaded, \1\d+ carried on")

    def test_a_random_state_that_is_not_saved(self):
        self.replace(SEEDED, NOISE)
        checks = self.checks()
        for name in ("loads", "leaks"):
            self.assertEqual(checks[name]["result"], "?", checks[name])
            self.assertIn("with the same random numbers both end alike", checks[name]["found"])
            self.assert_evidence(checks[name]["evidence"])
        self.assertIn("random state", checks["loads"]["hint"])

    def test_a_generator_of_its_own_is_found(self):
        self.replace(("left = 0.0", "own = random.Random(7)"),
                     (NOISE[0], NOISE[1].replace("random.gauss", "own.gauss")))
        self.assertIn("both end alike", self.checks()["loads"]["found"])

    def test_moments_and_a_random_state(self):
        self.replace(SEEDED, NOISE, FORGET)
        checks = self.checks(status=1)
        self.assertEqual((checks["loads"]["result"], checks["leaks"]["result"]), ("no", "?"))
        self.assertIn("also with the same random numbers", checks["loads"]["found"])

    def test_a_random_state_that_is_saved(self):
        self.replace(NOISE, FORGET_NOT, FRESH, KEEP)
        self.assert_right()

    def test_random_numbers_of_each_segments_seed(self):
        self.replace(NOISE, ("    for step", "    random.seed(segment.seed)\n    for step"))
        self.assert_right()

    def test_bytes_alone(self):
        self.replace(("    score = -state", "    state['done'] = left = left + 1\n"
                      "    score = -state"))
        checks = self.checks()
        for name in ("loads", "leaks"):
            self.assertEqual(checks[name]["result"], "?", checks[name])
            self.assertIn("only the checkpoint's bytes", checks[name]["found"])
        output, _ = self.pbt("try", "spec.yaml")
        words = "only the checkpoints' bytes differ; score is -"
        self.assertRegex(output, f"(?m)^ +{words}.* in both$")
        self.assertRegex(output, r"(?m)^ +cmp /.*m0s1 /.*m0s1$")

    def test_another_metric_that_differs_is_named(self):
        self.replace(FORGET, ("score = -state[\"x\"] ** 2", "score = segment.end_step"),
                     ("score=score,", "score=score, loss=state['x'],"))
        output, _ = self.pbt("try", "spec.yaml", status=1)
        self.assertRegex(output, r"(?m)^ +loss \d\.\d+ loaded, \d\.\d+ carried on; ")

    # ---- a process per segment

    def test_moments_that_a_command_forgets(self):
        self.program("state['v'], noise = 0.0, lambda: 0.0")
        words = "two segments end elsewhere than one that is as long as both"
        self.assert_wrong("loads", words, others="ok")

    def test_a_commands_random_numbers_may_be_all(self):
        # A library as large ones are: it cannot be seeded until all of it is there.
        (self.folder / "torch").mkdir()
        (self.folder / "torch/late.py").write_text("import random\n")
        (self.folder / "torch/__init__.py").write_text(
            "def manual_seed(seed):\n    late.random.seed(seed)\n\nfrom . import late\n")
        for how in ("random.seed(seed)", "random.seed(7)", "random = random.Random(7)",
                    "import torch; torch.manual_seed(7)"):
            self.program(how + "\nnoise = lambda: random.gauss(0, 0.1)")
            self.assert_unsure_command("other random numbers change as much")

    def assert_unsure_command(self, words):
        checks = self.checks()
        self.assertEqual(checks["loads"]["result"], "?", checks["loads"])
        self.assertIn(words, checks["loads"]["found"])
        self.assertEqual(checks["leaks"]["result"], "skipped")

    # ---- one hyperparameter at a time

    def vary(self, more, *pairs):
        self.write(WORKER, SPEC + more)
        self.replace(*pairs)

    def test_one_that_is_ignored_is_named(self):
        self.vary("  weight_decay: {type: float, scale: log, min: 1.0e-6, max: 0.01}\n"
                  "  fast: {type: constant, value: 1}\n")
        verdict = self.verdict(status=1)
        check = {check["check"]: check for check in verdict["checks"]}["hyperparameters"]
        self.assertEqual(check["result"], "no")
        self.assertRegex(check["found"], r"^'weight_decay' is ignored: changing 1\.0e-5 to 0\.01 "
                                         r"changes nothing; 1 of 2 change what is trained$")
        self.assertIs(check["evidence"]["same_bytes"], True)
        by_name = {one["name"]: one for one in verdict["hyperparameters"]}
        self.assertEqual({name: one["result"] for name, one in by_name.items()},
                         {"rate": "ok", "weight_decay": "no"})
        self.assertEqual(by_name["rate"]["to"], 10.0)

    def test_one_that_matters_only_with_another_choice(self):
        self.vary("  momentum: {type: float, min: 0, max: 0.9}\n"
                  "  optimizer: {type: choice, values: [plain, heavy]}\n",
                  ("0.9 * state[\"v\"]", "heavy * state[\"v\"]"),
                  ("    for step", "    given = segment.hyperparameters\n"
                   "    heavy = given['momentum'] if given['optimizer'] == 'heavy' else 0.1\n"
                   "    for step"))
        checks = self.checks()
        self.assertEqual(checks["hyperparameters"]["result"], "ok", checks)
        self.assertIn("'momentum' matters only where 'optimizer' is heavy",
                      checks["hyperparameters"]["found"])

    def test_one_end_that_changes_nothing(self):
        self.vary("  clip: {type: float, min: 0.0001, max: 100}\n",
                  ("0.02 * rate * state[\"x\"]", "min(0.02 * rate * state[\"x\"], clip)"),
                  ("    for step", "    clip = segment.hyperparameters['clip']\n    for step"))
        self.assert_right()

    def test_one_that_fails_at_its_end(self):
        self.vary("  size: {type: int, min: 1, max: 64}\n",
                  ("    for step", "    size = segment.hyperparameters['size']\n"
                   "    assert size < 60, 'out of memory'\n"
                   "    state['x'] += size\n    for step"))
        words = "'size' fails with 64: AssertionError"
        hint = self.assert_wrong("hyperparameters", words, others="ok")
        self.assertRegex(hint, r"its log: /.*m0\.log")

    def test_no_time_for_one_at_a_time(self):
        self.write(WORKER, SPEC + "  other: {type: float, min: 0, max: 1}\n")
        verdict = self.verdict("--seconds", "0")
        check = {check["check"]: check for check in verdict["checks"]}["hyperparameters"]
        self.assertEqual((check["result"], check["hint"]), ("?", "more time: --seconds N"))
        self.assertEqual(check["found"], "'rate' not tried, 'other' too")


FORGET_NOT = ("return json.load(file)", "return recall(json.load(file))")
FRESH = ("        state = fresh(segment.seed)",
         "        state = fresh(segment.seed)\n        random.seed(segment.seed)")
KEEP = ("def save(path):", "def recall(kept):\n"
        "    drawn = kept.pop('random')\n"
        "    random.setstate((drawn[0], tuple(drawn[1]), drawn[2]))\n"
        "    return kept\n\n"
        "def save(path):\n    state['random'] = random.getstate()")

if __name__ == "__main__":
    tap.main()
