"""Slots with commands, plugins and workers, in another process, train at a server to a study's end.

The server's folder is seen there, or it is not: then a relay gives it another name, and checkpoints
travel. Both trainers fail where they are given weights that are not their segment's.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import http.server
import unittest

import tap

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "worker"))
from travel import Relay  # noqa: E402

SPEC = """\
version: 1
name: tiny
population: 3
ready: {every: 10}
stop: {steps: 40}
exploit: {rule: truncation, fraction: 0.4}
hyperparameters:
  rate: {type: float, min: 0.001, max: 1.0, scale: log}
"""

# The weights are the steps in them, and the seed of the segment that began them.
TRAIN = """\
set -e
had=0
if test -n "$1"; then had=$(cat "$1"); fi
test "$had" = "$3"
echo "$4" > "$2"
echo "{\\"score\\": $4.$5}"
"""
COMMAND = (
    "trainer: {protocol: command, command: [sh, train.sh, '{load}', '{save_to}', '{start_age}', "
    "'{end_age}', '{member}']}\n")
WORKER = f"trainer: {{protocol: worker, command: [{os.environ['WORKER']}]}}\n"


class Travel(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pbt-remote-")).resolve()
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.home = self.folder / "home"
        self.here = self.folder / "here"
        self.home.mkdir()
        self.here.mkdir()
        (self.here / "train.sh").write_text(TRAIN)

    def serve(self, trainer):
        (self.home / "spec.yaml").write_text(SPEC + trainer)
        self.server = subprocess.Popen([os.environ["SERVE"], "spec.yaml"], cwd=self.home, text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(self.end)
        self.said = json.loads(self.server.stdout.readline())
        self.url = self.said["url"]

    def end(self):
        self.server.stdin.close()
        status = self.server.wait(30)
        self.server.stdout.close()
        self.assertEqual(status, 0)

    def relay(self):
        relay = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Relay)
        relay.daemon_threads = True
        relay.there = self.said["url"].removeprefix("http://")
        relay.folder, relay.name, relay.calls = str(self.home), "/nowhere", []
        relay.is_old = False
        thread = threading.Thread(target=relay.serve_forever, args=(0.02,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(relay.server_close)
        self.addCleanup(relay.shutdown)
        self.url = f"http://127.0.0.1:{relay.server_port}"
        return relay

    def train(self, attempt_count=12, slot_count=2):
        """Train to the end: what was decided and stored is as it should be, and nobody failed but
        as often as more than twelve attempts were wanted. The members' logs are returned."""
        done = subprocess.run(
            [os.environ["TRAIN"], self.url, self.said["token"], self.here, str(slot_count)],
            timeout=100, stderr=subprocess.PIPE, text=True, check=False)
        logs = "\n".join(log.read_text() for log in sorted(self.here.glob("logs/m*.log")))
        self.assertEqual((done.returncode, done.stderr), (0, ""), logs)
        self.server.stdin.write("verify\n")
        self.server.stdin.flush()
        self.assertEqual(self.server.stdout.readline(), "0\n")
        self.assertEqual(logs.count("\n---") + logs.startswith("---"), attempt_count, logs)
        self.assertEqual(logs.count("attempt 2"), attempt_count - 12, logs)
        self.assertEqual(list(self.here.glob("away/*")), [])
        return logs

    def test_commands_where_the_folder_is_seen(self):
        self.serve(COMMAND)
        self.train()
        self.assertFalse((self.here / "away").exists())

    def test_commands_whose_checkpoints_travel(self):
        self.serve(COMMAND)
        relay = self.relay()
        self.train()
        self.assertEqual(sum(call[0] == "PUT" for call in relay.calls), 12)
        self.assertGreaterEqual(sum(call[0] == "GET" and call[1].startswith("m")
                                    for call in relay.calls), 9)

    def test_plugins_whose_states_travel(self):
        for name in ("plain", "files"):
            with self.subTest(name):
                library = pathlib.Path(os.environ["TRAINERS"]) / f"libtrainer-{name}.so"
                shutil.rmtree(self.home)
                shutil.rmtree(self.here / "logs", ignore_errors=True)
                self.home.mkdir()
                self.serve(f"trainer: {{protocol: library, library: {library}, reload: always}}\n")
                relay = self.relay()
                self.train()
                self.assertEqual(sum(call[0] == "PUT" for call in relay.calls), 12)

    def test_workers_where_the_folder_is_seen(self):
        self.serve(WORKER)
        logs = self.train(slot_count=4)  # one waits all the time
        self.assertFalse((self.here / "away").exists())
        for log in self.here.glob("logs/m*.log"):
            lines = log.read_text().splitlines()
            self.assertEqual([line.split()[-1] for line in lines if line.startswith("trained")],
                             [f"{log.stem}s{number}" for number in range(4)], logs)

    def test_workers_whose_checkpoints_travel(self):
        self.serve(WORKER)
        relay = self.relay()
        self.train()
        self.assertEqual(sum(call[0] == "PUT" for call in relay.calls), 12)

    def test_worker_that_dies_has_failed(self):
        self.serve(WORKER.replace("]", f", {self.here}/died]"))
        self.assertIn("exited with status 3", self.train(13))


if __name__ == "__main__":
    tap.main()
