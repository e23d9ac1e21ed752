"""`pbt run --on-event`: a program that reads every event, whatever it does with them."""

import json
import os
import re
import shutil
import signal
import subprocess
import time

import tap
from case import HERE, Case

READER = """\
#!/bin/sh
while read -r line; do
    printf '%s\\n' "$line" >>got.jsonl
done
echo the end
"""

# A process in a session of its own that somebody should end. It ends by itself once its folder is
# gone, and after a minute whatever happens to the test.
CHILD = """\
setsid sh -c 'for i in $(seq 600); do [ -e listen.sh ] || exit; sleep 0.1; done' &
echo $! >child
"""


class Notify(Case):
    def script(self, text, name="listen.sh"):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return f"./{name}"

    def got(self):
        path = self.folder / "got.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def log(self):
        self.pbt("export", "--output", "out", "--format", "jsonl")
        lines = (self.folder / "out" / "events.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def wait_for(self, condition, what):
        for _ in range(600):
            if condition():
                return
            time.sleep(0.05)
        self.fail(f"waited in vain for {what}")

    def process(self, name):
        """The process whose number a script wrote to a file, once it stands there whole."""
        path = self.folder / name
        self.wait_for(lambda: path.exists() and path.read_text().endswith("\n"), name)
        return int(path.read_text())

    def assert_gone(self, pid):
        self.wait_for(lambda: not os.path.exists(f"/proc/{pid}"), f"the end of process {pid}")

    def test_every_event_arrives_in_order(self):
        program = self.script(READER)
        _, errors = self.pbt("run", "spec.yaml", "--quiet", "--on-event", program)
        self.assertEqual(errors, "")
        self.assertEqual(self.got(), self.log())
        self.assertEqual(self.got()[0]["kind"], "created")
        self.assertEqual((self.folder / "tiny.logs" / "on-event.log").read_text(), "the end\n")

    def test_it_knows_the_study_and_the_store(self):
        told = 'echo "$PBT_STUDY $PBT_STORE" >told'
        program = self.script(f"#!/bin/sh\n{told}\nexec cat >/dev/null\n")
        self.pbt("run", "spec.yaml", "--quiet", "--store", "x.db", "--on-event", program)
        self.assertEqual((self.folder / "told").read_text(), "tiny x.db\n")

    def test_a_run_that_goes_on_sends_what_is_new(self):
        program = self.script(READER)
        self.spec(delay="0.1")
        process = self.start("run", "spec.yaml", "--on-event", program, "--slots", "2")
        self.wait_for(lambda: len(self.got()) > 4, "events")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.pbt("run", "spec.yaml", "--quiet", "--on-event", program)
        self.assertEqual(self.got(), self.log())

    def test_a_slow_program_holds_up_nothing(self):
        program = self.script(
            "#!/bin/sh\nwhile [ -e listen.sh ] && ! [ -e go ]; do sleep 0.05; done\n" + READER
        )
        process = self.start("run", "spec.yaml", "--on-event", program)
        done = False
        for line in process.stdout:
            done = done or " m3s3 reported " in line
            if done:
                break
        self.assertTrue(done)
        self.assertEqual(self.got(), [])
        (self.folder / "go").touch()
        output, errors = process.communicate(timeout=60)
        self.assertEqual((process.returncode, errors), (0, ""), output)
        self.assertEqual(self.got(), self.log())

    def test_a_failure_is_a_warning_with_its_status(self):
        program = self.script("#!/bin/sh\nread -r line\nexit 7\n")
        output, errors = self.pbt("run", "spec.yaml", "--quiet", "--on-event", program)
        self.assertIn("tiny finished: 160 of 160 steps", output)
        self.assertIn("pbt: warning: --on-event: './listen.sh' exited with status 7\n", errors)

    def test_a_signal_is_told(self):
        program = self.script("#!/bin/sh\nread -r line\nkill -9 $$\n")
        _, errors = self.pbt("run", "spec.yaml", "--quiet", "--on-event", program)
        self.assertIn("'./listen.sh' was killed by signal 9", errors)

    def test_one_that_reads_no_more(self):
        program = self.script("#!/bin/sh\nread -r line\n")
        self.spec(delay="0.05")
        output, errors = self.pbt("run", "spec.yaml", "--quiet", "--on-event", program)
        self.assertIn("tiny finished", output)
        self.assertIn("'./listen.sh' stopped reading before the end\n", errors)
        self.assertRegex(errors, r"--on-event: \d+ events were not taken\n")

    def test_no_such_program(self):
        before = self.files()
        _, errors = self.pbt("run", "spec.yaml", "--on-event", "./none.sh", status=2)
        self.assertTrue(errors.startswith("pbt: --on-event: cannot run './none.sh'\nhint: "))
        self.assertEqual(self.files(), before)

    def test_what_does_not_end_is_ended(self):
        """The second signal of the user's ends the grace; what the program started ends too."""
        program = self.script(
            f"#!/bin/sh\ntrap '' TERM\necho $$ >pid\n{CHILD}"
            "while [ -e listen.sh ]; do sleep 0.05; done\n"
        )
        process = self.start("run", "spec.yaml", "--quiet", "--on-event", program)
        processes = [self.process(name) for name in ("pid", "child")]
        self.wait_for(lambda: self.json("show")[0]["state"] == "finished", "the end of the study")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        self.assertIn("'./listen.sh' did not end in time\n", errors)
        for pid in processes:
            self.assert_gone(pid)

    def test_nothing_outlives_the_tests(self):
        """What the tests start ends with their folder, even where nobody ends it."""
        self.script("")
        starter = subprocess.run(["sh", "-c", CHILD], cwd=self.folder, check=True,
                                 stderr=subprocess.DEVNULL)
        self.assertEqual(starter.returncode, 0)
        pid = self.process("child")
        self.assertTrue(os.path.exists(f"/proc/{pid}"))
        shutil.rmtree(self.folder)
        self.assert_gone(pid)

    def test_the_recipe_of_the_docs(self):
        """The shell script of docs/notify.md, with a curl that writes down what it sends."""
        page = (HERE.parent.parent / "docs" / "notify.md").read_text()
        program = self.script(re.search(r"```sh\n(.*?)```", page, re.DOTALL).group(1), "notify.sh")
        self.script('#!/bin/sh\nprintf "%s|" "$@" >>sent\necho >>sent\n', "curl")
        trainer = self.folder / "trainer.sh"
        broken = '[ "$4" = 10 ] && mkdir broken 2>/dev/null && exit 1\n'
        trainer.write_text(broken + trainer.read_text())
        spec = self.folder / "spec.yaml"
        spec.write_text(spec.read_text() + "failure: {retries: 0, patience: 0}\n")
        path = f"{self.folder}:{os.environ['PATH']}"
        environment = self.environment() | {"PATH": path, "URL": "http://localhost/x"}
        self.pbt("run", "spec.yaml", "--quiet", "--on-event", program, env=environment, status=1)
        sent = [line.split("|")[-3:-1] for line in (self.folder / "sent").read_text().splitlines()]
        self.assertEqual(sent, [
            ["tiny: a segment was given up", "http://localhost/x"],
            ["tiny: the run is over", "http://localhost/x"],
        ])

    def test_it_dies_with_the_run(self):
        program = self.script(
            f"#!/bin/sh\n{CHILD}echo $$ >pid\nwait\n"
        )
        self.spec(delay="0.2")
        process = self.start("run", "spec.yaml", "--quiet", "--on-event", program)
        processes = [self.process(name) for name in ("pid", "child")]
        process.kill()
        process.wait()
        for pid in processes:
            self.assert_gone(pid)


if __name__ == "__main__":
    tap.main()
