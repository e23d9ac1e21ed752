"""Checkpoints of a worker that does not share the server's folder, against the real server.

A relay stands between the two and gives the server's folder another name in all that the worker is
told: one that does not exist, or one that does and is another.
"""

import http.client
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import unittest

import tap
from fake import DRIVE

SPEC = """\
version: 1
name: tiny
mode: generational
population: 2
ready: {every: 10}
stop: {steps: 30}
exploit: {rule: best}
hyperparameters: {rate: {type: float, min: 0, max: 1}}
trainer: {protocol: worker, command: [none]}
"""


class Relay(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    def log_message(self, *_):
        pass

    def pass_on(self):
        server = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        there = http.client.HTTPConnection(server.there, timeout=20)
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type")
                   if name in self.headers}
        there.request(self.command, self.path, body, headers)
        answer = there.getresponse()
        value, kind = answer.read(), answer.headers["Content-Type"]
        there.close()
        if kind == "application/json" and server.is_old:
            value = value.replace(b'"shared":', b'"unknown":')
        if kind == "application/json":
            value = value.replace(server.folder.encode(), server.name.encode())
        server.calls.append((self.command, self.path.rsplit("/", 1)[-1], body, kind))
        self.send_response(answer.status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(value)))
        self.end_headers()
        self.wfile.write(value)

    do_GET = do_POST = do_PUT = pass_on


class Travel(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pbt-travel-")).resolve()
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.home = self.folder / "home"
        self.here = self.folder / "here"
        self.home.mkdir()
        (self.home / "spec.yaml").write_text(SPEC)
        self.serve = self.program([os.environ["SERVE"], "spec.yaml"], cwd=self.home)
        self.said = json.loads(self.serve.stdout.readline())

    def program(self, words, **options):
        program = subprocess.Popen(list(map(str, words)), text=True, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, **options)
        self.addCleanup(self.end, program)
        return program

    def end(self, program):
        if not program.stdin.closed:
            program.stdin.close()
            status = program.wait(30)
            program.stdout.close()
            self.assertEqual(status, 0)

    def relay(self, name, is_old=False):
        """Begin a relay in which the server's folder has that name, and a worker behind it.

        An old server says nothing by which its folder can be known.
        """
        relay = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Relay)
        relay.daemon_threads = True
        relay.there = self.said["url"].removeprefix("http://")
        relay.folder, relay.name, relay.calls = str(self.home), str(name), []
        relay.is_old = is_old
        thread = threading.Thread(target=relay.serve_forever, args=(0.02,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(relay.server_close)
        self.addCleanup(relay.shutdown)
        self.calls = relay.calls
        environment = dict(os.environ, PBT_SERVER=f"http://127.0.0.1:{relay.server_port}",
                           PBT_STUDY="tiny", PBT_TOKEN=self.said["token"], PBT_WORKER="one")
        self.worker = self.program([DRIVE, self.here], env=environment)
        self.assertEqual(self.worker.stdout.readline(), "ok\n")

    def do(self, line):
        self.worker.stdin.write(line + "\n")
        self.worker.stdin.flush()
        return self.worker.stdout.readline().rstrip("\n")

    def next(self):
        """The next segment, as a map of its fields."""
        line = self.do("next")
        self.assertTrue(line.startswith("ok id="), line)
        return dict(word.partition("=")[::2] for word in line.split()[1:])

    def train(self, kind):
        """Train two members for three rounds; what each loaded, and what it should have."""
        saved = {}
        for _ in range(6):
            segment = self.next()
            load = pathlib.Path(segment["load"])
            if segment["fresh"] == "0" and segment["load"] != "-":
                text = (load if kind == "file" else load / "deep" / "b").read_text()
                self.assertEqual(text, saved[segment["parent"]])
                self.loads += 1
            saved[segment["id"]] = f"weights of {segment['id']}"
            self.do(f"save {kind} {saved[segment['id']]}")
            self.do(f"metric score {segment['member']}")
            end_step = segment["steps"].partition("..")[2]
            self.assertEqual(self.do(f"report {end_step}"), "ok recorded")
        self.assertEqual(self.do("next"), "ok over finished")

    def check(self, kind, media):
        self.loads = 0
        self.train(kind)
        self.assertGreaterEqual(self.loads, 2)
        puts = [call for call in self.calls if call[0] == "PUT"]
        self.assertEqual(len(puts), 6)
        kinds = {call[3] for call in self.calls if call[0] == "GET"}
        self.assertLessEqual(kinds, {media})
        self.serve.stdin.write("verify\n")
        self.serve.stdin.flush()
        self.assertEqual(self.serve.stdout.readline(), "0\n")
        self.end(self.worker)
        self.assertEqual([path.name for path in self.here.glob("*")], [])

    def test_files_travel(self):
        self.relay("/nowhere")
        self.check("file", "application/octet-stream")
        self.assertTrue(any(call[0] == "GET" for call in self.calls))

    def test_folders_travel(self):
        self.relay("/nowhere")
        self.check("folder", "application/x-tar")
        self.assertTrue(any(call[0] == "GET" for call in self.calls))

    def test_another_folder_at_the_same_path_is_neither_read_nor_written(self):
        other = self.folder / "other"
        shutil.copytree(self.home, other)
        for member in range(2):
            for number in range(3):
                for folder in ("", "deep/"):
                    path = other / "tiny.checkpoints" / f"m{member}s{number}"
                    path.mkdir(exist_ok=True)
                    (path / "deep").mkdir(exist_ok=True)
                    (path / f"{folder}b").write_text("another study's")
        before = sorted(other.rglob("*"))
        self.relay(other)
        self.check("folder", "application/x-tar")
        self.assertEqual(sorted(other.rglob("*")), before)

    def test_with_an_older_server_it_is_found_out_by_the_report(self):
        other = self.folder / "other"
        shutil.copytree(self.home, other)
        self.relay(other, is_old=True)
        segment = self.next()
        self.do("save file weights")
        self.do("metric score 1")
        self.assertEqual(self.do("report 10"), "ok recorded")
        self.assertTrue(segment["save_to"].startswith(str(other)))
        verbs = [call[1].partition("?")[0] for call in self.calls]
        self.assertEqual(verbs[-3:], ["report", segment["id"], "report"])

    def test_a_link_is_not_sent(self):
        self.relay("/nowhere")
        segment = self.next()
        os.symlink("/etc/passwd", segment["save_to"])
        self.do("metric score 1")
        self.assertRegex(self.do("report 10"), "^ERR_CHECKPOINT .* is neither a file nor a folder")
        os.remove(segment["save_to"])
        os.mkdir(segment["save_to"])
        os.symlink("/etc/passwd", segment["save_to"] + "/a")
        self.assertRegex(self.do("report 10"), "^ERR_CHECKPOINT .* neither a file nor a folder")


if __name__ == "__main__":
    tap.main()
