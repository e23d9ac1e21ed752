"""The 30 seconds that a worker is given to end: told to stop, and after its study's end."""

import os
import signal
import time

import tap
from worker_case import TRAINER, WorkerCase

DEAF = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + TRAINER
# Starts what no signal to its group reaches, and what holds its output open.
HELPED = """\
import subprocess
helper = subprocess.Popen(["sleep", "1000"], start_new_session=True)
with open("processes", "a") as file:
    file.write(f"{helper.pid}\\n")
""" + TRAINER.replace("in segment.steps():\n", "in segment.steps():\n"
                      "        open('training', 'a').close()\n")
GRACE_SECONDS = 30


HANGING = """\
version: 1
name: workers
population: 2
ready: {every: 5}
stop: {steps: 10}
lease: {stall_seconds: 1}
hyperparameters: {rate: {type: float, min: 1, max: 2}}
trainer: {protocol: library, isolation: thread, library: %s, environment: {FAULT: hang}}
"""


class Patience(WorkerCase):
    def assert_ends_after_the_grace(self, run, status):
        began = time.monotonic()
        run.communicate(timeout=60)
        self.assertEqual(run.returncode, status)
        self.assertAlmostEqual(time.monotonic() - began, GRACE_SECONDS, delta=8)
        self.assertFalse(any(map(self.lives, self.processes())))

    def test_threads_that_hang_are_seen_and_left_behind(self):
        """All slots hang, so no call of theirs finds that."""
        (self.folder / "spec.yaml").write_text(HANGING % os.environ["TRY_PLUGIN"])
        run = self.start("run", "spec.yaml", "--slots", "2")
        for _ in range(2):
            next(line for line in run.stdout if "the step stands still" in line)
        run.send_signal(signal.SIGTERM)
        self.assert_ends_after_the_grace(run, 143)

    def test_a_worker_that_does_not_stop_is_killed(self):
        self.trainer(DEAF.replace("in segment.steps():\n", "in segment.steps():\n"
                                  "        open('training', 'a').close()\n"
                                  "        time.sleep(1000)\n"))
        run = self.start("run", "spec.yaml", "--slots", "1", "--quiet")
        self.wait_for((self.folder / "training").exists, "a trainer that trains")
        run.send_signal(signal.SIGINT)
        self.assert_ends_after_the_grace(run, 130)
        self.assertEqual(self.json("show")[0]["workers"], 0)

    def test_what_a_worker_left_in_another_session_is_killed(self):
        self.workers(delay="0.05")
        self.trainer(HELPED)
        run = self.start("run", "spec.yaml", "--slots", "1", "--quiet")
        self.wait_for((self.folder / "training").exists, "a trainer that trains")
        run.send_signal(signal.SIGINT)
        self.assert_ends_after_the_grace(run, 130)

    def test_a_worker_that_outstays_its_study_is_ended(self):
        self.workers(steps=10)
        self.trainer(TRAINER + "open('over', 'a').close()\ntime.sleep(1000)\n")
        run = self.start("run", "spec.yaml", "--slots", "1", "--quiet")
        self.wait_for((self.folder / "over").exists, "the study's end")
        self.assert_ends_after_the_grace(run, 0)


if __name__ == "__main__":
    tap.main()
