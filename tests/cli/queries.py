"""Every query against the fields of the contract, and the commands that change a study."""

import re
import sqlite3

import tap
from case import Case

TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"
SHOW = "name state population mode steps_done steps_total segments exploits best workers created_at"
BEST = "member segment step age score checkpoint hyperparameters"
MEMBER = "member state step age score segment hyperparameters failures"
SEGMENT = (
    "segment member number parent donor start_step end_step start_age end_age state score metrics"
    " samples hyperparameters changes reason checkpoint attempts sequence created_at reported_at"
)


class Queries(Case):
    def setUp(self):
        super().setUp()
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")

    def has(self, value, fields):
        self.assertEqual([f for f in fields.split() if f not in value], [], value)

    def test_show(self):
        (show,) = self.json("show", "tiny")
        self.has(show, SHOW)
        self.assertEqual(show["name"], "tiny")
        self.assertEqual(show["state"], "finished")
        self.assertEqual(show["population"], 4)
        self.assertEqual(show["mode"], "generational")
        self.assertEqual(show["steps_done"], 160)
        self.assertEqual(show["steps_total"], 160)
        self.assertEqual(show["segments"], 16)
        self.assertEqual(show["workers"], 0)
        self.assertRegex(show["created_at"], TIME)
        self.has(show["best"], BEST)

    def test_list_is_a_show_per_line(self):
        self.spec("other.yaml", name="other")
        self.pbt("run", "other.yaml", "--quiet")
        shows = self.json("list")
        self.assertEqual([show["name"] for show in shows], ["other", "tiny"])
        self.assertEqual(shows[1], self.json("show", "tiny")[0])
        output, _ = self.pbt("list")
        self.assertEqual(len(output.splitlines()), 3)

    def test_best_is_what_show_holds(self):
        (best,) = self.json("best", "tiny")
        self.assertEqual(best, self.json("show", "tiny")[0]["best"])
        scores = [segment["score"] for segment in self.json("segments", "tiny")]
        self.assertEqual(best["score"], max(scores))
        weight = float((self.folder / best["checkpoint"]).read_text())
        self.assertEqual(weight, best["score"])

    def test_members(self):
        members = self.json("members", "tiny")
        self.assertEqual([member["member"] for member in members], [0, 1, 2, 3])
        for member in members:
            self.has(member, MEMBER)
            self.assertEqual(member["state"], "finished")
            self.assertEqual(member["step"], 40)
            self.assertEqual(member["failures"], 0)
            self.assertEqual(sorted(member["hyperparameters"]), ["rate", "width"])
            self.assertIsInstance(member["hyperparameters"]["width"], int)

    def test_segments(self):
        segments = self.json("segments", "tiny")
        order = [(segment["number"], segment["member"]) for segment in segments]
        self.assertEqual(order, sorted(order))
        self.assertEqual(len(segments), 16)
        for segment in segments:
            self.has(segment, SEGMENT)
            self.assertEqual(segment["segment"], f"m{segment['member']}s{segment['number']}")
            self.assertEqual(segment["state"], "reported")
            self.assertEqual(segment["end_step"] - segment["start_step"], 10)
            self.assertRegex(segment["created_at"], TIME)
            self.assertRegex(segment["reported_at"], TIME)
            self.assertEqual(segment["metrics"]["score"], segment["score"])
        copies = [segment for segment in segments if segment["reason"] == "exploit"]
        self.assertGreater(len(copies), 0)
        for copy in copies:
            self.assertEqual(copy["parent"], f"m{copy['donor']}s{copy['number'] - 1}")
            self.assertIn(copy["changes"]["rate"]["operation"].split()[0], ("x0.8", "x1.25"))

    def test_tables_are_aligned_and_short(self):
        output, _ = self.pbt("segments", "tiny")
        lines = output.splitlines()
        self.assertEqual(len(lines), 17)
        self.assertRegex(lines[0], r"^segment .* rate +width$")
        column = lines[0].index("state")
        self.assertTrue(all(line[column:].startswith("reported") for line in lines[1:]))
        self.assertEqual(len({len(line) for line in lines}), 1)
        rates = [line.split()[-2] for line in lines[1:]]
        self.assertTrue(all(len(re.sub(r"^0\.0*|\D", "", rate)) <= 4 for rate in rates), rates)

    def test_one_form_at_a_time(self):
        for command, form in (("schedule", "csv"), ("schedule", "yaml"), ("lineage", "dot")):
            _, errors = self.pbt(command, "tiny", "--json", "--format", form, status=2)
            self.assertIn(f"use --json or --format {form}, not both", errors)
        same, _ = self.pbt("schedule", "tiny", "--json", "--format", "json")
        self.assertEqual(same, self.pbt("schedule", "tiny", "--json")[0])

    def test_the_only_study_needs_no_name(self):
        self.assertEqual(self.json("show"), self.json("show", "tiny"))
        self.spec("other.yaml", name="other")
        self.pbt("run", "other.yaml", "--quiet")
        _, errors = self.pbt("show", status=2)
        self.assertIn("2 studies", errors)

    def test_unknown_study_lists_those_there_are(self):
        _, errors = self.pbt("show", "tyni", status=1)
        self.assertIn("pbt: ", errors)
        self.assertRegex(errors, "hint: .*tiny")

    def test_store_from_the_environment(self):
        store = f"sqlite:{self.folder}/pbt.db"
        environment = self.environment() | {"PBT_STORE": store}
        output, _ = self.pbt("list", "--json", env=environment, cwd="/")
        self.assertIn('"tiny"', output)

    def test_verify_finds_nothing(self):
        output, _ = self.pbt("verify")
        self.assertRegex(output, r"^tiny: \d+ events, .* checkpoints checked: 0 problems")
        self.pbt("verify", "tiny", "nobody", status=1)

    def test_verify_finds_an_altered_checkpoint(self):
        (best,) = self.json("best")
        with open(self.folder / best["checkpoint"], "r+") as file:
            file.write("9")
        output, _ = self.pbt("verify", status=1)
        self.assertIn(best["segment"], output)

    def test_verify_finds_an_altered_event(self):
        self.alter_event()
        output, _ = self.pbt("verify", status=1)
        self.assertRegex(output, r"(?m)^tiny: .*\b5\b")

    def alter_event(self):
        """Change one byte of the fifth event's body, whichever table holds it."""
        with sqlite3.connect(self.folder / "pbt.db") as store:
            tables = [row[0] for row in store.execute("SELECT name FROM sqlite_master")]
            table = next(name for name in tables if name.startswith("event"))
            changed = store.execute(
                f"UPDATE {table} SET body = replace(body, '\"attempt\"', '\"attemqt\"')"
                " WHERE sequence = 5"
            )
            self.assertEqual(changed.rowcount, 1)

    def test_amend_and_go_on(self):
        output, _ = self.pbt("amend", "tiny", "stop.steps=60", "notes=longer")
        self.assertIn("stop.steps is 60 now", output)
        self.assertEqual(self.json("show")[0]["steps_total"], 240)
        self.spec(steps=60)
        self.pbt("run", "spec.yaml", "--quiet")
        (show,) = self.json("show")
        self.assertEqual((show["steps_done"], show["notes"]), (240, "longer"))
        self.pbt("verify")

    def test_amend_refuses_what_a_study_is(self):
        _, errors = self.pbt("amend", "tiny", "stop.steps=60", "population=9", status=2)
        self.assertIn("population", errors)
        self.assertIn("hint: ", errors)
        self.assertEqual(self.json("show")[0]["steps_total"], 160)
        self.assertIn("KEY=VALUE", self.pbt("amend", "tiny", "stop.steps", status=2)[1])

    def test_verify_and_provenance_as_json(self):
        (verdict,) = self.json("verify")
        self.assertEqual(verdict["name"], "tiny")
        self.assertEqual(verdict["decisions"], 16)
        self.assertEqual(verdict["problems"], [])
        (show,) = self.json("show")
        self.assertEqual(show["provenance"]["version"], "0.1.0")
        self.assertIn("trainer", show["provenance"])

    def test_delete_asks_and_removes_everything(self):
        _, errors = self.pbt("delete", "tiny", status=2)
        self.assertIn("hint: use --yes", errors)
        self.assertEqual(len(self.json("list")), 1)
        output, _ = self.pbt("delete", "tiny", "--yes")
        self.assertEqual(output, "deleted tiny\n")
        self.assertEqual(self.json("list"), [])
        self.assertEqual([name for name in self.files() if name.startswith("tiny")], [])


tap.main()
