"""`pbt export` as CSV and JSON lines, and what `pbt run --tensorboard` does where it cannot write.

The event files themselves are read by the real TensorBoard in tests/export/board.py.
"""

import csv
import json
import pathlib
import resource
import signal

import tap
from case import Case

LIMIT = 36 * 1024  # Units: bytes
SPREAD = ("hyperparameters", "metrics")


def limit_files():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))


def lines_of(path):
    return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]


def cells_of(row):
    """A row of JSON as its CSV cells should be: {column: text}."""
    cells = {}
    for name, value in row.items():
        if name in SPREAD:
            for part, inner in (value or {}).items():
                cells[f"{name}.{part}"] = inner
        else:
            cells[name] = value
    return cells


class Export(Case):
    def setUp(self):
        super().setUp()
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")

    def same(self, table, rows):
        """Hold a table of texts against rows of JSON, numbers exactly."""
        self.assertEqual(len(table), len(rows))
        for texts, row in zip(table, rows):
            cells = cells_of(row)
            self.assertLessEqual(set(cells), set(texts))
            for name, text in texts.items():
                value = cells.get(name)
                if value is None:
                    self.assertEqual(text, "", name)
                elif isinstance(value, str):
                    self.assertEqual(text, value, name)
                else:
                    self.assertEqual(json.loads(text), value, name)
                    self.assertIs(type(json.loads(text)), type(value), name)

    def test_everything_is_exported(self):
        output, _ = self.pbt("export", "tiny", "--output", "out/")
        self.assertEqual(output, "tiny: exported to out\n")
        out = self.folder / "out"
        names = "events.jsonl members.csv members.jsonl segments.csv segments.jsonl spec.yaml"
        self.assertEqual(
            sorted(entry.name for entry in out.iterdir()), [*names.split(), "study.json"]
        )
        for name in ("segments", "members"):
            rows = self.json(name, "tiny")
            self.assertEqual(lines_of(out / f"{name}.jsonl"), rows)
            with open(out / f"{name}.csv", newline="", encoding="utf-8") as file:
                self.same(list(csv.DictReader(file)), rows)
        self.assertEqual(lines_of(out / "study.json"), self.json("show", "tiny"))
        self.assertEqual(
            (out / "spec.yaml").read_text(), (self.folder / "spec.yaml").read_text()
        )
        events = lines_of(out / "events.jsonl")
        self.assertEqual([event["sequence"] for event in events], [*range(1, len(events) + 1)])
        self.assertEqual(events[0]["kind"], "created")
        self.assertEqual([e["kind"] for e in events].count("reported"), 16)

    def test_columns_are_the_hyperparameters_and_metrics(self):
        self.pbt("export", "--output", "out", "--format", "csv")
        content = (self.folder / "out" / "segments.csv").read_bytes()
        header = content.split(b"\r\n")[0].decode().split(",")
        for name in ("hyperparameters.rate", "hyperparameters.width", "metrics.score", "changes"):
            self.assertIn(name, header)
        self.assertEqual(content.count(b"\r\n"), 17)
        self.assertFalse((self.folder / "out" / "segments.jsonl").exists())

    def test_a_score_that_is_no_number(self):
        self.spec("bad.yaml", name="bad", steps="20", population="2")
        bad = (self.folder / "trainer.sh").read_text() + 'echo "{\\"score\\": NaN}"\n'
        (self.folder / "trainer.sh").write_text(bad)
        self.pbt("run", "bad.yaml", "--quiet", status=3)
        self.pbt("export", "bad", "--output", "out", "--format", "csv")
        with open(self.folder / "out" / "segments.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        reported = [row for row in rows if row["state"] == "reported"]
        self.assertTrue(reported)
        self.assertEqual({row["score"] for row in reported}, {"nan"})
        self.assertEqual({row["metrics.score"] for row in reported}, {"nan"})

    def test_a_folder_that_exists_is_refused(self):
        (self.folder / "out").mkdir()
        before = self.files()
        _, errors = self.pbt("export", "--output", "out", status=2)
        self.assertTrue(errors.startswith("pbt: 'out' exists already\nhint: "), errors)
        self.assertEqual(self.files(), before)
        self.assertEqual(list((self.folder / "out").iterdir()), [])

    def test_whole_or_not_at_all(self):
        before = self.files()
        _, errors = self.pbt("export", "--output", "spec.yaml/out", status=1)
        self.assertTrue(errors.startswith("pbt: cannot "), errors)
        self.pbt("export", "none", "--output", "out", status=1)
        self.assertEqual(self.files(), before)

    def test_a_full_disk_leaves_nothing(self):
        """A limit on files' sizes: above what reading the store takes, below what the log has."""
        self.spec("long.yaml", name="long", steps="300")
        self.pbt("run", "long.yaml", "--quiet", "--slots", "4")
        before = self.files()
        limited = {"restore_signals": False, "preexec_fn": limit_files}
        _, errors = self.pbt("export", "long", "--output", "out", status=1, **limited)
        self.assertRegex(errors, r"^pbt: cannot write '.*'\ndetail: File too large\n")
        self.assertEqual(self.files(), before)
        self.pbt("export", "long", "--output", "out")
        self.assertEqual(self.files(), sorted([*before, "out"]))
        self.assertGreater((self.folder / "out" / "events.jsonl").stat().st_size, LIMIT)

    def test_usage(self):
        _, errors = self.pbt("export", "tiny", status=2)
        self.assertIn("pbt: option '--output DIR' is required\n", errors)
        _, errors = self.pbt("export", "tiny", "--output", "o", "--format", "xml", status=2)
        self.assertIn("pbt: --format has no 'xml'\n", errors)


class Live(Case):
    def runs(self):
        return sorted(path.name for path in (self.folder / "tb" / "tiny").iterdir())

    def test_runs_are_written(self):
        _, errors = self.pbt("run", "spec.yaml", "--quiet", "--tensorboard", "tb")
        self.assertEqual(errors, "")
        self.assertEqual(self.runs(), ["best", "m0", "m1", "m2", "m3"])

    def test_a_folder_that_cannot_be_written_is_one_warning(self):
        (self.folder / "tb" / "tiny").mkdir(parents=True)
        (self.folder / "tb" / "tiny" / "m2").write_text("in the way")
        output, errors = self.pbt("run", "spec.yaml", "--quiet", "--tensorboard", "tb")
        self.assertIn("tiny finished: 160 of 160 steps", output)
        lines = errors.splitlines()
        self.assertEqual(len(lines), 2, errors)
        self.assertTrue(lines[0].startswith("pbt: warning: --tensorboard: cannot "), errors)
        self.assertRegex(lines[1], r"^pbt: warning: --tensorboard: \d+ events were not taken$")

    def test_another_study_of_the_name_is_not_mixed_in(self):
        self.pbt("run", "spec.yaml", "--quiet", "--tensorboard", "tb")
        files = {path: path.read_bytes() for path in (self.folder / "tb").glob("*/*/*")}
        self.pbt("delete", "tiny", "--yes")
        _, errors = self.pbt("run", "spec.yaml", "--quiet", "--tensorboard", "tb")
        self.assertIn("holds the records of another study", errors)
        self.assertEqual({path: path.read_bytes() for path in files}, files)
        self.assertEqual(len(list((self.folder / "tb").glob("*/*/*"))), len(files))


if __name__ == "__main__":
    tap.main()
