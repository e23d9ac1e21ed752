"""bench-poll: what a client that polls every list costs a study.

Each build trains one study with nobody looking and one whose lists are all asked for ten times a
second: the studies, the study, its members, segments and events, these three as far as they are
new. A build that knows no `since` sends all members and segments every time. The study is `pbt run`
with an empty plugin in an SQLite store; the client is on the same machine and takes its share of
it.

    bench/poll.py PLUGINS BUILD [BUILD] [--segments N] [--rounds N]
"""
import argparse
import http.client
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile
import threading
import time

SPEC = """\
version: 1
name: bench
population: 64
ready: {{every: 1}}
stop: {{steps: {steps}}}
hyperparameters:
  learning_rate: {{type: float, scale: log, min: 1.0e-5, max: 1.0}}
  momentum: {{type: float, scale: reverse_log, min: 0.5, max: 0.999}}
trainer: {{protocol: library, library: {library}}}
"""
SECONDS = 0.1


class Poller(threading.Thread):
    """Asks until the server is gone; `took` are the seconds of each answer of new segments."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder = folder
        self.since = {"members": 0, "segments": 0}
        self.after = 0
        self.took = []

    def ask(self, path):
        self.connection.request("GET", "/v1/studies" + path, headers=self.headers)
        return self.connection.getresponse().read()

    def round(self):
        for path in ("", "/bench"):
            self.ask(path)
        for what in ("members", "segments"):
            began = time.monotonic()
            body = self.ask(f"/bench/{what}?since={self.since[what]}&limit=10000")
            took = time.monotonic() - began
            if body.startswith(b'{"error"'):
                return  # it does not serve the study yet
            found = re.search(rb'"next":(\d+)', body[-80:])
            self.since[what] = int(found.group(1)) if found else 0
        self.took.append(took)
        events = re.findall(rb'{"sequence":(\d+)', self.ask(f"/bench/events?after={self.after}"))
        self.after = int(events[-1]) if events else self.after

    def owner(self):
        """What the run says of its server, once it does."""
        while True:
            try:
                told = json.loads((self.folder / "pbt.db.owner").read_text())
                if told.get("url"):
                    return told
            except (OSError, ValueError):
                pass
            time.sleep(0.01)

    def run(self):
        told = self.owner()
        self.headers = {"Authorization": "Bearer " + told["token"]}
        self.connection = http.client.HTTPConnection(told["url"].split("//")[1].strip("/"))
        try:
            while True:
                began = time.monotonic()
                self.round()
                time.sleep(max(0, began + SECONDS - time.monotonic()))
        except (OSError, http.client.HTTPException):
            pass  # the run has ended


def run(build, library, segments, is_polled):
    """Segments per second, microseconds of processor time for each, which other programs on the
    machine change less, and the median milliseconds of an answer of what is new."""
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "bench.yaml").write_text(SPEC.format(steps=segments // 64, library=library))
    poller = Poller(folder)
    began = time.monotonic()
    command = [build, "run", "bench.yaml", "--slots", "16", "--quiet"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    if is_polled:
        poller.start()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    if is_polled:
        poller.join()
    shutil.rmtree(folder)
    if status != 0:
        raise SystemExit(f"{build} ended with {status}")
    spent = (usage.ru_utime + usage.ru_stime) / segments * 1e6
    return segments / seconds, spent, statistics.median(poller.took or [0]) * 1000


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("plugins", type=pathlib.Path)
    parser.add_argument("builds", nargs="+")
    parser.add_argument("--segments", type=int, default=60000)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    library = options.plugins.resolve() / "libempty-8.so"
    print(f"{'':<40} {'segments/s':>17} {'':>6} {'us/segment':>17} {'ms of':>8}")
    print(f"{'build':<40} {'alone':>8} {'polled':>8} {'ratio':>6} {'alone':>8} {'polled':>8}"
          f" {'new ones':>8}")
    for _ in range(options.rounds):
        for name in options.builds:
            build = str(pathlib.Path(name).resolve())
            alone, alone_us, _ = run(build, library, options.segments, False)
            polled, polled_us, took = run(build, library, options.segments, True)
            print(f"{name:<40} {alone:>8.0f} {polled:>8.0f} {polled / alone:>6.3f}"
                  f" {alone_us:>8.0f} {polled_us:>8.0f} {took:>8.2f}", flush=True)


if __name__ == "__main__":
    main()
