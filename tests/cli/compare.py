"""`pbt compare` on the toy problem, five to seven seeds of each rule: every number worked out again
from what `segments` lists, the tests by SciPy, and the pictures by what is in them."""

import html
import itertools
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile
import unittest

import tap

try:
    from scipy import stats
except ImportError:
    stats = None

PBT = os.environ["PBT"]
PLUGIN = pathlib.Path(PBT).parent / "examples" / "libtoy.so"
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

SPEC = """\
version: 1
name: {name}
objective: {{metric: {metric}, direction: {direction}}}
population: {population}
mode: generational
ready: {{every: 4}}
stop: {{steps: {steps}}}
exploit: {{rule: best, copy: [weights]}}
explore: {{rule: {explore}}}
hyperparameters:
  h0: {{type: float, min: 0, max: 10}}
  h1: {{type: float, min: 0, max: 10}}
start:
  - {{h0: 1, h1: 0}}
  - {{h0: 0, h1: 1}}
trainer: {{protocol: library, library: {plugin}}}
"""
DEFAULTS = {"metric": "q", "direction": "maximize", "population": 2, "steps": 40,
            "explore": "{rule}", "plugin": PLUGIN}

COMMAND = """\
version: 1
name: %s
objective: {metric: q}
population: 2
ready: {every: 4}
stop: {steps: 8}
hyperparameters:
  h0: {type: float, min: 0, max: 1}
trainer:
  protocol: command
  command: [sh, -c, "%s; : > $0; echo '{{\\"q\\": %s}}'", "{save_to}"]
"""


def trimmed(scores):
    cut = len(scores) // 4
    return statistics.mean(sorted(scores)[cut : len(scores) - cut])


def probability(a, b):
    return statistics.mean((x > y) + 0.5 * (x == y) for x in a for y in b)


def rank_sum_p(a, b):
    """Mann and Whitney's p by counting, for scores without ties."""
    ordered = sorted(a + b)
    ranks = range(1, len(ordered) + 1)
    found = sum(ordered.index(x) + 1 for x in a)
    sums = [sum(chosen) for chosen in itertools.combinations(ranks, len(a))]
    tails = sum(s <= found for s in sums), sum(s >= found for s in sums)
    return min(1, 2 * min(tails) / len(sums))


class Compare(unittest.TestCase):
    """One store for all cases, which leave it as it was."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="pbt-compare-", dir=MEMORY))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.run_study("search", "1..7", explore="gaussian, sigma: 0.1")
        cls.run_study("plain", "1..7", explore="gaussian, sigma: 0.001")
        cls.run_study("wide", "1..5", population=6, explore="gaussian, sigma: 0.1")
        cls.run_study("low", "1..4", direction="minimize", explore="gaussian, sigma: 0.1")
        cls.run_study("least", "1..4", direction="minimize", explore="none")
        cls.run_study("angle", None, metric="theta0", explore="none")
        (cls.folder / "broken.yaml").write_text(COMMAND % ("broken", ":", "NaN"))
        cls.pbt("run", "broken.yaml", "--quiet", status=3)

    @classmethod
    def run_study(cls, name, seeds, **changes):
        spec = cls.folder / f"{name}.yaml"
        spec.write_text(SPEC.format(**(DEFAULTS | {"name": name} | changes)))
        cls.pbt("run", spec.name, "--quiet", *(["--seeds", seeds] if seeds else []))

    @classmethod
    def pbt(cls, *words, status=0, **environment):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PBT_")}
        done = subprocess.run(
            [PBT, *words], cwd=cls.folder, env=kept | {"LC_ALL": "C"} | environment,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=120, check=False,
        )
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout if status == 0 else done.stderr

    def compare(self, *words):
        return json.loads(self.pbt("compare", *words, "--json"))

    def refused(self, *words, status=2):
        errors = self.pbt("compare", *words, status=status)
        self.assertTrue(errors.startswith("pbt: "), errors)
        return errors

    def reports(self, study):
        """A study's reports in the order of the log."""
        lines = self.pbt("segments", study, "--json").splitlines()
        rows = [row for row in map(json.loads, lines) if row["state"] == "reported"]
        return sorted(rows, key=lambda row: row["sequence"])

    def bests(self, name, seeds, pick=max):
        """The best score of each seed."""
        return [pick(row["score"] for row in self.reports(f"{name}-{seed}")) for seed in seeds]

    def scores(self, group):
        return [study["best"]["score"] for study in group["studies"]]

    # ---- which studies ----

    def test_a_name_is_all_its_seeds(self):
        result = self.compare("search", "plain")
        self.assertEqual([group["group"] for group in result["groups"]], ["search", "plain"])
        for group in result["groups"]:
            self.assertEqual([study["seed"] for study in group["studies"]], [1, 2, 3, 4, 5, 6, 7])
        self.assertEqual(result["notes"], [])

    def test_names_patterns_and_labels_say_the_same(self):
        expected = self.compare("search", "plain")
        names = [f"{name}-{seed}" for name in ("search", "plain") for seed in (3, 1, 2, 4, 5, 6, 7)]
        self.assertEqual(self.compare(*names), expected)
        self.assertEqual(self.compare(*names, "search-1"), expected)
        self.assertEqual(self.compare("search-*", "plain-?"), expected)
        self.assertEqual(self.compare("search=search", "plain=plain-1,plain-[2-7]"), expected)

    def test_a_study_on_its_own_is_a_group(self):
        (group,) = self.compare("mine=angle")["groups"]
        self.assertIsNone(group["interval"])
        self.assertRegex(self.pbt("compare", "angle"), r"(?m)^angle +1 +\S+ +- ")
        self.assertEqual((group["group"], group["seeds"]), ("mine", 1))
        self.assertEqual(self.compare("angle")["comparisons"], [])

    def test_one_seed_has_no_interval(self):
        (contrast,) = self.compare("search-1", "plain")["comparisons"]
        self.assertIsNone(contrast["probability_interval"])
        self.assertIsNone(contrast["difference_interval"])
        self.assertIsNotNone(contrast["probability"])
        words = self.pbt("compare", "search-1", "plain")
        self.assertRegex(words, r"probability of improvement [\d.]+, p = ")

    def test_replays_are_compared_where_they_are_named(self):
        store = ("--store", "sqlite:replays.db")
        for name in ("first", "second"):
            spec = self.folder / "first.yaml"
            spec.write_text(SPEC.format(**(DEFAULTS | {"name": name, "explore": "none"})))
            self.pbt("run", spec.name, "--quiet", *store)
        self.pbt("replay", "first", "--quiet", *store)
        everything = self.compare(*store)
        self.assertEqual([g["group"] for g in everything["groups"]], ["first", "second"])
        self.assertIn("replays are left out: 1; ", everything["notes"][0])
        named = self.compare("first", "first-replay", *store)
        self.assertEqual([g["group"] for g in named["groups"]], ["first", "first-replay"])

    def test_large_scores_have_a_mean(self):
        (self.folder / "large.yaml").write_text(COMMAND % ("large", ":", "1e308"))
        self.pbt("run", "large.yaml", "--quiet", "--seeds", "1..3", "--store", "sqlite:large.db")
        (group,) = self.compare("--store", "sqlite:large.db")["groups"]
        self.assertEqual((group["iqm"], group["interval"]), (1e308, [1e308, 1e308]))

    def test_what_cannot_be_meant(self):
        self.assertIn("hint: see 'pbt list'", self.refused("nobody", status=1))
        self.assertIn("nobody-*", self.refused("search", "nobody-*", status=1))
        self.assertIn("two groups", self.refused("a=search", "b=search-1"))
        for label in ("", "a\nb", "x" * 65, b"\xff"):
            words = (label if isinstance(label, bytes) else label.encode()) + b"=search"
            self.assertIn("no label", self.refused(words))
        self.assertIn("no study", self.refused("a="))
        self.assertIn("--at is '0'", self.refused("search", "--at", "0"))

    def test_objectives_must_agree(self):
        self.assertIn("'theta0'", self.refused("search", "angle"))
        self.assertIn("'low-1' minimizes 'q'", self.refused("search", "low"))
        self.assertIn("different objectives", self.refused())

    # ---- the numbers ----

    def test_estimates(self):
        result = self.compare("search=search-[1-5]", "plain=plain-[1-5]")
        a, b = (self.bests(name, range(1, 6)) for name in ("search", "plain"))
        for group, scores in zip(result["groups"], (a, b), strict=True):
            self.assertEqual(self.scores(group), scores)
            self.assertAlmostEqual(group["iqm"], trimmed(scores), places=12)
            self.assertEqual(group["median"], statistics.median(scores))
            self.assertEqual(group["best"]["score"], max(scores))
            winner = 1 + scores.index(max(scores))
            self.assertEqual(group["best_study"], f"{group['group']}-{winner}")
            low, high = group["interval"]
            self.assertTrue(min(scores) <= low <= group["iqm"] <= high <= max(scores))
        (contrast,) = result["comparisons"]
        self.assertAlmostEqual(contrast["difference"], trimmed(a) - trimmed(b), places=12)
        self.assertAlmostEqual(contrast["probability"], probability(a, b), places=12)
        low, high = contrast["probability_interval"]
        self.assertTrue(0 <= low <= contrast["probability"] <= high <= 1)

    def test_five_seeds_are_told_apart_by_ranks(self):
        (contrast,) = self.compare("search=search-[1-5]", "plain=plain-[1-5]")["comparisons"]
        a, b = (self.bests(name, range(1, 6)) for name in ("search", "plain"))
        self.assertEqual((contrast["test"], contrast["paired"]), ("mann-whitney", True))
        self.assertAlmostEqual(contrast["p"], rank_sum_p(a, b), places=12)

    @unittest.skipIf(stats is None, "python3-scipy is not installed")
    def test_scipy_agrees(self):
        result = self.compare("search", "plain", "wide")
        a, b, c = (self.scores(group) for group in result["groups"])
        paired, *apart = result["comparisons"]
        self.assertEqual(paired["test"], "wilcoxon")
        self.assertAlmostEqual(paired["p"], stats.wilcoxon(a, b, mode="exact").pvalue, places=12)
        for contrast, (x, y) in zip(apart, ((a, c), (b, c)), strict=True):
            expected = stats.mannwhitneyu(x, y, method="exact")
            self.assertEqual(contrast["test"], "mann-whitney")
            self.assertEqual(contrast["statistic"], expected.statistic)
            self.assertAlmostEqual(contrast["p"], expected.pvalue, places=12)
        for group in result["groups"]:
            self.assertAlmostEqual(group["iqm"], stats.trim_mean(self.scores(group), 0.25))

    def test_holm_corrects_every_pair(self):
        contrasts = self.compare("search", "plain", "wide")["comparisons"]
        self.assertEqual(len(contrasts), 3)
        highest = 0
        for i, contrast in enumerate(sorted(contrasts, key=lambda c: c["p"])):
            highest = max(highest, min(1, contrast["p"] * (3 - i)))
            self.assertAlmostEqual(contrast["p_holm"], highest, places=12)

    def test_the_same_question_has_the_same_answer(self):
        words = ["compare", "search", "plain", "wide"]
        self.assertEqual(self.pbt(*words), self.pbt(*words))

    def test_lower_is_better_where_the_objective_says_so(self):
        result = self.compare("low", "least")
        self.assertEqual(result["direction"], "minimize")
        (contrast,) = result["comparisons"]
        a, b = (self.bests(name, range(1, 5), min) for name in ("low", "least"))
        self.assertEqual([self.scores(group) for group in result["groups"]], [a, b])
        self.assertEqual(result["groups"][0]["best"]["score"], min(a))
        self.assertAlmostEqual(contrast["probability"], 1 - probability(a, b), places=12)
        self.assertAlmostEqual(contrast["difference"], trimmed(a) - trimmed(b), places=12)
        low, high = contrast["difference_interval"]
        self.assertTrue(low <= contrast["difference"] <= high)
        self.assertIn("lower is better", self.pbt("compare", "low"))

    def test_a_study_without_a_score_is_the_worst(self):
        result = self.compare("a=search-1,broken", "plain")
        group = result["groups"][0]
        self.assertIsNone(group["studies"][0]["best"])
        self.assertIsNone(group["iqm"])
        self.assertEqual(group["interval"][0], None)
        (contrast,) = result["comparisons"]
        a, b = self.bests("search", [1]), self.bests("plain", range(1, 8))
        self.assertAlmostEqual(contrast["probability"], probability(a + [-9], b), places=12)
        self.assertIn("broken has no usable score and counts as the worst", result["notes"])
        self.assertIn(" - ", self.pbt("compare", "broken"))

    # ---- best so far ----

    def test_curves_are_the_best_of_the_log(self):
        for study in self.compare("wide")["groups"][0]["studies"]:
            steps, best, expected = 0, None, []
            for row in self.reports(study["study"]):
                steps += row["end_step"] - row["start_step"]
                if best is None or row["score"] > best:
                    best = row["score"]
                    expected.append((steps, best, row["end_age"], row["segment"]))
            found = [(p["steps"], p["score"], p["age"], p["segment"]) for p in study["curve"]]
            self.assertEqual(found, expected)
            self.assertEqual(study["steps"], 6 * 40)
            seconds = [point["seconds"] for point in study["curve"]]
            self.assertEqual(seconds, sorted(seconds))
            self.assertLessEqual(seconds[-1], study["seconds"])

    def test_at_a_budget(self):
        """Populations of two and six, at the same work."""
        result = self.compare("search", "wide", "--at", "60")
        for group in result["groups"]:
            for study in group["studies"]:
                points = [point for point in study["curve"] if point["steps"] <= 60]
                self.assertEqual(study["best"], points[-1])
        self.assertEqual(result["notes"], [])
        self.assertIn(", at 60 steps", self.pbt("compare", "search", "--at", "60"))
        (note, *_) = self.compare("search", "wide")["notes"]
        self.assertIn("between 80 and 240 steps; --at", note)
        notes = self.compare("search", "--at", "100")["notes"]
        self.assertIn("search-1 has done 80 of the 100 steps", notes[0])

    def test_a_study_that_goes_on_is_named_and_ends_its_groups_line(self):
        """The slow one's first score comes after the other's end: over time there is no line."""
        self.run_study("open", None, steps=8, explore="none")
        self.addCleanup(self.pbt, "delete", "open", "--yes")
        self.pbt("amend", "open", "stop.steps=80")
        notes = self.compare("open", "search")["notes"]
        self.assertIn("open is interrupted, after 16 of 160 steps", notes)
        (self.folder / "slow.yaml").write_text(COMMAND % ("slow", "sleep 0.5", "1"))
        self.pbt("run", "slow.yaml", "--quiet")
        self.addCleanup(self.pbt, "delete", "slow", "--yes")
        text = self.draw("a.svg", "both=open,slow")[0].read_text()
        lines = re.findall(r"stroke='rgb\(  0, 114, 178\)'  d='M", text)
        self.assertEqual(len(lines), 1)

    def test_before_the_first_report(self):
        result = self.compare("search", "--at", "1")
        self.assertIsNone(result["groups"][0]["best"])

    # ---- words ----

    def test_words_say_who_wins(self):
        text = self.pbt("compare", "wide", "plain=plain-[1-5]")
        (contrast,) = self.compare("wide", "plain=plain-[1-5]")["comparisons"]
        self.assertEqual(contrast["finding"], "difference")
        self.assertRegex(
            text,
            rf"(?m)^{contrast['better']} beats \w+: difference \+\S+ \[\S+, \S+\], "
            r"probability of improvement \S+ \[\S+, \S+\], p = 0\.\d+ \(Mann-Whitney\)$",
        )

    def test_the_winner_comes_first(self):
        first = re.search(r"(?m)^(\w+) beats .*", self.pbt("compare", "wide", "plain"))
        second = re.search(r"(?m)^(\w+) beats .*", self.pbt("compare", "plain", "wide"))
        self.assertEqual(first[1], second[1])

    def test_too_few_seeds_are_said_to_be(self):
        words = "search=search-[1-3]", "plain=plain-[1-3]"
        (contrast,) = self.compare(*words)["comparisons"]
        self.assertEqual(contrast["finding"], "too few seeds")
        self.assertIsNone(contrast["better"])
        self.assertIsNone(contrast["detectable"]["deviations"])
        self.assertAlmostEqual(contrast["least_p_holm"], 0.1)
        text = self.pbt("compare", *words)
        self.assertIn("search and plain: too few seeds to tell: ", text)
        self.assertIn("so few seeds give p = 0.1 at the least; 4 each could give 0.05", text)

    def test_equal_groups_show_no_difference(self):
        words = "a=search-[136],plain-[245]", "b=search-[245],plain-[136]"
        self.assertRegex(
            self.pbt("compare", *words),
            r"a and b: no difference shown: .*\n    so many seeds find 1\.\d standard deviations",
        )

    # ---- pictures ----

    def draw(self, name, *words, **environment):
        picture = self.folder / name
        self.addCleanup(picture.unlink, missing_ok=True)
        return picture, self.pbt("compare", *words, "--output", name, **environment)

    def test_pictures(self):
        for name, magic in (("a.svg", b"<?xml"), ("a.png", b"\x89PNG"), ("a.PDF", b"%PDF")):
            picture, _ = self.draw(name, "search", "plain")
            self.assertTrue(picture.read_bytes().startswith(magic), name)

    def test_says_where_the_picture_is(self):
        _, output = self.draw("a.svg", "search", "plain")
        self.assertTrue(output.endswith("\n\ndrawn to a.svg\n"), output)
        json.loads(self.draw("a.svg", "search", "plain", "--json")[1])

    def test_one_seed_has_no_interval(self):
        output = self.pbt("compare", "mine=angle")
        self.assertRegex(output, r"(?m)^mine +1 +[0-9.e-]+ +- ")
        output = self.pbt("compare", "one=search-1", "two=search-2")
        self.assertRegex(output, r"difference \S+, probability of improvement \d, p = 1 ")

    def test_what_is_in_a_picture(self):
        text = self.draw("a.svg", "search", "plain")[0].read_text()
        for words in ("search (7)", "plain (7)", "steps of all members", "seconds", ">q<"):
            self.assertTrue(words in text, words)
        for colour in (r"  0, 114, 178", r"213,  94,   0"):
            lines = re.findall(rf"stroke='rgb\({colour}\)'  d='M", text)
            bands = re.findall(rf"<polygon fill = 'rgb\({colour}\)'", text)
            self.assertEqual(len(lines), 2, colour)  # one in each panel
            self.assertGreaterEqual(len(bands), 2, colour)

    def test_a_label_is_text(self):
        label = "it's \"$(touch pwned)\" `touch pwned` @x_{y} \\n <b>"
        text = self.draw("a.svg", f"{label}=search")[0].read_text()
        plain = html.unescape(text)
        self.assertTrue("it's \"$(touch pwned)\" `touch pwned` @x_{y} \\n <b> (7)" in plain)
        self.assertFalse((self.folder / "pwned").exists())

    def test_a_path_is_no_command(self):
        picture, _ = self.draw("|touch pwned;.svg", "search")
        self.assertTrue(picture.exists())
        self.assertFalse((self.folder / "pwned").exists())

    def test_a_group_that_never_scored_is_drawn_without_a_line(self):
        text = self.draw("a.svg", "search", "broken")[0].read_text()
        self.assertTrue("broken (1)" in text)

    def test_nothing_to_draw(self):
        errors = self.refused("broken", "--output", "a.svg", status=1)
        self.assertIn("no usable score to draw", errors)
        self.assertFalse((self.folder / "a.svg").exists())

    def test_other_endings_are_refused(self):
        self.assertIn("hint: ", self.refused("search", "--output", "a.jpg"))
        self.assertFalse((self.folder / "a.jpg").exists())

    def test_without_gnuplot(self):
        errors = self.pbt("compare", "search", "--output", "a.svg", status=1, PATH="/nonexistent")
        self.assertIn("hint: install it", errors)
        self.assertFalse((self.folder / "a.svg").exists())

    def test_a_failing_gnuplot_leaves_the_picture_there_was(self):
        (self.folder / "bin").mkdir()
        fake = self.folder / "bin" / "gnuplot"
        fake.write_text("#!/bin/sh\necho half a picture\necho 'no terminal' >&2\nexit 1\n")
        fake.chmod(0o755)
        old = self.folder / "old.svg"
        old.write_text("old")
        errors = self.pbt("compare", "search", "--output", "old.svg", status=1,
                          PATH=f"{fake.parent}:{os.environ['PATH']}")
        self.assertIn("detail: no terminal", errors)
        self.assertEqual(old.read_text(), "old")


tap.main()
