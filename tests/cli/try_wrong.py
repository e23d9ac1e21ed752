"""`pbt try` with workers that are wrong, each in one way: its check says so, and no other does."""

import tap
from try_case import WORKER, TryCase


class Wrong(TryCase):
    def test_it_does_not_save(self):
        self.replace((", save=save)", ")"))
        self.assert_wrong("saves", "no checkpoint")

    def test_it_saves_nothing(self):
        self.replace(("        json.dump(state, file)", "        pass"))
        checks = self.checks(status=1)
        self.assertEqual(checks["saves"]["result"], "no")
        self.assertIn("empty", checks["saves"]["found"])

    def test_it_ignores_load(self):
        self.replace(("state = load(segment.load)", "state = fresh(segment.seed)"))
        self.assert_wrong("loads", "two different checkpoints", others="ok")

    def test_it_cannot_load(self):
        self.replace(("return json.load(file)", "return json.load(file)['weights']"))
        self.assert_wrong("loads", "KeyError")

    def test_it_trains_too_little(self):
        self.replace(("save=save)", "save=save, step=segment.end_step - 1)"))
        self.assert_wrong("steps", "short of the segment's end", "step 4")

    def test_it_trains_too_much(self):
        self.replace(("save=save)", "save=save, step=segment.end_step + 5)"))
        self.assert_wrong("steps", "beyond the segment's end")

    def test_it_goes_on_from_its_own_count(self):
        self.replace(("save=save)", "save=save, step=segment.end_step - segment.start_step)"))
        self.assert_wrong("steps", "short of the segment's end", "step 5 for a segment from 5")

    def test_the_checkpoint_brings_its_own_hyperparameters(self):
        self.replace(
            ("        state = fresh(segment.seed)", "        state = fresh(segment.seed)\n"
             "        state['rate'] = segment.hyperparameters['rate']"),
            ('rate = segment.hyperparameters["rate"]', 'rate = state["rate"]'),
        )
        words = "'rate' is ignored after a load: changing it matters only from scratch"
        self.assert_wrong("hyperparameters", words, others="ok")

    def test_an_echo_gives_it_away(self):
        self.replace(
            ("        state = fresh(segment.seed)", "        state = fresh(segment.seed)\n"
             "        state['rate'] = segment.hyperparameters['rate']"),
            ("score=score,", "score=score, rate=state['rate'],"),
        )
        words = "'rate' was to be 0.0562, and the trainer says 1.78"
        self.assert_wrong("hyperparameters", words, others="ok")

    def test_an_echo_is_enough_where_chance_hides_the_rest(self):
        self.replace(("score=score,", "score=score + random.random() * 1e6, rate=rate, width=32,"))
        self.write(WORKER.replace("trainer:", "start: [{width: 32}]\ntrainer:"))
        checks = self.checks()
        self.assertEqual(checks["hyperparameters"]["result"], "ok")
        self.assertIn("'rate', 'width'", checks["hyperparameters"]["found"])

    def test_an_echo_is_no_use(self):
        self.replace(("0.02 * rate", "0.02"), ("score=score,", "score=score, rate=rate,"))
        self.assert_wrong("hyperparameters", "'rate' is ignored")

    def test_a_hyperparameter_changes_nothing(self):
        self.replace(("0.02 * rate", "0.02"))
        checks = self.checks(status=1)
        self.assertEqual(checks["hyperparameters"]["result"], "no")
        self.assertIn("'rate' is ignored: changing 0.05", checks["hyperparameters"]["found"])
        self.assertIn(" to 10.0 changes nothing", checks["hyperparameters"]["found"])
        self.assertIs(checks["hyperparameters"]["evidence"]["same_bytes"], True)
        self.assertEqual(checks["loads"]["result"], "?")
        self.assertEqual([c["result"] for c in checks.values()].count("ok"), 5)

    def test_momentum_leaks_from_member_to_member(self):
        self.replace(
            ('state["v"] = 0.9 * state["v"] - 0.02 * rate * state["x"]',
             'left = 0.9 * left - 0.02 * rate * state["x"]'),
            ('state["x"] += state["v"]', 'state["x"] += left'),
        )
        self.assert_lost("does not begin from scratch")

    def test_what_is_not_loaded_leaks(self):
        self.replace(
            ("return json.load(file)", "return json.load(file) | {'v': state['v']}"),
        )
        self.assert_lost("another member's")

    def assert_lost(self, words):
        """What stays in a process and is not saved: members share it, and a load loses it."""
        checks = self.checks(status=1)
        self.assertIn(words, checks["leaks"]["found"])
        self.assertIn("than one that never stopped", checks["loads"]["found"])
        for name, check in checks.items():
            wanted = "no" if name in ("leaks", "loads") else "ok"
            self.assertEqual(check["result"], wanted, (name, check))

    def test_a_fresh_segment_goes_on_with_old_weights(self):
        self.replace(("        state = fresh(segment.seed)", "        pass"))
        self.assert_wrong("leaks", "does not begin from scratch", others="ok")

    def test_a_noisy_evaluation(self):
        self.replace(("score = -state", "score = random.gauss(0, 0.1) - state"))
        self.assert_unsure("repeats", "scores differ by", "checkpoints do not")

    def test_noisy_training(self):
        # Noise that no chance takes out of its bounds: the same one in every run of this case.
        self.replace(("    score = -state", "    with open('trained', 'a') as file:\n"
                      "        file.write('.')\n"
                      "        state['x'] += 0.5 * (file.tell() * 7 % 5)\n    score = -state"))
        checks = self.checks()
        self.assertEqual(checks["repeats"]["result"], "?")
        for name in ("runs", "saves", "steps"):
            self.assertEqual(checks[name]["result"], "ok")

    def test_noise_that_differs_between_members_is_no_leak(self):
        # Member 1 ends elsewhere each time, member 0 hardly.
        self.replace(("    score = -state", "    with open('trained', 'a') as file:\n"
                      "        file.write('.')\n"
                      "        state['x'] += (1e-6, 1.0)[segment.member] * file.tell()\n"
                      "    score = -state"))
        checks = self.checks()
        self.assertEqual(checks["leaks"]["result"], "?")
        self.assertIn("seed it", checks["leaks"]["hint"])

    def test_a_score_that_never_changes(self):
        self.replace(("score = -state[\"x\"] ** 2", "score = 1.0"))
        self.assert_unsure("runs", "every segment reports score 1")

    def test_a_checkpoint_with_the_time_in_it(self):
        self.replace(("json.dump(state, file)", "json.dump(state | {'t': time.time()}, file)"))
        self.assert_right()

    def test_noise_hides_that_load_is_ignored_but_makes_it_no_better(self):
        self.replace(
            ("state = load(segment.load)", "state = fresh(segment.seed)"),
            ("score = -state", "score = random.gauss(0, 1e-9) - state"),
        )
        checks = self.checks(status=1)
        self.assertEqual(checks["loads"]["result"], "no")
        self.assertEqual(checks["repeats"]["result"], "?")

    def test_it_crashes(self):
        self.replace(("    score = -state", "    no_such_layer()\n    score = -state"))
        hint = self.assert_wrong("runs", "no_such_layer", others="?")
        self.assertEqual(hint, "fix the trainer; its log says more")

    def test_it_cannot_begin(self):
        (self.folder / "train.py").write_text("import nothing_of_that_name\n")
        output, errors = self.pbt("try", "spec.yaml", status=1)
        self.assertEqual(errors, "")
        self.assertRegex(output, r"(?m)^no +runs +the trainer ended before it asked for a segment")
        self.assertEqual(output.count("No module named 'nothing_of_that_name'"), 1, output)
        self.assertRegex(output, r"(?m)^kept: /.*pbt-try-")

    def test_it_reports_another_metric(self):
        self.replace(("score=score,", "accuracy=score,"))
        words = "the report has no metric 'score'; it has: accuracy"
        hint = self.assert_wrong("runs", words, others="?")
        self.assertIn("or name another one in the spec's objective.metric", hint)

    def test_it_never_asks(self):
        (self.folder / "train.py").write_text("")
        hint = self.assert_wrong("runs", "ended before it asked for a segment", others="?")
        self.assertEqual(hint, "does it loop over pbt.Worker()? see docs/tutorial.md")

    def test_it_cannot_be_started(self):
        self.write(WORKER.replace("python3, train.py", "./train.py"))
        hint = self.assert_wrong("runs", "no program './train.py'", others="?")
        self.assertIn("is it executable (chmod +x)?", hint)

    def test_it_dies_in_silence(self):
        self.replace(("    score = -state", "    os._exit(9)\n    score = -state"))
        self.assertEqual(self.assert_wrong("runs", "status 9", others="?"), "fix the trainer")

    def test_it_diverges(self):
        self.replace(("score = -state", "score = math.nan if True else -state"))
        self.assert_wrong("runs", "reports score nan")


if __name__ == "__main__":
    tap.main()
