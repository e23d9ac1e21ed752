"""The examples in Python as shipped, with fewer steps, through the real program."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import tap

PBT = os.environ["PBT"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
LINES = 100  # a trainer to start from is read in one go


class Example(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pbt-example-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def train(self, name, slots, **changes):
        """Run an example with some of its spec's lines replaced; return its segments."""
        shutil.copytree(ROOT / "examples" / name, self.folder / name)
        path = self.folder / name / "pbt.yaml"
        text = path.read_text(encoding="utf-8").replace("../../python/src", f"{ROOT}/python/src")
        text = text.replace("[python3,", f"[{sys.executable},")
        for key, value in changes.items():
            text, count = re.subn(f"^{key}:.*$", f"{key}: {value}", text, flags=re.MULTILINE)
            self.assertEqual(count, 1, key)
        path.write_text(text, encoding="utf-8")
        study = re.search("^name: (.*)$", text, re.MULTILINE).group(1)
        self.pbt("run", str(path), "--slots", str(slots), "--quiet")
        self.pbt("verify", study)
        return [json.loads(line) for line in self.pbt("segments", study, "--json").splitlines()]

    def pbt(self, *words):
        done = subprocess.run(
            [PBT, *words, "--store", f"sqlite:{self.folder}/store.db"],
            cwd=self.folder, capture_output=True, text=True, timeout=500, check=False,
        )  # fmt: skip
        paths = self.folder.glob("*.logs/local*")
        logs = "".join(path.read_text(encoding="utf-8") for path in paths)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + logs[-3000:])
        return done.stdout

    def test_fashion_mnist_pytorch(self):
        rows = self.train("fashion_mnist_pytorch", 2, population=4, ready="{every: 1600}",
                          stop="{steps: 4800}", exploit="{rule: truncation, fraction: 0.5}")
        self.assertEqual(len(rows), 12)
        self.assertTrue(any(row["donor"] is not None for row in rows))
        self.assertGreater(max(row["score"] for row in rows if row["score"] != "nan"), 0.3)
        checkpoint = next(self.folder.glob("*.checkpoints/m*s2"))
        done = subprocess.run(
            [sys.executable, str(self.folder / "fashion_mnist_pytorch/evaluate.py"),
             str(checkpoint)],
            env={**os.environ, "PYTHONPATH": f"{ROOT}/python/src"}, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        self.assertRegex(done.stdout, r"^test accuracy 0\.\d{4}  /")

    def test_pytorch_ddp(self):
        rows = self.train("pytorch_ddp", 1, population=2, ready="{every: 50}", stop="{steps: 150}",
                          exploit="{rule: truncation, fraction: 0.5}")  # fmt: skip
        self.assertEqual([row["segment"] for row in rows],
                         ["m0s0", "m1s0", "m0s1", "m1s1", "m0s2", "m1s2"])  # fmt: skip
        self.assertTrue(all(row["attempts"] == 1 for row in rows))

    def test_trainers_are_short(self):
        for path in sorted((ROOT / "examples").glob("*/train.py")):
            with self.subTest(path=path.name):
                self.assertLessEqual(len(path.read_text(encoding="utf-8").splitlines()), LINES)


if __name__ == "__main__":
    tap.main()
