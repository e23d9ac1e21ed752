"""Every error that the page documents: its status and its name.

Nothing has changed by it, and the connection goes on.
"""

import os
import pathlib

import tap
from case import API, Case

CLAIM = "/v1/studies/tiny/claim"
NOT_CLAIMS = (
    b"",
    b"nonsense",
    b"[]",
    b'"text"',
    b"{",
    b'{"worker": "w"}',
    b'{"session": "s"}',
    b'{"worker": "", "session": "s"}',
    b'{"worker": 3, "session": "s"}',
    b'{"worker": null, "session": "s"}',
    b'{"worker": "w\\n", "session": "s"}',
    b'{"worker": "w\\u0000", "session": "s"}',
    b'{"worker": "w\xff", "session": "s"}',
    b'{"worker": "w", "worker": "x", "session": "s"}',
    b'{"worker": "' + b"w" * 65 + b'", "session": "s"}',
    b'{"worker": "w", "session": "' + b"s" * 33 + b'"}',
    b'{"worker": "w", "session": "s", "wait_seconds": 31}',
    b'{"worker": "w", "session": "s", "wait_seconds": -1}',
    b'{"worker": "w", "session": "s", "wait_seconds": 0.5}',
    b'{"worker": "w", "session": "s"} trailing',
    b"[" * 100000,
    b'{"a":' * 5000 + b"1" + b"}" * 5000,
)
NOT_REPORTS = (
    {"attempt": None},
    {"attempt": 0},
    {"attempt": "1"},
    {"attempt": 2**31},
    {"attempt": 1.0},
    {"step": -1},
    {"step": None},
    {"step": True},
    {"step": 10.5},
    {"metrics": [0.5]},
    {"metrics": {"score": None}},
    {"metrics": {"score": "0.5"}},
    {"metrics": {"score": "NaN!"}},
    {"metrics": {"score": [0.5]}},
    {"metrics": {"score": True}},
    {"metrics": {"": 1, "score": 1}},
    {"metrics": {"m" * 65: 1, "score": 1}},
    {"metrics": {f"m{i}": i for i in range(129)}},
    {"samples": {"score": []}},
    {"samples": {"score": 1}},
    {"samples": {"score": [1, None]}},
    {"samples": {"score": [0] * 65537}},
    {"samples": []},
    {"checkpoint": "/etc/passwd"},
    {"checkpoint": True},
)


class Refusal(Case):
    def events(self):
        return len(self.ok("GET", "/v1/studies/tiny/events"))

    # ---- tokens

    def test_nothing_without_the_token(self):
        wrong = ("", "x", self.token[:-1], self.token + "x", self.token.swapcase(), "x" * 4000)
        for method, path in (("GET", "/v1/version"), ("POST", CLAIM), ("GET", "/none")):
            for token in wrong:
                with self.subTest(path=path, token=token[:20]):
                    self.refused("ERR_TOKEN", method, path, token=token)

    def test_a_workers_token_changes_nothing(self):
        for path, operations in API["paths"].items():
            path = path.replace("{study}", "tiny").replace("{segment}", "m0s0")
            for method in [word.upper() for word in operations if word != "parameters"]:
                tags = operations[method.lower()]["tags"]
                with self.subTest(method=method, path=path):
                    answer = self.call(method, path + "?attempt=1", token=self.worker_token)
                    self.assertEqual(answer.status == 403, tags == ["control"], answer.bytes)
        error = self.refused("ERR_ROLE", "POST", "/v1/studies/tiny/stop", token=self.worker_token)
        self.assertIn("a worker's token", error["message"])
        self.assertIn("STORE.owner", error["hint"])
        self.assertEqual(self.events(), 1)

    def test_a_workers_token_trains(self):
        self.token = self.worker_token
        self.finish()
        self.assertEqual(self.ok("GET", "/v1/studies/tiny")["state"], "finished")

    def test_nothing_by_another_scheme(self):
        connection = self.connect()
        schemes = [f"{scheme} {self.token}" for scheme in ("Basic", "Digest", "Bearer ", "")]
        for value in (*schemes, "Bearer", ""):
            connection.request("GET", "/v1/version", headers={"Authorization": value})
            response = connection.getresponse()
            response.read()
            self.assertEqual(response.status, 401, value)
            self.assertEqual(response.headers["WWW-Authenticate"], "Bearer")
        connection.request("GET", "/v1/version")
        self.assertEqual(connection.getresponse().status, 401)
        connection.close()

    def test_each_server_has_its_own_token(self):
        before = self.token
        self.assertEqual(len(before), 43)
        self.close()
        self.open()
        self.assertNotEqual(self.token, before)

    # ---- paths and methods

    def test_what_is_not_there(self):
        paths = (
            "/",
            "/v1",
            "/v1/",
            "/v1//studies",
            "/v2/studies",
            "/v1/studies/",
            "/v1/studies/tin",
            "/v1/studies/other",
            "/v1/studies/" + "t" * 65,
            "/v1/studies/tiny/",
            "/v1/studies/tiny/none",
            "/v1/studies/tiny/../tiny",
            "/v1/studies/..%2f..%2fetc",
            "/v1/studies/tiny/checkpoints/",
            "/v1/studies/tiny/checkpoints/m0s0/more",
            "/v1/studies/tiny/checkpoints/..%2f..%2fspec.yaml",
        )
        for path in paths:
            with self.subTest(path=path):
                self.refused("ERR_NOT_FOUND", "GET", path)

    def test_what_is_no_segment(self):
        ids = ("m0", "s0", "m0s0x", "m00s0", "m0s-1", "m0s2147483648", "m9s9", "m4s0", "m0s1", "x")
        body = {"attempt": 1, "step": 10, "message": "m"}
        report = {"attempt": 1, "step": 10, "metrics": {"score": 1}, "checkpoint": "saved"}
        for name in ids:
            for verb in ("report", "heartbeat", "release", "fail"):
                with self.subTest(name=name, verb=verb):
                    path = f"/v1/studies/tiny/segments/{name}/{verb}"
                    said = report if verb == "report" else body
                    self.refused("ERR_NOT_FOUND", "POST", path, said)
            path = f"/v1/studies/tiny/checkpoints/{name}"
            self.refused("ERR_NOT_FOUND", "GET", path)
            self.refused("ERR_NOT_FOUND", "PUT", path + "?attempt=1", b"x")

    def test_other_methods(self):
        for method, path, allowed in (
            ("POST", "/v1/version", "GET"),
            ("GET", CLAIM, "POST"),
            ("DELETE", "/v1/studies/tiny", "GET"),
            ("POST", "/v1/studies/tiny/checkpoints/m0s0", "PUT, GET"),
            ("BREW", "/v1/studies", "GET"),
        ):
            error = self.refused("ERR_METHOD", method, path)
            self.assertEqual(error["detail"], f"allowed: {allowed}")

    def test_what_is_no_query(self):
        path = "/v1/studies/tiny/"
        for query in ("after=x", "after=-1", "after=", "limit=0", "limit=10001", "after=9" * 30):
            with self.subTest(query=query):
                self.refused("ERR_ARGUMENT", "GET", path + "events?" + query)
        for query in ("", "?attempt=0", "?attempt=x", "?attempt=2147483648"):
            with self.subTest(query=query):
                self.refused("ERR_ARGUMENT", "PUT", path + "checkpoints/m0s0" + query, b"x")

    # ---- bodies

    def test_what_is_no_claim(self):
        for body in NOT_CLAIMS:
            with self.subTest(body=body[:60]):
                self.refused("ERR_ARGUMENT", "POST", CLAIM, body)
        self.assertEqual(self.ok("GET", "/v1/studies/tiny")["workers"], 0)

    def test_what_is_no_report(self):
        segment = self.train()
        self.save(segment)
        before = self.events()
        for change in NOT_REPORTS:
            with self.subTest(change=str(change)[:60]):
                body = self.result(segment) | change
                self.refused("ERR_ARGUMENT", "POST", self.path(segment, "report"), body)
        self.assertEqual(self.events(), before)
        self.report(segment)

    def test_python_s_words_for_what_is_not_finite_get_a_hint(self):
        segment = self.train()
        for word in ("NaN", "Infinity", "-Infinity"):
            text = '{"attempt": 1, "step": 10, "metrics": {"score": %s}}' % word
            error = self.refused("ERR_ARGUMENT", "POST", self.path(segment, "report"), text)
            self.assertIn('"nan"', error["hint"])

    def test_numbers_beyond_a_double(self):
        segment = self.train()
        for word in ("1e999", "9" * 400, "-1e999"):
            text = '{"attempt": 1, "step": 10, "metrics": {"score": %s}}' % word
            self.refused("ERR_ARGUMENT", "POST", self.path(segment, "report"), text)

    def test_what_is_no_failure_or_release(self):
        segment = self.train()
        for body in ({"attempt": 1}, {"attempt": 1, "message": 3}, {"message": "m"},
                     {"attempt": 1, "message": "m", "retry": "no"},
                     {"attempt": 1, "message": "m" * 65537}):
            self.refused("ERR_ARGUMENT", "POST", self.path(segment, "fail"), body)
        for body in ({"attempt": 1}, {"step": 1}, {"attempt": 1, "step": 1, "checkpoint": "x"}):
            self.refused("ERR_ARGUMENT", "POST", self.path(segment, "release"), body)
        for body in ({}, {"attempt": 1, "step": "x"}, {"attempt": 1, "metrics": {"loss": None}}):
            self.refused("ERR_ARGUMENT", "POST", self.path(segment, "heartbeat"), body)
        self.assertEqual(self.train(), segment)

    # ---- what does not fit

    def test_reports_that_do_not_fit_their_segment(self):
        segment = self.train()
        self.save(segment)
        before = self.events()
        steps = [{"step": step} for step in (0, 9, 20)]
        for change in (*steps, {"metrics": {"loss": 1}}, {"metrics": {}}):
            with self.subTest(change=change):
                body = self.result(segment) | change
                self.refused("ERR_REPORT", "POST", self.path(segment, "report"), body)
        self.assertEqual(self.events(), before)

    def test_progress_that_does_not_fit(self):
        segment = self.train()
        self.save(segment)
        for step in (0, 10, 11):
            body = {"attempt": 1, "step": step, "checkpoint": "saved"}
            self.refused("ERR_REPORT", "POST", self.path(segment, "release"), body)

    def test_a_report_without_its_checkpoint(self):
        segment = self.train()
        path = self.path(segment, "report")
        self.refused("ERR_CHECKPOINT", "POST", path, self.result(segment, checkpoint=None))
        self.refused("ERR_CHECKPOINT", "POST", path, self.result(segment))
        self.refused("ERR_CHECKPOINT", "POST", path, self.result(segment, checkpoint="uploaded"))
        self.report(segment)

    def test_a_link_as_checkpoint(self):
        segment = self.train()
        os.symlink("/etc/passwd", segment["save_to"])
        path = self.path(segment, "report")
        self.refused("ERR_CHECKPOINT", "POST", path, self.result(segment))
        os.unlink(segment["save_to"])
        os.mkdir(segment["save_to"])
        os.symlink("/etc", pathlib.Path(segment["save_to"], "inside"))
        self.refused("ERR_CHECKPOINT", "POST", path, self.result(segment))

    def test_what_is_late_is_called_late_whatever_else_is_wrong(self):
        old = self.train("w", "one")
        self.train("w", "two")
        self.refused("ERR_LATE", "POST", self.path(old, "report"), self.result(old))
        body = self.result(old, checkpoint=None)
        self.refused("ERR_LATE", "POST", self.path(old, "report"), body)
        self.refused("ERR_LATE", "POST", self.path(old, "release"), {"attempt": 1, "step": 0})

    # ---- lengths

    def test_a_body_that_says_it_is_too_long(self):
        connection = self.connect()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Length": str(2**21 + 1)}
        connection.request("POST", CLAIM, headers=headers)
        response = connection.getresponse()
        self.assertEqual(response.status, 413)
        connection.close()

    def test_a_body_that_becomes_too_long(self):
        self.refused("ERR_LIMIT", "POST", CLAIM, iter([b" " * 65536] * 33))

    def test_a_body_as_long_as_allowed(self):
        body = b'{"worker": "w", "session": "w"}'
        self.ok("POST", CLAIM, body + b" " * (2**21 - len(body)))

    # ---- connections

    def test_refusals_keep_the_connection(self):
        connection = self.connect()
        connection.connect()
        socket = connection.sock
        for _ in range(3):
            self.refused("ERR_TOKEN", "GET", "/v1/version", token="x", connection=connection)
            self.refused("ERR_NOT_FOUND", "POST", "/none", b"x" * 5000, connection=connection)
            self.refused("ERR_ARGUMENT", "POST", CLAIM, b"x" * 100000, connection=connection)
            long = iter([b" " * 2**20] * 3)
            self.refused("ERR_LIMIT", "POST", CLAIM, long, connection=connection)
            self.ok("GET", "/v1/version", connection=connection)
        self.assertIs(connection.sock, socket)
        connection.close()

    def test_nothing_changed_by_all_that(self):
        self.refused("ERR_ARGUMENT", "POST", CLAIM, b"x")
        self.finish()
        self.assertEqual(self.tell("verify"), "0")


if __name__ == "__main__":
    tap.main()
