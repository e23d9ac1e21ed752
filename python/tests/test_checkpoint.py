"""Checkpoints: files and folders, in the study's folder or through its server."""

import concurrent.futures
import io
import logging
import multiprocessing.pool
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import unittest

import pbt
import tap
from case import Case, write
from pbt import _checkpoints


def write_tree(path):
    """Save as a folder of files and folders."""
    root = pathlib.Path(path)
    (root / "deep" / "empty").mkdir(parents=True)
    (root / "weights").write_bytes(bytes(range(256)) * 1000)
    (root / "deep" / "a b").write_text("x", encoding="utf-8")


def named(path):
    """Save, and return what has a `join` of another kind."""
    write("x")(path)
    return path


def read_tree(path):
    """A folder as {relative name: bytes, or None for a folder}."""
    root = pathlib.Path(path)
    return {
        entry.relative_to(root).as_posix(): entry.read_bytes() if entry.is_file() else None
        for entry in root.rglob("*")
    }


class Checkpoint(Case):
    def tree(self):
        path = self.folder / "expected"
        write_tree(path)
        return read_tree(path)

    def loaded(self, worker):
        """Report once, and return what another session then loads."""
        worker.close()
        other = self.worker()
        segment = next(other)
        self.assertEqual(segment.id, "m0s1")
        return pathlib.Path(segment.load), other

    def test_a_folder_in_the_studys_folder(self):
        self.study(population=1)
        worker = self.worker()
        next(worker)
        worker.report(score=1, save=write_tree)
        path, _ = self.loaded(worker)
        self.assertEqual(path, self.folder / "checkpoints/m0s0")
        self.assertEqual(read_tree(path), self.tree())
        self.assertEqual(self.bodies("upload"), [])

    def test_a_file_without_the_folder(self):
        self.study(population=1, shown="/nowhere/to/be/found")
        worker = self.worker()
        segment = next(worker)
        self.assertTrue(segment.save_to.startswith(tempfile.gettempdir()))
        worker.report(score=1, save=write("weights"))
        self.assertEqual(self.bodies("report")[0][1]["checkpoint"], "uploaded")
        self.assertEqual(self.bodies("upload"), [("m0s0", "application/octet-stream")])
        self.assertFalse(os.path.exists(segment.save_to))
        path, other = self.loaded(worker)
        self.assertEqual(path.read_text(encoding="utf-8"), "weights")
        other.close()
        self.assertFalse(path.parent.exists())

    def test_a_folder_without_the_folder(self):
        self.study(population=1, shown="/nowhere/to/be/found")
        worker = self.worker()
        next(worker)
        worker.report(score=1, save=write_tree)
        self.assertEqual(self.bodies("upload"), [("m0s0", "application/x-tar")])
        path, _ = self.loaded(worker)
        self.assertEqual(read_tree(path), self.tree())

    def test_progress_without_the_folder(self):
        self.study(population=1, shown="/nowhere/to/be/found")
        worker = self.worker()
        for step in next(worker).steps():
            if step == 4:
                break
        worker.release(save=write("half"))
        segment = next(worker)
        self.assertEqual(segment.resume_step, 4)
        self.assertEqual(pathlib.Path(segment.load).read_text(encoding="utf-8"), "half")

    def elsewhere(self, is_marked=False, **options):
        """A study whose folder has another one in its place here; that one holds the mark at most."""
        other = self.folder / "elsewhere"
        (other / ".aside").mkdir(parents=True)
        self.study(population=1, shown=other, **options)
        if is_marked:
            (other / ".aside" / "mark").write_text(self.state.nonce, encoding="ascii")
        return other

    def test_a_folder_of_the_same_name_is_known_for_another(self):
        marks = None, "", "0" * 32, "a folder"
        for mark in marks:
            with self.subTest(mark=mark):
                other = self.elsewhere()
                if mark == "a folder":
                    (other / ".aside" / "mark").mkdir()
                elif mark is not None:
                    (other / ".aside" / "mark").write_text(mark, encoding="ascii")
                worker = self.worker()
                self.assertFalse(next(worker).save_to.startswith(str(other)))
                self.assertTrue(worker.report(score=1, save=write("weights")))
                self.assertEqual(self.bodies("report")[0][1]["checkpoint"], "uploaded")
                (other / "m0s0").write_text("OTHERS!", encoding="utf-8")
                path, _ = self.loaded(worker)
                self.assertEqual(path.read_text(encoding="utf-8"), "weights")
                shutil.rmtree(other)

    def test_an_older_server_says_nothing_to_know_its_folder_by(self):
        self.study(population=1, is_old=True)
        worker = self.worker()
        next(worker)
        self.assertTrue(worker.report(score=1, save=write("weights")))
        self.assertEqual(self.bodies("report")[0][1]["checkpoint"], "saved")
        path, _ = self.loaded(worker)
        self.assertEqual(path, self.folder / "checkpoints/m0s0")

    def changed(self, text, **options):
        """What a session fails with that is to load a checkpoint whose text has become another."""
        self.study(population=1, **options)
        worker = self.worker()
        next(worker)
        self.assertTrue(worker.report(score=1, save=write("weights")))
        worker.close()
        proof = self.state.proof

        def change(source):
            said = proof(source)
            if source:
                (self.folder / "checkpoints" / source).write_text(text, encoding="utf-8")
            return said

        self.state.proof = change
        fail = self.state.fail
        self.state.fail = lambda name, body: fail(name, {**body, "retry": False})
        with self.assertLogs("pbt", "WARNING"):
            self.assertIsNone(self.worker().claim())
        return self.bodies("fail")[0][1]["message"]

    def test_what_has_another_size_is_not_loaded(self):
        for options in {}, {"shown": "/nowhere/to/be/found"}:
            with self.subTest(options=options):
                message = self.changed("torn", **options)
                self.assertIn("m0s0' has another size", message)
                self.assertIn("it has 4 bytes; 7 were recorded", message)
                shutil.rmtree(self.folder / "checkpoints")

    def test_what_has_become_a_folder_is_not_loaded(self):
        self.study(population=1)
        worker = self.worker()
        next(worker)
        worker.report(score=1, save=write("weights"))
        fields = {"load": str(self.folder / "checkpoints/m0s0"), "segment": "m0s1",
                  **self.state.proof("m0s0"), "load_kind": "folder"}  # fmt: skip
        places = _checkpoints.Places(worker._session._wire)
        with self.assertRaisesRegex(pbt.CheckpointError, "is of another kind"):
            places.fetch(fields)

    def test_a_start_checkpoint_is_known_by_its_size_and_time(self):
        self.study(population=1)
        own = self.folder / "pretrained"
        own.write_text("weights", encoding="utf-8")
        kind, size, modified = _checkpoints.measure(str(own))
        fields = {"load": str(own), "load_kind": kind, "load_bytes": size, "shared": None}
        places = _checkpoints.Places(None)
        places._download = lambda fields: self.folder / "checkpoints/.aside/mark"
        fields["load_modified_ns"] = modified
        self.assertEqual(places.fetch(fields), str(own))
        fields.update(load_modified_ns=modified + 1, load_bytes=32)
        self.assertEqual(places.fetch(fields), str(self.folder / "checkpoints/.aside/mark"))

    def test_a_folder_that_takes_no_writes_of_ours_is_found_out(self):
        self.elsewhere(is_marked=True)  # as an overlay is: what is read is the server's
        worker = self.worker()
        segment = next(worker)
        self.assertTrue(worker.report(score=1, save=write("weights")))
        said = [body["checkpoint"] for _, body in self.bodies("report")]
        self.assertEqual(said, ["saved", "uploaded"])
        self.assertFalse(os.path.exists(segment.save_to))
        next(worker)
        self.assertTrue(worker.report(score=1, save=write("more")))
        self.assertEqual(self.bodies("report")[-1][1]["checkpoint"], "uploaded")

    def test_a_broken_upload_is_sent_again_whole(self):
        logging.getLogger("pbt").setLevel(logging.ERROR)
        self.addCleanup(logging.getLogger("pbt").setLevel, logging.NOTSET)
        for when in ("before", "after"):
            with self.subTest(when=when):
                self.study(population=1, shown="/nowhere/to/be/found")
                self.server.breaks[when, "PUT"] = 2
                worker = self.worker()
                next(worker)
                data = bytes(range(256)) * 5000
                worker.report(score=1, save=lambda path: pathlib.Path(path).write_bytes(data))
                self.assertEqual((self.folder / "checkpoints/m0s0").read_bytes(), data)
                worker.close()

    def test_what_was_saved_before_the_report(self):
        self.study(population=1)
        worker = self.worker()
        segment = next(worker)
        write("x")(segment.save_to)
        self.assertTrue(worker.report(score=1))

    def test_nothing_saved(self):
        self.study(population=1)
        worker = self.worker()
        next(worker)
        with self.assertRaisesRegex(pbt.CheckpointError, "must write a file or a folder"):
            worker.report(score=1, save=lambda path: None)
        with self.assertRaisesRegex(pbt.CheckpointError, "'m0s0.1.npz' is there: make a folder"):
            worker.report(score=1, save=lambda path: write("x")(path + ".npz"))

    def refused(self, save, words):
        """Report with a save that is refused in these words; then with one that is not."""
        self.study(population=1)
        worker = self.worker()
        segment = next(worker)
        with self.assertRaisesRegex(pbt.CheckpointError, words):
            worker.report(score=1, save=save)
        self.assertEqual(self.bodies("report"), [])
        _checkpoints.remove(segment.save_to)
        self.assertTrue(worker.report(score=1, save=write("weights")))
        worker.close()
        shutil.rmtree(self.folder / "checkpoints")

    def test_a_save_in_the_background_is_refused(self):
        # As orbax-checkpoint 0.12 and torch's async_save leave it while they write.
        def manager(path):
            inner = "0.orbax-checkpoint-tmp/default.orbax-checkpoint-tmp"
            (pathlib.Path(path) / inner).mkdir(parents=True)
            write("x")(path + "/0.orbax-checkpoint-tmp/_CHECKPOINT_METADATA")

        def distributed(path):
            pathlib.Path(path).mkdir()
            write("x")(path + "/__0_0.distcp")

        self.refused(manager, r"still being written.*0.orbax-checkpoint-tmp.*\n.*wait_until_fin")
        self.refused(distributed, r"__0_0.distcp' without '.metadata'.*\n.*result\(\)")
        self.study(population=1)
        worker = self.worker()
        segment = next(worker)
        place = pathlib.Path(segment.save_to + ".orbax-checkpoint-tmp")
        with self.assertRaisesRegex(pbt.CheckpointError, "still being written"):
            worker.report(score=1, save=lambda path: place.mkdir())
        place.rename(segment.save_to)
        write("x")(segment.save_to + "/_CHECKPOINT_METADATA")
        self.assertTrue(worker.report(score=1))

    def test_a_file_that_is_open_is_refused(self):
        files = []

        def keep_open(path):
            files.append(open(path, "w", encoding="utf-8"))
            files[0].write("half")

        self.refused(keep_open, r"still being written.*m0s0.1'.*\n.*close the file")
        files[0].close()
        children = []

        def in_a_child(path):
            words = "import sys; f = open(sys.argv[1], 'a'); print(flush=True); input()"
            child = subprocess.Popen([sys.executable, "-c", words, path], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE)  # fmt: skip
            children.append(child)
            child.stdout.readline()

        self.refused(in_a_child, "still being written")
        children[0].communicate(b"\n")
        with open(__file__, encoding="utf-8"):  # one that is read is none
            self.study(population=1)
            worker = self.worker()
            next(worker)
            self.assertTrue(worker.report(score=1, save=write("x")))

    def test_a_future_is_waited_for_and_a_coroutine_refused(self):
        async def asynchronous(path):
            write("x")(path)

        self.refused(asynchronous, "asynchronous")
        self.study(population=1)
        worker = self.worker()
        ready = threading.Event()

        def late(path):
            ready.wait()
            write("weights")(path)

        with concurrent.futures.ThreadPoolExecutor() as pool:
            def begin(path):
                threading.Timer(0.1, ready.set).start()
                return pool.submit(late, path)

            next(worker)
            self.assertTrue(worker.report(score=1, save=begin))
            next(worker)
            with self.assertRaises(ZeroDivisionError):
                worker.report(score=1, save=lambda path: pool.submit(lambda: 1 / 0))
        self.assertEqual((self.folder / "checkpoints/m0s0").read_text(encoding="utf-8"), "weights")

    def test_whatever_save_returns_is_waited_for(self):
        def in_thread(path):
            thread = threading.Timer(0.1, write("x"), [path])
            thread.start()
            return thread

        def in_process(path, word="x"):
            words = "import sys, time; time.sleep(0.1); open(sys.argv[1], 'w').write(sys.argv[2])"
            return subprocess.Popen([sys.executable, "-c", words, path, word])

        class Waiting:
            """As torch.futures.Future: `wait` and no `result`."""

            def __init__(self, path):
                self.path = path

            def wait(self):
                write("x")(self.path)

        def in_parts(path):
            os.mkdir(path)
            return [in_thread(path + "/a"), (in_process(path + "/b"), Waiting(path + "/c"), None)]

        def in_pool(path):
            return pool.apply_async(write("x"), [path])

        pool = multiprocessing.pool.ThreadPool(1)
        self.addCleanup(pool.terminate)
        self.study(population=1, stop=100)
        worker = self.worker()
        for number, save in enumerate([in_thread, in_process, Waiting, in_parts, in_pool, named]):
            with self.subTest(save=getattr(save, "__name__", save)):
                next(worker)
                self.assertTrue(worker.report(score=1, save=save))
                self.assertTrue((self.folder / f"checkpoints/m0s{number}").exists())
        self.assertEqual(sorted(read_tree(self.folder / "checkpoints/m0s3")), ["a", "b", "c"])
        next(worker)
        with self.assertRaises(ZeroDivisionError):
            worker.report(score=1, save=lambda path: pool.apply_async(lambda: 1 / 0))
        with self.assertRaisesRegex(pbt.CheckpointError, "process that save returned ended with 1"):
            worker.report(score=1, save=lambda path: in_process(path + "/none/x"))

    def test_a_save_that_fails_can_be_told(self):
        self.study(population=1)
        worker = self.worker()
        next(worker)

        def full(path):
            raise OSError("no space left")

        with self.assertRaises(OSError):
            worker.report(score=1, save=full)
        worker.fail("no space left")
        self.assertEqual(next(worker).attempt, 2)

    def test_what_cannot_be_loaded_is_failed(self):
        self.study(population=1)
        worker = self.worker()
        next(worker)
        worker.report(score=1, save=write("x"))
        worker.close()
        (self.folder / "checkpoints/m0s0").unlink()
        other = self.worker()
        attempts = []
        fail = self.state.fail

        def count(name, body):
            attempts.append(body["message"])
            return fail(name, {**body, "retry": len(attempts) < 2})

        self.state.fail = count
        self.state.complaints = []
        self.server.statuses["GET"] = 404
        with self.assertLogs("pbt", "WARNING"):
            self.assertIsNone(other.claim())
        self.assertEqual(len(attempts), 2)
        self.assertIn("cannot begin", attempts[0])
        self.state.complaints = []  # the server's own, of the file that is gone


class Tar(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="pbt-python-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def unpacked(self, *entries):
        """Unpack a tar with these entries: what lies in the folder then, or raises."""
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w") as tar:
            for entry in entries:
                tar.addfile(entry)
        file.seek(0)
        _checkpoints.unpack(file, self.folder / "inside")
        return read_tree(self.folder / "inside")

    def test_names_that_lead_out_are_refused(self):
        for name in ("../x", "/tmp/pbt-python-x", "a/../../x", "a/.."):
            with self.subTest(name=name), self.assertRaisesRegex(pbt.CheckpointError, "refused"):
                self.folder.joinpath("inside").exists() and self.folder.joinpath("inside").rmdir()
                self.unpacked(tarfile.TarInfo(name))
            self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["inside"])

    def test_links_and_devices_are_refused(self):
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            entry = tarfile.TarInfo("x")
            entry.type, entry.linkname = kind, "/etc/passwd"
            with self.subTest(kind=kind), self.assertRaisesRegex(pbt.CheckpointError, "refused"):
                self.folder.joinpath("inside").exists() and self.folder.joinpath("inside").rmdir()
                self.unpacked(entry)

    def test_files_before_their_folders(self):
        names = tarfile.TarInfo("a/b/c"), tarfile.TarInfo("./d")
        self.assertEqual(self.unpacked(*names), {"a": None, "a/b": None, "a/b/c": b"", "d": b""})

    def test_links_are_not_packed(self):
        (self.folder / "link").symlink_to("/etc/passwd")
        with self.assertRaisesRegex(pbt.CheckpointError, "'link' .* neither a file nor a folder"):
            _checkpoints.pack(str(self.folder), io.BytesIO())

    def test_folders_without_rights_are_removed(self):
        self.folder.chmod(0o777)
        if os.fork() == 0:  # root may do everything, so this is somebody else
            status = 1
            try:
                if os.geteuid() == 0:
                    os.setuid(65534)
                write_tree(self.folder / "frozen")
                for path in ("deep/empty", "deep", ""):
                    (self.folder / "frozen" / path).chmod(0o500 if path else 0)
                _checkpoints.remove(self.folder / "frozen")
                status = 0
            finally:
                os._exit(status)
        self.assertEqual(os.wait()[1], 0)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_link_to_a_folder_is_removed_and_the_folder_is_not(self):
        (self.folder / "kept").mkdir()
        (self.folder / "link").symlink_to(self.folder / "kept")
        _checkpoints.remove(self.folder / "link")
        self.assertEqual([p.name for p in self.folder.iterdir()], ["kept"])


if __name__ == "__main__":
    tap.main()
