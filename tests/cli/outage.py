"""Outages: what fails for a while is no verdict, and members that failed for good come back."""

import ctypes
import json
import os
import signal

import tap
from case import Case
from worker_case import WorkerCase

SPEC = """\
version: 1
name: x
population: 4
mode: {mode}
ready: {{every: 10}}
stop: {{steps: 60}}
failure: {{retries: 1, patience: {patience}}}
hyperparameters:
  rate: {{type: float, min: 0, max: 1}}
trainer: {{protocol: command, command: [sh, ./t.sh, "{{load}}", "{{save_to}}", "{{end_step}}",
                                      "{{start_step}}", "{{member}}", "{{rate}}"]}}
"""
GOOD = 'echo "$3" > "$2"; echo "{\\"score\\": $3}"\n'
# The second segments fail as long as there is a file of that name.
GONE = '[ "$4" -lt 20 ] || [ ! -e gone ] || exit 2\n' + GOOD


class Outage(Case):
    def prepare(self, script, mode="generational", patience=300):
        (self.folder / "s.yaml").write_text(SPEC.format(mode=mode, patience=patience))
        (self.folder / "t.sh").write_text(script)

    def run_it(self, *options, status=0):
        output, errors = self.pbt("run", "s.yaml", "--slots", "2", *options, status=status)
        return output + errors

    def ends_by_itself(self, mode):
        """Goes away at the second segment, comes back at the first pause."""
        self.prepare('if [ "$4" -ge 20 ] && [ ! -e back ]; then echo >> tries; '
                     '[ "$(wc -l < tries)" -lt 4 ] || touch back; exit 2; fi\n' + GOOD, mode)
        output = self.run_it()
        self.assertIn("failed alike: 'sh' exited with status 2", output)
        self.assertIn("goes on", output)
        (show,) = self.json("show", "x")
        self.assertEqual((show["steps_done"], show["failed_members"]), (240, []))
        self.assertNotIn("rescued", output)
        self.assertEqual([m["state"] for m in self.json("members", "x")], ["finished"] * 4)
        self.pbt("verify", "x")

    def test_an_outage_in_a_round_ends_by_itself(self):
        self.ends_by_itself("generational")

    def test_an_outage_ends_by_itself(self):
        self.ends_by_itself("asynchronous")

    def test_an_outage_that_lasts_ends_the_run_and_nothing_else(self):
        self.prepare(GONE, patience=1)
        (self.folder / "gone").touch()
        output = self.run_it(status=1)
        self.assertIn("hint: nothing was counted", output)
        (show,) = self.json("show", "x")
        self.assertEqual((show["steps_done"], show["workers"]), (80, 0))
        (self.folder / "gone").unlink()
        self.run_it()
        self.assertEqual(self.json("show", "x")[0]["steps_done"], 240)

    def test_a_pause_is_shown_while_it_lasts(self):
        self.prepare(GONE)
        (self.folder / "gone").touch()
        run = self.start("run", "s.yaml", "--slots", "2")
        next(line for line in run.stdout if line.startswith("paused: "))
        url = json.loads((self.folder / "pbt.db.owner").read_text())["url"]
        for where in ([], ["--server", url, "--token-file", "pbt.db.owner"]):
            paused = self.json("show", *where)[0]["paused"]
            self.assertRegex(paused["message"], r"^m\d and m\d failed alike: 'sh' exited with")
            self.assertEqual(paused["detail"], "")
            self.assertRegex(paused["next_at"] or "20", "^20")  # it may be tried just now
            self.assertRegex(self.pbt("show", *where)[0], r"paused +m\d and m\d failed alike: .*; "
                             "(next try at 20|tried again now)")
        (self.folder / "gone").unlink()
        run.communicate(timeout=60)
        self.assertEqual(run.returncode, 0)
        self.assertIsNone(self.json("show")[0]["paused"])
        self.assertNotIn("paused", self.pbt("show")[0])

    def test_a_log_that_cannot_be_opened_is_the_runs_error(self):
        self.prepare("rm -rf x.logs; touch x.logs\n" + GOOD, patience=1)
        output = self.run_it(status=1)
        self.assertIn("x.logs", output)
        self.assertEqual([m["failures"] for m in self.json("members", "x")], [0] * 4)

    def test_members_that_failed_for_good_are_named_and_brought_back(self):
        self.prepare('case $5 in 1|3) [ "$4" -lt 20 ] || [ ! -e gone ] || exit 2;; esac\n' + GOOD,
                     "asynchronous", patience=0)
        (self.folder / "gone").touch()
        output = self.run_it(status=1)
        self.assertIn("2 of 4 members failed (m1, m3): 80 of 240 steps were not trained", output)
        self.assertIn("pbt resume x --members 1,3", output)
        (show,) = self.json("show", "x")
        self.assertEqual((show["failed_members"], show["steps_missing"]), ([1, 3], 80))
        (self.folder / "gone").unlink()
        self.pbt("amend", "x", "failure.retries=100")
        output, _ = self.pbt("resume", "x", status=1)
        self.pbt("resume", "x", "--members", "0", status=1)
        self.pbt("resume", "x", "--members", "1,x", status=2)
        self.pbt("resume", "x", "--members", "1,3")
        (self.folder / "s.yaml").write_text(
            (self.folder / "s.yaml").read_text().replace("retries: 1,", "retries: 100,"))
        self.run_it()
        (show,) = self.json("show", "x")
        self.assertEqual((show["state"], show["steps_done"]), ("finished", 240))
        self.pbt("verify", "x")

    def has_come_to(self, step, *except_for):
        """Say whether all other members have."""
        return (self.folder / "x.logs").exists() and all(
            m["step"] >= step for m in self.json("members", "x") if m["member"] not in except_for)

    def run_until(self, step):
        """Run until every member has come to a step, then stop."""
        run = self.start("run", "s.yaml", "--slots", "2")
        self.wait_for(lambda: self.has_come_to(step), f"step {step}")
        run.terminate()
        run.communicate()

    def test_whose_checkpoint_cannot_be_read_waits_while_others_go_on(self):
        """Nobody copies: whoever would copy that checkpoint would wait too."""
        self.prepare('[ -z "$1" ] || cat "$1" > read || exit 9; sleep 0.05\n' + GOOD,
                     "asynchronous")
        with (self.folder / "s.yaml").open("a") as spec:
            spec.write("exploit: {rule: none}\n")
        self.run_until(20)
        own = max(self.folder.glob("x.checkpoints/m1s*"), key=lambda p: int(p.name[3:]))
        own.chmod(0)
        run = self.start("run", "s.yaml", "--slots", "2", preexec_fn=heed_permissions)
        self.wait_for(lambda: self.has_come_to(60, 1), "the end of all others")
        own.chmod(0o600)
        output, errors = run.communicate(timeout=100)
        self.assertEqual(run.returncode, 0, output + errors)
        self.assertIn(f"m1 waits: cannot read '{own}': Permission denied", output)
        self.assertEqual([m["failures"] for m in self.json("members", "x")], [0] * 4)
        self.assertEqual(self.json("show", "x")[0]["steps_done"], 240)

    def test_what_the_last_round_lost_is_told_and_trained_after_all(self):
        self.prepare('[ ! -e gone ] || [ "$5$4" != 150 ] || exit 2\n' + GOOD, patience=0)
        (self.folder / "gone").touch()
        output = self.run_it(status=1)
        self.assertIn("1 of 4 members lost segments (m1): 10 of 240 steps were not trained", output)
        self.assertIn("'pbt resume x --members 1'", output)
        (show,) = self.json("show", "x")
        self.assertEqual((show["failed_members"], show["steps_missing"]), ([], 10))
        self.assertEqual(show["short_members"], [{"member": 1, "steps": 10, "may_return": True}])
        (self.folder / "gone").unlink()
        self.pbt("resume", "x", "--members", "0", status=1)
        self.pbt("resume", "x", "--members", "1")
        self.run_it()
        (show,) = self.json("show", "x")
        self.assertEqual((show["state"], show["steps_done"]), ("finished", 240))
        self.pbt("verify", "x")

    def test_a_missing_checkpoint_costs_one_segment_of_each_that_would_load_it(self):
        """The best one's: all would copy it, again and again."""
        self.prepare('sleep 0.05\n' + GOOD.replace("$3}", "1$5$3}"), "asynchronous")
        self.run_until(20)
        best = max(self.folder.glob("x.checkpoints/m3s*"), key=lambda p: int(p.name[3:]))
        best.unlink()
        self.run_it()
        (show,) = self.json("show", "x")
        self.assertEqual((show["steps_done"], show["steps_missing"]), (240, 0))
        lost = [s for s in self.json("segments", "x") if s["state"] == "given_up"]
        self.assertEqual({s["parent"] for s in lost}, {best.name})
        self.assertEqual(len(lost), len({s["member"] for s in lost}))
        self.pbt("verify", "x")


def heed_permissions():
    """In a child: be kept out by a folder's mode, as root is not otherwise."""
    drop, override, search = 24, 1, 2  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    libc = ctypes.CDLL(None)
    for capability in (override, search):
        libc.prctl(drop, capability, 0, 0, 0)


class WorkerOutage(WorkerCase):
    """What long-lived workers need is gone for a while: nobody's attempt has failed by that."""

    def setUp(self):
        super().setUp()
        self.workers(delay="0.05", steps=30)

    def run_to_reports(self, **options):
        """Start a run; two members have been reported."""
        run = self.start("run", "spec.yaml", "--slots", "2", **options)
        for _ in range(2):
            next(line for line in run.stdout if " reported " in line)
        return run

    def stop_workers(self):
        """As a batch system does: they give back what they hold, and are to be started again."""
        for process in self.processes():
            os.kill(int(process), signal.SIGTERM)

    def assert_ends_well(self, run, why, fix):
        """The run waits, saying why; once that is fixed it ends as if nothing had happened."""
        said = []
        while not said or said[-1] and not said[-1].startswith("paused: "):
            said.append(run.stdout.readline())
        self.assertIn(why, said[-1], "".join(said))
        fix()
        output, errors = run.communicate(timeout=60)
        self.assertEqual((run.returncode, errors), (0, ""), output)
        self.assertIn("goes on", output)
        (show,) = self.json("show")
        self.assertEqual((show["state"], show["steps_done"], show["failed_members"]),
                         ("finished", 120, []))
        self.assertEqual([m["failures"] for m in self.json("members")], [0] * 4)
        self.assertLessEqual({s["reason"] for s in self.segments()},
                             {"initial", "continue", "exploit"})
        self.assertIn(" 0 problems", self.pbt("verify")[0])

    def assert_waits_without(self, file, why):
        run = self.run_to_reports()
        aside = self.folder / "aside"
        (self.folder / file).rename(aside)
        self.stop_workers()
        self.assert_ends_well(run, why, lambda: aside.rename(self.folder / file))

    def test_a_script_that_is_gone_for_a_while(self):
        self.assert_waits_without("train.py", "ended 3 times without asking for a segment")

    def test_an_interpreter_that_is_gone_for_a_while(self):
        (self.folder / "own-python").write_text('#!/bin/sh\nexec python3 "$@"\n')
        (self.folder / "own-python").chmod(0o755)
        spec = self.folder / "spec.yaml"
        spec.write_text(spec.read_text().replace("[python3,", "[./own-python,"))
        self.assert_waits_without("own-python", "cannot run './own-python'")

    def test_checkpoints_that_cannot_be_reached_for_a_while(self):
        run = self.run_to_reports(preexec_fn=heed_permissions)
        folder = self.folder / "workers.checkpoints"
        mode = folder.stat().st_mode
        folder.chmod(0)
        self.assert_ends_well(run, "workers.checkpoints", lambda: folder.chmod(mode))


if __name__ == "__main__":
    tap.main()
