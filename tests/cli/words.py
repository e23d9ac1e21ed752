"""What a study says of itself: lineage, schedule, why, best --export."""

import csv
import json
import os
import pty
import re
import shutil
import tempfile

import tap
from case import Case

TOY = """\
version: 1
name: toy
objective: {metric: q}
population: 2
mode: generational
ready: {every: 4}
stop: {steps: 12}
exploit: {rule: best, copy: [weights]}
explore: {rule: none}
hyperparameters:
  h0: {type: float, min: 0, max: 10}
  h1: {type: float, min: 0, max: 10}
start:
  - {h0: 1, h1: 0}
  - {h0: 0, h1: 1}
trainer:
  protocol: command
  command: [python3, toy.py, "{h0}", "{h1}", "{load}", "{save_to}", "{start_step}", "{end_step}"]
"""

# The paper's toy problem, as examples/toy/toy.c computes it.
TOY_TRAINER = """\
import json, sys
h0, h1, load, save = float(sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4]
theta = json.load(open(load)) if load else [0.9, 0.9]
for _ in range(int(sys.argv[5]), int(sys.argv[6])):
    theta = [theta[0] - 0.02 * h0 * theta[0], theta[1] - 0.02 * h1 * theta[1]]
json.dump(theta, open(save, "w"))
print(json.dumps({"q": 1.2 - (theta[0] ** 2 + theta[1] ** 2)}))
"""

# At step 4 the members tie, and the lower number counts as the better one: 1 copies 0, and is ahead
# at step 8, where 0 copies it. At step 12 nothing is decided any more; they tie again.
LINEAGE = """\
segments  age       score
|-o m1s0  0..4    -0.2991
* m0s0    0..4    -0.2991
|-o m0s1  4..8    -0.1963
* m1s1    4..8    -0.1782
|-o m1s2  8..12  -0.07539
* m0s2    8..12  -0.07539  the best
"""

SCHEDULE = """\
from  to  segment  h0  h1
   0   4  m0s0      1   0
   4   8  m1s1      0   1
   8  12  m0s2      1   0
"""

CSV = """\
start_age,end_age,segment,h0,h1
0,4,m0s0,1.0,0.0
4,8,m1s1,0.0,1.0
"""

YAML = """\
member: 1
segment: m1s1
score: SCORE
start: null
rows:
  - {start_age: 0, end_age: 4, segment: m0s0, hyperparameters: {h0: 1.0, h1: 0.0}}
  - {start_age: 4, end_age: 8, segment: m1s1, hyperparameters: {h0: 0.0, h1: 1.0}}
"""

WHY_COPIED = """\
m1s1 copies m0s0

At step 4 m1 was number 2 of 2 with -0.2991; the best candidate was m0 (-0.2991).

before  m1s0 reported q -0.2991 at step 4
rules   best, copying weights; then none (when: copy)
event   N (reported), TIME

rank  member  segment    score
   1  m0      m0s0     -0.2991  copied
   2  m1      m1s0     -0.2991  decided
"""

WHY_CONTINUED = """\
m0s1 continues

At step 4 no candidate comes before m0. So it trains on, unchanged.

before  m0s0 reported q -0.2991 at step 4
rules   best, copying weights; then none (when: copy)
event   N (reported), TIME

rank  member  segment    score
   1  m0      m0s0     -0.2991  decided
   2  m1      m1s0     -0.2991
"""

WHY_FIRST = """\
m0s0 starts

The first segment of m0: its hyperparameters are the spec's, or drawn from their priors.

rules  best, copying weights; then none (when: copy)
event  N (created), TIME
"""


class Toy(Case):
    """Two members, rule best, weights alone: every decision is known. One study serves all."""

    made = None

    def setUp(self):
        super().setUp()
        if Toy.made is not None:
            shutil.copytree(Toy.made, self.folder, dirs_exist_ok=True)
            return
        (self.folder / "toy.yaml").write_text(TOY)
        (self.folder / "toy.py").write_text(TOY_TRAINER)
        self.pbt("run", "toy.yaml", "--quiet", "--slots", "2")
        Toy.made = tempfile.mkdtemp(prefix="pbt-cli-")
        self.addClassCleanup(shutil.rmtree, Toy.made)
        shutil.copytree(self.folder, Toy.made, dirs_exist_ok=True)

    def why(self, *words):
        output, _ = self.pbt("why", *words)
        output = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", output)
        return re.sub(r"(?m)^(event +)\d+", r"\1N", output)

    def test_lineage(self):
        self.assertEqual(self.pbt("lineage")[0], LINEAGE)

    def test_lineage_of_a_member(self):
        output, _ = self.pbt("lineage", "--member", "1")
        runs = [line.split()[1] for line in output.splitlines()[1:]]
        self.assertEqual(runs, ["m0s0", "m1s1..m1s2"])

    def test_lineage_for_graphviz(self):
        output, _ = self.pbt("lineage", "toy", "--format", "dot")
        self.assertTrue(output.startswith('digraph "toy" {\n'))
        self.assertIn('  "m0s0" -> "m1s1" [penwidth=3];\n', output)

    def test_schedule_has_each_members_own_values(self):
        self.assertEqual(self.pbt("schedule")[0], SCHEDULE)

    def test_schedule_in_three_forms(self):
        end = ("--segment", "m1s1")
        (schedule,) = self.json("schedule", "toy", *end)
        self.assertEqual(self.pbt("schedule", *end, "--format", "csv")[0], CSV)
        output, _ = self.pbt("schedule", *end, "--format", "yaml")
        self.assertEqual(output, YAML.replace("SCORE", repr(schedule["score"])))
        output, _ = self.pbt("schedule", *end, "--format", "json")
        self.assertEqual(json.loads(output), schedule)
        self.assertEqual(schedule["member"], 1)
        self.assertEqual(schedule["rows"][1]["hyperparameters"], {"h0": 0.0, "h1": 1.0})

    def test_why_it_copied(self):
        self.assertEqual(self.why("toy", "m1s1"), WHY_COPIED)

    def test_why_it_did_not(self):
        self.assertEqual(self.why("m0s1"), WHY_CONTINUED)

    def test_why_it_began(self):
        self.assertEqual(self.why("m0s0"), WHY_FIRST)

    def test_every_segment_is_explained_as_it_was_logged(self):
        for segment in self.json("segments"):
            (why,) = self.json("why", "toy", segment["segment"])
            self.assertTrue(why["agrees"])
            for field in "parent donor reason hyperparameters changes compared seed".split():
                self.assertEqual(why[field], segment[field], segment["segment"])

    def test_mistakes(self):
        for words, status, message in [
            (("why", "toy"), 2, "'toy' is not a segment name"),
            (("why", "toy", "m0s9"), 1, "study 'toy' has no segment 'm0s9'"),
            (("why", "toy", "m7s0"), 1, "study 'toy' has no member 7"),
            (("why",), 2, "'pbt why' needs [STUDY] SEGMENT"),
            (("schedule", "--segment", "3"), 2, "'3' is not a segment name"),
            (("schedule", "--segment", "m0s0", "--member", "1"), 2, "not both"),
            (("schedule", "--member", "2"), 1, "study 'toy' has no member 2"),
            (("schedule", "--member", "-1"), 2, "--member is '-1'"),
            (("schedule", "--format", "xml"), 2, "unknown format 'xml'"),
            (("lineage", "--format", "svg"), 2, "unknown format 'svg'"),
            (("lineage", "--member", "9"), 1, "study 'toy' has no member 9"),
        ]:
            output, errors = self.pbt(*words, status=status)
            self.assertEqual(output, "")
            self.assertIn(message, errors)

    def test_a_terminal_gets_lines(self):
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.folder)
            environment = self.environment() | {"LC_ALL": "C.UTF-8"}
            os.execve(os.environ["PBT"], ["pbt", "lineage"], environment)
        drawn = b""
        while True:
            try:
                piece = os.read(terminal, 4096)
            except OSError:  # how a pseudo-terminal ends
                break
            if not piece:
                break
            drawn += piece
        os.close(terminal)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertIn("├─o m1s0", drawn.decode())


class Tiny(Case):
    """Four members that copy and explore."""

    def test_a_draw_and_a_change_are_told(self):
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")
        copies = [s for s in self.json("segments") if s["reason"] == "exploit"]
        self.assertGreater(len(copies), 0)
        for copy in copies:
            output, _ = self.pbt("why", copy["segment"])
            lines = output.splitlines()
            self.assertEqual(lines[0], f"{copy['segment']} copies {copy['parent']}")
            self.assertIn("among the last 1; it drew", lines[2])
            stream = f"0 of 0..0, from the stream 'exploit' of {copy['segment']}: m{copy['donor']}"
            self.assertIn(f"\ndrawn   {stream}\n", output)
            self.assertRegex(output, r"(?m)^rate    \S+ -> \S+ \((x0.8|x1.25)( clamped)?\)$")
            self.assertRegex(output, r"(?m)^ +4 .* decided$")
            self.assertRegex(output, r"(?m)^ +1 .* drawn$")

    def test_who_copied_since_is_told(self):
        self.spec(mode="asynchronous", steps=200)
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")
        told = older = 0
        for segment in self.json("segments"):
            (why,) = self.json("why", segment["segment"])
            before, step = why["before"], why["judged_step"]
            if step is not None and before["state"] == "reported" and before["step"] != step:
                older += 1
                self.assertIn(
                    f" When m{segment['member']} reported step {before['step']}, step {step} was "
                    "the newest that enough members had reported (exploit.quorum).",
                    self.pbt("why", segment["segment"])[0],
                )
            if why["verdict"] != "not_ranked":
                continue
            taken, told = why["taken"], told + 1
            self.assertEqual(sorted(taken), ["donor", "parent", "segment", "step"])
            (copy,) = [s for s in self.json("segments") if s["segment"] == taken["segment"]]
            self.assertEqual((taken["parent"], taken["step"]), (copy["parent"], copy["start_step"]))
            output, _ = self.pbt("why", segment["segment"])
            self.assertIn(
                f"\nm{segment['member']} copied {taken['parent']} at step {taken['step']}, after"
                f" step {why['judged_step']}, where members were compared;",
                output,
            )
            self.assertEqual(why["judged_step"], 10 * (why["compared"]["point"] + 1))
            self.assertGreaterEqual(taken["step"], why["judged_step"])
        self.assertGreater(told, 0)
        self.assertGreater(older, 0)

    def test_a_replay_is_held_against_the_study(self):
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")
        output, _ = self.pbt("replay", "tiny", "--scale", "2", "--quiet")
        (best,), (again,) = self.json("best", "tiny"), self.json("best", "tiny-replay-x2")
        end = self.json("members", "tiny-replay-x2")[0]["score"]
        self.assertNotEqual(best["score"], again["score"])
        self.assertEqual(
            output.splitlines()[-1],
            f"score {end:.4g} at the end of this replay, {again['score']:.4g} at its best;"
            f" {best['score']:.4g} by {best['segment']} of tiny, which it followed",
        )

    def test_a_rescue_is_told(self):
        trainer = self.folder / "trainer.sh"
        fails = 'case "$3" in */m1s1.*) exit 1;; esac\n'
        trainer.write_text(fails + trainer.read_text())
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2", status=1)
        output, _ = self.pbt("why", "m1s2")
        self.assertIn("The segment of m1 was given up, so m1 counts as the worst; it drew", output)
        self.assertRegex(output, r"(?m)^before  m1s1 was given up$")
        self.assertIn("from the stream 'rescue' of m1s2", output)
        self.assertIn("m1s1", self.pbt("lineage")[0])
        self.pbt("verify")

    def test_export(self):
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")
        (best,) = self.json("best", "tiny", "--export", "out")
        names = "README.txt checkpoint provenance.json schedule.csv schedule.json spec.yaml".split()
        out = self.folder / "out"
        self.assertEqual(sorted(entry.name for entry in out.iterdir()), names)
        self.assertEqual(best["checkpoint"], "out/checkpoint")
        kept = self.folder / self.json("best")[0]["checkpoint"]
        self.assertEqual((out / "checkpoint").read_bytes(), kept.read_bytes())
        self.assertEqual((out / "spec.yaml").read_text(), (self.folder / "spec.yaml").read_text())
        (schedule,) = self.json("schedule")
        self.assertEqual(json.loads((out / "schedule.json").read_text()), schedule)
        with open(out / "schedule.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        rates = [row["hyperparameters"]["rate"] for row in schedule["rows"]]
        self.assertEqual([float(row["rate"]) for row in rows], rates)
        origin = json.loads((out / "provenance.json").read_text())
        self.assertEqual(origin["score"], best["score"])
        _, errors = self.pbt("best", "--export", "out", status=1)
        self.assertIn("pbt: 'out' exists", errors)
        self.assertEqual([name for name in self.files() if name.startswith("out")], ["out"])

    def test_export_of_a_running_study(self):
        self.spec(delay="0.02", steps=200, mode="asynchronous")
        run = self.start("run", "spec.yaml", "--quiet", "--slots", "2")
        count = 0
        while run.poll() is None:
            process = self.start("best", "tiny", "--export", f"out-{count}")
            _, errors = process.communicate(timeout=60)
            if process.returncode != 0:
                self.assertRegex(errors, "no best segment yet|no study|no store")
                continue
            out = self.folder / f"out-{count}"
            origin = json.loads((out / "provenance.json").read_text())
            self.assertEqual(float((out / "checkpoint").read_text()), origin["score"])
            count += 1
        self.assertGreater(count, 3)
        self.pbt("verify")


tap.main()
