"""`pbt run` with long-lived workers in Python: one process per slot, from start to end."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import time
import urllib.error
import urllib.request

import tap
from worker_case import CLIENT, TRAINER, WorkerCase

# What a script could do with what it is given: each call is refused before any training.
INTRUDER = """\
import json, os, urllib.error, urllib.request

def say(verb, body):
    ask = urllib.request.Request(os.environ["PBT_SERVER"] + "/v1/studies/workers/" + verb,
                                 json.dumps(body).encode(),
                                 {"Authorization": "Bearer " + os.environ["PBT_TOKEN"]})
    try:
        return urllib.request.urlopen(ask, timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code

change = [{"key": "trainer.command", "value": "[touch, changed]"}]
print(say("amend", {"amendments": change}), say("amend", {"amendments": [
    {"key": "notes", "value": "x"}]}), say("stop", {}), say("resume", {}),
    file=open("told", "w"), flush=True)
"""


class Workers(WorkerCase):
    def test_trains_past_the_third_generation(self):
        output, _ = self.pbt("run", "spec.yaml", "--slots", "2")
        self.assertIn("workers finished: 200 of 200 steps, 20 segments", output)
        self.assertEqual(len(self.processes()), 2)
        self.assertGreater(self.json("show")[0]["exploits"], 0)
        self.assertIn("0 problems", self.pbt("verify")[0])

    def test_behaviour_15_a_hundred_members_take_two_processes(self):
        self.workers(population=100, mode="asynchronous", steps=30)
        self.pbt("run", "spec.yaml", "--slots", "2", "--quiet")
        self.assertEqual(self.json("show")[0]["segments"], 300)
        self.assertEqual(len(self.processes()), 2)
        sequences = [(s["sequence"], s["start_step"]) for s in self.json("segments")]
        reported = [start for _, start in sorted(sequences)]
        for early, late in zip(reported, reported[3:]):
            self.assertGreaterEqual(late, early - 10)

    def test_behaviour_9_a_killed_worker_loses_nothing(self):
        self.workers(delay="0.02", retries=1000)
        self.pbt("run", "spec.yaml", "--slots", "2", "--quiet")
        undisturbed = self.segments()
        self.pbt("delete", "workers", "--yes")
        (self.folder / "processes").unlink()
        run = self.start("run", "spec.yaml", "--slots", "2")
        for kills in range(4):
            self.wait_for(lambda: len(self.processes()) >= 2 + kills, "another worker")
            time.sleep(0.1)
            os.kill(int(self.processes()[-1]), signal.SIGKILL)
        output, errors = run.communicate(timeout=120)
        self.assertEqual(run.returncode, 0, output + errors)
        self.assertEqual(self.segments(), undisturbed)
        self.assertIn("0 problems", self.pbt("verify")[0])

    def test_behaviour_11_a_killed_run_goes_on(self):
        self.workers(delay="0.01", retries=1000)
        self.pbt("run", "spec.yaml", "--slots", "2", "--quiet")
        undisturbed = self.segments()
        self.pbt("delete", "workers", "--yes")
        for _ in range(3):
            (self.folder / "processes").unlink(missing_ok=True)
            run = self.start("run", "spec.yaml", "--slots", "2")
            self.wait_for(lambda: len(self.processes()) >= 2, "two workers")
            self.wait_for(lambda: self.json("show")[0]["state"] == "running", "a claim")
            run.kill()
            run.wait()
            self.wait_for(lambda: not any(map(self.lives, self.processes())), "orphans to die")
            (show,) = self.json("show")
            self.assertEqual(show["state"], "interrupted")
            self.assertEqual({each["is_at_work"] for each in show["training"]}, {False})
            words, _ = self.pbt("show")
            self.assertNotIn("\ntraining ", words)
            self.assertRegex(words, f"\nleft +{show['training'][0]['segment']}, step ")
        self.pbt("run", "spec.yaml", "--slots", "2", "--quiet")
        self.assertEqual(self.segments(), undisturbed)

    def test_an_interrupted_run_releases_and_resumes(self):
        self.workers(delay="0.02", mode="asynchronous")
        run = self.start("run", "spec.yaml", "--slots", "2")
        self.wait_for(lambda: len(self.processes()) >= 2, "two workers")
        time.sleep(0.5)
        run.send_signal(signal.SIGINT)
        output, errors = run.communicate(timeout=30)
        self.assertEqual(run.returncode, 130, output + errors)
        self.assertFalse(any(map(self.lives, self.processes())))
        left = re.findall(r"(m\d+s\d+) given back at step (\d+)\n", output)
        kept = [(one["segment"], str(one["step"])) for one in self.json("show")[0]["kept"]]
        self.assertEqual(kept, sorted(each for each in left if not each[1].endswith("0")))
        for name in ("kept within segments: ", "kept        ") if kept else ():
            words = f"{name}{kept[0][0]} at step {kept[0][1]} of "
            self.assertIn(words, output + self.pbt("show")[0])
        reports = output.count(" reported ")
        self.assertIn(f", {reports} segments, ", output)
        self.assertRegex(self.pbt("show")[0], rf"\nsegments +{reports} reported of \d+ made\n")
        output, _ = self.pbt("run", "spec.yaml", "--slots", "2")
        self.assertIn("workers finished: 200 of 200 steps", output)

    def test_a_script_that_cannot_begin_ends_the_study(self):
        self.trainer("import nothing_of_that_name\n")
        for _ in range(2):
            output, errors = self.pbt("run", "spec.yaml", "--slots", "2", status=3)
            words = "the trainer ended before it asked for a segment"
            self.assertIn(f"Z  stopped: {words}\n", output)
            self.assertEqual(errors.count("ModuleNotFoundError: No module named 'nothing_of"), 1)
            self.assertIn(f"detail: {words}\n", errors)
            self.assertIn("hint: fix the trainer; then run the same command again\n", errors)

    def test_a_script_that_never_asks_is_asked_why(self):
        self.trainer("print('trained')\n")
        _, errors = self.pbt("run", "spec.yaml", "--slots", "2", status=3)
        self.assertIn("    trained\n", errors)
        self.assertIn("hint: does it loop over pbt.Worker()? see docs/tutorial.md; ", errors)

    def test_a_python_without_the_client_is_told_what_it_lacks(self):
        path = self.folder / "spec.yaml"
        path.write_text(path.read_text().replace("[python3,", "[python3, -I,"))
        _, errors = self.pbt("run", "spec.yaml", "--slots", "1", status=3)
        self.assertIn("hint: the Python of trainer.command lacks the client: install it ", errors)
        output, _ = self.pbt("try", "spec.yaml", status=1)
        self.assertIn("the Python of trainer.command lacks the client", output)

    def test_a_spec_without_a_command_starts_nothing(self):
        path = self.folder / "spec.yaml"
        path.write_text(path.read_text().replace("  command: [python3, train.py]\n", ""))
        self.assertIn("nothing that a run could start", self.pbt("check", "spec.yaml")[0])
        for words in (["run"], ["run", "--seeds", "1..2"], ["try"]):
            output, errors = self.pbt(*words, "spec.yaml", status=2)
            self.assertEqual(output, "")
            self.assertEqual(errors, "pbt: spec.yaml:12:3: trainer.command: missing; it names the "
                             "program that trains: [python3, train.py]\n")
        self.assertEqual(self.files(), ["spec.yaml", "train.py", "trainer.sh"])

    def test_a_script_that_fails_costs_one_attempt_each(self):
        self.workers(retries=5)
        self.trainer(TRAINER.replace("worker.report(", "raise RuntimeError('no such layer')  # "))
        output, errors = self.pbt("run", "spec.yaml", "--slots", "1", status=3)
        self.assertIn("stopped: every member's first attempt has failed\n", output)
        self.assertIn("no such layer", errors)
        self.assertEqual([m["failures"] for m in self.json("members")], [1, 1, 1, 1])

    def test_the_owner_file_is_private_and_goes_with_the_run(self):
        self.workers(delay="0.02")
        run = self.start("run", "spec.yaml", "--slots", "1")
        path = self.folder / "pbt.db.owner"
        self.wait_for(path.exists, "the owner's file")
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        owner = json.loads(path.read_text())
        self.assertEqual(owner["process"], run.pid)
        self.wait_for(self.processes, "a worker")
        address = f"{owner['url']}/v1/studies/workers"
        ask = urllib.request.Request(address, headers={"Authorization": f"Bearer {owner['token']}"})
        with urllib.request.urlopen(ask, timeout=10) as answer:
            self.assertEqual(json.load(answer)["name"], "workers")
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(address, timeout=10)
        self.assertEqual(refused.exception.code, 401)
        refused.exception.close()
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=30)
        self.assertFalse(path.exists())

    def test_a_worker_changes_no_study(self):
        self.workers()
        self.trainer(INTRUDER + TRAINER)
        self.pbt("run", "spec.yaml", "--slots", "1")
        self.assertEqual((self.folder / "told").read_text().split(), ["403"] * 4)
        self.assertEqual(self.json("show")[0]["state"], "finished")
        self.assertEqual(self.json("show")[0]["notes"], "")

    def test_gpus_are_shared_out(self):
        text = (self.folder / "spec.yaml").read_text()
        (self.folder / "spec.yaml").write_text(text + "  gpus: 1\n")
        self.trainer(TRAINER.replace("{os.getpid()}", "{os.environ['CUDA_VISIBLE_DEVICES']}"))
        output, _ = self.pbt("run", "spec.yaml", "--gpus", "3,3,5")
        self.assertIn("on 3 slots", output)
        self.assertEqual(sorted(self.processes()), ["3", "3", "5"])

    def test_listens_where_it_is_told(self):
        output, _ = self.pbt("run", "spec.yaml", "--slots", "1", "--listen", "127.0.0.1:0")
        self.assertTrue(re.search(r"^API at http://127\.0\.0\.1:\d+$", output.splitlines()[1]))
        _, errors = self.pbt("run", "spec.yaml", "--listen", "nowhere", status=2)
        self.assertIn("--listen needs ADDRESS:PORT, found 'nowhere'", errors)


class Elsewhere(WorkerCase):
    """A worker that no run started: it outlives them, and knows an address and a token."""

    def setUp(self):
        super().setUp()
        self.trainer(TRAINER + "    print(os.getpid(), file=open('reports', 'a'), flush=True)\n")
        self.workers(mode="asynchronous", steps=9000, delay="0.005")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def listen(self, *words):
        run = self.start("run", "spec.yaml", "--slots", "1", "--listen",
                         f"127.0.0.1:{self.port}", *words)
        self.wait_for(lambda: self.tokens().get("process") == run.pid, "the run")
        return run

    def tokens(self):
        try:
            return json.loads((self.folder / "pbt.db.owner").read_text())
        except FileNotFoundError:
            return {}

    def join(self):
        settings = {"PBT_SERVER": f"http://127.0.0.1:{self.port}", "PBT_STUDY": "workers",
                    "PBT_TOKEN": self.tokens()["worker_token"], "PBT_WORKER": "elsewhere",
                    "PYTHONPATH": str(CLIENT), "DELAY": "0.005"}
        worker = subprocess.Popen(["python3", "train.py"], cwd=self.folder, text=True,
                                  stderr=subprocess.PIPE, env=self.environment() | settings)
        self.addCleanup(worker.communicate)
        self.addCleanup(worker.kill)
        self.wait_for(lambda: str(worker.pid) in self.processes(), "the worker")
        return worker

    def see_report(self, worker):
        reports = self.folder / "reports"
        before = reports.read_text().count(f"{worker.pid}\n") if reports.exists() else 0
        self.wait_for(lambda: worker.poll() is not None or reports.exists()
                      and reports.read_text().count(f"{worker.pid}\n") > before, "a report")
        self.assertIsNone(worker.poll())

    def end(self, process, *signals):
        for each in signals:
            process.send_signal(each)
        return process.communicate(timeout=120)[1], process.returncode

    def test_it_goes_on_with_the_next_run(self):
        run = self.listen("--quiet")
        worker, tokens = self.join(), self.tokens()
        for end in (signal.SIGKILL, signal.SIGINT):
            self.see_report(worker)
            self.end(run, end)
            self.assertEqual((self.folder / "pbt.db.owner").stat().st_mode & 0o777, 0o600)
            run = self.listen("--quiet")
            self.assertEqual({**self.tokens(), "process": tokens["process"]}, tokens)
        self.see_report(worker)
        self.pbt("stop", "workers")
        self.assertEqual(self.end(run), ("", 0))
        self.assertEqual(self.end(worker)[1], 0)

    def test_it_is_told_in_words_that_its_token_is_no_more(self):
        run = self.listen()
        worker = self.join()
        self.end(run, signal.SIGKILL)
        (self.folder / "pbt.db.owner").chmod(0o644)
        self.listen()
        said, status = self.end(worker)
        self.assertEqual(status, 1)
        self.assertIn("pbt: no valid token\nhint: ", said)
        self.assertIn("a worker from PBT_TOKEN; STORE.owner has both", said)
        self.assertNotIn("Traceback", said)

    def test_a_run_at_a_free_port_leaves_no_token(self):
        self.workers()
        self.pbt("run", "spec.yaml", "--quiet", "--listen", "127.0.0.1:0")
        self.assertEqual(self.tokens(), {})


if __name__ == "__main__":
    tap.main()
