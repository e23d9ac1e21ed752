"""Backups and moves: a study goes on wherever its store, checkpoints and spec are put."""

import shutil
import sqlite3
import subprocess

import tap
from case import Case

PARTS = ("pbt.db", "spec.yaml", "trainer.sh", "tiny.checkpoints")


class Restore(Case):
    def run_to(self, steps, file="spec.yaml", **options):
        """Raise the study's end and run to it, beside the store or from elsewhere."""
        self.pbt("amend", "tiny", f"stop.steps={steps}")
        self.spec(file, steps=steps)
        return self.pbt("run", file, "--slots", "2", **options)[0]

    def segments(self, *words):
        return {
            segment["segment"]: (segment["score"], segment["parent"], segment["hyperparameters"])
            for segment in self.json("segments", *words)
        }

    def move_to(self, name):
        """Copy what a backup holds into a new folder, and remove everything else."""
        place = self.folder.parent / f"{self.folder.name}-{name}"
        place.mkdir()
        self.addCleanup(shutil.rmtree, place, ignore_errors=True)
        for part in PARTS:
            whole = self.folder / part
            (shutil.copytree if whole.is_dir() else shutil.copy)(whole, place / part)
        shutil.rmtree(self.folder)
        self.folder = place

    def check_whole(self):
        """Nothing failed, nobody was rescued, and the log holds."""
        self.assertEqual({segment["state"] for segment in self.json("segments")}, {"reported"})
        reasons = {segment["reason"] for segment in self.json("segments")}
        self.assertLessEqual(reasons, {"initial", "continue", "exploit"})
        self.assertEqual(self.json("verify")[0]["problems"], [])

    def test_a_restored_study_goes_on_as_if_it_had_stayed(self):
        self.pbt("run", "spec.yaml", "--quiet")
        self.move_to("moved")
        self.run_to(80)
        self.check_whole()
        moved = self.segments()
        self.spec(steps=80, name="stayed")
        self.pbt("run", "spec.yaml", "--quiet", "--store", "sqlite:stayed.db")
        self.assertEqual(moved, self.segments("--store", "sqlite:stayed.db"))

    def test_an_altered_copy_is_refused(self):
        self.pbt("run", "spec.yaml", "--quiet")
        self.move_to("altered")
        best = self.json("best")[0]
        checkpoint = self.folder / best["checkpoint"]
        checkpoint.write_text("9" * (checkpoint.stat().st_size - 1) + "\n")
        said = self.run_to(80, status=1)
        self.assertIn(f"{best['segment']}' has other bytes", said)

    def test_a_run_from_another_folder_finds_the_trainer(self):
        self.pbt("run", "spec.yaml", "--quiet")
        self.pbt("amend", "tiny", "stop.steps=80")
        self.spec(steps=80)
        self.pbt("run", f"{self.folder}/spec.yaml", "--store", f"sqlite:{self.folder}/pbt.db",
                 cwd="/")
        self.check_whole()

    def test_a_spec_elsewhere_is_found_by_its_new_place(self):
        specs = self.folder / "specs"
        specs.mkdir()
        shutil.move(self.folder / "trainer.sh", specs)
        shutil.move(self.folder / "spec.yaml", specs)
        store = self.folder / "store"
        store.mkdir()
        self.pbt("run", "../specs/spec.yaml", "--quiet", cwd=store)
        specs.rename(self.folder / "moved")
        self.pbt("amend", "tiny", "stop.steps=80", cwd=store)
        self.spec("moved/spec.yaml", steps=80)
        self.pbt("run", "../moved/spec.yaml", "--quiet", cwd=store)
        self.folder = store
        self.check_whole()

    def test_checkpoints_beside_the_spec_are_found_from_anywhere(self):
        with open(self.folder / "spec.yaml", "a") as spec:
            spec.write("checkpoints: {directory: kept}\n")
        self.pbt("run", "spec.yaml", "--quiet")
        verdict, _ = self.pbt("verify", "--store", f"sqlite:{self.folder}/pbt.db", cwd="/")
        self.assertIn("4 checkpoints checked: 0 problems", verdict)

    def test_a_backup_of_a_running_study_goes_on(self):
        self.spec(steps=4000, delay="0.01", mode="asynchronous", population=8)
        process = self.start("run", "spec.yaml")
        for _ in range(12):
            self.assertNotEqual(process.stdout.readline(), "")
        backup = self.folder / "backup"
        backup.mkdir()
        with sqlite3.connect(self.folder / "pbt.db") as live:
            with sqlite3.connect(backup / "pbt.db") as copy:
                live.backup(copy)
        # What is removed while cp looks is not needed: it complains and goes on.
        subprocess.run(["cp", "-r", self.folder / "tiny.checkpoints", backup], check=False,
                       stderr=subprocess.DEVNULL)
        process.kill()
        process.communicate()
        shutil.copy(self.folder / "trainer.sh", backup)
        self.folder = backup
        self.spec(steps=4000, delay="0.01", mode="asynchronous", population=8)
        self.pbt("amend", "tiny", "stop.steps=200")
        self.spec(steps=200, delay="0.01", mode="asynchronous", population=8)
        self.pbt("run", "spec.yaml", "--quiet")
        self.assertEqual(self.json("show")[0]["steps_done"], 1600)


tap.main()
