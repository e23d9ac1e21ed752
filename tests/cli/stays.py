"""What a study has done stays: whatever ends a run, only `pbt delete` takes anything away."""

import os
import shutil
import signal

import tap
from worker_case import WorkerCase

# The same trainer under a program of our own, which can be taken away.
LAUNCHER = '#!/bin/sh\nexec python3 "$@"\n'
NOBODY = 65534
BROKEN = "open('starts', 'a').write('x')\nimport no_such_module\n"


class Stays(WorkerCase):
    def setUp(self):
        super().setUp()
        self.workers(steps=1000, delay="0.02", mode="asynchronous")

    def launch_by_program(self):
        (self.folder / "venv").mkdir(exist_ok=True)
        launcher = self.folder / "venv" / "py"
        launcher.write_text(LAUNCHER)
        launcher.chmod(0o755)
        spec = self.folder / "spec.yaml"
        spec.write_text(spec.read_text().replace("[python3,", "[./venv/py,"))

    def run_to_a_report(self):
        process = self.start("run", "spec.yaml", "--slots", "2")
        for line in process.stdout:
            if " reported " in line:
                return process
        self.fail(process.stderr.read())

    def end(self, process):
        output, errors = process.communicate(timeout=120)
        return process.returncode, output + errors

    def check_kept(self):
        show = self.json("show")[0]
        self.assertGreaterEqual(show["steps_done"], 10)
        self.assertTrue((self.folder / show["best"]["checkpoint"]).exists())
        self.assertIn(" 0 problems", self.pbt("verify")[0])

    def test_a_script_that_cannot_start_again_ends_the_run_alone(self):
        process = self.run_to_a_report()
        self.trainer(BROKEN)
        for worker in self.processes():
            os.kill(int(worker), signal.SIGKILL)
        starts = self.folder / "starts"
        self.wait_for(lambda: process.poll() is not None
                      or starts.exists() and len(starts.read_text()) > 5, "six starts, or an end")
        process.terminate()
        self.assertNotEqual(self.end(process)[0], 0)
        self.check_kept()

    def test_a_program_that_is_taken_away_ends_the_run_alone(self):
        self.launch_by_program()
        process = self.run_to_a_report()
        (self.folder / "venv").rename(self.folder / "venv.old")
        os.kill(int(self.processes()[0]), signal.SIGKILL)
        for said in process.stdout:
            if said.startswith("paused: "):
                break
        self.assertIn("cannot run './venv/py'", said)
        process.terminate()
        self.assertNotEqual(self.end(process)[0], 0)
        self.check_kept()
        (self.folder / "venv.old").rename(self.folder / "venv")
        steps = 20 + max(member["step"] for member in self.json("members"))
        self.pbt("amend", "workers", f"stop.steps={steps}")
        self.workers(steps=steps, delay="0.02", mode="asynchronous")
        self.launch_by_program()
        self.pbt("run", "spec.yaml", "--quiet")
        self.assertEqual(self.json("show")[0]["state"], "finished")

    def test_a_trainer_that_cannot_start_makes_no_study(self):
        self.launch_by_program()
        (self.folder / "venv" / "py").chmod(0o644)
        _, said = self.pbt("run", "spec.yaml", status=1)
        self.assertIn("there is no program './venv/py'", said)
        self.assertNotIn("workers.checkpoints", self.files())
        self.assertNotIn("workers.logs", self.files())
        self.workers(steps=10)
        self.pbt("run", "spec.yaml", "--quiet")

    def test_too_few_gpus_make_no_study(self):
        spec = self.folder / "spec.yaml"
        spec.write_text(spec.read_text() + "  gpus: 2\n")
        self.pbt("run", "spec.yaml", "--gpus", "0", "--slots", "1", status=2)
        self.assertNotIn("workers.checkpoints", self.files())

    # ---- delete

    def run_briefly(self):
        self.workers(steps=20)
        self.pbt("run", "spec.yaml", "--quiet")

    def hold(self, folder):
        """Make a folder that an ordinary user, who has all the others, cannot empty."""
        if os.geteuid() != 0:
            self.skipTest("only root can make what an ordinary user cannot remove")
        shutil.copy(os.environ["PBT"], self.folder / "pbt")
        folder.mkdir(exist_ok=True)
        (folder / "held").write_text("x")
        for path in [self.folder, *self.folder.rglob("*")]:
            if path not in (folder, folder / "held"):
                os.chown(path, NOBODY, NOBODY)

    def as_nobody(self, *words, status=0):
        return self.pbt(*words, status=status, executable=self.folder / "pbt", user=NOBODY,
                        group=NOBODY, extra_groups=[])

    def check_can_be_repeated(self, held):
        self.hold(held)
        _, said = self.as_nobody("delete", "workers", "--yes", status=1)
        self.assertIn("cannot re", said)
        self.assertIn(str(held), said)
        self.assertIn("'pbt delete workers' once more removes the rest", said)
        self.assertEqual(self.json("show")[0]["name"], "workers")
        self.as_nobody("run", "spec.yaml", status=1)
        shutil.rmtree(held)
        self.as_nobody("delete", "workers", "--yes")
        self.check_gone()

    def test_a_delete_that_is_kept_from_a_checkpoint_can_be_repeated(self):
        self.run_briefly()
        best = self.folder / self.json("show")[0]["best"]["checkpoint"]
        best.unlink()
        self.check_can_be_repeated(best)

    def test_a_delete_that_is_kept_from_a_log_can_be_repeated(self):
        self.run_briefly()
        self.check_can_be_repeated(self.folder / "workers.logs")

    def check_gone(self):
        self.assertEqual([name for name in self.files() if name.startswith("workers.")], [])
        self.assertEqual(self.json("list"), [])

    def test_a_half_deleted_study_is_not_trained(self):
        self.run_briefly()
        (self.folder / "workers.checkpoints" / ".deleted").touch()
        _, said = self.pbt("run", "spec.yaml", status=1)
        self.assertIn("study 'workers' is half deleted", said)
        self.pbt("delete", "workers", "--yes")
        self.check_gone()

    def test_a_delete_leaves_what_is_not_of_the_study(self):
        self.run_briefly()
        mine = ["notes.txt", "m0.log.1", "m-a.log", "mean.log", "other.log"]
        for folder in ("workers.checkpoints", "workers.logs"):
            for name in mine:
                (self.folder / folder / name).write_text("mine")
        self.pbt("delete", "workers", "--yes")
        for folder in ("workers.checkpoints", "workers.logs"):
            self.assertEqual(sorted(f.name for f in (self.folder / folder).iterdir()), sorted(mine))

    def test_the_leases_of_a_killed_run_keep_no_delete(self):
        process = self.run_to_a_report()
        self.pbt("delete", "workers", "--yes", status=1)
        process.kill()
        process.communicate()
        self.pbt("delete", "workers", "--yes")
        self.check_gone()

    # ---- whether anybody trains

    def training_count(self):
        return len([m for m in self.json("members") if m["state"] == "training"])

    def state(self):
        show, listed = self.json("show")[0], self.json("list")[0]
        self.assertEqual(show["state"], listed["state"])
        if show["state"] == "running":  # two questions see two moments, until none lies between
            self.wait_for(lambda: self.json("show")[0]["workers"] == self.training_count(),
                          "one number of those that train")
        else:
            self.assertEqual(show["workers"], 0)
        return show["state"]

    def test_what_nobody_trains_is_interrupted(self):
        process = self.run_to_a_report()
        self.assertEqual(self.state(), "running")
        process.kill()  # its leases run on
        process.communicate()
        self.assertEqual(self.state(), "interrupted")
        self.assertIn("interrupted", self.pbt("list")[0])
        process = self.run_to_a_report()
        self.assertEqual(self.state(), "running")
        process.terminate()
        self.assertIn("workers interrupted: ", self.end(process)[1])
        self.assertEqual(self.state(), "interrupted")
        self.pbt("stop", "workers")
        self.assertEqual(self.state(), "stopped")

    def test_a_joiner_alone_keeps_it_running(self):
        owner = self.run_to_a_report()
        joiner = self.run_to_a_report()
        owner.kill()
        owner.communicate()
        self.wait_for(lambda: self.json("show")[0]["state"] == "running", "its first segment")
        joiner.kill()
        joiner.communicate()
        self.assertEqual(self.state(), "interrupted")

    def test_a_study_that_another_run_does_not_train_is_interrupted(self):
        process = self.run_to_a_report()
        process.kill()
        process.communicate()
        spec = self.folder / "spec.yaml"
        (self.folder / "other.yaml").write_text(
            spec.read_text().replace("name: workers", "name: other"))
        other = self.start("run", "other.yaml", "--slots", "1")
        self.wait_for(lambda: " reported " in other.stdout.readline(), "a report")
        states = {study["name"]: study["state"] for study in self.json("list")}
        self.assertEqual(states, {"workers": "interrupted", "other": "running"})

    # ---- standard streams

    def test_closed_streams_are_not_replaced_by_files(self):
        self.workers(steps=20)
        self.pbt("run", "spec.yaml", preexec_fn=lambda: os.closerange(0, 3), stdin=None,
                 stdout=None, stderr=None)
        self.assertRegex((self.folder / "pbt.db.lock").read_text(), r"^\d+\n$")
        self.assertEqual(self.json("show")[0]["state"], "finished")
        self.assertIn(" 0 problems", self.pbt("verify")[0])

    def test_a_full_output_fails_at_the_end_and_stops_no_training(self):
        self.workers(steps=20)
        with open("/dev/full", "w") as full:
            _, errors = self.pbt("run", "spec.yaml", status=1, stdout=full)
        self.assertIn("cannot write to standard output", errors)
        self.assertEqual(self.json("show")[0]["state"], "finished")


tap.main()
