"""Connections that break, answers that are lost, servers that are gone or refuse."""

import io
import logging
import threading
import time
import unittest

import fake
import pbt
import tap
from case import Case, write
from pbt._wire import Wire


class Retry(Case):
    def setUp(self):
        super().setUp()
        logging.getLogger("pbt").setLevel(logging.ERROR)
        self.addCleanup(logging.getLogger("pbt").setLevel, logging.NOTSET)

    def train(self, worker):
        """Train to the end; return how many reports counted."""
        return sum(worker.report(score=1, save=write("x")) for _ in worker)

    def test_every_verb_survives_a_broken_connection(self):
        for when in ("before", "after"):
            for verb in ("claim", "report"):
                with self.subTest(when=when, verb=verb):
                    self.study(population=2)
                    self.server.breaks[when, verb] = 2
                    self.assertEqual(self.train(self.worker()), 6)
                    self.assertEqual(len(self.state.reported), 6)

    def test_release_and_fail_survive_too(self):
        for when in ("before", "after"):
            for verb in ("release", "fail"):
                with self.subTest(when=when, verb=verb):
                    self.study(population=1)
                    self.server.breaks[when, verb] = 2
                    worker = self.worker()
                    next(worker)
                    worker.release() if verb == "release" else worker.fail("x")
                    self.assertEqual(next(worker).attempt, 2)

    def test_a_server_that_is_busy_is_asked_again(self):
        self.study(population=1)
        self.server.statuses["claim"] = 503
        self.assertEqual(next(self.worker()).id, "m0s0")

    def test_patience_ends(self):
        self.study(population=1)
        worker = self.worker(patience_seconds=0.5)
        next(worker)
        self.server.close()
        self.server.breaks["before", "report"] = 1000
        start = time.monotonic()
        with self.assertRaisesRegex(pbt.UnreachableError, "cannot reach 'http://127"):
            worker.report(score=1, save=write("x"))
        self.assertLess(time.monotonic() - start, 5)

    def test_a_late_report_is_dropped(self):
        self.study(population=1)
        worker = self.worker()
        segment = next(worker)
        with self.state.changed:
            self.state.members[0]["segment"]["attempt"] = 7
            self.state.members[0]["holder"] = None
        self.assertFalse(worker.report(score=1, save=write("x")))
        again = next(worker)
        self.assertEqual((again.id, again.attempt), (segment.id, 8))

    def test_a_refused_token_is_said_at_once(self):
        self.study(population=1)
        worker = pbt.Worker(self.server.url, "toy", "wrong", patience_seconds=60)
        self.addCleanup(worker.close)
        with self.assertRaisesRegex(pbt.Error, "no valid token") as caught:
            next(worker)
        self.assertEqual((caught.exception.status, caught.exception.name), (401, "ERR_TOKEN"))

    def test_waiting_is_one_request_at_a_time(self):
        self.study(population=1)
        self.state.is_held_back = True
        worker = self.worker()

        def let_go():
            with self.state.changed:
                self.state.is_held_back = False

        threading.Timer(0.5, let_go).start()
        self.assertEqual(next(worker).id, "m0s0")
        self.assertEqual([body["wait_seconds"] for _, body in self.bodies("claim")], [20])

    def test_a_server_that_keeps_no_claim_is_asked_again_and_again(self):
        self.study(population=1)
        self.state.is_held_back = True
        claim = self.state.claim
        self.state.claim = lambda body: claim({**body, "wait_seconds": 0})
        worker = self.worker()

        def let_go():
            with self.state.changed:
                self.state.is_held_back = False

        threading.Timer(0.5, let_go).start()
        self.assertEqual(next(worker).id, "m0s0")
        self.assertTrue(3 <= len(self.bodies("claim")) <= 15, len(self.bodies("claim")))

    def test_bytes_that_end_too_early_are_fetched_again(self):
        self.study(population=1)
        answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
                   b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole"]  # fmt: skip
        with RawServer(answers) as url:
            file = io.BytesIO()
            Wire(url, "toy", "", 20).get_file("/checkpoints/m0s0", file)
        self.assertEqual(file.getvalue(), b"whole")

    def test_an_answer_that_is_no_json_is_no_answer(self):
        self.study(population=1)
        answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n[1,2",
                   b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"]  # fmt: skip
        with RawServer(answers) as url:
            self.assertEqual(Wire(url, "toy", "", 20).post("/claim", {}), {})

    def test_who_refuses_a_large_body_early_is_understood(self):
        refusal = b'HTTP/1.1 413 x\r\nConnection: close\r\nContent-Length: 31\r\n\r\n'
        refusal += b'{"error": {"name":"ERR_LIMIT"}}'
        big = self.folder / "big"
        big.write_bytes(bytes(64 << 20))
        with RawServer([refusal], is_hasty=True) as url, open(str(big), "rb") as file:
            with self.assertRaises(pbt.LimitError):
                Wire(url, "toy", "", 20).put_file("/checkpoints/m0s0?attempt=1", file, "x/y")


class RawServer:
    """Answers each connection with given bytes, whatever was asked, and hangs up."""

    def __init__(self, answers, is_hasty=False):
        self.listener = fake.socket.create_server(("127.0.0.1", 0))
        self.answers, self.is_hasty = answers, is_hasty
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def serve(self):
        for answer in self.answers:
            connection, _ = self.listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)
                if self.is_hasty:
                    connection.shutdown(fake.socket.SHUT_WR)
                    time.sleep(0.3)

    def __enter__(self):
        self.thread.start()
        return "http://127.0.0.1:%d" % self.listener.getsockname()[1]

    def __exit__(self, *_):
        self.listener.close()
        self.thread.join()


class Errors(unittest.TestCase):
    def test_the_table_of_errors_is_that_of_the_library(self):
        import builtins
        import pathlib
        import re

        from pbt import errors

        header = pathlib.Path(__file__).resolve().parents[2] / "include/pbt/pbt.h"
        rows = re.findall(
            r'X\((ERR_\w+), \d+, ".*?", \d+, \d+, "(\w+)"\)', header.read_text(encoding="utf-8")
        )
        self.assertGreater(len(rows), 10)
        self.assertEqual({name for name, _ in rows}, set(errors.CLASSES))
        for name, python in rows:
            with self.subTest(name=name):
                kind = getattr(pbt, python, None) or getattr(builtins, python)
                self.assertTrue(issubclass(errors.CLASSES[name], kind))
                self.assertIs(getattr(pbt, errors.CLASSES[name].__name__), errors.CLASSES[name])

    def test_an_error_says_all_it_knows(self):
        answer = {"error": {"name": "ERR_IO", "message": "no", "detail": "full", "hint": "tidy"}}
        error = pbt.errors.from_answer(500, answer)
        self.assertEqual(str(error), "no: full\nhint: tidy")
        self.assertIsInstance(error, OSError)
        for body in (None, [], {"error": None}, {"error": {"message": None}}):
            self.assertEqual(str(pbt.errors.from_answer(418, body)),
                             "the server answered with status 418")  # fmt: skip


if __name__ == "__main__":
    tap.main()
