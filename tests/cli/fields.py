"""docs/json.md against the program: every field it names is there, and every field there is named.

Studies of three rules are asked everything; a field's path is `a.b`, `a[].b`, or `a.NAME` where the
names are a spec's.
"""

import json
import pathlib
import re

import tap
from case import Case

DOCS = pathlib.Path(__file__).parents[2] / "docs"
NAMED = {"hyperparameters", "changes", "metrics", "samples", "facts"}
QUERIES = "show list members segments best schedule lineage verify".split()
OPAQUE = {"command", "environment"}

# Each member's score is its rate, with samples around it; member 3 diverges once.
TRAINER = """\
import json, sys
rate, save, start = float(sys.argv[1]), sys.argv[2], int(sys.argv[3])
open(save, "w").write("w")
if "short.checkpoints/.aside/m0s3." in save:
    sys.exit(1)
nan = rate > 0.35 and start == 10
samples = [rate, rate + 0.001, rate - 0.001]
print(json.dumps({"score": float("nan") if nan else samples}))
"""

SPEC = """\
version: 1
name: {name}
population: 4
mode: generational
ready: {{every: 10}}
stop: {{steps: 40}}
exploit: {{rule: {rule}}}
failure: {{retries: 0}}
hyperparameters:
  rate: {{type: float, scale: log, min: 0.001, max: 1.0}}
start: [{{rate: 0.1}}, {{rate: 0.2}}, {{rate: 0.3}}, {{rate: 0.4}}]
trainer:
  protocol: command
  command: [python3, train.py, "{{rate}}", "{{save_to}}", "{{start_step}}", "{{load}}{{steps}}"]
"""


def documented():
    """The fields that each section of the page names."""
    sections = {}
    fields = set()
    for line in (DOCS / "json.md").read_text().splitlines():
        if line.startswith("## "):
            fields = set()
            sections |= {name: fields for name in re.findall(r"`(?:pbt )?([\w.]+)`", line)}
        elif line.startswith("| verdict"):
            sections["verdicts"] = fields = set()
        elif line.startswith("| `"):
            fields.update(re.findall(r"`([^`]+)`", line.split(" | ")[0]))
    return sections


def paths(value, prefix=""):
    """Every field of an answer as a path."""
    if isinstance(value, list):
        for one in value:
            yield from paths(one, prefix + "[]") if isinstance(one, dict) else ()
    elif isinstance(value, dict):
        for name, inner in value.items():
            path = f"{prefix}.{name}" if prefix else name
            if name in NAMED and isinstance(inner, dict):
                for one in inner.values():
                    yield path + ".NAME"
                    yield from paths(one, path + ".NAME")
            else:
                yield path
                yield from paths(inner, path) if name not in OPAQUE else ()


def leaves(fields):
    """Without those that only hold others."""
    return {f for f in fields if not any(g.startswith((f + ".", f + "[")) for g in fields)}


class Fields(Case):
    def setUp(self):
        super().setUp()
        (self.folder / "train.py").write_text(TRAINER)
        for rule in ("truncation", "t_test", "threshold"):
            name = rule.replace("_", "-")
            (self.folder / f"{name}.yaml").write_text(SPEC.format(name=name, rule=rule))
            self.pbt("run", f"{name}.yaml", "--quiet", "--slots", "2")

    def answers(self):
        """Every query's answers, by its name."""
        found = {query: [] for query in QUERIES + ["why", "check", "compare", "try"]}
        found["provenance.json"] = []
        for study in ("truncation", "t-test", "threshold"):
            for query in QUERIES:
                found[query] += self.json(query, *([study] if query != "list" else []))
            for segment in self.json("segments", study):
                found["why"] += self.json("why", study, segment["segment"])
            (check,) = self.json("check", f"{study}.yaml")
            found["check"].append(check)
        short = SPEC.format(name="short", rule="none").replace("retries: 0", "patience: 0")
        (self.folder / "short.yaml").write_text(short)
        self.pbt("run", "short.yaml", "--quiet", "--slots", "2", status=1)
        for query in ("show", "list"):
            found[query] += self.json("show", "short")
        doubtful = SPEC.format(name="doubtful", rule="truncation") + "objective: {metric: loss}\n"
        (self.folder / "doubtful.yaml").write_text(doubtful)
        found["check"].append(json.loads(self.pbt("check", "doubtful.yaml", "--json")[0]))
        found["compare"] += self.json("compare", "truncation", "t-test")
        environment = self.environment() | {"TMPDIR": str(self.folder)}
        tried = self.start("try", "threshold.yaml", "--json", env=environment)
        found["try"].append(json.loads(tried.communicate(timeout=120)[0]))
        self.pbt("amend", "truncation", "notes=looked at")
        self.pbt("best", "truncation", "--export", "out")
        origin = (self.folder / "out/provenance.json").read_text()
        found["provenance.json"].append(json.loads(origin))
        return found

    def test_the_result_counts_reports_that_diverged(self):
        (show,) = self.json("show", "truncation")
        self.assertGreater(show["diverged"], 0)
        count = f", {show['diverged']} diverged report"
        self.assertIn(count, self.pbt("run", "truncation.yaml", "--quiet")[0])

    def test_the_page_names_every_field_and_no_other(self):
        page = documented()
        answers = self.answers()
        keys = re.findall(r"(?m)^\| `([a-z_.]+)` \|", (DOCS / "spec.md").read_text())
        for query, objects in answers.items():
            seen = leaves({path for one in objects for path in paths(one)})
            if query == "check":
                seen = {path for path in seen if re.match(r"plan\.|errors|warnings", path)}
            expected = leaves(page[query])
            unknown = sorted(seen - page[query])
            self.assertEqual(unknown, [], f"{query}: the page does not name these")
            missing = expected - seen - self.rare(query)
            self.assertEqual(sorted(missing), [], f"{query}: there are no such fields")
        for check in answers["check"]:
            given = set(paths(check))
            self.assertEqual([key for key in keys if "." in key and key not in given], [])

    def rare(self, query):
        """What a missing quorum has (tests/core/why.c), a copy since (words.py), and a rule that
        keeps facts (tests/rules/added.c); what is seen while it trains (tests/server/worker.py), is
        paused (outage.py) or was left (workers.py)."""
        if query in ("show", "list", "members"):
            return {field for field in documented()[query]
                    if field.startswith(("training", "paused", "kept"))}
        if query != "why":
            return set()
        taken = {f"taken.{field}" for field in ("segment", "parent", "donor", "step")}
        return taken | {"quorum.needed", "quorum.reported", "facts.NAME"}


class Events(Case):
    """A study with an event of every kind."""

    def setUp(self):
        super().setUp()
        self.spec(delay="0.2", mode="asynchronous")
        path = self.folder / "spec.yaml"
        text = path.read_text().replace("stop: {", "stop: {seconds: 3600, ")
        path.write_text(text + "failure: {retries: 0, patience: 0}\n")
        trainer = self.folder / "trainer.sh"
        broken = '[ "$4" = 20 ] && mkdir broken 2>/dev/null && exit 1\n'
        trainer.write_text(broken + trainer.read_text())
        process = self.start("run", "spec.yaml", "--quiet", "--slots", "2")
        self.wait_for((self.folder / "broken").exists, "a failure")
        # What ends just before the run is stopped has not failed.
        states = lambda: {segment["state"] for segment in self.json("segments")}
        self.wait_for(lambda: "given_up" in states(), "its end")
        process.terminate()
        process.communicate(timeout=60)
        self.pbt("stop", "tiny")
        self.pbt("amend", "tiny", "notes=once more")
        path.write_text(path.read_text() + "notes: once more\n")
        self.pbt("resume", "tiny")
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")
        self.pbt("amend", "tiny", "stop.steps=50")
        path.write_text(path.read_text().replace("steps: 40", "steps: 50"))
        trainer.write_text('case $3 in *m3s*) exit 1;; esac\n' + trainer.read_text())
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2", status=1)
        self.pbt("resume", "tiny", "--members", "3")
        self.pbt("export", "tiny", "--output", "out")
        lines = (self.folder / "out/events.jsonl").read_text().splitlines()
        self.events = [json.loads(line) for line in lines]

    def kinds(self):
        """The rows of the two tables: the kinds of each field, and the kinds."""
        section = (DOCS / "json.md").read_text().split("## `events.jsonl`")[1].split("\n## ")[0]
        rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| ")]
        kinds = {row[0].strip("| ") for row in rows if "`" not in row[0]} - {"field", "kind"}
        fields = {}
        for row in rows:
            for name in re.findall(r"`([^`]+)`", row[0]):
                fields[name] = kinds if row[1] == "all" else set(row[1].split())
        return fields, kinds

    def test_the_page_names_every_field_of_every_event(self):
        fields, kinds = self.kinds()
        self.assertEqual({event["kind"] for event in self.events}, kinds)
        for kind in sorted(kinds):
            events = [event for event in self.events if event["kind"] == kind]
            seen = {path for event in events for path in paths(event)}
            seen = {path for path in seen if not path.startswith("provenance.")}
            named = {name for name, where in fields.items() if kind in where}
            self.assertEqual(sorted(leaves(seen) - named), [], f"{kind}: not named")
            whole = {name for name in named if not re.search(r"[.\[]", name)}
            self.assertEqual(sorted(whole - seen), [], f"{kind}: there are no such fields")

    def test_tables_have_the_fields_of_the_queries_as_columns(self):
        for query in ("segments", "members"):
            head = (self.folder / f"out/{query}.csv").read_text().splitlines()[0].split(",")
            spread = set()
            for row in self.json(query, "tiny"):
                for name, value in row.items():
                    is_spread = name in ("metrics", "hyperparameters")
                    spread |= {f"{name}.{part}" for part in value or {}} if is_spread else {name}
            self.assertEqual(sorted(head), sorted(spread))
        (show,) = self.json("show", "tiny")
        self.assertEqual(json.loads((self.folder / "out/study.json").read_text()), show)


class Verdicts(Case):
    def test_the_page_names_every_verdict(self):
        header = (DOCS.parent / "src/core/population.h").read_text()
        table = header.split("#define PBT__VERDICTS")[1].split("typedef enum")[0]
        verdicts = set(re.findall(r'X\(\w+, "(\w+)"\)', table))
        for path in (DOCS.parent / "src/core/rules").glob("*.c"):
            verdicts |= set(re.findall(r'why\.own = "(\w+)"', path.read_text()))
        self.assertGreater(len(verdicts), 10)
        self.assertEqual(documented()["verdicts"], verdicts)


tap.main()
