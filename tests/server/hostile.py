"""A hostile trainer: garbage, slowness, floods, full disks.

Clear answers or a closed connection, bounded memory, and the others unharmed.
"""

import http.client
import json
import os
import random
import resource
import select
import socket
import subprocess
import time
import unittest

import tap
from case import IS_PLAIN, Case

CLAIM = "/v1/studies/tiny/claim"
MANY = 10000 if IS_PLAIN else 2000
AT_ONCE = 1500
PROMPT_SECONDS = 10  # much less than a request is given


class Hostile(Case):
    def dial(self):
        """A plain connection."""
        plain = socket.create_connection((self.host, self.port), timeout=30)
        self.addCleanup(plain.close)
        return plain

    def head(self, line, *more):
        """A request's line and headers, with the token."""
        headers = ("Host: x", f"Authorization: Bearer {self.token}", *more)
        return "\r\n".join((f"{line} HTTP/1.1", *headers, "", "")).encode()

    def read_to_end(self, plain):
        """All that comes until the other side closes; it must."""
        data = b""
        try:
            while piece := plain.recv(65536):
                data += piece
        except ConnectionResetError:
            pass
        return data

    def seconds_to_end(self, plain, send=None, pause=0.05):
        """How long the other side keeps a connection open, while bytes of `send` drip into it."""
        begun = time.monotonic()
        drip = iter(send or ())
        while time.monotonic() - begun < 20:
            ready, _, _ = select.select([plain], [], [], pause)
            try:
                if ready and not plain.recv(65536):
                    return time.monotonic() - begun
                byte = next(drip, None)
                if byte is not None:
                    plain.send(bytes([byte]))
            except (ConnectionResetError, BrokenPipeError):
                return time.monotonic() - begun
        self.fail("the connection is still open")

    def answers(self):
        """The server is well: a whole segment, start to end."""
        segment = self.train("honest")
        self.report(segment)
        return segment


class Garbage(Hostile):
    options = ("request_seconds=20",)

    def assert_all_end(self, plains):
        for plain in plains:
            self.read_to_end(plain)
            plain.close()

    def test_bytes_that_are_nothing(self):
        generator = random.Random(1)
        plains = []
        begun = time.monotonic()
        for i in range(300):
            plain = self.dial()
            plain.sendall(generator.randbytes(generator.randrange(1, 2000)))
            if i % 2:
                plain.shutdown(socket.SHUT_WR)
                plains.append(plain)
            else:
                plain.close()
        self.assert_all_end(plains)
        self.assertLess(time.monotonic() - begun, PROMPT_SECONDS)
        self.answers()

    def test_requests_that_are_almost_ones(self):
        good = self.head(f"POST {CLAIM}", "Content-Length: 30")
        good += b'{"worker": "w", "session": "s"'
        generator = random.Random(2)
        plains = []
        for _ in range(300):
            broken = bytearray(good)
            for _ in range(generator.randrange(1, 4)):
                broken[generator.randrange(len(broken))] = generator.randrange(256)
            plain = self.dial()
            plain.sendall(bytes(broken))
            plain.shutdown(socket.SHUT_WR)
            plains.append(plain)
        self.assert_all_end(plains)
        self.answers()

    def test_requests_that_break_off(self):
        whole = self.head(f"POST {CLAIM}", "Content-Length: 31")
        whole += b'{"worker": "w", "session": "s"}'
        for length in range(0, len(whole) - 1, 3):
            plain = self.dial()
            plain.sendall(whole[:length])
            plain.close()
        show = self.ok("GET", "/v1/studies/tiny")
        self.assertEqual(show["workers"], 0)
        self.answers()

    def test_odd_lengths(self):
        for length in ("-1", "x", "1e3", "9" * 23, " ", "0x10", "18446744073709551615"):
            plain = self.dial()
            plain.sendall(self.head(f"POST {CLAIM}", f"Content-Length: {length}") + b"{}")
            plain.shutdown(socket.SHUT_WR)
            status = self.read_to_end(plain)[9:12]
            self.assertIn(status, (b"400", b"413", b""), length)
        self.answers()

    def test_odd_chunks(self):
        wrong = (b"x\r\n", b"-1\r\n", b"f" * 16 + b"\r\nx", b"5\r\n{}\r\n0\r\n\r\n", b"\r\n\r\n")
        for body in wrong:
            plain = self.dial()
            plain.sendall(self.head(f"POST {CLAIM}", "Transfer-Encoding: chunked") + body)
            plain.shutdown(socket.SHUT_WR)
            self.assertNotIn(b" 200 ", self.read_to_end(plain))
        self.answers()

    def test_large_headers(self):
        for headers in (["X: " + "x" * 10000], [f"X{i}: {'x' * 50}" for i in range(400)]):
            plain = self.dial()
            plain.sendall(self.head("GET /v1/version", *headers))
            self.assertIn(b"431", self.read_to_end(plain)[:20])
        plain = self.dial()
        plain.sendall(self.head("GET /" + "x" * 20000))
        self.assertIn(self.read_to_end(plain)[9:12], (b"414", b"431"))
        plain = self.dial()
        plain.sendall(b"G" * 100000)
        self.read_to_end(plain)
        self.answers()

    def test_several_requests_in_one_breath(self):
        plain = self.dial()
        one = self.head("GET /v1/version")
        last = self.head("GET /v1/version", "Connection: close")
        plain.sendall(one * 20 + last)
        self.assertEqual(self.read_to_end(plain).count(b"HTTP/1.1 200 OK"), 21)

    def test_expect_continue(self):
        plain = self.dial()
        plain.sendall(self.head(f"POST {CLAIM}", "Content-Length: 2", "Expect: 100-continue",
                                "Connection: close"))
        self.assertEqual(plain.recv(1000), b"HTTP/1.1 100 Continue\r\n\r\n")
        plain.sendall(b"{}")
        self.assertIn(b"HTTP/1.1 400", self.read_to_end(plain))


class Slow(Hostile):
    options = ("request_seconds=0.5", "idle_seconds=1", "rate_minimum=100000000")
    spec = {"population": 40, "steps": 400}

    def assert_soon(self, seconds):
        self.assertTrue(0.4 < seconds < 4, seconds)

    def test_a_request_line_that_drips(self):
        self.assert_soon(self.seconds_to_end(self.dial(), b"GET /" + b"x" * 1000))

    def test_headers_that_drip(self):
        plain = self.dial()
        plain.sendall(b"GET /v1/version HTTP/1.1\r\n")
        self.assert_soon(self.seconds_to_end(plain, b"X: y\r\n" * 500))

    def test_a_body_that_drips(self):
        plain = self.dial()
        plain.sendall(self.head(f"POST {CLAIM}", "Content-Length: 1000"))
        self.assert_soon(self.seconds_to_end(plain, b" " * 999))

    def test_an_upload_that_drips(self):
        segment = self.train()
        plain = self.dial()
        path = f"/v1/studies/tiny/checkpoints/{segment['segment']}?attempt=1"
        plain.sendall(self.head(f"PUT {path}", "Content-Length: 100000"))
        self.assert_soon(self.seconds_to_end(plain, b"x" * 999))

    def test_one_that_hung_up_while_it_was_answered(self):
        """It gives its place free at once, not when its rest is over."""
        self.close()
        self.options = ("idle_seconds=30",)
        self.open()
        plain = self.dial()
        plain.sendall(self.head("GET /v1/version"))
        plain.shutdown(socket.SHUT_WR)
        self.assertIn(b" 200 ", plain.recv(1000))
        self.assertLess(self.seconds_to_end(plain), 4)

    def test_a_connection_at_rest(self):
        plain = self.dial()
        plain.sendall(self.head("GET /v1/version"))
        self.assertIn(b" 200 ", plain.recv(1000))
        self.assertTrue(0.9 < self.seconds_to_end(plain) < 5)

    def test_a_connection_that_says_nothing(self):
        self.assert_soon(self.seconds_to_end(self.dial()))

    def test_drips_between_requests(self):
        plain = self.dial()
        plain.sendall(self.head("GET /v1/version"))
        self.assertIn(b" 200 ", plain.recv(1000))
        self.assertTrue(0.4 < self.seconds_to_end(plain, b"GET /" + b"x" * 1000) < 5)

    def test_an_answer_that_nobody_reads(self):
        for _ in range(40):
            self.report(self.train(), samples={"loss": [1.5] * 50000})
        request = self.head("GET /v1/studies/tiny/segments", "Connection: close")
        whole = self.dial()
        whole.sendall(request)
        length = len(self.read_to_end(whole))
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.connect((self.host, self.port))
        self.addCleanup(plain.close)
        plain.sendall(request)
        self.assertTrue(select.select([plain], [], [], 60)[0])
        time.sleep(1.5)  # longer than its length allows
        self.assertLess(len(self.read_to_end(plain)), length)

    def test_a_slow_worker_is_served_all_the_same(self):
        segment = self.train()
        time.sleep(1.5)
        self.connection = None  # closed meanwhile: a client connects again
        self.report(segment)


class Flood(Hostile):
    def memory(self):
        return int(self.tell("memory"))

    def test_many_connections_one_after_another(self):
        self.answers()
        before = self.memory()
        request = self.head("GET /v1/version", "Connection: close")
        for _ in range(MANY):
            plain = socket.create_connection((self.host, self.port))
            plain.sendall(request)
            self.assertEqual(plain.recv(12), b"HTTP/1.1 200")
            plain.close()
        if IS_PLAIN:
            self.assertLess(self.memory() - before, 4 * 1024)
        self.answers()

    def test_many_connections_at_once_keep_nobody_out(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        segment = self.train("honest")
        worker = self.connection.sock
        before = self.memory()
        plains = []
        for i in range(AT_ONCE):
            plain = self.dial()
            if i % 3:
                plain.sendall(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n")
            plains.append(plain)
        # One who holds the token is served: on its old connection and on a new one.
        self.report(segment)
        self.assertIs(self.connection.sock, worker)
        other = self.connect()
        self.ok("GET", "/v1/studies/tiny", connection=other)
        other.close()
        if IS_PLAIN:
            self.assertLess(self.memory() - before, 32 * 1024)
        # The oldest strangers had to go.
        self.assertEqual(plains[0].recv(1), b"")
        for plain in plains:
            plain.close()
        self.answers()

    def test_many_large_bodies_at_once(self):
        before = self.memory()
        body = b" " * 2**21
        plains = []
        for _ in range(64):
            plain = self.dial()
            plain.setblocking(False)
            head = self.head(f"POST {CLAIM}", f"Content-Length: {len(body)}", "Connection: close")
            plains.append([plain, head + body])
        # All but the last byte of each, so that none is over before the others have come.
        pending = list(plains)
        peak = 0
        while pending:
            _, writable, _ = select.select([], [p for p, _ in pending], [], 10)
            self.assertTrue(writable, "the server reads no more")
            for entry in list(pending):
                if entry[0] in writable:
                    sent = entry[0].send(entry[1][: min(65536, len(entry[1]) - 1)])
                    entry[1] = entry[1][sent:]
                    if len(entry[1]) == 1:
                        pending.remove(entry)
        peak = self.memory() - before
        statuses = set()
        for plain, rest in plains:
            plain.setblocking(True)
            plain.sendall(rest)
            statuses.add(self.read_to_end(plain)[9:12])
        self.assertEqual(statuses, {b"400", b"503"})
        if IS_PLAIN:
            self.assertLess(peak, 160 * 1024)
            self.assertLess(self.memory() - before, 16 * 1024)
        self.answers()

    def test_bodies_that_are_large_as_json(self):
        memory = [self.memory()]
        count = 1000000 if IS_PLAIN else 50000
        body = b'{"worker": "w", "session": "s", "x": [' + b"0," * count + b"0]}"
        for _ in range(4):
            connections = [self.connect() for _ in range(8)]
            for connection in connections:
                headers = {"Authorization": f"Bearer {self.token}"}
                connection.request("POST", CLAIM, body, headers)
            for connection in connections:
                response = connection.getresponse()
                response.read()
                self.assertEqual(response.status, 200)
                connection.close()
            memory.append(self.memory())
        if IS_PLAIN:
            self.assertLess(max(memory) - memory[0], 64 * 1024, memory)
            self.assertLess(memory[-1] - memory[1], 16 * 1024, memory)

    def test_long_answers_leave_room_for_workers(self):
        for _ in range(12):
            self.report(self.train(), samples={"loss": [1.5] * 50000})
        segment = self.train()
        connections = [self.connect() for _ in range(100)]
        for connection in connections:
            headers = {"Authorization": f"Bearer {self.token}"}
            connection.request("GET", "/v1/studies/tiny/segments", headers=headers)
        begun = time.monotonic()
        self.report(segment)
        self.assertLess(time.monotonic() - begun, 5 if IS_PLAIN else 30)
        statuses = []
        for connection in connections:
            response = connection.getresponse()
            response.read()
            statuses.append(response.status)
            connection.close()
        self.assertEqual(set(statuses), {200, 503})

    def test_claims_that_wait_leave_room_for_others(self):
        self.close()
        self.options = ("connection_maximum=16",)
        self.open()
        segments = [self.train(f"w{i}") for i in range(4)]
        waiting = []
        for i in range(40):
            connection = self.connect()
            body = json.dumps({"worker": f"x{i}", "session": f"x{i}", "wait_seconds": 30})
            headers = {"Authorization": f"Bearer {self.token}"}
            connection.request("POST", CLAIM, body, headers)
            waiting.append(connection)
            other = self.connect()
            self.ok("GET", "/v1/studies/tiny", connection=other)
            other.close()
        # Those that had waited longest were told to come again.
        for connection in waiting[:24]:
            try:
                answer = json.loads(connection.getresponse().read())
            except (http.client.HTTPException, ConnectionError):
                continue  # it was answered, and then had to go as one at rest
            self.assertEqual(answer["action"], "wait")
        self.connection = None  # at rest, it had to go as well
        self.report(segments[0])
        for connection in waiting:
            connection.close()

    def test_a_claim_takes_the_place_of_the_same_workers(self):
        for i in range(4):
            self.train(f"w{i}")
        body = json.dumps({"worker": "x", "session": "x", "wait_seconds": 30})
        headers = {"Authorization": f"Bearer {self.token}"}
        connections = [self.connect() for _ in range(2)]
        for connection in connections:
            connection.request("POST", CLAIM, body, headers)
        sockets = [connection.sock for connection in connections]
        answered, _, _ = select.select(sockets, [], [], 25)
        self.assertEqual(len(answered), 1)
        first = connections[sockets.index(answered[0])]
        self.assertEqual(json.loads(first.getresponse().read())["action"], "wait")
        for connection in connections:
            connection.close()

    def test_few_connections_are_enough(self):
        self.close()
        self.options = ("connection_maximum=3",)
        self.open()
        segment = self.train()
        strangers = [self.dial() for _ in range(20)]
        self.report(segment)
        self.assertEqual(len(strangers), 20)


class FullDisk(Hostile):
    """The server may write no file beyond a megabyte."""

    def open(self):
        popen = subprocess.Popen

        def limited(*words, **options):
            limit = (2**20, 2**20)
            return popen(*words, **options, restore_signals=False,
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))

        subprocess.Popen = limited
        try:
            super().open()
        finally:
            subprocess.Popen = popen

    def test_a_checkpoint_that_finds_no_room(self):
        segment = self.train()
        for data in (iter([bytes(2**16)] * 64), bytes(2**22)):
            answer = self.put(segment, data)
            self.assertEqual(answer.json["error"]["name"], "ERR_IO")
            self.assertTrue(answer.json["error"]["hint"])
        aside = self.folder / "tiny.checkpoints" / ".aside"
        left = [name for name in os.listdir(aside) if not name.startswith("mark.")]
        self.assertEqual(left, [])
        self.put(segment, b"a smaller one")
        self.ok("POST", self.path(segment, "report"), self.result(segment, checkpoint="uploaded"))
        self.assertEqual(self.tell("verify"), "0")


# Only their children are programs.
del Hostile

if __name__ == "__main__":
    unittest.TestCase.longMessage = True
    tap.main()
