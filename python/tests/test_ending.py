"""How programs end: told to, by mistake, by hand; and what becomes of the segment they held."""

import signal
import threading
import time

import pbt
import tap
from case import Case, write

TRAIN = """
import pbt, time
worker = pbt.Worker()
for segment in worker:
    start = segment.resume_step
    for step in segment.steps():
        print("step", step, flush=True)
        time.sleep(0.05)
    worker.report(score=1, save=lambda path: open(path, "w").close())
print(worker.stop_reason, start)
"""

# A signal just before a long sleep would be seen after it.
REST = "while True:\n    time.sleep(0.01)\n"


class Ending(Case):
    def ended(self, program, status):
        output, errors = program.communicate(timeout=60)
        self.assertEqual(program.returncode, status, output + errors)
        return output, errors

    def only(self, verb):
        said = self.bodies(verb)
        self.assertEqual(len(said), 1, self.state.calls)
        return said[0][1]

    def test_sigterm_releases_with_progress(self):
        self.study(population=1, every=1000, stop=1000)
        program = self.program(TRAIN)
        for _ in range(3):
            program.stdout.readline()
        program.send_signal(signal.SIGTERM)
        output, _ = self.ended(program, 0)
        self.assertEqual(output.splitlines()[-1], "interrupted 0")
        body = self.only("release")
        self.assertTrue(2 <= body["step"] <= 6 and body["checkpoint"] == "saved", body)
        self.assertEqual(self.state.members[0]["segment"]["resume_step"], body["step"])

    def test_sigterm_while_it_waits(self):
        self.study(population=1)
        self.state.is_held_back = True
        program = self.program("import pbt\nw = pbt.Worker()\nprint(list(w), w.stop_reason)\n")
        self.wait_for(lambda: self.bodies("claim"))
        start = time.monotonic()
        program.send_signal(signal.SIGTERM)
        self.assertEqual(self.ended(program, 0)[0], "[] interrupted\n")
        self.assertLess(time.monotonic() - start, 5)

    def test_sigterm_while_it_evaluates_gives_back_what_comes_next(self):
        self.study(population=1)
        program = self.program(
            "import os, pbt, signal\n"
            "worker = pbt.Worker()\n"
            "for segment in worker:\n"
            "    os.kill(os.getpid(), signal.SIGTERM)\n"
            "    print(worker.report(score=1, save=lambda p: open(p, 'w').close()), flush=True)\n"
            "os._exit(0)\n"
        )
        self.assertEqual(self.ended(program, 0)[0], "True\n")
        self.assertEqual(self.bodies("release"), [("m0s1", {"attempt": 1, "step": 10})])

    def test_a_segment_that_never_began_is_not_reported(self):
        """It is given back without progress, whoever counted the steps."""
        for loop in ("segment.steps()", "iter(lambda: worker.stopping, True)"):
            with self.subTest(loop):
                self.study(population=1)
                program = self.program(
                    "import os, pbt, signal\n"
                    "worker = pbt.Worker()\n"
                    "segment = next(worker)\n"
                    "os.kill(os.getpid(), signal.SIGTERM)\n"
                    f"for step in {loop}:\n"
                    "    print('trained', flush=True)\n"
                    "print(worker.report(score=1, save=lambda p: open(p, 'w').close()), flush=True)\n"
                )
                self.assertEqual(self.ended(program, 0)[0], "False\n")
                self.assertEqual(self.bodies("report"), [])
                self.assertEqual(self.only("release"), {"attempt": 1, "step": 0})

    def test_a_second_sigterm_ends_it_at_once(self):
        self.study(population=1)
        program = self.program(
            "import pbt, time\nnext(pbt.Worker())\nprint(flush=True)\n"
            "time.sleep(2.5)\nprint(flush=True)\n" + REST
        )
        program.stdout.readline()
        program.send_signal(signal.SIGTERM)
        program.stdout.readline()
        program.send_signal(signal.SIGTERM)
        self.ended(program, -signal.SIGTERM)

    def test_an_echo_of_sigterm_is_no_second_one(self):
        self.study(population=1, every=1000, stop=1000)
        program = self.program(TRAIN)
        for _ in range(3):
            program.stdout.readline()
        program.send_signal(signal.SIGTERM)
        time.sleep(0.01)
        program.send_signal(signal.SIGTERM)
        self.ended(program, 0)
        self.assertEqual(self.only("release")["checkpoint"], "saved")

    def test_a_forked_child_dies_of_sigterm_and_says_nothing(self):
        self.study(population=1)
        program = self.program(
            "import os, pbt, signal, sys, time\n"
            "worker = pbt.Worker()\n"
            "segment = next(worker)\n"
            "for _ in range(100):\n"  # at every stage of a child's start
            "    child = os.fork()\n"
            "    if child == 0:\n"
            "        time.sleep(20)\n"
            "        os._exit(1)\n"
            "    os.kill(child, signal.SIGTERM)\n"
            "    assert os.waitpid(child, 0)[1] == signal.SIGTERM\n"
            "other = os.fork()\n"
            "if other == 0:\n"
            "    sys.exit(0)\n"  # atexit runs there
            "print(os.waitpid(other, 0)[1])\n"
            "worker.report(score=1, save=lambda path: open(path, 'w').close())\n"
            "worker.claim() and worker.release()\n"
        )
        self.assertEqual(self.ended(program, 0)[0], "0\n")
        self.assertEqual(self.bodies("fail"), [])

    def test_a_program_with_a_handler_of_its_own_keeps_it(self):
        self.study(population=1)
        usual = signal.signal(signal.SIGTERM, lambda *_: None)
        self.addCleanup(signal.signal, signal.SIGTERM, usual)
        mine = signal.getsignal(signal.SIGTERM)
        worker = self.worker()
        self.assertIs(signal.getsignal(signal.SIGTERM), mine)
        worker.close()
        self.assertIs(signal.getsignal(signal.SIGTERM), mine)

    def test_the_handler_goes_with_the_worker(self):
        self.study(population=1)
        worker = self.worker()
        self.assertIsNot(signal.getsignal(signal.SIGTERM), signal.SIG_DFL)
        worker.close()
        self.assertIs(signal.getsignal(signal.SIGTERM), signal.SIG_DFL)

    def test_a_worker_in_a_thread_touches_no_signal(self):
        self.study(population=1)
        made = []
        thread = threading.Thread(target=lambda: made.append(self.worker()))
        thread.start()
        thread.join()
        self.assertIs(signal.getsignal(signal.SIGTERM), signal.SIG_DFL)
        self.assertEqual(next(made[0]).id, "m0s0")

    def test_an_exception_is_said(self):
        self.study(population=1)
        program = self.program("import pbt\nnext(pbt.Worker())\nraise ValueError('the\\nshape')\n")
        _, errors = self.ended(program, 1)
        self.assertIn("Traceback", errors)
        self.assertEqual(self.only("fail")["message"], "ValueError: the shape")

    def test_a_hint_is_told_from_what_failed(self):
        self.study(population=1)
        _, errors = self.ended(self.program("import pbt\nfor _ in pbt.Worker(): pass\n"), 1)
        self.assertIn("was not reported\nhint: call report", errors)
        self.assertIn("'m0s0' was not reported; hint: call report", self.only("fail")["message"])

    def test_leaving_within_a_segment_is_a_failure(self):
        self.study(population=1)
        self.ended(self.program("import pbt, sys\nnext(pbt.Worker())\nsys.exit(3)\n"), 3)
        self.assertIn("ended within a segment", self.only("fail")["message"])
        self.assertIs(self.only("fail")["leaving"], True)
        self.assertEqual(self.bodies("release"), [])

    def test_pbt_sees_for_itself_how_its_process_leaves(self):
        """The program may have been stopped, which pbt hears of a moment later."""
        self.study(population=1)
        program = self.program("import os\nos.setpgid(0, 0)\nimport pbt, sys\n"
                               "next(pbt.Worker())\nsys.exit(0)\n", PBT_LEASE="kept")
        self.ended(program, 0)
        self.assertEqual(self.bodies("fail") + self.bodies("release"), [])

    def test_a_launched_process_says_itself_how_it_leaves(self):
        self.study(population=1)
        self.ended(self.program("import pbt, sys\nnext(pbt.Worker())\nsys.exit(0)\n",
                                PBT_LEASE="kept"), 0)
        self.assertIn("ended within a segment", self.only("fail")["message"])

    def test_ctrl_c_is_no_failure(self):
        self.study(population=1)
        program = self.program("import pbt, time\nnext(pbt.Worker())\nprint(flush=True)\n" + REST)
        program.stdout.readline()
        program.send_signal(signal.SIGINT)
        self.ended(program, -signal.SIGINT)
        self.assertEqual(self.only("release"), {"attempt": 1, "step": 0})

    def test_with_says_how_it_was_left(self):
        self.study(population=1)
        with self.assertRaises(ZeroDivisionError):
            with self.worker() as worker:
                next(worker)
                1 / 0
        self.assertEqual(self.only("fail")["message"], "ZeroDivisionError: division by zero")
        self.assertIsNone(worker.claim())

    def test_a_forked_child_may_not_report(self):
        self.study(population=1)
        worker = self.worker()
        next(worker)
        worker._process += 1  # as a child sees it
        with self.assertRaisesRegex(pbt.StateError, "the process that made it"):
            worker.report(score=1, save=write("x"))
        worker._process -= 1


if __name__ == "__main__":
    tap.main()
