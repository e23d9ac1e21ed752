"""What the programs of kills share: studies, kills counted, and what must be left at the end.

PBT_KILLS says how many kills in both programs (100), PBT_SEED which ones.
"""

import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import time
import unittest

PBT = os.environ["PBT"]
KILLS = int(os.environ.get("PBT_KILLS", "100")) // 2
SEED = int(os.environ.get("PBT_SEED", time.time_ns() % 1000000))
HERE = pathlib.Path(__file__).parent
KILLS_OF_A_STUDY = 12
PATIENCE = 60

SPEC = """\
version: 1
name: torture
seed: {seed}
population: 5
mode: {mode}
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
    """A program of cases; each has a folder for its studies, and numbers of its own to draw."""

    maxDiff = None
    mode = "generational"

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
        for script in HERE.glob("slow.*"):
            shutil.copy(script, folder)
        text = SPEC.format(seed=seed, mode=self.mode) + trainer
        (folder / "spec.yaml").write_text(text)
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

    def json(self, folder, verb):
        return [json.loads(line) for line in self.ask(folder, verb, "--json").splitlines()]

    def segments(self, folder):
        aside = ("attempts", "sequence", "created_at", "reported_at")
        lines = self.json(folder, "segments")
        return [{k: v for k, v in line.items() if k not in aside} for line in lines]

    def files(self, folder):
        """All files, and folders, of a study. Logs depend on attempts."""
        found = {str(path.relative_to(folder)) for path in folder.rglob("*")}
        return sorted(name for name in found if not name.startswith("torture.logs/"))

    def assert_quiet(self, folder):
        """No process is left of a study, and its log verifies."""
        deadline = time.monotonic() + PATIENCE
        while inhabitants(folder) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(inhabitants(folder), [])
        self.ask(folder, "verify")

    def assert_same(self, killed, whole):
        self.assertEqual(self.segments(killed), self.segments(whole))
        self.assertEqual(self.files(killed), self.files(whole))

    def kill_one_study(self, folder, kill, limit):
        """Kill a study at most `limit` times, then let it finish; how often it was killed."""
        done = 0
        while done < limit:
            count = kill(folder, limit - done)
            done += count
            if not count and self.is_finished(folder):
                break
        self.finish(folder, self.random.randint(1, 4))
        self.assert_quiet(folder)
        return done

    def torture(self, trainer, kill, kills):
        """Kill study after study, `kills` times in all; each must be as one that nobody killed."""
        done = 0
        while done < kills:
            seed = self.random.randrange(1 << 32)
            whole, killed = (self.make(f"{name}-{seed}", trainer, seed) for name in ("w", "k"))
            self.finish(whole, 2)
            done += self.kill_one_study(killed, kill, min(KILLS_OF_A_STUDY, kills - done))
            self.assert_same(killed, whole)
        print(f"# {done} kills", flush=True)

    def is_finished(self, folder):
        done = subprocess.run([PBT, "show", "--json"], cwd=folder, capture_output=True, check=False)
        return done.returncode == 0 and json.loads(done.stdout)["state"] == "finished"
