"""examples/c_worker against the real server: whole studies and workers that come and go."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request

import tap

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "c_worker"
TRAINER, SERVE = os.environ["TRAINER"], os.environ["SERVE"]


class Study(unittest.TestCase):
    """The shipped spec, with a server of its own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pbt-c-worker-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def serve(self, **lines):
        text = (EXAMPLE / "pbt.yaml").read_text(encoding="utf-8")
        for key, value in lines.items():
            self.assertIn(f"\n{key}:", text)
            text = "\n".join(f"{key}: {value}" if line.startswith(key + ":") else line
                             for line in text.splitlines()) + "\n"
        (self.folder / "spec.yaml").write_text(text, encoding="utf-8")
        self.server = subprocess.Popen([SERVE, "spec.yaml"], cwd=self.folder, text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(self.close)
        self.said = json.loads(self.server.stdout.readline())

    def close(self):
        self.server.stdin.close()
        self.server.wait(60)
        self.server.stdout.close()

    def start(self, name, trainer=TRAINER):
        environment = dict(os.environ, PBT_SERVER=self.said["url"], PBT_TOKEN=self.said["token"],
                           PBT_STUDY="c-worker", PBT_WORKER=name)
        return subprocess.Popen([trainer], env=environment)

    def get(self, path):
        request = urllib.request.Request(f"{self.said['url']}/v1/studies/c-worker{path}",
                                         headers={"Authorization": f"Bearer {self.said['token']}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def verify(self):
        self.server.stdin.write("verify\n")
        self.server.stdin.flush()
        self.assertEqual(self.server.stdout.readline(), "0\n")

    def finish(self, workers):
        self.assertEqual([worker.wait(120) for worker in workers], [0] * len(workers))
        self.assertEqual(self.get("")["state"], "finished")
        self.verify()

    def test_finds_what_converges(self):
        self.serve()
        self.finish([self.start(f"w{i}") for i in range(2)])
        rows = self.get("/segments")
        self.assertEqual(len(rows), 6 * 20)
        self.assertTrue(any(row["donor"] is not None for row in rows))
        self.assertLess(self.get("")["best"]["score"], 1e-3)

    def test_same_study_whoever_trains_it(self):
        """Generational mode: one worker, three, and three that are interrupted and killed."""
        spec = {"stop": "{steps: 1000}", "ready": "{every: 100}\nmode: generational"}
        results = []
        for way in ("one", "three", "hard"):
            self.setUp()
            self.serve(**spec)
            workers = [self.start(f"w{i}") for i in range(1 if way == "one" else 3)]
            for end in (signal.SIGTERM, signal.SIGKILL) if way == "hard" else ():
                time.sleep(0.05)
                workers[0].send_signal(end)
                workers.pop(0).wait(60)
                name = "w0" if end == signal.SIGTERM else "w1"
                workers.append(self.start(name))
            self.finish(workers)
            rows = [{key: row[key] for key in ("segment", "parent", "donor", "score", "start_age",
                                               "hyperparameters")} for row in self.get("/segments")]
            results.append(rows)
        self.assertEqual(results[0], results[1])
        self.assertEqual(results[0], results[2])

    def test_says_how_to_start_one(self):
        environment = {name: os.environ[name] for name in os.environ if not name.startswith("PBT_")}
        done = subprocess.run([TRAINER], env=environment, capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("pbt run SPEC", done.stderr)


if __name__ == "__main__":
    tap.main()
