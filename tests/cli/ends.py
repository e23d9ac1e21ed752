"""How trainers end: stopped once and twice, killed, stalled, crashed, diverged, given up."""

import json
import os
import pty
import signal
import sqlite3
import time

import tap
from worker_case import TRAINER, WorkerCase

# Says that it trains, then goes on for ever with short steps.
ENDLESS = TRAINER.replace(
    "    for step in segment.steps():\n",
    "    for step in segment.steps():\n"
    "        open('training', 'a').close()\n"
    "        time.sleep(0.02 if step % 10 < 5 else 0.2)\n",
)

# Hears no wish to end.
DEAF = """\
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
import pbt
with open("processes", "a") as file:
    import os
    file.write(f"{os.getpid()}\\n")
segment = next(pbt.Worker())
open("training", "a").close()
while True:
    time.sleep(0.05)
"""

# What a launcher and its data loaders are: a child, and one in a session of its own.
FAMILY = """\
import os, subprocess, time
import pbt
worker = pbt.Worker()
for segment in worker:
    with open("processes", "a") as file:
        for is_far in (False, True):
            child = subprocess.Popen(["sleep", "1000"], start_new_session=is_far)
            file.write(f"{child.pid}\\n")
        file.write(f"{os.getpid()}\\n")
    open("training", "a").close()
    time.sleep(1000)
"""


KINDS = {"failed": 3, "released": 4, "rescued": 5}  # numbers in a log, for ever


class Ends(WorkerCase):
    def events(self, kind):
        """The study's events of a kind, as its log holds them."""
        store = sqlite3.connect(self.folder / "pbt.db")
        self.addCleanup(store.close)
        rows = store.execute("SELECT body FROM event WHERE kind = ?", (KINDS[kind],))
        return [json.loads(body) for body, in rows]

    def log(self, member):
        return (self.folder / "workers.logs" / f"m{member}.log").read_text()

    def wait_for_training(self):
        self.wait_for((self.folder / "training").exists, "a trainer that trains")

    def assert_all_dead(self):
        self.wait_for(lambda: not any(map(self.lives, self.processes())), "processes to die")

    def goes_on(self):
        """The same command ends the study as one that was never disturbed."""
        self.trainer(TRAINER)
        self.pbt("run", "spec.yaml", "--slots", "2", "--quiet")
        self.assertEqual(self.json("show")[0]["steps_done"], 200)
        self.assertIn("0 problems", self.pbt("verify")[0])

    # ---- Ctrl-C

    def interrupt_on_a_terminal(self, *words):
        """Press Ctrl-C once trainers train; returns the exit status."""
        return self.end_on_a_terminal(lambda _, keys: keys.write(b"\x03"), "--quiet", *words)

    def end_on_a_terminal(self, act, *words):
        """Start a run that leads a terminal's session, and act on both once trainers train; returns
        the exit status."""
        master, slave = pty.openpty()
        terminal = open(master, "wb", buffering=0)
        self.addCleanup(terminal.close)
        pid = os.fork()
        if pid == 0:
            os.setsid()
            os.close(os.open(os.ttyname(slave), os.O_RDWR))
            os.chdir(self.folder)
            os.dup2(slave, 0)
            os.dup2(slave, 1)
            os.dup2(slave, 2)
            os.execve(os.environ["PBT"], ["pbt", "run", "spec.yaml", *words],
                      self.environment() | {"TERM": "xterm"})
        os.close(slave)
        self.wait_for_training()
        act(pid, terminal)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        self.fail("the run did not end")

    def assert_progress_is_kept(self):
        released = [event for event in self.events("released") if event.get("checkpoint")]
        self.assertGreater(len(released), 0)
        for event in released:
            self.assertGreater(event["step"] % 10, 0)
        self.assertEqual(self.events("failed"), [])
        self.assert_all_dead()
        self.goes_on()
        member = int(released[0]["segment"][1:].split("s")[0])
        self.assertIn("resumed from an earlier attempt", self.log(member))

    def test_ctrl_c_lets_trainers_publish_their_progress(self):
        self.trainer(ENDLESS)
        self.assertEqual(self.interrupt_on_a_terminal("--slots", "2"), 130)
        self.assert_progress_is_kept()

    def test_ctrl_c_reaches_what_a_shell_launched(self):
        text = (self.folder / "spec.yaml").read_text()
        words = "[sh, -c, 'python3 train.py; true']"
        (self.folder / "spec.yaml").write_text(text.replace("[python3, train.py]", words))
        self.trainer(ENDLESS.replace("def save(path):\n", "def save(path):\n    time.sleep(0.5)\n"))
        self.assertEqual(self.interrupt_on_a_terminal("--slots", "1"), 130)
        self.assert_progress_is_kept()

    def interrupt(self, run, number=signal.SIGINT):
        """Signal a run and wait until it says that it has heard."""
        run.send_signal(number)
        self.assertIn("stopping", run.stderr.readline())

    def end_twice(self, first, status):
        self.trainer(DEAF)
        run = self.start("run", "spec.yaml", "--slots", "2", "--quiet")
        self.wait_for(lambda: len(self.processes()) == 2, "two workers")
        self.wait_for_training()
        self.interrupt(run, first)
        self.assertIsNone(run.poll())
        self.assertTrue(all(map(self.lives, self.processes())))
        began = time.monotonic()
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=20)
        self.assertEqual(run.returncode, status)
        self.assertLess(time.monotonic() - began, 3)
        self.assert_all_dead()

    def test_a_closed_terminal_lets_trainers_publish_their_progress(self):
        def hang_up(pid, terminal):
            terminal.close()
            for _ in range(10):  # a shell passes it on as well
                os.kill(pid, signal.SIGHUP)
                time.sleep(0.01)

        self.trainer(ENDLESS)
        self.assertEqual(self.end_on_a_terminal(hang_up, "--slots", "2"), 129)
        self.assert_progress_is_kept()

    def test_ctrl_c_twice_ends_the_deaf_at_once(self):
        self.end_twice(signal.SIGINT, 130)
        self.assertEqual(self.json("show")[0]["workers"], 0)
        self.goes_on()
        self.assertEqual(self.events("failed"), [])

    def test_terminate_then_interrupt_exits_143(self):
        self.end_twice(signal.SIGTERM, 143)

    # ---- orphans

    def test_a_killed_run_leaves_no_process_of_the_tree(self):
        self.trainer(FAMILY)
        run = self.start("run", "spec.yaml", "--slots", "2", "--quiet")
        self.wait_for(lambda: len(self.processes()) == 6, "two families")
        self.assertTrue(all(map(self.lives, self.processes())))
        run.kill()
        run.wait()
        self.assert_all_dead()
        self.goes_on()

    def test_kills_of_the_run_cost_no_attempts(self):
        self.workers(lost=0)
        self.trainer(ENDLESS)
        for kills in range(3):
            run = self.start("run", "spec.yaml", "--slots", "2", "--quiet")
            self.wait_for_training()
            run.kill()
            run.wait()
            self.assert_all_dead()
            (self.folder / "training").unlink()
        self.goes_on()
        self.assertEqual(self.events("failed") + self.events("rescued"), [])
        self.assertGreater(len(self.events("released")), 0)

    def test_a_killed_worker_takes_its_family_along(self):
        self.trainer(FAMILY)
        run = self.start("run", "spec.yaml", "--slots", "1", "--quiet")
        self.wait_for(lambda: len(self.processes()) >= 3, "a family")
        first = self.processes()[:3]
        os.kill(int(first[2]), signal.SIGKILL)
        self.wait_for(lambda: not any(map(self.lives, first)), "the family to die")
        self.wait_for(lambda: len(self.processes()) >= 6, "another family")
        self.assertTrue(all(map(self.lives, self.processes()[3:6])))
        self.interrupt(run)
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=20)
        self.assert_all_dead()

    # ---- failing

    def amend_spec(self, old, new):
        text = (self.folder / "spec.yaml").read_text()
        self.assertIn(old, text)
        (self.folder / "spec.yaml").write_text(text.replace(old, new))

    def trouble(self, where, what, **changes):
        """Run with trouble in the middle of some segments' training."""
        self.workers(**changes)
        lines = f"        if step % 10 == 5 and {where}:\n            {what}\n"
        loop = "    for step in segment.steps():\n"
        self.trainer(TRAINER.replace(loop, loop + lines))

    def finish(self, slots="2"):
        self.pbt("run", "spec.yaml", "--slots", slots, "--quiet")
        self.assertEqual(self.json("show")[0]["state"], "finished")
        self.assertIn("0 problems", self.pbt("verify")[0])

    def test_a_crash_is_tried_again_and_names_the_log(self):
        self.trouble("(segment.id, segment.attempt) == ('m1s1', 1)",
                     "print('before', flush=True); os.kill(os.getpid(), 9)")
        self.finish()
        failed, = self.events("failed")
        self.assertEqual((failed["segment"], failed["cause"]), ("m1s1", "trainer"))
        self.assertRegex(failed["message"], r"'python3' was killed by signal 9 .*/m1\.log$")
        self.assertRegex(self.log(1), r"m1s1 attempt 1, .*\nbefore\npbt: 'python3' was killed by "
                                      r"signal 9 \(Killed\)\n--- \S+ m1s1 attempt 2, ")

    def test_a_failure_that_may_not_be_retried_is_rescued_at_once(self):
        self.trouble("segment.id == 'm1s1'", "worker.fail('no such layer', retry=False); break",
                     mode="asynchronous", retries=5)
        self.trainer((self.folder / "train.py").read_text().replace(
            "    worker.report(", "    if worker.segment: worker.report("))
        self.finish()
        failed, = self.events("failed")
        self.assertEqual((failed["message"], failed["cause"]), ("no such layer", "fatal"))
        self.assertTrue(failed["gave_up"])
        self.assertEqual(len(self.events("rescued")), 1)
        self.assertRegex(self.log(1), r"m1s1 attempt 1, .*\npbt: no such layer\n")

    def test_attempts_that_run_out_are_rescued(self):
        self.trouble("segment.id == 'm1s1'", "raise ValueError('too large')", retries=2)
        self.amend_spec("{retries: 2", "{patience: 0, retries: 2")
        output, _ = self.pbt("run", "spec.yaml", "--slots", "2", status=1)
        line = "m1s1 attempt 1 failed: ValueError: too large; its log is workers.logs/m1.log\n"
        self.assertIn(line, output)
        failed = self.events("failed")
        self.assertEqual([event["segment"] for event in failed], ["m1s1"] * 3)
        self.assertEqual([event["gave_up"] for event in failed], [False, False, True])
        self.assertEqual(len(self.events("rescued")), 1)
        words = "ValueError: too large\n"
        self.assertEqual(self.log(1).count(f"{words}pbt: {words}"), 3)

    def test_a_member_that_diverges_copies_another(self):
        self.trouble("segment.id == 'm1s1'", "worker.diverged(); break")
        self.trainer((self.folder / "train.py").read_text().replace(
            "    worker.report(", "    if worker.segment: worker.report("))
        self.finish()
        self.assertEqual(self.events("failed"), [])
        segments = {segment["segment"]: segment for segment in self.json("segments")}
        self.assertEqual(segments["m1s1"]["score"], "nan")
        self.assertIsNotNone(segments["m1s2"]["donor"])

    def test_a_worker_that_hangs_is_killed(self):
        self.trouble("(segment.id, segment.attempt) == ('m1s1', 1)", "time.sleep(1000)")
        self.amend_spec("{seconds: 20}", "{seconds: 20, stall_seconds: 4}")
        self.finish()
        failed = [(event["segment"], event["cause"], event["message"])
                  for event in self.events("failed")]
        self.assertEqual(failed, [("m1s1", "lost", "the step stands still")])
        self.assertIn("its step stood still; the trainer is killed\n", self.log(1))
        self.assert_all_dead()

    def test_a_worker_that_moves_does_not_stall(self):
        self.workers(delay="0.5", population=2, steps=10)
        self.amend_spec("{seconds: 20}", "{seconds: 20, stall_seconds: 4}")
        self.finish()
        self.assertEqual(self.events("failed"), [])

    def test_workers_that_die_are_started_ever_more_slowly(self):
        self.workers(retries=1000)
        self.trainer("import time\nopen('times', 'a').write(f'{time.monotonic()}\\n')\n"
                     + TRAINER.replace("for segment in worker:\n",
                                       "for segment in worker:\n"
                                       "    if segment.number == 1 and segment.attempt < 5:\n"
                                       "        os.kill(os.getpid(), 9)\n"))
        self.workers(retries=1000, population=2, steps=20)
        self.amend_spec("{retries: 1000", "{patience: 0, retries: 1000")
        self.pbt("run", "spec.yaml", "--slots", "1", "--quiet")
        times = [float(line) for line in (self.folder / "times").read_text().split()]
        self.assertEqual(len(times), 9)
        for i, pause in enumerate((0.1, 0.2, 0.4, 0.8)):
            self.assertGreater(times[i + 1] - times[i], pause)
        # Then one has reported; else it would be 1.6 + 3.2 + 6.4 + 12.8 seconds. (Its segment waits
        # 0.5 + 1 + 2 + 4 seconds.)
        self.assertLess(times[8] - times[4], 22)

    # ---- commands

    def command(self, script, more=""):
        self.spec(trainer="own.sh")
        text = (self.folder / "trainer.sh").read_text()
        (self.folder / "own.sh").write_text(script + text)
        self.amend_spec("{seconds: 20}", "{seconds: 20%s}" % more)

    def test_a_command_that_hangs_is_killed(self):
        self.command("case $3 in *m1s1.1) sleep 1000;; esac\n", ", stall_seconds: 3")
        self.pbt("run", "spec.yaml", "--slots", "2", "--quiet")
        failed, = self.events("failed")
        self.assertEqual((failed["segment"], failed["message"]), ("m1s1", "the step stands still"))
        self.assertIn("0 problems", self.pbt("verify")[0])

    def test_a_command_whose_attempts_run_out_is_rescued(self):
        self.command("case $3 in *m1s1.*) exit 5;; esac\n")
        _, errors = self.pbt("run", "spec.yaml", "--slots", "2", "--quiet", status=1)
        self.assertIn("1 of 4 members lost segments (m1): 10 of 160 steps were not trained", errors)
        self.assertIn("'pbt segments tiny' shows what was given up", errors)
        self.assertEqual([event["gave_up"] for event in self.events("failed")], [False, True])
        self.assertEqual(len(self.events("rescued")), 1)
        self.assertIn("0 problems", self.pbt("verify")[0])


if __name__ == "__main__":
    tap.main()
