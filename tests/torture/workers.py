"""Kills of long-lived workers over HTTP, their children, `pbt run` and its warden: nothing is lost.

Generational studies end as those that nobody killed. In asynchronous ones every decision verifies,
every member's steps add up, and weights hold exactly the steps that their segment says.
"""

import collections
import os
import pathlib
import signal
import time

import case
import tap
from case import KILLS, KILLS_OF_A_STUDY, inhabitants, processes

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "python" / "src"
C = f"  command: [{os.environ['SLOW_WORKER']}]\n"
PYTHON = f"  command: [python3, slow.py]\n  environment: {{PYTHONPATH: {SOURCE}}}\n"


# One of these is drawn for each kill. Before the first report workers are spared: theirs would be a
# script that never worked, and the study would stop for it.
KINDS = ("run", "worker", "worker", "worker", "child", "child", "child", "child", "warden")
KINDS_AT_FIRST = ("run", "nobody", "nobody", "nobody", "nobody")


def program(process):
    """The file that a process runs; None where it is gone."""
    try:
        return os.readlink(f"/proc/{process}/exe")
    except OSError:
        return None


class Workers(case.Kill):
    pause = 0.06  # seconds between kills, at most

    def setUp(self):
        super().setUp()
        self.killed = collections.Counter()

    def victims(self, run, folder):
        """{kind: processes} of a run, which lives in a folder with all that it started."""
        found = {"run": [run.pid], "warden": [], "worker": [], "child": [], "nobody": []}
        parents = processes()
        for process in set(inhabitants(folder)) - {run.pid}:
            kind = "worker" if parents.get(process) == run.pid else "child"
            found["warden" if program(process) == program(run.pid) else kind].append(process)
        return found

    def strike(self, run, folder, kinds):
        """Kill one of a kind that is drawn; says whether there was one."""
        kind = self.random.choice(kinds)
        found = self.victims(run, folder)[kind]
        if not found:
            return False
        try:
            os.kill(self.random.choice(found), signal.SIGKILL)
        except ProcessLookupError:
            return False
        self.killed[kind] += 1
        return True

    def kill(self, folder, limit):
        """Kill what belongs to a run, until it is hit itself or over."""
        run = self.start(folder, self.random.randint(1, 4))
        count = 0
        while run.poll() is None and count < limit:
            time.sleep(self.random.uniform(0, self.pause))
            works = b" reported " in (folder / "log").read_bytes()
            count += self.strike(run, folder, KINDS if works else KINDS_AT_FIRST)
        if run.poll() is None:
            run.kill()
        run.wait()
        return count

    def tearDown(self):
        print("# killed:", *(f"{count} {kind}" for kind, count in self.killed.items()), flush=True)

    def assert_adds_up(self, folder):
        """Each step is counted once, in its member's row and in the weights."""
        rows = collections.defaultdict(list)
        for segment in self.json(folder, "segments"):
            self.assertEqual(segment["state"], "reported")
            self.assertEqual(segment["metrics"]["trained"], segment["end_age"])
            rows[segment["member"]].append(segment)
        self.assertEqual(len(rows), 5)
        for row in rows.values():
            self.assertEqual([s["number"] for s in row], list(range(8)))
            self.assertEqual([s["start_step"] for s in row], list(range(0, 80, 10)))
            self.assertEqual([s["end_step"] for s in row], list(range(10, 90, 10)))
        show = self.json(folder, "show")[0]
        self.assertEqual((show["state"], show["steps_done"]), ("finished", 400))

    def torture_asynchronous(self, trainer, kills):
        self.mode = "asynchronous"
        done = 0
        while done < kills:
            seed = self.random.randrange(1 << 32)
            folder = self.make(f"k-{seed}", trainer, seed)
            done += self.kill_one_study(folder, self.kill, min(KILLS_OF_A_STUDY, kills - done))
            self.assert_adds_up(folder)
        print(f"# {done} kills", flush=True)

    # ---- the cases: two fifths of the kills for each mode in C, a tenth in Python ----

    def test_generational_workers_in_c(self):
        self.torture(C, self.kill, KILLS * 2 // 5)

    def test_asynchronous_workers_in_c(self):
        self.torture_asynchronous(C, KILLS * 2 // 5)

    def test_generational_workers_in_python(self):
        self.pause = 0.4
        self.torture(PYTHON, self.kill, KILLS // 10)

    def test_asynchronous_workers_in_python(self):
        self.pause = 0.4
        self.torture_asynchronous(PYTHON, KILLS // 10)


if __name__ == "__main__":
    tap.main()
