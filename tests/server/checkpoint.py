"""Checkpoints that travel: files and folders, there and back, and what is refused."""

import io
import os
import pathlib
import tarfile
import threading

import tap
from case import IS_PLAIN, Case

FORMATS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
TAR = "application/x-tar"
LARGE = 64 * 2**20


def member(name, data=None, **fields):
    """A TarInfo and its content."""
    info = tarfile.TarInfo(name)
    info.size = len(data or b"")
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def archive(members, format=tarfile.PAX_FORMAT):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data) if data is not None else None)
    return buffer.getvalue()


def folder(name, **fields):
    return member(name, type=tarfile.DIRTYPE, **fields)


class Checkpoint(Case):
    options = ("upload_maximum_bytes=100000000",)

    def get(self, name):
        answer = self.call("GET", f"/v1/studies/tiny/checkpoints/{name}")
        self.assertEqual(answer.status, 200, answer.bytes[:300])
        return answer

    def aside(self):
        """What lies aside, but for the file by which the folder is known."""
        names = os.listdir(self.folder / "tiny.checkpoints" / ".aside")
        return sorted(name for name in names if not name.startswith("mark."))

    def upload(self, segment, data, type="application/octet-stream"):
        """Send, expecting success, and report."""
        answer = self.put(segment, data, type)
        self.assertEqual(answer.status, 200, answer.bytes)
        body = self.result(segment, checkpoint="uploaded")
        self.ok("POST", self.path(segment, "report"), body)
        return answer.json

    # ---- files

    def test_a_file_there_and_back(self):
        segment = self.train()
        data = os.urandom(300000)
        said = self.upload(segment, data)
        self.assertEqual(said, {"kind": "file", "bytes": len(data)})
        answer = self.get(segment["segment"])
        self.assertEqual(answer.type, "application/octet-stream")
        self.assertEqual(answer.bytes, data)
        path = self.folder / "tiny.checkpoints" / segment["segment"]
        self.assertEqual(path.read_bytes(), data)
        self.assertEqual(self.tell("verify"), "0")

    def test_an_empty_file(self):
        segment = self.train()
        self.upload(segment, b"")
        self.assertEqual(self.get(segment["segment"]).bytes, b"")

    def test_a_large_file_passes_through_little_memory(self):
        segment = self.train()
        piece = os.urandom(2**20)
        before = int(self.tell("memory"))
        self.upload(segment, iter([piece] * (LARGE // len(piece))))
        connection = self.connect()
        path = f"/v1/studies/tiny/checkpoints/{segment['segment']}"
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        response = connection.getresponse()
        for _ in range(LARGE // len(piece)):
            self.assertEqual(response.read(len(piece)), piece)
        self.assertEqual(response.read(), b"")
        connection.close()
        if IS_PLAIN:
            self.assertLess(int(self.tell("memory")) - before, 8 * 1024)

    def test_what_comes_again_replaces_what_came_before(self):
        segment = self.train()
        self.put(segment, b"first")
        self.put(segment, archive([member("a", b"second")]), TAR)
        self.upload(segment, b"third")
        self.assertEqual(self.get(segment["segment"]).bytes, b"third")
        self.assertEqual(self.aside(), [])

    def test_an_upload_that_crosses_its_repeat(self):
        """Two at once: one of them is kept, whole."""
        segment = self.train()
        pieces = [bytes([i]) * 2**20 for i in range(4)]
        threads = [
            threading.Thread(target=self.put, args=(segment, iter([p] * 8)),
                             kwargs={"connection": self.connect()})
            for p in pieces
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        body = self.result(segment, checkpoint="uploaded")
        self.ok("POST", self.path(segment, "report"), body)
        self.assertIn(self.get(segment["segment"]).bytes, [p * 8 for p in pieces])
        self.assertEqual(self.aside(), [])

    # ---- folders

    def tree(self):
        long_name = "/".join(["n" * 60] * 3)
        return {
            "model.pt": os.urandom(70000),
            "empty": b"",
            "deep/er/optimiser.pt": b"moments",
            long_name: b"far away",
            "größe": "so groß".encode(),
            "a b'c\"d\\e": b"odd",
        }

    def test_a_folder_there_and_back(self):
        for format in FORMATS:
            with self.subTest(format=format):
                segment = self.train()
                tree = self.tree()
                members = [folder("."), folder("hollow/")]
                members += [member(name, data) for name, data in tree.items()]
                said = self.upload(segment, archive(members, format), TAR)
                self.assertEqual(said["kind"], "folder")
                root = self.folder / "tiny.checkpoints" / segment["segment"]
                for name, data in tree.items():
                    self.assertEqual((root / name).read_bytes(), data)
                self.assertEqual(list((root / "hollow").iterdir()), [])
                answer = self.get(segment["segment"])
                self.assertEqual(answer.type, TAR)
                with tarfile.open(fileobj=io.BytesIO(answer.bytes)) as tar:
                    names = {info.name for info in tar if info.isfile()}
                    self.assertEqual(names, set(tree))
                    for name, data in tree.items():
                        self.assertEqual(tar.extractfile(name).read(), data)
                    self.assertTrue(tar.getmember("hollow").isdir())
        self.assertEqual(self.tell("verify"), "0")
        self.assertEqual(self.aside(), [])

    def test_what_was_packed_here_can_be_sent_again(self):
        segment = self.train()
        self.upload(segment, archive([member(n, d) for n, d in self.tree().items()]), TAR)
        packed = self.get(segment["segment"]).bytes
        other = self.train()
        self.upload(other, packed, TAR)
        with tarfile.open(fileobj=io.BytesIO(self.get(other["segment"]).bytes)) as tar:
            self.assertEqual({i.name for i in tar if i.isfile()}, set(self.tree()))

    def test_a_folder_with_nothing_in_it_is_no_checkpoint(self):
        segment = self.train()
        self.assertEqual(self.put(segment, archive([]), TAR).status, 200)
        body = self.result(segment, checkpoint="uploaded")
        error = self.refused("ERR_CHECKPOINT", "POST", self.path(segment, "report"), body)
        self.assertIn("there is no file", error["message"])
        self.upload(segment, archive([member("a", b"weights")]), TAR)

    def test_archives_that_are_refused(self):
        segment = self.train()
        outside = str(self.folder / "outside")
        link = {"type": tarfile.SYMTYPE, "linkname": "/etc"}
        hard = {"type": tarfile.LNKTYPE, "linkname": "a"}
        good = member("a", b"good")
        whole = archive([good, member("b", b"x" * 5000)])
        sparse = member("s", b"")
        sparse[0].pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1",
                                 "GNU.sparse.size": str(2**40), "GNU.sparse.numblocks": "1",
                                 "GNU.sparse.map": f"{2**40},0"}
        refused = {
            "absolute": archive([member(outside, b"x")]),
            "upwards": archive([member("../outside", b"x")]),
            "upwards inside": archive([member("a/../../outside", b"x")]),
            "upwards folder": archive([folder("../outside")]),
            "link": archive([member("l", **link)]),
            "through a link": archive([member("l", **link), member("l/passwd", b"x")]),
            "hard link": archive([good, member("h", **hard)]),
            "fifo": archive([member("f", type=tarfile.FIFOTYPE)]),
            "device": archive([member("d", type=tarfile.CHRTYPE, devmajor=1, devminor=3)]),
            "twice": archive([good, good]),
            "file as folder": archive([good, member("a/b", b"x")]),
            "folder as file": archive([folder("a"), good]),
            "no name": archive([member("./", b"x"), member(".", b"x")]),
            "deep": archive([member("d/" * 40 + "x", b"x")]),
            "sparse": archive([sparse]),
            "no archive": os.urandom(4096),
            "text": b"hello",
            "nothing": b"",
            "cut short": whole[: len(whole) // 2],
            "damaged": whole[:512] + bytes(512) + b"\xff" * 512 + whole[1536:],
        }
        before = sorted(os.listdir(self.folder))
        for name, data in refused.items():
            with self.subTest(name=name):
                answer = self.put(segment, data, TAR)
                self.assertIn(answer.status, (200, 400), answer.bytes)
                if answer.status == 200:
                    # Taken for what it holds before its end: a file named once and none outside.
                    self.assertEqual(name, "damaged")
                else:
                    self.assertEqual(answer.json["error"]["name"], "ERR_CHECKPOINT")
        self.assertEqual(sorted(os.listdir(self.folder)), before)
        self.assertFalse(os.path.exists(outside))
        self.upload(segment, b"good")
        self.assertEqual(self.aside(), [])

    # ---- whose it is

    def test_only_the_newest_attempt_brings_one(self):
        old = self.train("w", "one")
        self.train("w", "two")
        answer = self.put(old, b"late")
        self.assertEqual(answer.json["error"]["name"], "ERR_LATE")
        other = {"segment": "m3s0", "attempt": 1}
        self.assertEqual(self.put(other, b"early").json["error"]["name"], "ERR_STATE")
        self.assertEqual(self.aside(), [])

    def test_what_has_been_reported_stays_as_it_is(self):
        segment = self.train()
        self.upload(segment, b"recorded")
        self.assertEqual(self.put(segment, b"something else").status, 200)
        self.assertEqual(self.get(segment["segment"]).bytes, b"recorded")
        self.assertEqual(self.aside(), [])
        self.assertEqual(self.tell("verify"), "0")

    def test_progress_travels(self):
        segment = self.train()
        self.put(segment, b"half way")
        body = {"attempt": 1, "step": 5, "checkpoint": "uploaded"}
        self.ok("POST", self.path(segment, "release"), body)
        again = self.train("other")
        self.assertEqual(again["resume_step"], 5)
        self.assertEqual(self.get(again["segment"]).bytes, b"half way")

    def test_an_open_segment_gives_what_it_starts_from(self):
        first = self.train()
        self.refused("ERR_NOT_FOUND", "GET", f"/v1/studies/tiny/checkpoints/{first['segment']}")
        self.upload(first, b"weights")
        self.assertEqual(self.get("m0s1").bytes, b"weights")

    def test_what_is_kept_no_more(self):
        self.finish()
        answers = [self.call("GET", f"/v1/studies/tiny/checkpoints/m{m}s0") for m in range(4)]
        self.assertIn(404, [answer.status for answer in answers])

    def test_a_checkpoint_that_was_changed_behind_our_back(self):
        segment = self.train()
        self.upload(segment, b"weights")
        (self.folder / "tiny.checkpoints" / segment["segment"]).write_bytes(b"torn")
        name = f"/v1/studies/tiny/checkpoints/{segment['segment']}"
        self.refused("ERR_CHECKPOINT", "GET", name)

    # ---- lengths and breaks

    def test_a_checkpoint_beyond_the_bound(self):
        segment = self.train()
        connection = self.connect()
        path = f"/v1/studies/tiny/checkpoints/{segment['segment']}?attempt=1"
        headers = {"Authorization": f"Bearer {self.token}", "Content-Length": "100000001"}
        connection.request("PUT", path, headers=headers)
        self.assertEqual(connection.getresponse().status, 413)
        connection.close()
        answer = self.put(segment, iter([bytes(2**20)] * 96))
        self.assertEqual(answer.json["error"]["name"], "ERR_LIMIT")
        self.assertEqual(self.aside(), [])

    def test_an_upload_that_breaks_off_leaves_nothing(self):
        segment = self.train()
        connection = self.connect()
        path = f"/v1/studies/tiny/checkpoints/{segment['segment']}?attempt=1"
        connection.putrequest("PUT", path)
        connection.putheader("Authorization", f"Bearer {self.token}")
        connection.putheader("Content-Length", "1000000")
        connection.endheaders()
        connection.send(bytes(300000))
        while self.aside() == []:
            self.ok("GET", "/v1/version")
        connection.close()
        while self.aside() != []:
            self.ok("GET", "/v1/version")
        body = self.result(segment, checkpoint="uploaded")
        self.refused("ERR_CHECKPOINT", "POST", self.path(segment, "report"), body)

    def test_what_a_killed_server_left_is_swept(self):
        segment = self.train()
        connection = self.connect()
        path = f"/v1/studies/tiny/checkpoints/{segment['segment']}?attempt=1"
        connection.putrequest("PUT", path)
        connection.putheader("Authorization", f"Bearer {self.token}")
        connection.putheader("Content-Length", "1000000")
        connection.endheaders()
        connection.send(bytes(300000))
        while self.aside() == []:
            self.ok("GET", "/v1/version")
        self.kill()
        connection.close()
        self.open()
        self.upload(self.train(), b"weights")
        self.close()
        self.open()
        self.assertEqual(self.aside(), [])


class Start(Case):
    spec = {"more": "start: [{checkpoint: pretrained.pt}]"}

    def setUp(self):
        self.addCleanup(lambda: None)
        super().setUp()

    def open(self):
        (self.folder / "pretrained.pt").write_bytes(b"pretrained")
        super().open()

    def test_a_start_checkpoint_travels(self):
        segment = self.train()
        self.assertEqual(pathlib.Path(segment["load"]).name, "pretrained.pt")
        answer = self.call("GET", f"/v1/studies/tiny/checkpoints/{segment['segment']}")
        self.assertEqual(answer.bytes, b"pretrained")
        self.refused("ERR_NOT_FOUND", "GET", "/v1/studies/tiny/checkpoints/m1s0")


if __name__ == "__main__":
    tap.main()
