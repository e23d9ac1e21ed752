"""What the tests of the C worker share: a server that plays a script, and a worker that obeys.

The server speaks HTTP/1.1 as docs/api.yaml says, keeps what it was told, and answers each path from
a queue: a value is a 200 with that JSON; (status, value) another status; bytes are a checkpoint;
"drop" takes the request and closes the connection without an answer.
"""

import collections
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

DRIVE = os.environ["DRIVE"]
TOKEN = "a-token-of-the-tests"

Call = collections.namedtuple("Call", "verb path body headers time")


def refusal(name, message="no"):
    return {"error": {"name": name, "message": message, "detail": "d", "hint": "h"}}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    def log_message(self, *_):
        pass

    def serve(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        path = self.path.removeprefix("/v1/studies/tiny")
        call = Call(self.command, path, body, dict(self.headers), time.monotonic())
        answer = self.server.play.answer(call)
        if answer == "drop":
            self.close_connection = True
            return
        status, value = answer if isinstance(answer, tuple) else (200, answer)
        kind = "application/json"
        if isinstance(value, bytes):
            kind = "application/x-tar" if value[257:262] == b"ustar" else "application/octet-stream"
        else:
            value = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(value)))
        self.end_headers()
        self.wfile.write(value)

    do_GET = do_POST = do_PUT = serve


class Play:
    """The script and the record."""

    def __init__(self):
        self.calls = []
        self.queues = collections.defaultdict(collections.deque)
        self.always = {}
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.play = self
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def on(self, end, *answers):
        """Answer calls whose path ends so, in this order."""
        self.queues[end].extend(answers)

    def answer(self, call):
        with self.lock:
            self.calls.append(call)
            end = call.path.rsplit("/", 1)[-1].partition("?")[0]
            if self.queues[end]:
                return self.queues[end].popleft()
            if end in self.always:
                return self.always[end]
        return (404, refusal("ERR_NOT_FOUND", f"no answer for {call.path}"))

    def told(self, end):
        """The bodies that came to paths that end so."""
        with self.lock:
            return [json.loads(c.body) for c in self.calls if c.path.endswith("/" + end)]


class Case(unittest.TestCase):
    """Each case has a server, a folder that both share, and a worker."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pbt-worker-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.play = Play()
        self.addCleanup(self.play.close)
        self.play.always["heartbeat"] = {"action": "continue"}
        self.play.always["release"] = {"recorded": True}
        self.process = None

    def start(self, *words, url=None, token=TOKEN, **more):
        environment = dict(os.environ, PBT_SERVER=url or self.play.url, PBT_STUDY="tiny",
                           PBT_TOKEN=token, PBT_WORKER="one", TMPDIR=str(self.folder), **more)
        self.process = subprocess.Popen([DRIVE, *map(str, words)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=environment)
        self.addCleanup(self.finish)
        return self.line()

    def line(self):
        return self.process.stdout.readline().rstrip("\n")

    def do(self, line):
        if self.process is None:
            self.assertEqual(self.start(), "ok")
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.line()

    def finish(self):
        """Let the worker close; it must end well."""
        if self.process is not None and self.process.stdin is not None:
            process, self.process = self.process, None
            process.stdin.close()
            status = process.wait(20)
            process.stdout.close()
            self.assertEqual(status, 0)

    def segment(self, name="m0s0", **more):
        """A segment as a server hands it out."""
        number = int(name.partition("s")[2])
        attempt = more.get("attempt", 1)
        fields = {
            "segment": name, "attempt": attempt, "member": int(name[1:].partition("s")[0]),
            "number": number, "parent": None, "donor": None, "start_step": number * 10,
            "end_step": number * 10 + 10, "stop_step": 40,
            "start_age": number * 10, "end_age": number * 10 + 10,
            "resume_step": number * 10, "seed": 4294967295, "fresh": number == 0,
            "hyperparameters": {"rate": 0.1, "width": 64, "big": 9007199254740993, "name": "adam",
                                "nesterov": True},
            "changes": {"rate": {"operation": "x0.8", "from": 0.125, "to": 0.1}},
            "load": None if number == 0 else str(self.folder / f"m0s{number - 1}"),
            "save_to": str(self.folder / f"{name}.{attempt}"), "reload": "needed",
            "lease_seconds": 300.0,
        }
        return {"action": "train", "segment": {**fields, **more}}

    def reply(self, action):
        return {"recorded": True, "decision": None, "action": action}
