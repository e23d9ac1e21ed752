"""`pbt run` without a terminal: lines, results, interruption, locks, seeds, failure."""

import json
import shutil
import resource
import signal
import subprocess
import time

import tap
from case import Case


class Run(Case):
    def started(self, *words):
        """Start a run and wait for its first report, which is a line."""
        process = self.start("run", "spec.yaml", *words)
        lines = []
        for line in process.stdout:
            lines.append(line)
            if " reported " in line:
                return process
        self.fail("".join(lines) + process.stderr.read())

    def curves(self):
        """What a study did, attempts and times aside."""
        dropped = ("attempts", "sequence", "created_at", "reported_at", "checkpoint")
        segments = self.json("segments", "tiny")
        return [{k: v for k, v in s.items() if k not in dropped} for s in segments]

    def test_prints_a_line_per_event_and_the_result(self):
        output, errors = self.pbt("run", "spec.yaml", "--slots", "2")
        self.assertEqual(errors, "")
        title = "tiny: 4 members on 2 slots, generational, maximize score, logs in tiny.logs"
        self.assertEqual(output.splitlines()[0], title)
        self.assertRegex(output.splitlines()[1], r"^API at http://127\.0\.0\.1:\d+$")
        reported = [line for line in output.splitlines() if " reported " in line]
        self.assertEqual(len(reported), 16)
        time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
        self.assertRegex(reported[0], rf"^{time}  m\ds0 reported [0-9.e-]+ at step 10")
        self.assertRegex(output, r"; m\d copies m\ds\d: rate [0-9.e-]+ \(x(0\.8|1\.25)")
        self.assertRegex(output, r"(?m)^tiny finished: 160 of 160 steps, 16 segments, \d+ copies, ")
        self.assertRegex(output, r"(?m)^checkpoint +tiny\.checkpoints/m\ds\d$")
        for words in ("plot tiny --output tiny.svg", "report tiny --output tiny.html",
                      "best tiny --export tiny-best", "verify tiny"):
            self.assertIn(f"\n  pbt {words}\n", output)
            self.pbt(*words.split())

    def test_quiet_prints_the_result_alone(self):
        output, _ = self.pbt("run", "spec.yaml", "--quiet", "--executor", "local")
        self.assertTrue(output.startswith("tiny finished"))

    def test_a_finished_study_prints_its_result(self):
        first, _ = self.pbt("run", "spec.yaml", "--quiet")
        second, _ = self.pbt("run", "spec.yaml")
        self.assertEqual(second.splitlines()[1:], first.splitlines()[1:])
        self.assertEqual(self.json("show")[0]["segments"], 16)

    def test_next_commands_name_the_store(self):
        output, _ = self.pbt("run", "spec.yaml", "--store", "sqlite:here.db")
        self.assertIn("pbt plot tiny --store sqlite:here.db --output tiny.svg\n", output)

    def test_logs_lie_beside_the_store(self):
        self.pbt("run", "spec.yaml", "--quiet")
        log = (self.folder / "tiny.logs" / "m0.log").read_text()
        self.assertIn("training from 0 to 10", log)

    def test_provenance_is_recorded(self):
        self.pbt("run", "spec.yaml", "--quiet")
        strings = (self.folder / "pbt.db").read_bytes()
        for word in (b'"provenance"', b'"kernel"', b'"processor"', b'"commit"'):
            self.assertIn(word, strings)

    def git(self, *words):
        who = ["-c", "user.name=x", "-c", "user.email=x"]
        subprocess.run(["git", *who, *words], cwd=self.folder, env=self.environment(), check=True,
                       stdout=subprocess.DEVNULL)

    def is_clean(self, *words):
        """What a new study says of its files."""
        self.pbt("run", *words, "--quiet")
        clean = self.json("show")[0]["provenance"]["trainer"]["clean"]
        self.pbt("delete", "tiny", "--yes")
        return clean

    def test_clean_means_that_the_commit_has_what_was_run(self):
        self.spec(steps=10)
        self.assertIsNone(self.is_clean("spec.yaml"))
        self.git("init", "--quiet")
        self.git("commit", "--quiet", "--allow-empty", "--message", "nothing")
        self.assertIs(self.is_clean("spec.yaml"), False)
        self.git("add", "spec.yaml")
        self.git("commit", "--quiet", "--message", "the spec")
        self.assertIs(self.is_clean("spec.yaml"), False)
        self.git("add", "trainer.sh")
        self.git("commit", "--quiet", "--message", "the trainer")
        self.assertIs(self.is_clean("spec.yaml"), True)
        self.assertIs(self.is_clean(f"{self.folder}/spec.yaml"), True)
        self.spec(file="other.yaml", steps=10)
        self.assertIs(self.is_clean("other.yaml"), False)
        (self.folder / "trainer.sh").open("a").write("# more\n")
        self.assertIs(self.is_clean("spec.yaml"), False)

    def test_interrupt_and_go_on_is_the_same_study(self):
        self.pbt("run", "spec.yaml", "--quiet", "--store", "whole.db")
        whole = self.json("segments", "tiny", "--store", "whole.db")
        self.pbt("delete", "tiny", "--yes", "--store", "whole.db")
        self.spec(delay="0.1")
        process = self.started("--slots", "2")
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130)
        self.assertIn("pbt: stopping", errors)
        self.assertIn("tiny interrupted", output)
        self.assertIn("the same command goes on", output)
        show = self.json("show")[0]
        self.assertEqual(show["state"], "interrupted")
        self.assertEqual(show["workers"], 0)
        self.pbt("run", "spec.yaml", "--quiet")
        names = ("segment", "score", "parent", "hyperparameters", "changes", "state")
        parts = [[s[name] for name in names] for s in whole]
        self.assertEqual([[s[name] for name in names] for s in self.json("segments")], parts)
        self.pbt("verify")

    def test_terminate_exits_143(self):
        self.spec(delay="0.2")
        process = self.started()
        process.terminate()
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 143)

    def test_a_second_interrupt_ends_a_trainer_that_will_not(self):
        self.spec(delay="0.1", trainer="stubborn.sh")
        trainer = (self.folder / "trainer.sh").read_text()
        (self.folder / "stubborn.sh").write_text(
            "trap '' TERM\n[ $4 = 0 ] || { touch stuck; while :; do sleep 0.1; done; }\n" + trainer
        )
        process = self.started("--slots", "4")
        self.wait_for((self.folder / "stuck").exists, "a trainer that is stuck")
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        self.assertIsNone(process.poll())
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130)
        self.assertLess(time.monotonic() - began, 5)

    def test_a_killed_run_goes_on(self):
        self.spec(delay="0.1")
        process = self.started()
        process.kill()
        process.communicate()
        self.pbt("run", "spec.yaml", "--quiet")
        self.assertEqual(self.json("show")[0]["state"], "finished")
        self.pbt("verify")

    def test_a_second_run_of_the_store_is_refused(self):
        self.spec(delay="0.3")
        process = self.started()
        self.spec("other.yaml", name="other")
        _, errors = self.pbt("run", "other.yaml", status=1)
        self.assertIn(f"process {process.pid} is using 'pbt.db'", errors)
        self.assertIn(f"hint: wait for it, end it with 'kill {process.pid}'", errors)
        self.assertEqual([show["name"] for show in self.json("list")], ["tiny"])
        self.assertGreater(self.json("show")[0]["workers"], 0)

    def test_stop_ends_a_run_and_resume_lets_it_go_on(self):
        self.spec(delay="0.2")
        process = self.started()
        output, _ = self.pbt("stop", "tiny")
        self.assertIn("pbt resume tiny", output)
        output, errors = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0, errors)
        self.assertIn("tiny stopped", output)
        self.assertEqual(self.json("show")[0]["state"], "stopped")
        self.pbt("resume", "tiny")
        self.assertEqual(self.json("show")[0]["state"], "interrupted")
        self.pbt("stop", "tiny")
        self.pbt("run", "spec.yaml", "--quiet")
        self.assertEqual(self.json("show")[0]["state"], "finished")
        self.pbt("stop", "tiny", status=1)

    def test_a_spec_that_differs_is_refused_with_the_amend_that_mends_it(self):
        self.pbt("run", "spec.yaml", "--quiet")
        self.spec(steps=60)
        _, errors = self.pbt("run", "spec.yaml", status=2)
        self.assertRegex(errors, r"^pbt: spec\.yaml:7:\d+: .*stop\.steps.*")
        self.assertIn("60", errors)
        self.assertRegex(errors, r"(?m)^hint: .*pbt amend tiny stop\.steps=60")
        self.spec(population=5)
        _, errors = self.pbt("run", "spec.yaml", status=2)
        self.assertRegex(errors, r"^pbt: spec\.yaml:4:\d+: .*population")

    def test_an_amended_study_goes_on_by_the_same_spec(self):
        self.pbt("run", "spec.yaml", "--quiet")
        self.pbt("amend", "tiny", "objective.window=2", "stop.steps=60")
        _, errors = self.pbt("run", "spec.yaml", status=2)
        self.assertRegex(errors, r"^pbt: spec\.yaml:7:\d+: stop\.steps: found 40; the study has 60")
        self.assertIn("hint: write 60 into the spec, as the study has it, or: "
                      "pbt amend tiny stop.steps=40\n", errors)
        self.spec(steps=60)
        output, _ = self.pbt("run", "spec.yaml", "--quiet")
        self.assertIn("tiny finished: 240 of 240 steps", output)

    def test_seeds_are_studies_of_their_own(self):
        self.pbt("run", "spec.yaml", "--seeds", "1..3", "--quiet")
        shows = self.json("list")
        self.assertEqual([show["name"] for show in shows], ["tiny-1", "tiny-2", "tiny-3"])
        firsts = [self.json("members", show["name"])[0]["hyperparameters"] for show in shows]
        self.assertEqual(len({json.dumps(first) for first in firsts}), 3)

    def test_a_broken_trainer_exits_3_with_its_log(self):
        self.spec(trainer="broken.sh")
        (self.folder / "broken.sh").write_text("echo 'cannot find the data' >&2\nexit 7\n")
        _, errors = self.pbt("run", "spec.yaml", status=3)
        self.assertIn("cannot find the data", errors)
        self.assertRegex(errors, r"(?m)^the end of tiny\.logs/m\d\.log:")
        self.assertRegex(errors, r"(?m)^pbt: study 'tiny' ended without one usable member$")
        self.assertIn("hint: fix the trainer; then run the same command again\n", errors)
        self.assertEqual(self.json("show")[0]["state"], "failed")

    def test_a_mended_trainer_is_tried_again(self):
        self.spec(trainer="broken.sh")
        (self.folder / "broken.sh").write_text("exit 7\n")
        self.pbt("run", "spec.yaml", "--quiet", status=3)
        shutil.copy(self.folder / "trainer.sh", self.folder / "broken.sh")
        self.pbt("run", "spec.yaml", "--quiet")
        self.assertEqual(self.json("show")[0]["state"], "finished")
        self.pbt("verify")

    def test_a_trainer_that_always_fails_later_exits_3(self):
        self.spec(trainer="broken.sh", population=2, steps=100)
        trainer = (self.folder / "trainer.sh").read_text()
        few = "[ $(ls done.* 2>/dev/null | wc -l) -lt 2 ] || exit 7\ntouch done.$$\n"
        (self.folder / "broken.sh").write_text(few + trainer)
        path = self.folder / "spec.yaml"
        path.write_text(path.read_text() + "failure: {patience: 0}\n")
        _, errors = self.pbt("run", "spec.yaml", status=3)
        self.assertIn("'pbt resume tiny --members all'", errors)
        _, errors = self.pbt("run", "spec.yaml", status=3)
        self.assertIn("training from 0 to 10", errors)
        self.assertIn("ended without one usable member", errors)

    def test_a_trainer_that_is_not_there_leaves_nothing(self):
        text = (self.folder / "spec.yaml").read_text()
        (self.folder / "spec.yaml").write_text(text.replace("[sh,", "[no-such-shell,"))
        _, errors = self.pbt("run", "spec.yaml", status=1)
        self.assertIn("no-such-shell", errors)
        self.assertEqual(self.json("list"), [])

    def test_a_reader_that_leaves_does_not_end_the_run(self):
        self.spec(delay="0.05")
        process = self.started()
        process.stdout.close()
        process.wait(timeout=60)
        self.assertEqual(self.json("show")[0]["state"], "finished")

    def test_a_limit_on_files_is_an_error_and_no_signal(self):
        """ulimit -f: the store cannot grow; the trainers are as the shell left them."""
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, 64 * 1024))

        self.spec(steps=4000)
        _, errors = self.pbt("run", "spec.yaml", "--quiet", status=1, preexec_fn=limit)
        self.assertIn("pbt: cannot ", errors)
        self.assertIn("0 problems", self.pbt("verify")[0])

    def test_a_mask_takes_nothing_from_its_own_user(self):
        self.pbt("run", "spec.yaml", "--quiet", umask=0o777)
        for path in self.folder.rglob("*"):
            own = 0o700 if path.is_dir() else 0o600
            self.assertEqual(path.stat().st_mode & own, own, path)
        self.assertIn(" 0 problems", self.pbt("verify")[0])

    def test_memory_store(self):
        output, _ = self.pbt("run", "spec.yaml", "--store", "memory:")
        self.assertIn("tiny finished", output)
        self.assertEqual(self.files(), ["spec.yaml", "tiny.checkpoints", "tiny.logs", "trainer.sh"])


tap.main()
