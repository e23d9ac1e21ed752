"""What each slot is given: processors, GPUs, and the logs that its trainers print into."""

import json
import re
import time

import tap
from worker_case import TRAINER, WorkerCase

GPUS = ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")

# Leaves what it was given in `given`, a JSON object per process.
TELLING = TRAINER.replace(
    "worker = pbt.Worker()\n",
    "worker = pbt.Worker()\n"
    "import json\n"
    "with open('given', 'a') as file:\n"
    "    file.write(json.dumps(dict(os.environ)) + '\\n')\n",
)

# Prints around every border, and from a child of its own, which never stops.
TALKING = """\
import subprocess, sys, time
import pbt

def save(path):
    open(path, "w").close()
    print("saved", file=sys.stderr)

print("begun")
worker = pbt.Worker()
for segment in worker:
    print(f"trains {segment.id} attempt {segment.attempt}")
    for step in segment.steps():
        time.sleep(0.001)
    print(f"ends {segment.id} ", end="")
    print("here")
    worker.report(save=save, score=segment.member)
print("over")
"""


class Slots(WorkerCase):
    def environment(self):
        names = GPUS + ("OMP_NUM_THREADS", "PYTHONUNBUFFERED")
        return {key: value for key, value in super().environment().items()
                if not key.startswith("SLURM_") and key not in names} | self.variables

    def setUp(self):
        self.variables = {}
        super().setUp()
        self.trainer(TELLING)
        self.workers(steps=10)

    def append(self, text):
        with open(self.folder / "spec.yaml", "a") as file:
            file.write(text)

    def run_on(self, *words):
        """Run; returns how many slots there were, and what each process was given."""
        output, _ = self.pbt("run", "spec.yaml", *words)
        given = (self.folder / "given").read_text().splitlines()
        (self.folder / "given").unlink()
        self.pbt("delete", "workers", "--yes")
        slots = int(re.search(r"members on (\d+) slot", output)[1])
        self.assertEqual(len(given), slots)
        return slots, [json.loads(line) for line in given]

    def gpus_on(self, gpus, per_worker, *words, variable=GPUS[0]):
        self.workers(steps=10)
        self.append(f"  gpus: {per_worker}\n")
        _, given = self.run_on(*(("--gpus", gpus) if gpus else ()), *words)
        return sorted(each.get(variable, "none") for each in given)

    # ---- processors

    def test_threads_are_the_processors_over_the_slots(self):
        self.workers(steps=10, population=64)
        processors, given = self.run_on()
        self.assertEqual({each["OMP_NUM_THREADS"] for each in given}, {"1"})
        _, given = self.run_on("--slots", "1")
        self.assertEqual(given[0]["OMP_NUM_THREADS"], str(processors))
        _, given = self.run_on("--slots", str(2 * processors))
        self.assertEqual({each["OMP_NUM_THREADS"] for each in given}, {"1"})

    def test_slurm_bounds_the_processors(self):
        self.variables = {"SLURM_CPUS_ON_NODE": "1"}
        free, _ = self.run_on()
        self.variables = {"SLURM_JOB_ID": "1", "SLURM_CPUS_ON_NODE": "1"}
        slots, given = self.run_on()
        self.assertEqual((slots, given[0]["OMP_NUM_THREADS"]), (1, "1"))
        self.variables |= {"SLURM_CPUS_PER_TASK": "4096"}
        self.assertEqual(self.run_on()[0], free)

    # ---- GPUs

    def test_each_worker_has_gpus_of_its_own(self):
        self.assertEqual(self.gpus_on("0,1,2,3", 2), ["0,1", "2,3"])
        self.assertEqual(self.gpus_on("0,1,2,3,4", 2), ["0,1", "2,3"])
        self.assertEqual(self.gpus_on("GPU-8f6a,MIG-0b/1", 1), ["GPU-8f6a", "MIG-0b/1"])
        self.assertEqual(self.gpus_on("0,1,2,3", 4), ["0,1,2,3"])

    def test_a_gpu_named_twice_is_shared(self):
        self.assertEqual(self.gpus_on("0,0,1,1", 1), ["0", "0", "1", "1"])
        for list_ in ("0,1,0,1", "0,0,1,1"):
            self.assertEqual(self.gpus_on(list_, 2), ["0,1", "0,1"])
        self.assertEqual(self.gpus_on("0,1,2,2", 2), ["0,2", "1,2"])
        self.assertEqual(self.gpus_on("0,1,2,3", 2), ["0,1", "2,3"])

    def test_a_slot_never_has_a_gpu_twice(self):
        self.append("  gpus: 2\n")
        _, errors = self.pbt("run", "spec.yaml", "--gpus", "0,0,0,1", status=2)
        self.assertIn("a slot would be given the same GPU twice", errors)
        self.assertEqual(self.json("list"), [])

    def test_slots_take_no_more_than_they_need(self):
        self.assertEqual(self.gpus_on("4,5,6,7", 1, "--slots", "2"), ["4", "5"])

    def test_gpus_for_a_trainer_that_uses_none_are_refused(self):
        for command in ("run", "try"):
            _, errors = self.pbt(command, "spec.yaml", "--gpus", "4,5", status=2)
            self.assertIn("trainer.gpus is 0\n", errors)
            self.assertIn("trainer: {gpus: 1}", errors)
        self.assertEqual(self.json("list"), [])

    def test_what_was_allotted_is_shared_out(self):
        self.variables = {"CUDA_VISIBLE_DEVICES": "2,5", "ROCR_VISIBLE_DEVICES": "8"}
        self.assertEqual(self.gpus_on(None, 1), ["2", "5"])
        self.variables = {"ROCR_VISIBLE_DEVICES": "1,3"}
        self.assertEqual(self.gpus_on(None, 1, variable=GPUS[1]), ["1", "3"])
        self.assertEqual(self.gpus_on("3", 1, variable=GPUS[1]), ["3"])
        self.variables = {"SLURM_JOB_ID": "1", "SLURM_GPUS_ON_NODE": "2"}
        self.assertEqual(self.gpus_on(None, 1), ["0", "1"])

    def test_too_few_gpus_are_an_error(self):
        self.append("  gpus: 2\n")
        _, errors = self.pbt("run", "spec.yaml", "--gpus", "0", status=2)
        self.assertIn("1 slot with trainer.gpus 2 needs 2 GPUs, found 1\n", errors)
        self.assertIn("hint: delete 'gpus' from the spec's trainer", errors)
        _, errors = self.pbt("run", "spec.yaml", "--gpus", "0,1,2", "--slots", "2", status=2)
        self.assertIn("2 slots with trainer.gpus 2 need 4 GPUs, found 3\n", errors)
        for none in ("", "-1", "NoDevFiles"):
            self.variables = {"CUDA_VISIBLE_DEVICES": none}
            _, errors = self.pbt("run", "spec.yaml", status=2)
            self.assertIn("found 0\n", errors)
            _, errors = self.pbt("check", "spec.yaml")
            self.assertIn("trainer.gpus: found 2, but this machine has no GPU\n", errors)
        self.variables = {"CUDA_VISIBLE_DEVICES": "5"}
        self.assertIn("has 1 GPU\n", self.pbt("check", "spec.yaml")[1])
        self.variables = {"CUDA_VISIBLE_DEVICES": "5,6"}
        self.assertNotIn("GPU", self.pbt("check", "spec.yaml")[1])
        self.assertEqual(self.json("list"), [])

    # ---- logs

    def test_what_a_worker_prints_is_in_the_log_of_what_it_trains(self):
        self.trainer(TALKING)
        self.workers(mode="asynchronous", population=5)
        self.pbt("run", "spec.yaml", "--slots", "2", "--quiet")
        for member in range(5):
            log = (self.folder / "workers.logs" / f"m{member}.log").read_text()
            headers = "".join(
                rf"--- \S+ m{member}s{number} attempt 1, steps {number * 10} to .*\n"
                rf"trains m{member}s{number} attempt 1\n"
                rf"ends m{member}s{number} here\n"
                r"saved\n"
                for number in range(5))
            self.assertRegex(log, rf"\A{headers}\Z")
        for worker in ("local-0", "local-1"):
            log = (self.folder / "workers.logs" / f"{worker}.log").read_text()
            self.assertEqual(log, "begun\nover\n")

    def talk_on(self, child):
        """Have a child of the trainer print beside it until it is killed."""
        start = f"worker = pbt.Worker()\nsubprocess.Popen({child!r})\n"
        self.trainer(TALKING.replace("worker = pbt.Worker()\n", start))

    def test_no_border_tears_a_line(self):
        words = "a whole line of words that no border may tear apart"
        self.talk_on(["sh", "-c", f"while :; do echo {words}; done"])
        self.pbt("run", "spec.yaml", "--slots", "1", "--quiet")
        lines = set()
        for path in (self.folder / "workers.logs").iterdir():
            with open(path) as file:
                lines |= {re.sub(r"^--- .*|m\d+s\d+", "", line) for line in file}
        known = {"\n", "begun\n", "saved\n", "over\n", "ends  here\n", "trains  attempt 1\n"}
        self.assertEqual(lines - known, {f"{words}\n"})

    def memory(self, run):
        """Memory that a run holds, in KiB; 0 when it has ended."""
        try:
            with open(f"/proc/{run.pid}/status") as file:
                found = re.search(r"VmRSS:\s+(\d+)", file.read())
        except ProcessLookupError:
            return 0
        return int(found[1]) if found else 0

    def test_a_line_without_end_fills_no_memory(self):
        self.talk_on(["sh", "-c", "head -c 64000000 /dev/zero | tr '\\0' x; touch printed"])
        self.trainer((self.folder / "train.py").read_text().replace(
            "worker.report(", "while segment.member == 3 and not os.path.exists('printed'):\n"
            "        time.sleep(0.01)\n    worker.report(").replace("import sub", "import os, sub"))
        run = self.start("run", "spec.yaml", "--slots", "1", "--quiet")
        self.wait_for((self.folder / "pbt.db.owner").exists, "the run's server")
        first = largest = self.memory(run)
        while run.poll() is None:
            largest = max(largest, self.memory(run))
            time.sleep(0.01)
        self.assertEqual(run.returncode, 0)
        self.assertLess(largest - first, 50_000)
        logs = (self.folder / "workers.logs").iterdir()
        self.assertGreater(sum(path.stat().st_size for path in logs), 64_000_000)


if __name__ == "__main__":
    tap.main()
