"""A schedule that a study found, trained again: the same hyperparameters at every age."""

import subprocess

import tap
from example import BUILD, Case

# Trains a line; where the file `diverge` is, it diverges once.
TRAIN = """
import json, os, sys
load, save, until = sys.argv[1:]
x = float(open(load).read()) if load else 0.0
is_bad = until == "20" and os.path.exists("diverge")
open(save, "w").write(repr(x + 1))
print(json.dumps({"score": float("nan") if is_bad else x + 1}))
"""
LINE = """
version: 1
name: line
population: 2
ready: {every: 10}
stop: {steps: 40}
hyperparameters: {rate: {type: float, min: 0, max: 1}}
trainer:
  protocol: command
  command: [python3, train.py, "{load}", "{save_to}", "{end_step}"]
"""


class Replay(Case):
    def lineage(self, name, segment):
        """The segments that lead to one, from age 0 on."""
        by_id = {row["segment"]: row for row in self.query("segments", name)}
        path = []
        while segment is not None:
            path.insert(0, by_id[segment])
            segment = path[0]["parent"]
        return path

    def copies(self, path):
        """How often weights went to another member along a lineage."""
        return sum(a["member"] != b["member"] for a, b in zip(path, path[1:]))

    def ages(self, path):
        """The hyperparameters of every age, as stretches that differ: [(start, end, values)]."""
        stretches = []
        for row in path:
            start, end, values = row["start_age"], row["end_age"], row["hyperparameters"]
            if stretches and stretches[-1][2] == values:
                start = stretches.pop()[0]
            stretches.append((start, end, values))
        self.assertEqual(stretches[0][0], 0)
        for before, after in zip(stretches, stretches[1:]):
            self.assertEqual(before[1], after[0])
        return stretches

    def most_copied(self, name):
        """The member whose latest report has the most copies behind it, and that lineage."""
        paths = [self.lineage(name, row["segment"]) for row in self.query("members", name)]
        path = max(paths, key=self.copies)
        self.assertGreaterEqual(self.copies(path), 3)
        return path[-1]["member"], path

    def failure(self, *words):
        """What a command that fails says."""
        command = [BUILD / "pbt", *words, "--store", self.store]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertNotEqual(done.returncode, 0, words)
        return done.stderr

    def replay(self, name, *options):
        self.command(BUILD / "pbt", "replay", name, "--store", self.store, "--quiet", *options)

    def test_behaviour_16_the_toy_ends_where_it_ended(self):
        self.run_study(self.spec("toy/pbt.yaml"))
        (best,) = self.query("best", "toy-pbt")
        path = self.lineage("toy-pbt", best["segment"])
        self.assertGreaterEqual(self.copies(path), 3)
        self.replay("toy-pbt")
        again = self.query("segments", "toy-pbt-replay")
        self.assertEqual({row["member"] for row in again}, {0})
        self.assertEqual({row["donor"] for row in again}, {None})
        self.assertEqual({row["reason"] for row in again[1:]}, {"replay"})
        self.assertEqual(self.ages(again), self.ages(path))
        self.assertEqual(again[-1]["metrics"], path[-1]["metrics"])
        self.verify("toy-pbt-replay")

    def test_behaviour_16_on_fashion_mnist(self):
        spec = self.spec("fashion_mnist_c/pbt.yaml", stop="{steps: 51200}", ready="{every: 3200}")
        self.run_study(spec)
        member, path = self.most_copied("fashion-mnist")
        self.replay("fashion-mnist", "--member", str(member))
        again = self.query("segments", f"fashion-mnist-replay-m{member}")
        self.assertEqual(self.ages(again), self.ages(path))
        self.assertGreater(again[-1]["score"], 0.5)
        self.verify(f"fashion-mnist-replay-m{member}")

    def test_a_scale_stretches_every_age(self):
        self.run_study(self.spec("toy/pbt.yaml"))
        self.replay("toy-pbt", "--scale", "2.5")
        again = self.query("segments", "toy-pbt-replay-x2.5")
        (best,) = self.query("best", "toy-pbt")
        stretched = [
            (round(start * 2.5), round(end * 2.5), values)
            for start, end, values in self.ages(self.lineage("toy-pbt", best["segment"]))
        ]
        self.assertEqual(self.ages(again), stretched)

    def test_a_replay_is_a_study_like_any(self):
        self.run_study(self.spec("toy/pbt.yaml"))
        self.replay("toy-pbt", "--segment", "m0s9")
        name = "toy-pbt-replay-m0s9"
        before = self.query("segments", name)
        self.assertEqual(before[-1]["end_step"], 40)
        self.replay("toy-pbt", "--segment", "m0s9")
        self.assertEqual(self.query("segments", name), before)
        names = [row["name"] for row in self.query("list")]
        self.assertEqual(names, ["toy-pbt", name])
        self.replay(name)  # and its schedule can be replayed in turn
        again = self.query("segments", f"{name}-replay")
        self.assertEqual(self.ages(again), self.ages(before))

    def test_a_name_that_another_replay_has(self):
        self.run_study(self.spec("toy/pbt.yaml"))
        self.replay("toy-pbt", "--name", "again")
        before = self.query("segments", "again")
        errors = self.failure("replay", "toy-pbt", "--name", "again", "--scale", "2")
        self.assertIn("a different study named 'again' exists", errors)
        self.assertIn("--name", errors)
        self.assertEqual(self.query("segments", "again"), before)

    def test_a_replay_that_diverges_says_so(self):
        (self.folder / "train.py").write_text(TRAIN)
        (self.folder / "line.yaml").write_text(LINE)
        self.run_study(self.folder / "line.yaml")
        (self.folder / "diverge").touch()
        errors = self.failure("replay", "line")
        self.assertIn("its weights have age 30, the schedule ends at 40", errors)
        self.verify("line-replay")

    def test_what_cannot_be_replayed(self):
        self.run_study(self.spec("toy/pbt.yaml"))
        for words, said in {
            ("--scale", "0"): "--scale needs a number above 0",
            ("--scale", "0.01"): "leaves a stage of the schedule no step",
            ("--scale", "1e300"): "makes the schedule too long",
            ("--segment", "m0s99"): "m0s99",
            ("--member", "9"): "9",
        }.items():
            self.assertIn(said, self.failure("replay", "toy-pbt", *words))
        self.assertEqual([row["name"] for row in self.query("list")], ["toy-pbt"])


if __name__ == "__main__":
    tap.main()
