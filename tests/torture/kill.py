"""Kills at random instants: the finished study is the one that was never killed.

PBT_KILLS says how many kills (50), PBT_SEED which ones. A study is run once undisturbed, and once
more with `pbt run`, or a trainer of its, killed by SIGKILL again and again. Everything that the
first left must be what the second leaves: segments, files, and no process.
"""

import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

import tap

PBT = os.environ["PBT"]
KILLS = int(os.environ.get("PBT_KILLS", "50"))
SEED = int(os.environ.get("PBT_SEED", time.time_ns() % 1000000))
HERE = pathlib.Path(__file__).parent
KILLS_OF_A_STUDY = 12
PATIENCE = 60

SPEC = """\
version: 1
name: torture
seed: {seed}
population: 5
mode: generational
ready: {{every: 10}}
stop: {{steps: 80}}
exploit: {{rule: truncation, fraction: 0.4}}
hyperparameters:
  rate: {{type: float, scale: log, min: 0.001, max: 0.5}}
  size: {{type: int, min: 1, max: 100}}
failure: {{retries: 100000, lost: 100000}}
checkpoints: {{keep_best: 2}}
trainer:
"""
PLUGIN = "  protocol: library\n  library: {}\n"
SCRIPT = """\
  protocol: command
  command: [sh, slow.sh, "{rate}", "{load}", "{save_to}", "{start_step}", "{end_step}", "{seed}"]
"""


def processes():
    """{process: its parent} of all that run; what is being buried does not."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if entry.name.isdigit() and fields[0] not in "ZX":
            parents[int(entry.name)] = int(fields[1])
    return parents


def descendants(root):
    """All processes below one."""
    parents = processes()
    found = {root}
    while True:
        more = {child for child, parent in parents.items() if parent in found} - found
        if not more:
            return sorted(found - {root})
        found |= more


def inhabitants(folder):
    """The processes that work in a folder."""
    found = []
    for process in processes():
        try:
            if pathlib.Path(f"/proc/{process}/cwd").readlink() == folder:
                found.append(process)
        except OSError:
            continue
    return found


class Kill(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        print(f"# {KILLS} kills, seed {SEED} (PBT_KILLS, PBT_SEED)", flush=True)

    def setUp(self):
        self.random = random.Random(f"{SEED} {self.id()}")
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="pbt-kill-")).resolve()
        self.addCleanup(shutil.rmtree, self.base, ignore_errors=True)

    def make(self, name, trainer, seed):
        """A folder with a spec."""
        folder = self.base / name
        folder.mkdir()
        shutil.copy(HERE / "slow.sh", folder)
        (folder / "spec.yaml").write_text(SPEC.format(seed=seed) + trainer)
        return folder

    def start(self, folder, slots):
        """Start or go on with the study; what it prints goes to a file."""
        log = open(folder / "log", "ab")
        self.addCleanup(log.close)
        process = subprocess.Popen(
            [PBT, "run", "spec.yaml", "--slots", str(slots)],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def finish(self, folder, slots):
        process = self.start(folder, slots)
        self.assertEqual(process.wait(timeout=PATIENCE), 0, (folder / "log").read_text())

    def ask(self, folder, *words, status=0):
        done = subprocess.run(
            [PBT, *words], cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def segments(self, folder):
        aside = ("attempts", "sequence", "created_at", "reported_at")
        lines = [json.loads(line) for line in self.ask(folder, "segments", "--json").splitlines()]
        return [{k: v for k, v in line.items() if k not in aside} for line in lines]

    def files(self, folder):
        """All files, and folders, of a study. Logs depend on attempts."""
        found = {str(path.relative_to(folder)) for path in folder.rglob("*")}
        return sorted(name for name in found if not name.startswith("torture.logs/"))

    def assert_same(self, killed, whole):
        deadline = time.monotonic() + PATIENCE
        while inhabitants(killed) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(inhabitants(killed), [])
        self.assertEqual(self.segments(killed), self.segments(whole))
        self.ask(killed, "verify")
        self.assertEqual(self.files(killed), self.files(whole))

    def kill_run(self, folder):
        """Kill a run at some instant between its start and what would be its end."""
        process = self.start(folder, self.random.randint(1, 4))
        try:
            process.wait(timeout=self.random.uniform(0, 0.15))
        except subprocess.TimeoutExpired:
            pass
        if process.poll() is not None:
            return False
        process.kill()
        process.wait()
        return True

    def kill_trainers(self, folder, count):
        """Kill trainers of a run that goes on. Nobody's before the first report: that would be a
        script that never worked, and the study would stop for it."""
        process = self.start(folder, self.random.randint(1, 4))
        killed = 0
        while process.poll() is None and killed < count:
            time.sleep(self.random.uniform(0, 0.05))
            below = descendants(process.pid)
            if not below or b" reported " not in (folder / "log").read_bytes():
                continue
            try:
                os.kill(self.random.choice(below), signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                pass
        if self.random.random() < 0.5:
            process.kill()
        process.wait()
        return killed

    def torture(self, trainer, kill, kills):
        """Kill study after study, `kills` times in all."""
        done = 0
        while done < kills:
            seed = self.random.randrange(1 << 32)
            folders = [self.make(f"{name}-{seed}", trainer, seed) for name in ("whole", "killed")]
            self.finish(folders[0], 2)
            of_study = 0
            limit = min(KILLS_OF_A_STUDY, kills - done)
            while of_study < limit:
                count = kill(folders[1], limit - of_study)
                of_study += count
                if not count and self.is_finished(folders[1]):
                    break
            self.finish(folders[1], self.random.randint(1, 4))
            self.assert_same(folders[1], folders[0])
            done += of_study
        print(f"# {done} kills", flush=True)

    def is_finished(self, folder):
        done = subprocess.run([PBT, "show", "--json"], cwd=folder, capture_output=True, check=False)
        return done.returncode == 0 and json.loads(done.stdout)["state"] == "finished"

    # ---- the cases ----

    def test_runs_with_checkpoints_in_the_store(self):
        self.torture(
            PLUGIN.format(os.environ["SLOW_SMALL"]), lambda f, _: self.kill_run(f), -(-KILLS // 4)
        )

    def test_runs_with_checkpoints_in_files(self):
        self.torture(
            PLUGIN.format(os.environ["SLOW_LARGE"]), lambda f, _: self.kill_run(f), -(-KILLS // 4)
        )

    def test_runs_of_a_script(self):
        self.torture(SCRIPT, lambda f, _: self.kill_run(f), -(-KILLS // 4))

    def test_trainers_and_runs(self):
        def kill(folder, limit):
            return self.kill_trainers(folder, self.random.randint(1, limit))

        self.torture(SCRIPT, kill, -(-KILLS // 4))

    def test_an_altered_byte_is_found_and_its_event_named(self):
        folder = self.make("altered", PLUGIN.format(os.environ["SLOW_SMALL"]), 1)
        self.finish(folder, 2)
        database = sqlite3.connect(folder / "pbt.db", isolation_level=None)
        self.addCleanup(database.close)
        events = database.execute("SELECT sequence, body FROM event").fetchall()
        for sequence, body in self.random.sample(events, 5):
            text = body if isinstance(body, str) else body.decode()
            at = self.random.randrange(len(text))
            other = self.random.choice([c for c in "~x0 " if c != text[at]])
            change = "UPDATE event SET body = ? WHERE sequence = ?"
            database.execute(change, (text[:at] + other + text[at + 1:], sequence))
            output = self.ask(folder, "verify", status=1)
            self.assertIn(f"event {sequence} has been altered", output)
            database.execute(change, (body, sequence))
        self.ask(folder, "verify")


if __name__ == "__main__":
    tap.main()
