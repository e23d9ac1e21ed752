"""Wall time over the ideal: 8 members on 2 slots, segments of one second, five ready points each.

The trainer sleeps; ideally a study takes members * points * seconds / slots, and nothing on top.
The time is that of the whole `pbt run`, from its start to its end: also the workers' start and,
in generational mode, the wait for each round's last. Prints the median of some runs.

Usage: ideal.py PBT [--rounds N] [--seconds S] [--mode MODE]... [--folder DIR]
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

CLIENT = pathlib.Path(__file__).resolve().parents[1] / "python" / "src"
MEMBERS, SLOTS, POINTS = 8, 2, 5

SPEC = """\
version: 1
name: ideal
population: {members}
mode: {mode}
ready: {{every: 1}}
stop: {{steps: {points}}}
hyperparameters: {{rate: {{type: float, min: 0, max: 1}}}}
trainer:
  command: [{python}, {program}, --train, "{seconds}"]
  environment: {{PYTHONPATH: {client}}}
"""


def train(seconds):
    """A segment that takes its time, whatever it is."""
    import pbt

    def save(path):
        pathlib.Path(path).write_text("weights", encoding="ascii")

    with pbt.Worker() as worker:
        for segment in worker:
            time.sleep(seconds)
            worker.report(score=segment.member, save=save)


def measure(program, mode, seconds, folder):
    """Units: seconds."""
    spec = SPEC.format(members=MEMBERS, mode=mode, points=POINTS, python=sys.executable,
                       program=pathlib.Path(__file__).resolve(), seconds=seconds, client=CLIENT)
    (folder / "spec.yaml").write_text(spec, encoding="utf-8")
    words = [program, "run", "spec.yaml", "--slots", str(SLOTS), "--quiet"]
    begun = time.monotonic()
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    took = time.monotonic() - begun
    if done.returncode != 0:
        sys.exit(f"ideal: the study failed:\n{done.stdout}{done.stderr}")
    return took


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", nargs="?", help="pbt")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--mode", action="append", choices=("asynchronous", "generational"))
    parser.add_argument("--folder", help="where the studies lie for a while (default: here)")
    parser.add_argument("--train", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train is not None:
        train(options.train)
        return
    ideal = MEMBERS * POINTS * options.seconds / SLOTS
    print(f"{MEMBERS} members, {SLOTS} slots, {POINTS} segments of {options.seconds:g} s: "
          f"ideally {ideal:g} s")
    for mode in options.mode or ("asynchronous", "generational"):
        took = []
        for _ in range(options.rounds):
            place = options.folder or "."
            with tempfile.TemporaryDirectory(prefix="pbt-ideal-", dir=place) as name:
                took.append(measure(options.program, mode, options.seconds, pathlib.Path(name)))
        median = statistics.median(took)
        print(f"  {mode:13} {median:7.3f} s: {median / ideal:.4f} of the ideal "
              f"({min(took):.3f} to {max(took):.3f} s)", flush=True)


if __name__ == "__main__":
    main()
