"""bench-plugin: segments per second of a plugin that does nothing, for one build beside another.

Each row runs whole studies of the real program, one slot, and takes the builds in turns, so that
what else the machine does meets both alike. Medians; the ratio is the last build's to the first's.

    bench/plugin.py PLUGINS BUILD [BUILD] [--rounds N] [--isolation process|thread]

PLUGINS is the folder of libempty-8.so and its like (build/bench), BUILD a `pbt`. The isolation is
the last build's: earlier ones know no other than threads.
"""
import argparse
import pathlib
import statistics
import subprocess
import tempfile
import time

SPEC = """\
version: 1
name: bench
population: {members}
ready: {{every: 1}}
stop: {{steps: {steps}}}
hyperparameters:
  learning_rate: {{type: float, scale: log, min: 1.0e-5, max: 1.0}}
  momentum: {{type: float, scale: reverse_log, min: 0.5, max: 0.999}}
trainer:
  protocol: library
  library: {library}
"""

# Store, bytes of a state, members, segments.
ROWS = [
    ("memory:", 8, 10, 20000),
    ("sqlite:", 8, 10, 2000),
    ("memory:", 1 << 20, 4, 200),
    ("memory:", 64 << 20, 2, 12),
]


def run(pbt, row, plugins, more):
    """Run one study; seconds, without those that the program takes for a study of one segment."""
    store, size, members, segments = row
    seconds = []
    for count in (1, segments // members):
        with tempfile.TemporaryDirectory(dir=".") as folder:
            spec = pathlib.Path(folder, "bench.yaml")
            library = plugins / f"libempty-{size}.so"
            spec.write_text(SPEC.format(members=members, steps=count, library=library) + more)
            url = store + (f"{folder}/pbt.db" if store == "sqlite:" else "")
            command = [pbt, "run", str(spec), "--store", url, "--slots", "1", "--quiet"]
            began = time.monotonic()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=".")
            seconds.append(time.monotonic() - began)
            for left in pathlib.Path(".").glob("bench.*"):
                subprocess.run(["rm", "-rf", str(left)], check=True)
    return seconds[1] - seconds[0], segments - members


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("plugins", type=pathlib.Path)
    parser.add_argument("builds", nargs="+")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--isolation")
    options = parser.parse_args()
    plugins = options.plugins.resolve()
    builds = [str(pathlib.Path(build).resolve()) for build in options.builds]
    told = f"  isolation: {options.isolation}\n" if options.isolation else ""
    print(f"{'store':<8} {'state':>9} {'segments/s':>22}  ratio")
    with tempfile.TemporaryDirectory() as scratch:
        for row in ROWS:
            rates = {build: [] for build in builds}
            for _ in range(options.rounds):
                for build in builds:
                    more = told if build == builds[-1] else ""
                    seconds, count = run(build, row, plugins, more)
                    rates[build].append(count / seconds)
            medians = [statistics.median(rates[build]) for build in builds]
            ratio = f"{medians[-1] / medians[0]:.2f}" if len(builds) > 1 else ""
            words = " ".join(f"{median:>10.1f}" for median in medians)
            print(f"{row[0]:<8} {row[1]:>9} {words:>22}  {ratio}", flush=True)


if __name__ == "__main__":
    main()
