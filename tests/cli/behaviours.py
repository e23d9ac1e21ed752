"""The behaviours of the rules by their numbers, shown by real processes over HTTP, in both modes.

Every study here is trained by Python workers of `pbt run`. Whatever a case is about, at its end the
log verifies, and each segment was given exactly what its row says: the weights of its parent with
their age, and its hyperparameters.
"""

import collections
import hashlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import textwrap
import time

import case
import tap

CLIENT = pathlib.Path(__file__).resolve().parents[2] / "python" / "src"
MODES = ("asynchronous", "generational")
TIMES = ("attempts", "sequence", "created_at", "reported_at")

SPEC = """\
version: 1
name: tiny
seed: 5
population: {population}
mode: {mode}
ready: {{every: 10, after: {after}}}
stop: {{steps: {steps}}}
exploit: {exploit}
explore: {explore}
hyperparameters:
  rate: {{type: float, scale: log, min: 0.001, max: 1.0}}
{more}
failure: {{retries: {retries}, lost: 9}}
checkpoints: {{keep_best: {keep_best}}}
trainer:
  command: [python3, train.py]
  environment: {{PYTHONPATH: "{client}:{here}", TOGETHER: "{together}"}}
"""
DEFAULTS = {
    "population": 4, "mode": "asynchronous", "after": 0, "steps": 40, "retries": 3, "keep_best": 1,
    "exploit": "{rule: truncation, fraction: 0.25}",
    "explore": "{rule: perturb, resample_probability: 0}",
    "more": "", "client": CLIENT, "here": case.HERE,
}


class Behaviours(case.Case):
    def setUp(self):
        super().setUp()
        self.home = self.folder
        self.folder = None

    # ---- a study

    def make(self, trainer="pass", slots=2, **settings):
        """A new folder with a spec, and a trainer that differs as said."""
        settings["together"] = min(slots, settings.get("population", DEFAULTS["population"]))
        self.folder = self.home / str(len(list(self.home.iterdir())))
        self.folder.mkdir()
        text = "from behave import *\n\nclass Mine(Trainer):\n"
        text += textwrap.indent(textwrap.dedent(trainer), "    ") + "\n\nMine().run()\n"
        (self.folder / "train.py").write_text(text)
        (self.folder / "spec.yaml").write_text(SPEC.format(**(DEFAULTS | settings)))

    def study(self, trainer="pass", slots=2, status=0, **settings):
        """Run a study to its end; its segments' rows by their names."""
        self.make(trainer, slots, **settings)
        return self.finish(slots, status)

    def finish(self, slots=2, status=0):
        self.pbt("run", "spec.yaml", "--slots", str(slots), "--quiet", status=status)
        return self.check()

    def check(self):
        """What holds for every finished study; its segments' rows by their names."""
        self.assertIn(": 0 problems", self.pbt("verify")[0])
        rows = {row["segment"]: row for row in self.json("segments")}
        for facts in self.notes("begun"):
            row, weights = rows[facts["segment"]], facts["weights"]
            self.assertEqual(facts["hyperparameters"], row["hyperparameters"])
            self.assertEqual(weights["lineage"][-1:], [row["parent"]] if row["parent"] else [])
            self.assertEqual(weights["trained"], row["start_age"])
        for row in rows.values():
            if "trained" in row["metrics"] and isinstance(row["score"], (int, float)):
                self.assertEqual(row["metrics"]["trained"], row["end_age"])
        return rows

    def notes(self, verb):
        lines = (self.folder / "notes").read_text().splitlines()
        return [facts for facts in map(json.loads, lines) if facts["verb"] == verb]

    def noted(self, verb):
        return self.notes(verb) if (self.folder / "notes").exists() else []

    def wait_for(self, condition):
        until = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), until, "waited in vain")
            time.sleep(0.005)

    def pythons(self):
        """The processes of Python that work in the study's folder."""
        found = set()
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                is_python = "python" in os.path.basename(os.readlink(entry / "exe"))
                if is_python and (entry / "cwd").readlink() == self.folder:
                    found.add(int(entry.name))
            except OSError:
                continue
        return found

    def in_both_modes(self, trainer="pass", **settings):
        """Run a study in each mode and yield (mode, rows)."""
        for mode in MODES:
            yield mode, self.study(trainer, mode=mode, **settings)

    def copies(self, rows):
        return [row for row in rows.values() if row["donor"] is not None]

    def before(self, rows, row):
        """The row of the member's own segment before this one."""
        return rows[f"m{row['member']}s{row['number'] - 1}"]

    def lasting(self, rows):
        """What is the same in every run of a generational study."""
        return [{k: v for k, v in row.items() if k not in TIMES} for row in rows.values()]

    # ---- who copies whom

    def test_behaviour_1_no_decision_before_its_time(self):
        for mode, rows in self.in_both_modes(after=30, steps=60):
            starts = {row["start_step"] for row in self.copies(rows)}
            self.assertTrue(starts and min(starts) >= 30, starts)
        late = """
        def arrive(self):
            if self.segment.id == "m0s0":
                wait_for(lambda: all(reported(m, 2) for m in (1, 2, 3)))
        """
        rows = self.study(late, exploit="{rule: truncation, fraction: 0.25, quorum: 1}")
        decided = [self.before(rows, row)["sequence"] for row in self.copies(rows)]
        self.assertEqual(min(decided), rows["m0s0"]["sequence"])

    def test_behaviour_2_k_of_small_populations(self):
        for mode in MODES:
            for population, fraction, k in ((1, 0.5, 0), (2, 0.2, 1), (2, 0.5, 1), (3, 0.2, 1),
                                            (3, 0.5, 1), (2, 0, 0), (3, 0, 0)):
                with self.subTest(mode=mode, population=population, fraction=fraction):
                    exploit = f"{{rule: truncation, fraction: {fraction}}}"
                    rows = self.study(slots=1, population=population, exploit=exploit, mode=mode,
                                      steps=30)
                    copies = collections.Counter(row["number"] for row in self.copies(rows))
                    if mode == "generational" or k == 0:
                        self.assertEqual(copies, {1: k, 2: k} if k else {})
                    else:
                        self.assertGreater(copies.total(), 0)

    def test_behaviour_3_nan_is_never_a_donor_and_first_replaced(self):
        for place in (0, 7, 15):
            trainer = f"""
            def score(self):
                is_bad = (self.segment.member, self.segment.number) == ({place}, 1)
                return float("nan") if is_bad else self.segment.member
            """
            exploit = "{rule: truncation, fraction: 0.0625}"
            for mode, rows in self.in_both_modes(trainer, population=16, exploit=exploit, steps=40):
                self.assertEqual(rows[f"m{place}s1"]["score"], "nan")
                self.assertIsNotNone(rows[f"m{place}s2"]["donor"])
                self.assertNotIn(f"m{place}s1", {row["parent"] for row in rows.values()})
                if mode == "generational":
                    copiers = [r["member"] for r in self.copies(rows) if r["number"] == 2]
                    self.assertEqual(copiers, [place])

    def test_behaviour_4_equal_scores_copy_nobody(self):
        for mode, rows in self.in_both_modes("def score(self): return 0.5", population=8):
            self.assertEqual(self.copies(rows), [])
            self.assertEqual(len(rows), 32)

    def test_behaviour_22_place_in_turn_is_no_fate(self):
        """One slot, so that all report in turn: the worst of a point copies whatever its number."""
        trainer = """
        def score(self):
            import hashlib
            digest = hashlib.sha256(self.segment.id.encode()).digest()
            return self.segment.number + digest[0] / 256
        """
        exploit = "{rule: truncation, fraction: 0.125}"
        rows = self.study(trainer, slots=1, population=8, steps=800, exploit=exploit)
        worst, copied = collections.Counter(), collections.Counter()
        for number in range(79):
            point = [rows[f"m{m}s{number}"] for m in range(8)]
            member = min(point, key=lambda row: row["score"])["member"]
            after = [rows.get(f"m{member}s{n}") for n in (number + 1, number + 2)]
            worst[member // 4] += 1
            copied[member // 4] += any(r and r["donor"] is not None for r in after)
        shares = [copied[half] / worst[half] for half in (0, 1)]
        self.assertTrue(min(shares) > 0.5 and abs(shares[0] - shares[1]) < 0.25, shares)

    # ---- copies

    def test_behaviour_5_a_copy_pauses_no_other(self):
        trainer = """
        def arrive(self):
            member, number = self.segment.member, self.segment.number
            if self.segment.donor is not None and member == 0 and number < 4:
                wait_for(lambda: all(reported(m, number + 1) for m in (1, 2)))

        def end(self):
            if self.segment.id == "m0s0":
                wait_for(lambda: all(reported(m) for m in (1, 2)))
            self.report()
        """
        rows = self.study(trainer, slots=3, population=3, steps=60)
        self.assertIsNotNone(rows["m0s1"]["donor"])

    def test_behaviour_6_a_donor_trains_on_and_its_weights_stay(self):
        trainer = """
        def arrive(self):
            segment = self.segment
            if segment.donor is not None:
                number = int(segment.parent.partition("s")[2])
                wait_for(lambda: reported(segment.donor, min(number + 1, 5)))
        """
        for mode, rows in self.in_both_modes(trainer, slots=4, keep_best=0, steps=60):
            self.assertGreater(len(self.copies(rows)), 2)
            self.assertTrue(all(row["attempts"] == 1 for row in rows.values()))

    def test_behaviour_7_a_copy_is_one_step(self):
        """`check` sees the weights: here the rest comes from the donor too, at the same instant."""
        for mode, rows in self.in_both_modes(explore="{rule: none}", steps=60):
            self.assertGreater(len(self.copies(rows)), 2)
            for row in self.copies(rows):
                donor = rows[row["parent"]]
                self.assertEqual(donor["member"], row["donor"])
                self.assertEqual(row["hyperparameters"], donor["hyperparameters"])
                self.assertEqual(row["start_age"], donor["end_age"])
                self.assertLess(self.before(rows, row)["score"], donor["score"])

    def test_behaviour_8_a_donor_dies_after_the_decision(self):
        trainer = """
        def arrive(self):
            segment = self.segment
            if segment.donor is not None and not notes("killed"):
                wait_for(lambda: any(self.is_next(f) for f in notes("begun")))
                victim = [f["process"] for f in notes("begun") if self.is_next(f)][-1]
                note(verb="killed", process=victim)
                os.kill(victim, 9)

        def is_next(self, facts):
            number = int(self.segment.parent.partition("s")[2])
            return facts["member"] == self.segment.donor and facts["number"] > number

        def begin(self):
            if self.segment.member == 1 and self.segment.attempt == 1 and self.segment.number:
                wait_for(lambda: notes("killed"))
                time.sleep(PATIENCE_SECONDS if notes("killed")[0]["process"] == os.getpid() else 0)
            if self.segment.id == "m0s0":
                wait_for(lambda: reported(1))
        """
        for mode, rows in self.in_both_modes(trainer, slots=2, population=2, steps=50):
            self.assertEqual(len(self.notes("killed")), 1)
            self.assertEqual(max(row["attempts"] for row in rows.values()), 2)
            self.assertGreater(len(self.copies(rows)), 0)

    def test_behaviour_23_weights_fit_their_width(self):
        trainer = """
        def begin(self):
            assert self.weights["width"] == self.segment.hyperparameters["width"]
        """
        more = "  width: {type: ordinal, values: [32, 64], inherit: true}"
        for mode, rows in self.in_both_modes(trainer, population=8, more=more, steps=60):
            widths = {row["hyperparameters"]["width"] for row in rows.values() if not row["number"]}
            self.assertEqual(widths, {32, 64})
            self.assertTrue(all(row["attempts"] == 1 for row in rows.values()))
            changed = [row for row in self.copies(rows) if row["hyperparameters"]["width"]
                       != self.before(rows, row)["hyperparameters"]["width"]]
            self.assertTrue(changed or self.copies(rows))

    def test_behaviour_24_ages_span_exactly_the_segment(self):
        trainer = """
        def begin(self):
            self.age = self.weights["trained"]  # the trainer's own counter, as it was copied
            assert self.age == self.segment.start_age

        def step(self):
            self.age += 1
            self.weights["trained"] = self.age

        def end(self):
            assert self.age == self.segment.end_age
            self.report()
        """
        more = "start: [{rate: 0.5}]"
        for mode, rows in self.in_both_modes(trainer, steps=65, more=more):
            self.assertTrue(any(r["start_age"] != r["start_step"] for r in rows.values()) or mode)
            for row in rows.values():
                span = row["end_age"] - row["start_age"]
                self.assertEqual(span, row["end_step"] - row["start_step"])

    # ---- deaths

    def test_behaviour_9_a_killed_worker_loses_nothing(self):
        trainer = """
        def die(self, member, number):
            segment = self.segment
            if (segment.member, segment.number, segment.attempt) == (member, number, 1):
                os.kill(os.getpid(), 9)

        def arrive(self):
            self.die(0, 1)

        def begin(self):
            self.die(1, 1)

        def step(self):
            super().step()
            if self.weights["trained"] % 10 == 5:
                self.die(2, 2)

        def save(self, path):
            super().save(path)
            self.die(3, 2)

        def report(self):
            super().report()
            self.die(0, 2)
        """
        whole = self.lasting(self.study(mode="generational"))
        for mode, rows in self.in_both_modes(trainer):
            again = {row["segment"] for row in rows.values() if row["attempts"] > 1}
            self.assertLessEqual({"m0s1", "m1s1", "m2s2", "m3s2"}, again)
            self.assertEqual(rows["m0s2"]["attempts"], 1)
            self.assertEqual(len(rows), 16)
            if mode == "generational":
                self.assertEqual(self.lasting(rows), whole)

    def test_behaviour_11_a_killed_run_goes_on(self):
        slow = "def step(self):\n    super().step()\n    time.sleep(0.002)"
        whole = self.lasting(self.study(mode="generational"))
        for mode in MODES:
            with self.subTest(mode=mode):
                self.make(slow, mode=mode)
                for count in (1, 5, 9):
                    run = self.start("run", "spec.yaml", "--slots", "2", "--quiet")
                    self.wait_for(lambda: len(self.noted("reported")) >= count)
                    run.kill()
                    run.communicate()
                rows = self.finish()
                self.assertEqual(len(rows), 16)
                if mode == "generational":
                    self.assertEqual(self.lasting(rows), whole)

    def test_behaviour_12_a_round_goes_on_whatever_its_last_member_does(self):
        endings = {
            "reports": "self.report()",
            "fails": "self.worker.fail('for good', retry=False)",
            "diverges": "self.worker.diverged(trained=-1)",
            "dies": "os.kill(os.getpid(), 9) if self.segment.attempt == 1 else self.report()",
        }
        for ending, what in endings.items():
            trainer = f"""
            def end(self):
                segment = self.segment
                if (segment.member, segment.number) != (2, 1):
                    self.report()
                    return
                wait_for(lambda: all(reported(m, 1) for m in (0, 1)))
                {what}
            """
            with self.subTest(ending=ending):
                is_lost = ending == "fails"
                rows = self.study(trainer, slots=3, population=3, mode="generational",
                                  status=1 if is_lost else 0)
                self.assertEqual(rows["m2s1"]["state"], "given_up" if is_lost else "reported")
                self.assertEqual(self.json("show")[0]["state"], "finished")
                self.assertEqual([f["segment"] for f in self.notes("reported")].count("m0s3"), 1)

    def test_behaviour_18_a_full_disk_fails_attempts_only(self):
        trainer = """
        def save(self, path):
            import resource
            segment = self.segment
            is_full = segment.member == 1 and segment.number == 1 and segment.attempt < 3
            limits = resource.getrlimit(resource.RLIMIT_FSIZE)
            text = json.dumps(self.weights)
            with open(path, "w", encoding="utf-8", buffering=1) as file:
                if is_full:
                    resource.setrlimit(resource.RLIMIT_FSIZE, (len(text) // 2, limits[1]))
                try:
                    file.write(text)
                    file.flush()
                finally:
                    resource.setrlimit(resource.RLIMIT_FSIZE, limits)

        def end(self):
            try:
                self.report()
            except OSError as error:
                self.worker.fail(str(error))
        """
        for mode, rows in self.in_both_modes(trainer):
            self.assertEqual(rows["m1s1"]["attempts"], 3)
            self.assertEqual({row["state"] for row in rows.values()}, {"reported"})

    # ---- reports

    def test_behaviour_10_a_report_counts_once(self):
        trainer = """
        def end(self):
            segment, session = self.segment, self.worker._session
            path = f"/segments/{segment.id}/report"
            body = {"attempt": segment.attempt, "step": segment.end_step, "checkpoint": "saved",
                    "metrics": {"score": self.score(), "trained": self.weights["trained"]}}
            self.save(segment.save_to)
            answers = [session._wire.post(path, body) for _ in range(3)]
            note(verb="answered", said=[[a["recorded"], a["decision"]] for a in answers])
            session._memory = segment.id
            session._next = answers[-1]["action"]
            session.drop()
            self.worker._forget()
        """
        for mode, rows in self.in_both_modes(trainer):
            self.assertEqual(len(rows), 16)
            for facts in self.notes("answered"):
                self.assertTrue(all(is_recorded for is_recorded, _ in facts["said"]))
                # A round may decide between two of them.
                made = [decision for _, decision in facts["said"] if decision is not None]
                self.assertEqual(made[1:], made[:-1])

    def test_behaviour_13_a_report_fits_its_segment(self):
        trainer = """
        def end(self):
            end = self.segment.end_step
            for step in (end - 1, end + 10):
                try:
                    self.report(step=step)
                except pbt.ReportError as error:
                    note(verb="refused", step=step, words=str(error))
            if (self.segment.member, self.segment.number) == (1, 1):
                for _ in range(3):
                    self.step()
                self.report(step=end + 3)
            else:
                self.report()
        """
        for mode, rows in self.in_both_modes(trainer, slots=1):
            self.assertEqual(len(self.notes("refused")), 2 * len(rows))
            self.assertEqual(rows["m1s1"]["end_step"], 23)
            self.assertEqual((rows["m1s2"]["start_step"], rows["m1s2"]["end_step"]), (23, 30))

    def test_behaviour_14_the_last_segment_is_shorter(self):
        for mode, rows in self.in_both_modes(steps=25):
            spans = {(r["number"], r["start_step"], r["end_step"]) for r in rows.values()}
            self.assertEqual(spans, {(0, 0, 10), (1, 10, 20), (2, 20, 25)})

    def test_behaviour_21_an_old_session_is_refused(self):
        trainer = """
        def begin(self):
            segment = self.segment
            if (segment.member, segment.number, segment.attempt) != (1, 1, 1):
                return
            name = os.environ["PBT_WORKER"]
            twin = pbt.Worker(name=name)
            other = twin.claim()
            note(verb="taken", segment=other.id, attempt=other.attempt)
            is_counted = self.report()
            note(verb="old", is_counted=is_counted)
            old, self.worker = self.worker, twin
            self.segment = other
            self.load()
        """
        for mode, rows in self.in_both_modes(trainer, slots=1):
            taken, old = self.notes("taken")[0], self.notes("old")[0]
            self.assertEqual((taken["segment"], taken["attempt"]), ("m1s1", 2))
            self.assertFalse(old["is_counted"])
            self.assertEqual(len(rows), 16)

    # ---- many members, many changes

    def test_behaviour_15_a_hundred_members_on_two_slots(self):
        """Two Pythons in all: every one that is ever seen in the folder counts."""
        trainer = """
        def __init__(self):
            note(verb="started", process=os.getpid())
            super().__init__()
        """
        for mode in MODES:
            self.make(trainer, population=100, steps=30, mode=mode)
            run = self.start("run", "spec.yaml", "--slots", "2", "--quiet")
            seen = set()
            while run.poll() is None:
                seen |= self.pythons()
                time.sleep(0.01)
            self.assertEqual(run.wait(), 0)
            rows = self.check()
            self.assertEqual({facts["process"] for facts in self.notes("started")}, seen)
            self.assertEqual(len(seen), 2)
            self.assertEqual(len(rows), 300)
            reported = sorted(rows.values(), key=lambda row: row["sequence"])
            for early, late in zip(reported, reported[3:]):
                self.assertGreaterEqual(late["start_step"], early["start_step"] - 10)

    def test_behaviour_17_verify_finds_an_altered_event(self):
        for mode, rows in self.in_both_modes():
            database = sqlite3.connect(self.folder / "pbt.db", isolation_level=None)
            self.addCleanup(database.close)
            sequence = rows["m2s2"]["sequence"]
            where = "WHERE sequence = ?"
            body = database.execute(f"SELECT body FROM event {where}", (sequence,)).fetchone()[0]
            text = body if isinstance(body, str) else body.decode()
            for at in (0, len(text) // 2, len(text) - 1):
                change = text[:at] + ("x" if text[at] != "x" else "y") + text[at + 1:]
                database.execute(f"UPDATE event SET body = ? {where}", (change, sequence))
                output, errors = self.pbt("verify", status=1)
                self.assertIn(f"event {sequence} has been altered", output + errors)
            database.execute(f"UPDATE event SET body = ? {where}", (body, sequence))
            self.pbt("verify")

    def test_behaviour_19_integers_never_stick(self):
        more = "  size: {type: int, min: 1, max: 1024}\nstart: [" + "{size: 32}, " * 8 + "]"
        explore = "{rule: perturb, resample_probability: 0, when: always}"
        for mode, rows in self.in_both_modes(population=8, steps=500, more=more, explore=explore,
                                             exploit="{rule: none}"):
            stays = 0
            for row in filter(lambda row: row["reason"] == "explore", rows.values()):
                size = row["hyperparameters"]["size"]
                move = row["changes"].get("size", {"operation": "", "from": size, "to": size})
                stays = stays + 1 if move["from"] == 1 == move["to"] else 0
                self.assertLess(stays, 20)
                upward = "1.25" in move["operation"] or "+1" in move["operation"]
                self.assertTrue(move["to"] > move["from"] if upward else
                                move["to"] < move["from"] or move["to"] == 1, move)

    def test_behaviour_20_values_stay_within_bounds(self):
        bounds = {"rate": (0.001, 1.0), "part": (0.5, 0.999), "size": (1, 5), "plain": (-1.0, 1.0)}
        more = ("  part: {type: float, scale: reverse_log, min: 0.5, max: 0.999}\n"
                "  size: {type: int, min: 1, max: 5}\n"
                "  plain: {type: float, min: -1, max: 1}\n"
                "  kind: {type: ordinal, values: [3, 4, 8]}")
        for rule in ("perturb", "gaussian", "resample"):
            explore = f"{{rule: {rule}, when: always}}"
            for mode, rows in self.in_both_modes(population=8, steps=200, more=more,
                                                 explore=explore):
                for facts in self.notes("begun"):  # as they arrived in the trainer
                    values = facts["hyperparameters"]
                    self.assertIn(values["kind"], (3, 4, 8))
                    for name, (low, high) in bounds.items():
                        self.assertIs(type(values[name]), type(low))
                        self.assertTrue(low <= values[name] <= high, values)


if __name__ == "__main__":
    tap.main()
