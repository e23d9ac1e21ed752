"""What a study stands on, taken away while it trains: the store, its log, the checkpoints."""

import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile

import tap
from case import Case

STORE = "pbt.db"
RESCUED = "pbt.db.rescued-1.db"


class Ground(Case):
    def setUp(self):
        super().setUp()
        self.spec(steps=4000, delay="0.02", mode="asynchronous")

    def keep_all(self):
        """Whatever a backup of the store names stays."""
        with open(self.folder / "spec.yaml", "a") as spec:
            spec.write("checkpoints: {keep_best: 1000}\n")

    def run_to_reports(self, count=4, *words):
        process = self.start("run", "spec.yaml", "--slots", "2", *words)
        for line in process.stdout:
            count -= " reported " in line
            if count == 0:
                return process
        self.fail(process.stderr.read())

    def end(self, process):
        """The end of a run that lost its ground: what it said."""
        output, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 1, output + errors)
        self.assertNotIn("finished", output)
        return errors

    def steps(self, store):
        return self.json("show", "tiny", "--store", store)[0]["steps_done"]

    def backup(self, to):
        with sqlite3.connect(self.folder / STORE) as live:
            with sqlite3.connect(self.folder / to) as copy:
                live.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
            copy.close()
        live.close()

    def check_rescued(self, said, steps=0, fate="removed or moved"):
        """What was known is in a store of its own, with which the study goes on."""
        self.assertIn(f"{STORE}' was {fate} while it was open", said)
        self.assertIn(f"all that was known is in '{RESCUED}'", said)
        self.assertGreaterEqual(self.steps(RESCUED), max(steps, 40))
        self.assertIn(" 0 problems", self.pbt("verify", "tiny", "--store", RESCUED)[0])

    def goes_on(self, store):
        steps = self.steps(store)
        more = steps // 4 // 10 * 10 + 100
        self.pbt("amend", "tiny", f"stop.steps={more}", "--store", store)
        self.spec(steps=more, delay="0.02", mode="asynchronous")
        self.pbt("run", "spec.yaml", "--quiet", "--store", store)
        self.assertEqual(self.steps(store), 4 * more)
        self.assertIn(" 0 problems", self.pbt("verify", "tiny", "--store", store)[0])

    def test_a_store_that_is_removed_is_rescued_and_goes_on(self):
        process = self.run_to_reports()
        (self.folder / STORE).unlink()
        self.check_rescued(self.end(process))
        self.assertNotIn(STORE + "-wal", self.files())
        (self.folder / RESCUED).rename(self.folder / STORE)
        self.goes_on(STORE)

    def test_a_store_that_is_moved_is_whole_where_it_is(self):
        process = self.run_to_reports()
        away = self.folder / "away"
        away.mkdir()
        for suffix in ("-wal", "-shm", ""):
            (self.folder / (STORE + suffix)).rename(away / (STORE + suffix))
        self.check_rescued(self.end(process))
        self.assertEqual(self.steps("away/pbt.db"), self.steps(RESCUED))

    def test_a_backup_in_its_place_is_not_touched(self):
        process = self.run_to_reports()
        self.backup("backup.db")
        before = self.steps("backup.db")
        for line in process.stdout:
            if " reported " in line:
                break
        kept = (self.folder / "backup.db").read_bytes()
        (self.folder / "backup.db").rename(self.folder / STORE)
        self.check_rescued(self.end(process), before, "replaced by another")
        self.assertEqual((self.folder / STORE).read_bytes(), kept)
        self.assertEqual(self.steps(STORE), before)

    def test_a_backup_copied_over_it_is_noticed(self):
        # Large enough for SQLite to have written it from its log.
        process = self.run_to_reports()
        self.backup("backup.db")
        with sqlite3.connect(self.folder / STORE) as store:
            store.execute("PRAGMA wal_checkpoint(PASSIVE)")
        store.close()
        with open(self.folder / STORE, "r+b") as store:
            store.truncate(8192)
        said = self.end(process)
        self.assertIn("was overwritten by another program while it was open", said)

    def check_goes_on_in_its_place(self, said):
        self.assertIn(f"all that was known is in '{RESCUED}'", said)
        self.assertIn(" 0 problems", self.pbt("verify", "tiny", "--store", RESCUED)[0])
        self.assertNotIn(STORE + "-wal", self.files())
        (self.folder / RESCUED).rename(self.folder / STORE)
        self.goes_on(STORE)

    def test_a_store_that_is_cut_is_rescued_row_by_row(self):
        """Its pages that nobody wrote since are lost; what they held was nothing."""
        process = self.run_to_reports()
        os.truncate(self.folder / STORE, 0)
        self.check_goes_on_in_its_place(self.end(process))

    def test_a_log_that_is_cut_is_noticed_and_rescued(self):
        for size in (0, 4096):
            with self.subTest(size):
                process = self.run_to_reports()
                os.truncate(self.folder / (STORE + "-wal"), size)
                said = self.end(process)
                self.assertIn(f"{STORE}-wal' was overwritten by another program", said)
                self.check_goes_on_in_its_place(said)
                self.pbt("delete", "tiny", "--yes")
                self.spec(steps=4000, delay="0.02", mode="asynchronous")

    def test_a_log_that_a_checkpoint_cuts_is_whole(self):
        process = self.run_to_reports()
        with sqlite3.connect(self.folder / STORE) as store:
            self.assertEqual(store.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0], 0)
        store.close()
        for _ in range(20):
            self.assertIn("T", process.stdout.readline())
        process.terminate()
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 143)
        self.assertIn(" 0 problems", self.pbt("verify", "tiny")[0])

    def test_a_log_that_is_removed_loses_nothing(self):
        for suffix in ("-wal", "-shm"):
            with self.subTest(suffix):
                process = self.run_to_reports()
                (self.folder / (STORE + suffix)).unlink()
                said = self.end(process)
                self.assertIn(f"log '{self.folder}/{STORE}{suffix}' was removed or moved", said)
                rescued = sorted(self.folder.glob("*.rescued-*"))[-1].name
                self.assertEqual(self.steps(STORE), self.steps(rescued))
                self.assertIn(" 0 problems", self.pbt("verify", "tiny")[0])
        self.goes_on(STORE)

    def test_a_folder_that_is_moved_leaves_the_log_behind(self):
        inner = self.folder / "inner"
        inner.mkdir()
        for name in ("spec.yaml", "trainer.sh"):
            shutil.move(self.folder / name, inner)
        process = self.start("run", "spec.yaml", "--slots", "2", cwd=inner)
        for line in process.stdout:
            if " reported " in line:
                break
        gone = self.folder / "gone"
        inner.rename(gone)
        said = self.end(process)
        self.assertIn("put that file beside them", said)
        rescued = list(self.folder.rglob(RESCUED))  # a log may have made the folder anew
        self.assertIn(f"all that was known is in '{rescued[0]}'", said)
        self.assertGreater(self.steps(rescued[0]), 0)
        _, said = self.pbt("run", gone / "spec.yaml", "--store", rescued[0], status=1)
        self.assertIn("they are looked for beside the store", said)
        self.assertNotIn("delete", said)
        rescued[0].rename(gone / RESCUED)
        self.spec("gone/spec.yaml", steps=100, delay="0.02", mode="asynchronous")
        self.pbt("amend", "tiny", "stop.steps=100", "--store", gone / RESCUED)
        self.pbt("run", "spec.yaml", "--quiet", "--store", RESCUED, cwd=gone)
        self.assertEqual(self.steps(gone / RESCUED), 400)

    def test_a_joiner_notices_too(self):
        owner = self.run_to_reports()
        joiner = self.start("run", "spec.yaml", "--slots", "1")
        for line in joiner.stdout:
            if " reported " in line:
                break
        (self.folder / STORE).unlink()
        for process in (owner, joiner):
            self.assertIn("all that was known is in", self.end(process))
        rescued = sorted(self.folder.glob("*.rescued-*"))
        self.assertEqual(len(rescued), 2)

    # ---- checkpoints

    def test_checkpoints_that_are_moved_end_the_run_and_no_member_fails(self):
        process = self.run_to_reports()
        folder = self.folder / "tiny.checkpoints"
        folder.rename(self.folder / "elsewhere")
        self.assertIn("was removed or moved while it was in use", self.end(process))
        _, said = self.pbt("run", "spec.yaml", status=1)
        self.assertIn("tiny.checkpoints' is gone", said)
        self.assertIn("put the store beside it", said)
        self.assertNotIn("delete", said)
        self.pbt("stop", "tiny")
        self.pbt("verify", "tiny", status=1)
        self.pbt("best", "tiny", "--export", "best", status=1)
        self.assertFalse(folder.exists())
        (self.folder / "elsewhere").rename(folder)
        self.goes_on(STORE)
        reasons = {segment["reason"] for segment in self.json("segments")}
        self.assertLessEqual(reasons, {"initial", "continue", "exploit"})

    def test_an_older_store_takes_no_newer_weights_away(self):
        """A backup of the store alone is put back, and then the newer one again."""
        self.keep_all()
        process = self.run_to_reports(8)
        self.backup("older.db")
        steps = self.steps("older.db")
        self.wait_for(lambda: self.steps(STORE) > steps + 80, "more reports")
        process.terminate()
        process.communicate(timeout=60)
        kept = {s["checkpoint"] for s in self.json("segments") if s["checkpoint"]}
        weights = {(self.folder / path).read_bytes() for path in kept}
        (self.folder / STORE).rename(self.folder / "newer.db")
        (self.folder / "older.db").rename(self.folder / STORE)
        process = self.run_to_reports()
        process.terminate()
        process.communicate(timeout=60)
        there = {file.read_bytes() for file in (self.folder / "tiny.checkpoints").iterdir()
                 if file.is_file()}
        self.assertLessEqual(weights, there)
        (self.folder / "newer.db").rename(self.folder / STORE)
        _, said = self.pbt("run", "spec.yaml", status=1)
        self.assertIn("goes with another copy of the store", said)

    def test_two_copies_of_a_store_do_not_share_a_folder(self):
        self.keep_all()
        process = self.run_to_reports()
        self.backup("copy.db")
        _, said = self.pbt("run", "spec.yaml", "--store", "copy.db", status=1)
        self.assertIn("is in use by a run with another store", said)
        process.kill()
        process.communicate()
        shutil.copytree(self.folder / "tiny.checkpoints", self.folder / "copied")
        process = self.run_to_reports()  # goes its way
        process.terminate()
        process.communicate(timeout=60)
        self.pbt("amend", "tiny", f"checkpoints.directory={self.folder}/copied",
                 "--store", "copy.db")
        process = self.run_to_reports()
        process.kill()
        process.communicate()
        self.assertIn(" 0 problems", self.pbt("verify", "tiny")[0])

    def test_two_copies_in_turns_are_told_apart(self):
        """The one's weights are gone, for the other's took their place."""
        self.run_to_reports(8).kill()
        self.wait_for(lambda: self.json("show")[0]["state"] == "interrupted", "its end")
        self.backup("copy.db")
        held = [s["checkpoint"] for s in self.json("segments") if s["checkpoint"]]
        process = self.run_to_reports()
        self.wait_for(lambda: not any((self.folder / path).exists() for path in held), "others")
        for fate in ("is in use by a run with another store", "is newer than the store"):
            _, said = self.pbt("run", "spec.yaml", "--store", "copy.db", status=1)
            self.assertIn(fate, said)
            self.assertNotIn("delete", said)
            process.terminate()
            process.communicate(timeout=60)
        head = self.folder / "tiny.checkpoints" / ".head"
        lines = head.read_text().split("\n")
        head.write_text("\n".join(["3 " + "0" * 32, *lines[1:]]))
        _, said = self.pbt("run", "spec.yaml", "--store", "copy.db", status=1)
        self.assertIn("goes with another copy of the store", said)
        self.assertNotIn("delete", said)

    # ---- another folder of checkpoints

    def amend_folder(self, to, status=0):
        return self.pbt("amend", "tiny", f"checkpoints.directory={to}", status=status)[1]

    def test_another_folder_is_amended_only_with_the_weights_in_it(self):
        old, new = self.folder / "tiny.checkpoints", self.folder / "new"
        process = self.run_to_reports()
        said = self.amend_folder(new, 1)
        self.assertIn("study 'tiny' is being trained", said)
        self.assertIn(f"are saved to '{old}'", said)
        process.terminate()
        process.communicate(timeout=60)
        self.assertIn(f"they lie in '{old}'", self.amend_folder(new, 1))
        shutil.copytree(old, new)
        best = self.json("show")[0]["best"]["segment"]
        (new / best).unlink()
        self.assertIn(f"copy or move that folder to '{new}', then amend", self.amend_folder(new, 1))
        shutil.copy2(old / best, new)
        owner = (new / ".study").read_text()
        (new / ".study").write_text("0" * 32 + "\n")
        self.assertIn("belongs to another study", self.amend_folder(new, 1))
        (new / ".study").write_text(owner)
        self.amend_folder(new)
        shutil.rmtree(old)
        self.assertIn(" 0 problems", self.pbt("verify", "tiny")[0])
        new.rename(self.folder / "moved")
        self.assertIn(f"they are not even in '{new}'", self.amend_folder(old, 1))
        self.amend_folder(self.folder / "moved")
        self.assertIn(" 0 problems", self.pbt("verify", "tiny")[0])

    def test_weights_that_lie_where_they_were_are_found(self):
        """An older pbt amended the folder in mid-run, and saved into the old one."""
        self.run_to_reports().kill()
        old, new = self.folder / "tiny.checkpoints", self.folder / "new"
        self.wait_for(lambda: self.json("show")[0]["state"] == "interrupted", "its end")
        shutil.copytree(old, new)
        self.amend_folder(new)
        shutil.rmtree(new)
        _, said = self.pbt("run", "spec.yaml", status=1)
        self.assertIn(f"they lie in '{old}'", said)

    def test_a_copy_is_deleted_without_what_the_other_goes_on_with(self):
        process = self.run_to_reports()
        for is_at_rest in (False, True):
            with self.subTest(is_at_rest):
                self.backup("copy.db")
                said, _ = self.pbt("delete", "tiny", "--yes", "--force", "--store", "copy.db")
                self.assertIn(f"logs stay: {self.folder}/{STORE} goes on with them", said)
                self.assertEqual(self.json("list", "--store", "copy.db"), [])
                process.terminate()
                process.communicate(timeout=60)
                self.assertIn(" 0 problems", self.pbt("verify", "tiny")[0])
        logs = self.folder / "tiny.logs"
        self.assertTrue(list(logs.iterdir()))
        (self.folder / STORE).rename(self.folder / "moved.db")
        self.pbt("delete", "tiny", "--yes", "--store", "moved.db")
        self.assertFalse(logs.exists())
        self.assertFalse((self.folder / "tiny.checkpoints").exists())

    def test_a_copy_of_the_whole_folder_is_deleted_whole(self):
        """But what a link in it shares with the other stays."""
        self.run_to_reports().kill()
        self.wait_for(lambda: self.json("show")[0]["state"] == "interrupted", "its end")
        for shared in ("", "checkpoints", "logs"):
            with self.subTest(shared), tempfile.TemporaryDirectory() as away:
                copy = pathlib.Path(away) / "copy"
                shutil.copytree(self.folder, copy)
                if shared:
                    shutil.rmtree(copy / f"tiny.{shared}")
                    (copy / f"tiny.{shared}").symlink_to(self.folder / f"tiny.{shared}")
                said, _ = self.pbt("delete", "tiny", "--yes", cwd=copy)
                self.assertEqual("logs stay" in said, shared != "")
                self.assertEqual(len(list(copy.glob("tiny.*"))), 2 if shared else 0)
                self.assertIn(" 0 problems", self.pbt("verify", "tiny")[0])
                self.assertTrue(list((self.folder / "tiny.logs").iterdir()))
        shutil.rmtree(self.folder / "tiny.logs")
        self.backup("copy.db")
        said, _ = self.pbt("delete", "tiny", "--yes", "--store", "copy.db")
        self.assertIn("logs stay", said)
        self.assertIn(" 0 problems", self.pbt("verify", "tiny")[0])

    def test_an_older_copy_without_weights_names_the_newer(self):
        process = self.run_to_reports()
        away = self.folder / "away"
        away.mkdir()
        for file in self.folder.glob(STORE + "*"):
            file.rename(away / file.name)
        self.end(process)
        self.goes_on(RESCUED)
        for file in away.iterdir():
            file.rename(self.folder / file.name)
        self.spec(steps=4000, delay="0.02", mode="asynchronous")
        _, said = self.pbt("run", "spec.yaml", status=1)
        self.assertIn("is newer than the store, which knows none of its weights", said)
        self.assertIn(f"went on with the store {self.folder}/{RESCUED}", said)
        self.assertNotIn("delete", said)
        said, _ = self.pbt("delete", "tiny", "--yes")
        self.assertIn(f"logs stay: {self.folder}/{RESCUED} goes on with them", said)
        self.assertIn(" 0 problems", self.pbt("verify", "tiny", "--store", RESCUED)[0])

    def test_what_somebody_keeps_among_the_checkpoints_stays(self):
        process = self.run_to_reports()
        process.terminate()
        process.communicate(timeout=60)
        folder = self.folder / "tiny.checkpoints"
        mine = ["m0s0.best", "m77s99", "notes.txt", "M0s1", "m0s01"]
        for name in mine:
            (folder / name).write_text("mine")
        process = self.run_to_reports()
        process.terminate()
        process.communicate(timeout=60)
        self.assertEqual([(folder / name).read_text() for name in mine], ["mine"] * len(mine))

    def test_another_study_of_the_name_is_refused_the_folder(self):
        process = self.run_to_reports()
        before = sorted(f.name for f in (self.folder / "tiny.checkpoints").iterdir())
        _, said = self.pbt("run", "spec.yaml", "--store", "other.db", status=1)
        self.assertIn("belongs to another study", said)
        process.terminate()
        process.communicate(timeout=60)
        self.assertIn(" 0 problems", self.pbt("verify", "tiny")[0])
        self.assertTrue(before)

    def test_a_study_whose_weights_are_all_gone_is_not_trained_on(self):
        process = self.run_to_reports()
        process.terminate()
        process.communicate(timeout=60)
        folder = self.folder / "tiny.checkpoints"
        kept = self.folder / "kept"
        folder.rename(kept)
        folder.mkdir()
        _, said = self.pbt("run", "spec.yaml", status=1)
        self.assertIn("tiny.checkpoints' is without its weights", said)
        best = self.json("show")[0]["best"]["segment"]
        shutil.copy2(kept / best, folder)  # the others copy it
        self.goes_on(STORE)


class NoFile(Case):
    """A pipe or a folder in a file's place: refused, and not waited for."""

    def put(self, make, name):
        path = self.folder / name
        path.unlink(missing_ok=True)
        make(path)
        self.addCleanup(lambda: path.rmdir() if path.is_dir() else path.unlink(missing_ok=True))
        return path

    def test_beside_a_store(self):
        for name in (STORE, STORE + ".lock", STORE + ".owner"):
            for make, kind in ((os.mkfifo, "pipe"), (os.mkdir, "folder")):
                with self.subTest(name=name, kind=kind):
                    path = self.put(make, name)
                    errors = self.pbt("run", "spec.yaml", status=1)[1]
                    self.assertIn(
                        f"{name}' is a {kind}, not a file\n"
                        "hint: move it away, or name another file\n",
                        errors,
                    )
                    path.rmdir() if path.is_dir() else path.unlink()
        self.pbt("run", "spec.yaml", "--quiet")

    def test_queries_do_not_wait(self):
        path = self.put(os.mkfifo, STORE)
        for words in (["show"], ["list"], ["delete", "tiny", "--yes"], ["stop", "tiny"]):
            with self.subTest(words=words):
                self.assertIn(f"{STORE}' is a pipe", self.pbt(*words, status=1)[1])
        path.unlink()
        self.pbt("run", "spec.yaml", "--quiet")
        for name in (STORE + ".lock", STORE + ".owner"):
            self.put(os.mkfifo, name)
        self.pbt("amend", "tiny", "stop.steps=80")
        self.assertIn("tiny", self.pbt("show")[0])

    def test_the_owners_file_of_a_run_that_lasts(self):
        self.spec(steps=4000, delay="0.02", mode="asynchronous")
        process = self.start("run", "spec.yaml")
        self.wait_for(lambda: STORE + ".owner" in self.files(), "the owner's file")
        self.put(os.mkfifo, STORE + ".owner")
        self.wait_for(lambda: "m0s0" in process.stdout.readline(), "a segment")
        self.assertIn("tiny", self.pbt("show")[0])
        process.terminate()
        self.assertEqual(process.wait(timeout=60), 143)

    def test_a_spec_and_a_token_may_be_pipes(self):
        spec = (self.folder / "spec.yaml").read_text()
        with open(self.folder / "spec.yaml") as file:
            piped = subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE)
        self.assertIn("tiny", self.pbt("check", "/dev/stdin", stdin=piped.stdout)[0])
        piped.stdout.close()
        piped.wait()
        pipe = self.put(os.mkfifo, "pipe")
        process = self.start("check", "pipe")
        pipe.write_text(spec)
        self.assertIn("tiny", process.communicate(timeout=60)[0])
        process = self.start("list", "--server", "http://127.0.0.1:9", "--token-file", "pipe")
        pipe.write_text("secret\n")
        self.assertIn("127.0.0.1:9", process.communicate(timeout=60)[1])


tap.main()
