"""`pbt try` itself, with trainers of each protocol."""

import json
import pathlib
import signal
import time

import tap
from try_case import COMMAND, LIBRARY, SPEC, WORKER, TryCase


class Try(TryCase):
    def test_a_worker_that_is_right(self):
        self.assert_right()

    def test_a_command_that_is_right(self):
        self.write(COMMAND)
        self.assert_right(skipped=["leaks"])

    def test_a_plugin_that_is_right(self):
        self.write(LIBRARY % "")
        self.assert_right()

    def test_a_given_start_and_a_choice(self):
        more = "  name: {type: choice, values: [a, b, c]}\n  four: {type: constant, value: 4}\n"
        self.write("start: [{rate: 0.5, width: 64, name: c}]\n" + WORKER, SPEC + more)
        self.replace(("0.02 * rate", "0.02 * rate * (2 if chosen == 'a' else 1)"),
                     ("    for step", "    chosen = segment.hyperparameters['name']\n    for step"))
        self.assert_right()

    def test_larger_bites_that_fit(self):
        self.replace(("segment.steps()", "segment.steps(by=4)"))
        self.assert_right()

    def test_a_command_that_prints_nothing(self):
        self.write(COMMAND)
        text = (self.folder / "trainer.sh").read_text()
        (self.folder / "trainer.sh").write_text("\n".join(text.splitlines()[:-1])
                                                .replace("echo", "#") + "\n")
        self.assert_wrong("runs", "printed nothing", others="?")

    def test_a_command_that_ignores_load(self):
        self.write(COMMAND)
        text = (self.folder / "trainer.sh").read_text()
        (self.folder / "trainer.sh").write_text(text.replace('[ -n "$2" ]', "false"))
        self.assert_wrong("loads", "two different checkpoints", others="ok")

    def test_a_plugin_that_leaks(self):
        self.write(LIBRARY % "leak")
        self.assert_wrong("leaks", "does not begin from scratch")

    def test_a_plugin_that_crashes(self):
        self.write(LIBRARY % "crash")
        self.assert_wrong("runs", "killed by signal 6 (SIGABRT) in train", others="?")

    def test_a_plugin_in_a_thread_that_crashes(self):
        self.write((LIBRARY + "  isolation: thread\n") % "crash")
        self.assert_wrong("runs", "ended by signal 6", others="?")

    def test_a_plugin_in_a_thread_that_ends_the_program(self):
        self.write((LIBRARY + "  isolation: thread\n") % "exit")
        self.assert_wrong("runs", "ended the program with status 1", others="?")

    def test_a_plugin_that_stops_short(self):
        self.write(LIBRARY % "short")
        self.assert_wrong("steps", "short of the segment's end")

    def test_says_what_it_does_and_what_the_study_takes(self):
        output, errors = self.pbt("try", "spec.yaml", "--slots", "2")
        self.assertEqual(errors, "")
        self.assertTrue(output.startswith("tried: segments of 5 steps, where the study's have 50"))
        self.assertRegex(output, r"(?m)^train both in turns, in one process +\d+\.\d s$")
        self.assertRegex(output, r"(?m)^ok +saves +a checkpoint of \d+ bytes$")
        self.assertRegex(output, r"(?m)^the study: about .* on 2 slots \(60 segments of about ")
        self.assertRegex(output, r"(?m)^ +starting the program takes \d+\.\d s, once a slot$")
        self.assertEqual(self.left(), [])

    def test_says_what_starting_a_command_costs(self):
        self.write(COMMAND.replace("[sh, ", "[sh, -c, 'sleep 0.6; exec sh \"$@\"', sh, "))
        forecast = self.verdict("--slots", "1", "--seconds", "0")["forecast"]
        self.assertGreaterEqual(forecast["start_seconds"], 0.6)
        self.assertLessEqual(forecast["start_seconds"], forecast["segment_seconds"])
        saved = forecast["seconds"] - forecast["worker_seconds"]
        self.assertAlmostEqual(saved, 59 * forecast["start_seconds"], 1)
        output, _ = self.pbt("try", "spec.yaml", "--slots", "1")
        self.assertRegex(output, r"(?m)^ +of \d+\.\d s a segment \d+\.\d s are start-up; "
                                 r"`protocol: worker` would take \d+:\d\d instead of \d+:\d\d$")
        self.assertRegex(output, r"(?m)^- +leaks +does not apply: each segment has its own process")

    def test_the_forecast_follows_from_what_was_measured(self):
        self.replace(('state["x"] += state["v"]', 'state["x"] += state["v"]; time.sleep(0.03)'))
        forecast = self.verdict("--slots", "2")["forecast"]
        self.assertEqual((forecast["slots"], forecast["segments"]), (2, 60))
        self.assertGreater(forecast["segment_seconds"], 0.7)  # of 1.5; its short ones take 0.15
        self.assertGreater(forecast["seconds"], 30 * 0.7)
        kept = 6 + 2 + 2 + 2  # members, best, copied, being written
        self.assertEqual(forecast["disk_bytes"], kept * forecast["checkpoint_bytes"])

    def test_touches_nothing_of_the_users(self):
        before = self.files()
        self.pbt("try", "spec.yaml", env=self.environment() | {"PBT_STORE": "sqlite:mine.db"})
        self.assertEqual(self.files(), before)
        self.assertEqual(self.left(), [])

    def test_keeps_what_it_is_told_to_keep(self):
        folder = self.verdict("--keep", "--steps", "3")["folder"]
        self.assertEqual(self.left(), [pathlib.Path(folder).name])
        self.assertTrue((pathlib.Path(folder) / "turns/tried.checkpoints/m1s1").exists())

    def test_steps_are_checked(self):
        self.assertEqual(self.verdict("--steps", "50")["steps"], 50)
        for steps in ("0", "51", "x"):
            _, errors = self.pbt("try", "spec.yaml", "--steps", steps, status=2)
            self.assertIn("--steps", errors)
        self.assertEqual(self.left(), [])

    def test_a_spec_error_exits_2(self):
        self.write("trainer: {command: [python3]}\nwhatever: 1\n")
        _, errors = self.pbt("try", "spec.yaml", status=2)
        self.assertIn("spec.yaml:", errors)
        self.write("trainer: {protocol: command, command: [no-such-program, '{save_to}']}\n")
        output, _ = self.pbt("try", "spec.yaml", "--json", status=1)
        self.assertEqual(json.loads(output)["checks"][0]["result"], "no")

    def wait_for(self, condition, what):
        until = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), until, f"waited in vain for {what}")
            time.sleep(0.02)

    def start_stuck(self):
        """Start the program with a trainer that never ends; return it and the trainer's place."""
        self.replace(("    rate = segment", "    open('pid', 'w').write(f'{os.getpid()}.')\n"
                      "    time.sleep(600)\n    rate = segment"))
        path = self.folder / "pid"
        path.unlink(missing_ok=True)
        process = self.start("try", "spec.yaml")
        self.wait_for(lambda: path.exists() and path.read_text().endswith("."), "the trainer")
        return process, pathlib.Path("/proc") / path.read_text()[:-1]

    def test_an_interrupt_leaves_nothing(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            process, trainer = self.start_stuck()
            process.send_signal(number)
            process.communicate(timeout=60)
            self.assertEqual(process.returncode, status)
            self.assertFalse(trainer.exists())
            self.assertEqual(self.left(), [])

    def test_killed_it_leaves_no_process(self):
        process, trainer = self.start_stuck()
        process.kill()
        self.wait_for(lambda: not trainer.exists(), "the trainer's end")


if __name__ == "__main__":
    tap.main()
