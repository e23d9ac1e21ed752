"""Kills at random instants: the finished study is the one that was never killed.

A study is run once undisturbed, and once more with `pbt run`, or a trainer of its, killed by
SIGKILL again and again. Everything that the first left must be what the second leaves: segments,
files, and no process.
"""

import os
import signal
import sqlite3
import subprocess
import time

import case
import tap
from case import KILLS, descendants

PLUGIN = "  protocol: library\n  library: {}\n"
SCRIPT = """\
  protocol: command
  command: [sh, slow.sh, "{rate}", "{load}", "{save_to}", "{start_step}", "{end_step}", "{seed}"]
"""


class Kill(case.Kill):
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
