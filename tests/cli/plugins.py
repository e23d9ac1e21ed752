"""What plugins may do to `pbt run`: end, throw and hang, in processes and in threads."""

import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

import tap
from case import Case

PLUGIN = os.environ["TRY_PLUGIN"]
SLOW = os.environ["SLOW"]  # its segments take long enough to be killed in
INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include"
CXX = os.environ.get("CXX", "g++")

SPEC = """\
version: 1
name: hostile
population: 2
ready: {{every: 5}}
stop: {{steps: 10}}
failure: {{retries: 1}}
hyperparameters:
  rate: {{type: float, scale: log, min: 0.01, max: 10}}
trainer:
  protocol: library
  library: {library}
  isolation: {isolation}
  environment: {{FAULT: "{fault}"}}
"""

REBUILT = """\
version: 1
name: rebuilt
population: 3
mode: generational
ready: {{every: 200}}
stop: {{steps: 400}}
failure: {{patience: {patience}}}
hyperparameters: {{rate: {{type: float, min: 0.01, max: 0.5}}}}
trainer: {{protocol: library, library: ./own.so}}
"""

THROWING = """\
#include <pbt/trainer.h>
#include <stdexcept>

static int start(void *, const pbt_job *) { return 0; }

static int train(void *, const pbt_job *, int64_t *)
{
    throw std::runtime_error("nobody catches this");
}

static int evaluate(void *, const pbt_job *) { return 0; }

extern "C" const pbt_trainer pbt_trainer_table = {
    PBT_TRAINER_VERSION, 8, nullptr, nullptr, start, train, evaluate, nullptr, nullptr,
};
"""


def name_of(number):
    try:
        return pathlib.Path(f"/proc/{number}/comm").read_text().strip()
    except OSError:
        return ""


def children(parent):
    """The processes that a process has started, of which some may end while we look."""
    numbers = []
    for file in pathlib.Path(f"/proc/{parent}/task").glob("*/children"):
        try:
            numbers += file.read_text().split()
        except OSError:
            pass
    return [int(number) for number in numbers]


def cells(run):
    """The processes of a run's plugins: each has a keeper between the run and itself."""
    numbers = [number for keeper in children(run) for number in children(keeper)]
    return [number for number in numbers if name_of(number) == "pbt-plugin"]


def is_alive(number):
    try:
        return "\nState:\tZ" not in pathlib.Path(f"/proc/{number}/status").read_text()
    except OSError:
        return False


class Plugins(Case):
    def write(self, fault="", isolation="process", library=PLUGIN):
        text = SPEC.format(fault=fault, isolation=isolation, library=library)
        (self.folder / "spec.yaml").write_text(text)

    def failures(self):
        return [m["failures"] for m in self.json("members")]

    def logs(self):
        return "".join(file.read_text() for file in (self.folder / "hostile.logs").iterdir())

    def test_exit_fails_attempts(self):
        self.write("exit")
        _, errors = self.pbt("run", "spec.yaml", "--slots", "2", "--quiet", status=3)
        self.assertIn("the plugin called exit(0) in train", self.logs() + errors)
        self.write("")
        self.assertEqual(self.json("show")[0]["state"], "failed")

    def test_exit_in_a_thread_is_told(self):
        self.write("exit", "thread")
        _, errors = self.pbt("run", "spec.yaml", "--slots", "2", "--quiet", status=1)
        self.assertIn("pbt: a plugin called exit(0), which ended the program it ran in", errors)
        self.assertIn("trainer.isolation: process", errors)

    @unittest.skipIf(shutil.which(CXX) is None, "there is no C++ compiler")
    def test_an_exception_that_leaves_the_function(self):
        (self.folder / "throw.cpp").write_text(THROWING)
        command = [CXX, "-shared", "-fPIC", f"-I{INCLUDE}", "throw.cpp", "-o", "throw.so"]
        subprocess.run(command, cwd=self.folder, check=True)
        self.write(library="./throw.so")
        self.pbt("run", "spec.yaml", "--slots", "1", "--quiet", status=3)
        self.assertIn("the plugin was killed by signal 6 (SIGABRT) in train", self.logs())
        self.assertIn("nobody catches this", self.logs())

    def test_one_that_hangs_ends_with_the_second_signal(self):
        self.write("hang")
        run = self.start("run", "spec.yaml", "--slots", "1", "--quiet")
        self.wait_for(lambda: cells(run.pid), "the plugin's process")
        self.wait_for(lambda: "--- " in self.first_log(), "a segment")
        number = cells(run.pid)[0]
        run.send_signal(signal.SIGINT)
        run.send_signal(signal.SIGINT)
        self.wait_for(lambda: run.poll() is not None or run.send_signal(signal.SIGINT), "an end")
        self.assertEqual(run.returncode, 130)
        self.assertFalse(is_alive(number))
        self.assertEqual([s["attempts"] for s in self.json("segments")], [1, 0])

    def first_log(self):
        log = self.folder / "hostile.logs" / "m0.log"
        return log.read_text() if log.exists() else ""

    def test_processes_die_with_the_run(self):
        self.write("hang")
        run = self.start("run", "spec.yaml", "--slots", "2", "--quiet")
        self.wait_for(lambda: len(cells(run.pid)) == 2, "the plugins' processes")
        numbers = cells(run.pid)
        run.kill()
        run.communicate()
        self.wait_for(lambda: not any(map(is_alive, numbers)), "their end")

    def test_the_environment_is_the_specs(self):
        self.write("short")
        self.pbt("run", "spec.yaml", "--slots", "1", "--quiet", status=3)
        self.assertIn("step 4 for a segment from 0 to 5", self.logs())

    def lose_library(self, patience):
        """Start a run; when it trains the second member, its library goes, then its process."""
        (self.folder / "spec.yaml").write_text(REBUILT.format(patience=patience))
        shutil.copy(SLOW, self.folder / "own.so")
        run = self.start("run", "spec.yaml", "--slots", "1")
        self.wait_for((self.folder / "rebuilt.logs" / "m1.log").exists, "the second member")
        (self.folder / "own.so").rename(self.folder / "aside.so")
        os.kill(cells(run.pid)[0], signal.SIGKILL)
        return run

    def bring_back(self):
        (self.folder / "aside.so").rename(self.folder / "own.so")

    def assert_whole(self):
        """Whatever was in training when the process was killed has failed, and nothing else."""
        (show,) = self.json("show")
        self.assertEqual((show["state"], show["steps_done"]), ("finished", 1200))
        self.assertLessEqual(sum(self.failures()), 1)
        self.pbt("verify")

    def test_a_library_that_is_gone_for_a_second(self):
        run = self.lose_library(300)
        line = next(line for line in run.stdout if line.startswith("paused: "))
        self.assertIn("cannot load the library", line)
        time.sleep(1)
        self.bring_back()
        output, errors = run.communicate(timeout=60)
        self.assertEqual((run.returncode, errors), (0, ""))
        self.assertIn("goes on", output)
        self.assert_whole()

    def test_a_library_that_stays_away_ends_the_run_and_nothing_else(self):
        run = self.lose_library(1)
        _, errors = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 1)
        self.assertIn("cannot load the library", errors)
        self.assertIn("hint: nothing was counted", errors)
        (show,) = self.json("show")
        self.assertEqual((show["state"], show["workers"]), ("interrupted", 0))
        self.bring_back()
        self.pbt("run", "spec.yaml", "--slots", "1", "--quiet")
        self.assert_whole()


if __name__ == "__main__":
    tap.main()
