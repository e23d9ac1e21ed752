"""Who is stopped from outside has not failed: batch systems, systemd and terminals signal trainers
and program in any order."""

import os
import signal
import sqlite3

import tap
from worker_case import CLIENT, WorkerCase

# Ends of a stop as some programs do: quietly, as if all were well. Protocol `command`.
QUIET = """\
import json, os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with open("processes", "a") as file:
    file.write(f"{os.getpid()}\\n")
while os.path.exists("hold"):
    time.sleep(0.01)
open(sys.argv[1], "w").write("x")
print(json.dumps({"score": 1.0}))
"""

# The same with a worker of its own handler, and with none for a hang-up.
WORKER = """\
import os, signal, sys, time
import pbt
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
for segment in (worker := pbt.Worker()):
    with open("processes", "a") as file:
        file.write(f"{os.getpid()}\\n")
    while os.path.exists("hold"):
        time.sleep(0.01)
    worker.report(score=1.0, save=lambda path: open(path, "w").write("x"))
"""

# Saves on SIGTERM, says how far it came, and goes on from there.
SAVING = """\
import json, signal, sys, time
load, save, start, end = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
trained = json.load(open(load)) if load else 0
stop = []
signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
step = start
while step < end and not stop:
    time.sleep(0.01)
    step += 1
    trained += 1
    open("training", "a").close()
json.dump(trained, open(save, "w"))
print(json.dumps({"score": trained, "step": step}))
"""

SPEC = """\
version: 1
name: workers
population: 2
ready: {{every: {every}}}
stop: {{steps: {every}}}
failure: {{retries: 0, lost: 0}}
hyperparameters: {{a: {{type: float, min: 0, max: 1}}}}
trainer: {{{trainer}}}
"""

KINDS = {3: "failed", 4: "released", 5: "rescued"}  # numbers in a log, for ever
PYTHON = f"command: [python3, train.py], environment: {{PYTHONPATH: '{CLIENT}'}}"
COMMAND = "protocol: command, command: [python3, train.py, '{save_to}']"
FULL = "protocol: command, command: [python3, train.py, '{load}', '{save_to}', '{start_step}', " \
       "'{end_step}']"


class Stops(WorkerCase):
    def study(self, trainer, text, every=10):
        self.trainer(text)
        (self.folder / "spec.yaml").write_text(SPEC.format(trainer=trainer, every=every))

    def stop_both(self, number, order):
        """Start two slots, signal trainers and program in an order, and let the study end after."""
        hold = self.folder / "hold"
        hold.touch()
        (self.folder / "processes").unlink(missing_ok=True)
        run = self.start("run", "spec.yaml", "--slots", "2", "--quiet")
        self.wait_for(lambda: len(self.processes()) == 2, "two trainers")
        trainers = [int(process) for process in self.processes()]
        for process in order(trainers, run.pid):
            os.kill(process, number)
        run.communicate(timeout=60)
        self.assertEqual(run.returncode, 128 + number)
        hold.unlink()
        self.assertEqual(self.kinds().get("failed", 0), 0)

    def kinds(self):
        """How many events of each kind the log has."""
        count = {}
        store = sqlite3.connect(self.folder / "pbt.db")
        self.addCleanup(store.close)
        for kind, number in store.execute("SELECT kind, count(*) FROM event GROUP BY kind"):
            count[KINDS.get(kind, kind)] = number
        return count

    def assert_any_order(self, number=signal.SIGTERM):
        for order in (lambda trainers, run: [*trainers, run],
                      lambda trainers, run: [trainers[0], run, trainers[1]]):
            self.stop_both(number, order)
        self.pbt("run", "spec.yaml", "--slots", "2", "--quiet")
        self.assertEqual(self.kinds().get("failed", 0), 0)
        self.assertEqual(self.json("show")[0]["steps_done"], 20)
        self.assertIn("0 problems", self.pbt("verify")[0])

    def test_commands(self):
        self.study(COMMAND, QUIET)
        self.assert_any_order()

    def test_workers(self):
        self.study(PYTHON, WORKER)
        self.assert_any_order()

    def test_workers_that_are_hung_up(self):
        self.study(PYTHON, WORKER)
        self.stop_both(signal.SIGHUP, lambda trainers, run: [*trainers, run])

    def test_a_worker_that_somebody_ends_has_not_failed(self):
        """Without a stop of the program."""
        self.study(PYTHON, WORKER)
        hold = self.folder / "hold"
        hold.touch()
        run = self.start("run", "spec.yaml", "--slots", "1", "--quiet")
        self.wait_for(lambda: len(self.processes()) == 1, "a trainer")
        os.kill(int(self.processes()[0]), signal.SIGHUP)
        self.wait_for(lambda: len(self.processes()) == 2, "another one")
        hold.unlink()
        run.communicate(timeout=60)
        self.assertEqual(run.returncode, 0)
        self.assertEqual(self.kinds().get("failed", 0), 0)
        self.assertIn("; the segment is given back\n",
                      (self.folder / "workers.logs" / "m0.log").read_text())

    def test_a_worker_that_ends_itself_is_not_tried_for_ever(self):
        self.study(PYTHON, WORKER.replace(
            "    while", "    os.kill(os.getpid(), signal.SIGHUP)\n    while"))
        self.pbt("run", "spec.yaml", "--slots", "2", "--quiet", status=3)
        self.assertEqual(self.kinds()["released"], 6)
        self.assertEqual(self.kinds()["failed"], 2)

    # ---- commands that save

    def test_jobs_too_short_for_a_segment_add_up(self):
        self.study(FULL, SAVING, every=120)
        jobs = 0
        while not self.folder.joinpath("pbt.db").exists() or self.state() != "finished":
            (self.folder / "training").unlink(missing_ok=True)
            run = self.start("run", "spec.yaml", "--slots", "2", "--quiet")
            self.wait_for(lambda: (self.folder / "training").exists() or run.poll() is not None,
                          "a trainer that trains")
            run.send_signal(signal.SIGTERM)
            run.communicate(timeout=60)
            jobs += 1
            if jobs == 3:  # what is left may be trained in one
                self.pbt("run", "spec.yaml", "--slots", "2", "--quiet")
        self.assertGreater(self.kinds().get("released", 0), 0)
        self.assertEqual(self.kinds().get("failed", 0), 0)
        for segment in self.json("segments"):
            # As many steps are in the weights as if nobody had stopped it.
            self.assertEqual(segment["score"], 120.0)
            self.assertGreater(segment["attempts"], 1)
        self.assertIn("0 problems", self.pbt("verify")[0])

    def state(self):
        return self.json("show")[0]["state"]


if __name__ == "__main__":
    tap.main()
