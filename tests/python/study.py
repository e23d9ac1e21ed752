"""The Python client in studies of the real program: its server, its executor, real processes."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import tap

PBT = os.environ["PBT"]
SOURCE = str(pathlib.Path(__file__).resolve().parents[2] / "python" / "src")

SPEC = """
version: 1
name: {name}
population: {population}
mode: {mode}
ready: {{every: {every}}}
stop: {{steps: {stop}}}
exploit: {{rule: truncation, fraction: 0.25}}
explore: {{rule: perturb}}
hyperparameters:
  rate: {{type: float, scale: log, min: 0.01, max: 10}}
  size: {{type: int, min: 1, max: 8}}
lease: {{seconds: 20}}
failure: {{retries: 3, lost: 9}}
trainer:
  command: [{python}, train.py]
  environment: {{PYTHONPATH: {source}}}
"""

# Weights are one number, in a checkpoint that is a file or a folder; all is a function of what is
# given.
TRAIN = """
import json, os, sys, time
import pbt

def load(path):
    with open(path + "/x" if os.path.isdir(path) else path) as file:
        return json.load(file)

def save(path):
    {make_folder}
    with open(path + "/x" if os.path.isdir(path) else path, "w") as file:
        json.dump(x, file)

print("process", os.getpid(), flush=True)
worker = pbt.Worker()
{prepare}
for segment in worker:
    assert ("/.aside/" in segment.save_to) == {is_near}  # a shared folder is known to be
    if segment.load:
        x = load(segment.load)
    elif segment.fresh:
        x = 5.0 + segment.seed % 7
    for step in segment.steps():
        x -= 0.01 * segment.hyperparameters["rate"] * x
        worker.log(step, x=x)
        time.sleep({nap})
    {before}
    worker.report(score=-x * x, save=save)
print("over", worker.stop_reason, flush=True)
"""


class Study(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pbt-python-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def spec(self, name="toy", population=4, every=10, stop=40, mode="asynchronous"):
        path = self.folder / f"{name}.yaml"
        path.write_text(SPEC.format(name=name, population=population, every=every, stop=stop,
                                    mode=mode, python=sys.executable, source=SOURCE),
                        encoding="utf-8")  # fmt: skip
        return path

    def trainer(self, prepare="", before="", nap=0, make_folder="pass", is_near="True"):
        text = TRAIN.format(prepare=prepare, before=before, nap=nap, make_folder=make_folder,
                            is_near=is_near)  # fmt: skip
        (self.folder / "train.py").write_text(text, encoding="utf-8")

    def start(self, spec, store="store.db", slots=2):
        command = [PBT, "run", str(spec), "--store", f"sqlite:{self.folder}/{store}",
                   "--slots", str(slots), "--quiet"]  # fmt: skip
        process = subprocess.Popen(command, cwd=self.folder, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
        self.addCleanup(lambda: (process.kill(), process.communicate()))
        return process

    def finish(self, process, status=0):
        output, _ = process.communicate(timeout=240)
        self.assertEqual(process.returncode, status, output + self.logs())
        return output

    def run_study(self, spec, **options):
        self.finish(self.start(spec, **options))

    def query(self, verb, name="toy", store="store.db"):
        command = [PBT, verb, name, "--store", f"sqlite:{self.folder}/{store}", "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def verify(self, name="toy", store="store.db"):
        command = [PBT, "verify", name, "--store", f"sqlite:{self.folder}/{store}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def logs(self):
        paths = self.folder.glob("*.logs/*")
        return "".join(path.read_text(encoding="utf-8") for path in paths)

    def numbers(self, word):
        """The numbers that trainers printed after a word."""
        return [int(each) for each in re.findall(rf"(?m)^{word} (\d+)$", self.logs())]

    def processes(self):
        return self.numbers("process")

    def what_was_trained(self, store):
        keys = "segment", "parent", "donor", "start_step", "end_step", "score", "hyperparameters"
        return [[row[key] for key in keys] for row in self.query("segments", store=store)]

    def test_it_trains_in_both_modes(self):
        for mode in ("asynchronous", "generational"):
            for make_folder in ("pass", "os.mkdir(path)"):
                with self.subTest(mode=mode, make_folder=make_folder):
                    store = f"{mode}-{len(make_folder)}.db"
                    self.trainer(make_folder=make_folder)
                    self.run_study(self.spec(mode=mode, population=8), store=store)
                    self.verify(store=store)
                    rows = self.query("segments", store=store)
                    self.assertEqual(len(rows), 32)
                    self.assertTrue(any(row["donor"] is not None for row in rows))
                    self.assertTrue(all(row["attempts"] == 1 for row in rows))
                    shutil.rmtree(self.folder / "toy.checkpoints")

    def test_a_hundred_members_are_two_processes_from_start_to_end(self):
        self.trainer()
        self.run_study(self.spec(population=100, every=1, stop=3))
        self.verify()
        self.assertEqual(len(self.processes()), 2)
        self.assertEqual(len(self.query("segments")), 300)

    def test_killed_workers_change_nothing(self):
        spec = self.spec(mode="generational", population=6, every=10, stop=50)
        self.trainer()
        self.run_study(spec, store="calm.db")
        shutil.rmtree(self.folder / "toy.checkpoints")
        shutil.rmtree(self.folder / "toy.logs")
        self.trainer(nap=0.02)
        run = self.start(spec, store="torn.db")
        for _ in range(4):
            time.sleep(0.7)
            for process in self.processes()[-1:]:
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        self.finish(run)
        self.verify(store="torn.db")
        self.assertGreater(len(self.processes()), 3)
        self.assertEqual(self.what_was_trained("torn.db"), self.what_was_trained("calm.db"))

    def test_a_stopped_run_keeps_the_progress_of_its_segments(self):
        self.trainer(nap="print('at', step, flush=True) or 0.05")
        spec = self.spec(population=2, every=100, stop=100)
        run = self.start(spec)
        until = time.monotonic() + 60
        while self.logs().count("at 3\n") < 2:
            self.assertLess(time.monotonic(), until, self.logs())
            time.sleep(0.05)
        run.send_signal(signal.SIGTERM)
        self.finish(run, 143)
        self.assertEqual(self.logs().count("over interrupted"), 2)
        self.trainer(before="print('resumed', segment.resume_step, flush=True)")
        self.run_study(spec)
        self.verify()
        resumed = self.numbers("resumed")
        self.assertTrue(len(resumed) == 2 and min(resumed) > 0, resumed)

    def test_without_the_studys_folder_checkpoints_travel(self):
        for make_folder in ("pass", "os.mkdir(path)"):
            with self.subTest(make_folder=make_folder):
                store = f"far-{len(make_folder)}.db"
                self.trainer(prepare="worker._session._places.give_up_sharing()", is_near="False",
                             before="assert '.checkpoints' not in "
                                     "segment.save_to + (segment.load or '')",
                             make_folder=make_folder)  # fmt: skip
                self.run_study(self.spec(mode="generational"), store=store)
                self.verify(store=store)
                rows = self.query("segments", store=store)
                self.assertTrue(all(row["attempts"] == 1 for row in rows))
                shutil.rmtree(self.folder / "toy.checkpoints")

    def test_segments_that_diverge_or_fail(self):
        self.trainer(
            before="if segment.member == 0 and segment.number == 1:\n"
            "        worker.diverged()\n"
            "        continue\n"
            "    if segment.member == 1 and segment.attempt == 1:\n"
            "        worker.fail('not today')\n"
            "        continue"
        )
        self.run_study(self.spec())
        self.verify()
        rows = {row["segment"]: row for row in self.query("segments")}
        self.assertEqual(rows["m0s1"]["score"], "nan")
        self.assertIsNotNone(rows["m0s2"]["donor"])
        self.assertEqual(rows["m1s0"]["attempts"], 2)


if __name__ == "__main__":
    tap.main()
