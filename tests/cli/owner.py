"""Who owns a store: a second run that joins, deaths of either, commands that go to the owner."""

import fcntl
import http.server
import json
import os
import signal
import sqlite3
import threading
import time

import tap
import worker_case
from case import Case

SPEC = """\
version: 1
name: shared
seed: 4
population: 4
mode: {mode}
ready: {{every: {every}}}
stop: {{steps: {steps}}}
hyperparameters: {{rate: {{type: float, scale: log, min: 0.01, max: 0.5}}}}
failure: {{retries: 1000, lost: 1000}}
lease: {{seconds: {lease}}}
trainer: {{{trainer}}}
"""
SCRIPT = (
    'protocol: command, command: [sh, trainer.sh, "{{rate}}", "{{load}}", "{{save_to}}",'
    ' "{{start_age}}", "{{end_age}}"], environment: {{DELAY: "{delay}"}}'
)
WORKER = 'command: [python3, train.py], environment: {{PYTHONPATH: "{client}", DELAY: "{delay}"}}'
PLUGIN = 'protocol: library, library: "{plugin}"'
# Some 0.1 seconds a segment each.
PROTOCOLS = {
    "command": {"trainer": SCRIPT, "every": 10, "delay": "0.1"},
    "worker": {"trainer": WORKER, "every": 10, "delay": "0.01"},
    "library": {"trainer": PLUGIN, "every": 100, "delay": "0"},
    "thread": {"trainer": PLUGIN + ", isolation: thread", "every": 100, "delay": "0"},
}


class Owned(Case):
    def setUp(self):
        super().setUp()
        (self.folder / "train.py").write_text(worker_case.TRAINER)

    def write(self, protocol="command", mode="generational", **changes):
        values = PROTOCOLS[protocol] | {"mode": mode, "lease": 2} | changes
        values.setdefault("steps", 6 * values["every"])
        values["trainer"] = values["trainer"].format(
            client=worker_case.CLIENT, plugin=os.environ["SLOW"], delay=values["delay"]
        )
        (self.folder / "spec.yaml").write_text(SPEC.format(**values))

    def segments(self, *words):
        """What a study did, attempts and times aside."""
        aside = ("attempts", "sequence", "created_at", "reported_at")
        return [{k: v for k, v in segment.items() if k not in aside}
                for segment in self.json("segments", "shared", *words)]

    def undisturbed(self, protocol="command"):
        """Write the spec; what a run in a hurry makes of the study, which is taken back."""
        self.write(protocol, delay="0")
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "4")
        whole = self.segments()
        self.pbt("delete", "shared", "--yes")
        self.write(protocol)
        return whole

    def ask(self, question, *values):
        with sqlite3.connect(self.folder / "pbt.db", timeout=60) as store:
            answer = [row[0] for row in store.execute(question, values)]
        store.close()
        return answer

    def holders(self):
        """The workers that hold a segment now."""
        return self.ask("SELECT worker FROM claim WHERE worker <> ''")

    def trained_by(self, name):
        """How many segments workers whose names begin so have reported."""
        bodies = self.ask("SELECT body FROM event WHERE kind = 2")
        return sum(json.loads(body)["worker"].startswith(name) for body in bodies)

    def run_until_report(self, *words):
        """Start a run and wait for the first event after its title; the process and the title."""
        process = self.start("run", "spec.yaml", *words)
        title = process.stdout.readline()
        for line in process.stdout:
            if " reported " in line:
                return process, title
        self.fail(title + process.stderr.read())

    def join(self, *words):
        """Start another run and wait until it trains."""
        process = self.start("run", "spec.yaml", *words)
        title = process.stdout.readline()
        name = f"joined-{process.pid}-"
        self.wait_for(lambda: any(h.startswith(name) for h in self.holders()), "the joiner")
        return process, title

    def end(self, process, status=0):
        output, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, status, output + errors)
        return output

    def check(self, whole):
        self.assertEqual(self.segments(), whole)
        self.assertIn(" 0 problems", self.pbt("verify")[0])


class Join(Owned):
    def check_join(self, protocol):
        whole = self.undisturbed(protocol)
        owner, title = self.run_until_report("--slots", "1")
        self.assertNotIn("join", title)
        joiner, title = self.join("--slots", "2")
        start = f"shared: 4 members on 2 slots that join process {owner.pid}, generational, "
        self.assertTrue(title.startswith(start), title)
        for process in (owner, joiner):
            self.assertIn("shared finished: ", self.end(process))
        self.assertGreater(self.trained_by("local-0"), 0)
        self.assertGreater(self.trained_by(f"joined-{joiner.pid}-"), 1)
        self.check(whole)

    def test_scripts_join(self):
        self.check_join("command")

    def test_workers_join(self):
        self.check_join("worker")

    def test_plugins_join(self):
        self.check_join("library")

    def test_several_join_and_both_modes_can(self):
        self.write("library", mode="asynchronous")
        runs = [self.run_until_report("--slots", "1")[0]]
        runs += [self.join("--slots", "1")[0] for _ in range(2)]
        for run in runs:
            self.end(run)
        self.assertEqual(self.json("show")[0]["segments"], 24)
        self.assertIn(" 0 problems", self.pbt("verify")[0])

    def test_runs_that_start_at_once_find_each_other(self):
        self.write("library")
        left = self.folder / "pbt.db.owner.aside-1-0"  # by one that was killed while it wrote
        left.touch()
        runs = [self.start("run", "spec.yaml", "--slots", "1") for _ in range(3)]
        titles = [self.end(run).splitlines()[0] for run in runs]
        self.assertEqual(sum("join" in title for title in titles), 2, titles)
        self.assertFalse(left.exists())
        self.assertIn(" 0 problems", self.pbt("verify")[0])

    def test_what_a_killed_run_held_is_trained_by_the_other(self):
        """At once, whichever of them is killed: no lease is waited for, and no attempt counted."""
        for is_owner in (True, False):
            with self.subTest(is_owner=is_owner):
                whole = self.undisturbed("command")
                self.write(delay="0.2", lease=300)
                owner, _ = self.run_until_report("--slots", "2")
                joiner, _ = self.join("--slots", "2")
                dead, left = (owner, joiner) if is_owner else (joiner, owner)
                name = "local-" if is_owner else f"joined-{dead.pid}-"
                self.wait_for(lambda: any(h.startswith(name) for h in self.holders()), "a lease")
                dead.kill()
                dead.communicate()
                self.end(left)
                self.check(whole)
                self.pbt("delete", "shared", "--yes")

    def test_a_spec_that_differs_does_not_join(self):
        self.write(delay="0.3")
        owner, _ = self.run_until_report("--slots", "1")
        self.write(delay="0.3", steps=120)
        _, errors = self.pbt("run", "spec.yaml", status=2)
        self.assertRegex(errors, r"hint: .*pbt amend shared stop\.steps=120")
        self.assertIsNone(owner.poll())
        self.assertEqual(self.json("show")[0]["steps_total"], 240)

    def test_seeds_are_not_joined(self):
        self.write(delay="0.3")
        owner = self.start("run", "spec.yaml", "--seeds", "1..2")
        owner.stdout.readline()
        _, errors = self.pbt("run", "spec.yaml", "--seeds", "1..2", status=1)
        self.assertIn(f"process {owner.pid} is using 'pbt.db'", errors)

    def test_a_joiner_leaves_no_trace_of_an_owner(self):
        self.write(delay="0.3")
        owner, _ = self.run_until_report("--slots", "1")
        owned = (self.folder / "pbt.db.owner").read_text()
        joiner, _ = self.join("--slots", "1")
        self.assertEqual((self.folder / "pbt.db.owner").read_text(), owned)
        joiner.send_signal(signal.SIGINT)
        self.end(joiner, 130)
        self.assertEqual((self.folder / "pbt.db.owner").read_text(), owned)
        self.assertFalse([h for h in self.holders() if h.startswith("joined")])
        self.assertIsNone(owner.poll())


class OneOwner(Owned):
    """A store has one owner, by whatever name, and whatever becomes of the lock file."""

    def own(self):
        self.write(delay="0.3", steps=600)
        return self.run_until_report("--slots", "1")[0]

    def check_joined(self, *words, **options):
        joiner = self.start("run", "spec.yaml", "--slots", "1", *words, **options)
        self.assertIn(" that join process ", joiner.stdout.readline())
        joiner.send_signal(signal.SIGINT)
        self.end(joiner, 130)

    def test_by_another_name(self):
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "link.db").symlink_to(self.folder / "pbt.db")
        self.own()
        self.check_joined("--store", "elsewhere/link.db")
        self.assertEqual(sorted(f.name for f in elsewhere.iterdir()), ["link.db"])

    def test_by_a_hard_link(self):
        owner = self.own()
        os.link(self.folder / "pbt.db", self.folder / "hard.db")
        _, errors = self.pbt("run", "spec.yaml", "--store", "hard.db", status=1)
        self.assertIn(f"process {owner.pid} is using 'hard.db'", errors)

    def test_without_its_lock_file(self):
        owner = self.own()
        for name in ("pbt.db.lock", "pbt.db.owner"):
            (self.folder / name).unlink()
            self.wait_for((self.folder / name).exists, name)
        self.wait_for(lambda: (self.folder / "pbt.db.lock").read_text() == f"{owner.pid}\n",
                      "the owner's number")
        self.check_joined()

    def test_at_the_moment_its_lock_file_is_removed(self):
        self.own()
        for _ in range(3):
            (self.folder / "pbt.db.lock").unlink()
            self.check_joined()


class Killed(Owned):
    """What the next run makes of the segments that a killed one held."""

    def causes(self, protocol):
        is_plugin = protocol in ("library", "thread")
        self.write(protocol, **({"every": 10 ** 9} if is_plugin else {"delay": "9"}))
        run = self.start("run", "spec.yaml", "--slots", "1")
        run.stdout.readline()
        self.wait_for(self.holders, "a claim")
        run.kill()
        run.communicate()
        sequel = self.start("run", "spec.yaml", "--slots", "1", "--quiet")
        kinds = "SELECT body FROM event WHERE kind IN (3, 4)"
        self.wait_for(lambda: self.ask(kinds), "what became of it")
        sequel.kill()
        sequel.communicate()
        return [json.loads(body).get("cause") for body in self.ask(kinds)]

    def test_processes_give_them_back(self):
        for protocol in ("command", "worker", "library"):
            self.assertEqual(self.causes(protocol), [None], protocol)
            self.pbt("delete", "shared", "--yes", "--force")

    def test_a_plugin_in_a_thread_may_have_killed_it(self):
        self.assertEqual(self.causes("thread"), ["lost"])


class Death(Owned):
    def setUp(self):
        super().setUp()
        self.whole = self.undisturbed()

    def test_a_killed_joiner_that_nobody_has_waited_for_is_dead(self):
        self.write(lease=300)
        owner, _ = self.run_until_report("--slots", "1")
        joiner, _ = self.join("--slots", "2")
        joiner.kill()
        self.end(owner)
        self.check(self.whole)

    def test_a_joiner_outlives_its_owner(self):
        owner, _ = self.run_until_report("--slots", "2")
        joiner, _ = self.join("--slots", "1")
        owner.kill()
        owner.communicate()
        self.assertIn("shared finished: ", self.end(joiner))
        self.check(self.whole)
        self.assertIn("shared finished: ", self.pbt("run", "spec.yaml")[0])

    def test_an_owner_comes_back_beside_a_joiner(self):
        self.write(delay="0.3")
        first, _ = self.run_until_report("--slots", "1")
        joiner, _ = self.join("--slots", "1")
        first.kill()
        first.communicate()
        second, title = self.run_until_report("--slots", "1")
        self.assertNotIn("join", title)
        third, title = self.join("--slots", "1")
        self.assertIn(f"that join process {second.pid}", title)
        for run in (joiner, second, third):
            self.end(run)
        causes = self.ask("SELECT body FROM event WHERE kind = 3")
        self.assertFalse([c for c in causes if json.loads(c)["worker"].startswith("joined")])
        self.check(self.whole)

    def test_an_interrupted_owner_leaves_the_joiner_training(self):
        owner, _ = self.run_until_report("--slots", "1")
        joiner, _ = self.join("--slots", "1")
        owner.send_signal(signal.SIGINT)
        self.end(owner, 130)
        self.assertFalse((self.folder / "pbt.db.owner").exists())
        self.end(joiner)
        self.check(self.whole)


class FakeOwner(http.server.BaseHTTPRequestHandler):
    """Answers for the study `shared`, and remembers what it is told."""

    def answer(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.server.asked.append(self.path)
        if not self.server.is_silent:
            found = self.path == "/v1/studies/shared"
            self.answer(200 if found else 404, {"name": "shared", "paused": None})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.told.append((self.path, self.headers["Authorization"], body))
        self.answer(self.server.status, {"recorded": True})

    def log_message(self, *_):
        pass


class Commands(Owned):
    def fake_owner(self, status=200):
        """Have an owner of a study that has finished; what it is told."""
        self.write(delay="0")
        self.pbt("run", "spec.yaml", "--quiet")
        self.pbt("amend", "shared", "stop.steps=120")
        return self.own(status).told

    def own(self, status=200, is_silent=False):
        """Own the store as a run does, by the lock and STORE.owner."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), FakeOwner)
        server.told, server.status = [], status
        server.asked, server.is_silent = [], is_silent
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        lock = open(self.folder / "pbt.db.lock", "r+")
        self.addCleanup(lock.close)
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate()
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self.lock = lock
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.publish(os.getpid())
        return server

    def publish(self, process):
        owner = {"url": self.url, "token": "t" * 20, "process": process}
        (self.folder / "pbt.db.owner").write_text(json.dumps(owner))

    def events(self):
        return self.ask("SELECT count(*) FROM event")[0]

    def test_changes_go_to_the_owner(self):
        told = self.fake_owner()
        before = self.events()
        self.assertIn("stopped shared", self.pbt("stop", "shared")[0])
        self.assertIn("resumed shared", self.pbt("resume", "shared")[0])
        output, _ = self.pbt("amend", "shared", "notes=a b", "stop.steps=9")
        self.assertIn("notes is a b now", output)
        token = "Bearer " + "t" * 20
        pairs = [{"key": "notes", "value": "a b"}, {"key": "stop.steps", "value": "9"}]
        path = "/v1/studies/shared"
        self.assertEqual(told, [(path + "/stop", token, {}), (path + "/resume", token, {}),
                                (path + "/amend", token, {"amendments": pairs})])
        self.assertEqual(self.events(), before)

    def check_asked_once(self, is_silent):
        """Two segments are held, and each query asks the owner for its study once."""
        self.write(delay="9", lease=300)
        run = self.start("run", "spec.yaml", "--slots", "2")
        run.stdout.readline()
        self.wait_for(lambda: len(self.holders()) == 2, "two claims")
        run.kill()
        run.communicate()
        server = self.own(is_silent=is_silent)
        for query in ("show", "members", "segments", "list"):
            rows = self.json(query)
            self.assertEqual(server.asked, ["/v1/studies/shared"], query)
            server.asked.clear()
            if query in ("show", "list"):
                self.assertEqual(rows[0]["state"], "running", query)
                self.assertEqual([t["is_at_work"] for t in rows[0]["training"]], [True, True])

    def test_a_query_asks_the_owner_once(self):
        self.check_asked_once(is_silent=False)

    def test_a_silent_owner_is_asked_once_and_its_leases_are_believed(self):
        self.check_asked_once(is_silent=True)

    def test_what_an_owner_must_not_be_told_is_written_beside_it(self):
        told = self.fake_owner()
        self.pbt("amend", "shared", "trainer.command=[sh, other.sh]")
        self.assertEqual(told, [])

    def test_an_owner_that_cannot_answer_is_passed_by(self):
        told = self.fake_owner(status=503)
        before = self.events()
        self.pbt("stop", "shared")
        self.assertEqual(len(told), 1)
        self.assertEqual(self.events(), before + 1)

    def test_what_another_owner_left_is_not_believed(self):
        told = self.fake_owner()
        self.publish(os.getppid())
        self.pbt("stop", "shared")
        self.publish(os.getpid())
        fcntl.flock(self.lock, fcntl.LOCK_UN)
        self.pbt("resume", "shared")
        for text in ("", "{", "[]", '{"process": %d}' % os.getpid()):
            (self.folder / "pbt.db.owner").write_text(text)
            self.pbt("stop", "shared")
        self.assertEqual(told, [])

    def test_an_owner_that_died_is_not_asked(self):
        self.write(delay="0.2")
        owner, _ = self.run_until_report("--slots", "1")
        owner.kill()
        owner.communicate()
        self.assertTrue((self.folder / "pbt.db.owner").exists())
        self.pbt("stop", "shared")
        self.assertEqual(self.json("show")[0]["state"], "stopped")
        self.pbt("amend", "shared", "stop.steps=40")
        self.pbt("resume", "shared")
        self.write(delay="0.2", steps=40)
        self.pbt("run", "spec.yaml", "--quiet")
        self.assertIn(" 0 problems", self.pbt("verify")[0])

    def test_a_stop_is_obeyed_at_once_by_all(self):
        """Not by heartbeats: they are five seconds apart."""
        self.write(delay="30", lease=300)
        owner = self.start("run", "spec.yaml", "--slots", "2")
        self.wait_for(lambda: (self.folder / "pbt.db.owner").exists(), "the owner")
        self.wait_for(lambda: len(self.holders()) == 2, "its slots")
        joiner, _ = self.join("--slots", "1")
        began = time.monotonic()
        self.pbt("stop", "shared")
        for run in (owner, joiner):
            self.assertIn("shared stopped: ", self.end(run))
        self.assertLess(time.monotonic() - began, 3)

    def test_a_study_that_is_trained_is_not_deleted(self):
        self.write(delay="0.3")
        owner, _ = self.run_until_report("--slots", "1")
        _, errors = self.pbt("delete", "shared", "--yes", status=1)
        self.assertIn("is being trained", errors)
        self.assertIsNone(owner.poll())


if __name__ == "__main__":
    tap.main()
