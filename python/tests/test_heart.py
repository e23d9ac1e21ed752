"""Heartbeats: beside whatever the trainer does, and no longer than it lives."""

import functools
import os
import pathlib
import signal
import subprocess
import time
import unittest.mock

import tap
from case import Case, write


def heart_of(process_id):
    """The process that beats for another; None where there is none."""
    found = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], stdout=subprocess.PIPE, check=True)
    for line in found.stdout.decode().splitlines():
        pid, parent, words = line.split(None, 2)
        if int(parent) == process_id and "_pulse" in words:
            return int(pid)
    return None


def lives(process_id):
    """Whether a process runs; one that is dead and not yet buried does not."""
    try:
        text = pathlib.Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


class Heart(Case):
    def shown(self):
        """The steps that heartbeats have shown."""
        return [body["step"] for _, body in self.bodies("heartbeat") if "step" in body]

    def test_native_code_that_holds_the_interpreter_does_not_starve_it(self):
        self.study(population=1, stop=10, lease_seconds=3)
        program = self.program(
            "import ctypes, pbt\n"
            "hold = ctypes.PyDLL(None).sleep\n"  # with the interpreter's lock
            "worker = pbt.Worker()\n"
            "segment = worker.claim()\n"
            "print(flush=True)\n"
            "while segment:\n"
            "    hold(5)\n"
            "    ok = worker.report(score=1, save=lambda path: open(path, 'w').close())\n"
            "    print(segment.attempt, ok)\n"
            "    segment = worker.claim()\n"
        )
        program.stdout.readline()
        thefts = []
        while program.poll() is None:
            with self.state.changed:
                thefts.append(self.state.assign(("thief", "x"))["action"])
            time.sleep(0.02)
            self.assertNotIn("train", thefts)
        output, errors = program.communicate(timeout=60)
        self.assertEqual((output, errors), ("1 True\n", ""))

    def test_progress_and_metrics_go_along(self):
        self.study(population=1, lease_seconds=0.6)
        worker = self.worker()
        segment = next(worker)
        for step in segment.steps():
            log = functools.partial(worker.log, step, loss=10.0 - step, rate=float("inf"))
            log()
            if step in (2, 7):  # a step that takes until it was seen
                self.wait_for(lambda: log() or self.shown()[-1:] >= [step])
        worker.report(score=1, save=write("x"))
        said = [body for _, body in self.bodies("heartbeat") if "step" in body]
        self.assertEqual(self.shown(), sorted(self.shown()))
        drawn = [body["metrics"] for body in said if body["metrics"]]
        self.assertTrue(drawn and all(set(each) == {"loss", "rate"} for each in drawn), said)
        self.assertEqual(drawn[0]["rate"], "inf")

    def test_orders_end_the_steps(self):
        for order in ("release", "stop"):
            with self.subTest(order=order):
                self.study(population=1, lease_seconds=0.2)
                worker = self.worker()
                segment = next(worker)
                self.state.orders[segment.id] = order
                done = 0
                for _ in segment.steps():
                    if done < 9:
                        self.wait_for(lambda: worker.stopping or done < 5)
                    done += 1
                self.assertEqual(done, 6)
                self.assertFalse(worker.report(score=1, save=write("part")))
                body = self.bodies("release")[-1][1]
                self.assertEqual(body, {"attempt": 1, "step": 6, "checkpoint": "saved"})
                self.state.orders.clear()
                self.assertEqual(next(worker).resume_step, 6)
                worker.close()

    def test_a_lost_lease_drops_the_segment(self):
        self.study(population=1, lease_seconds=0.2)
        worker = self.worker()
        segment = next(worker)
        with self.state.changed:
            self.state.members[0]["segment"]["attempt"] = 7
        with self.assertLogs("pbt", "WARNING"):
            for _ in segment.steps():
                self.wait_for(lambda: worker.stopping)
            self.assertFalse(worker.report(score=1, save=self.fail))
        self.assertEqual(self.bodies("release") + self.bodies("report"), [])

    def test_it_is_quiet_between_segments(self):
        self.study(population=1, lease_seconds=0.1)
        worker = self.worker()
        next(worker)
        self.wait_for(lambda: len(self.bodies("heartbeat")) > 2)
        self.state.is_held_back = True
        worker.release()
        time.sleep(0.2)
        count = len(self.bodies("heartbeat"))
        time.sleep(0.3)
        self.assertEqual(len(self.bodies("heartbeat")), count)

    def test_it_dies_with_its_parent(self):
        self.study(population=1)
        program = self.program("import pbt, time\nnext(pbt.Worker())\ntime.sleep(60)\n")
        self.wait_for(lambda: heart_of(program.pid))
        heart = heart_of(program.pid)
        program.kill()
        self.wait_for(lambda: not lives(heart))

    def test_it_dies_with_its_parent_though_a_forked_child_holds_the_pipe(self):
        self.study(population=1)
        program = self.program(
            "import os, pbt, time\nnext(pbt.Worker())\nchild = os.fork()\n"
            "if child:\n    print(child, flush=True)\ntime.sleep(60)\n"
        )
        child = int(program.stdout.readline())
        self.addCleanup(os.kill, child, signal.SIGKILL)
        heart = heart_of(program.pid)
        self.assertTrue(heart)
        program.kill()
        self.wait_for(lambda: not lives(heart))
        self.assertTrue(lives(child))

    def test_it_is_started_again_where_it_was_killed(self):
        self.study(population=1, lease_seconds=0.3)
        worker = self.worker()
        next(worker)
        self.wait_for(lambda: heart_of(os.getpid()))
        os.kill(heart_of(os.getpid()), signal.SIGKILL)
        time.sleep(0.1)
        for step in range(200):
            worker.log(step)
            time.sleep(0.01)
        self.assertTrue(heart_of(os.getpid()))
        self.assertGreater(self.bodies("heartbeat")[-1][1]["step"], 100)

    def test_signals_to_the_group_do_not_end_it(self):
        self.study(population=1, lease_seconds=0.2)
        worker = self.worker()
        next(worker)
        self.wait_for(lambda: len(self.bodies("heartbeat")) > 0)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(heart_of(os.getpid()), number)
        count = len(self.bodies("heartbeat"))
        self.wait_for(lambda: len(self.bodies("heartbeat")) > count + 2)

    def test_a_server_that_is_away_for_a_while_is_beaten_to_again(self):
        self.study(population=1, lease_seconds=0.3)
        worker = self.worker()
        next(worker)
        self.server.breaks["before", "heartbeat"] = 4
        self.wait_for(lambda: len(self.bodies("heartbeat")) > 1)

    def test_where_pbt_keeps_the_lease_there_is_no_process(self):
        self.study(population=1, lease_seconds=0.2)
        kept = {"PBT_LEASE": "kept", "PBT_SERVER": self.server.url}
        with unittest.mock.patch.dict(os.environ, kept):
            worker = self.worker()
        segment = next(worker)
        worker.log(3, loss=1.5)
        self.wait_for(lambda: any("step" in body for _, body in self.bodies("heartbeat")))
        self.assertIsNone(heart_of(os.getpid()))
        self.state.orders[segment.id] = "release"
        self.wait_for(lambda: worker.stopping)
        worker.release()
        time.sleep(0.1)
        count = len(self.bodies("heartbeat"))
        time.sleep(0.3)
        self.assertEqual(len(self.bodies("heartbeat")), count)


if __name__ == "__main__":
    tap.main()
