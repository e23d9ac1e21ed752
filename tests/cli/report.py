"""`pbt report`: one page that needs nothing else and says what the queries say."""

import datetime
import html.parser
import json
import re
import urllib.parse
import xml.etree.ElementTree

import tap
from case import Case

VOID = {"meta", "img"}


class Page(html.parser.HTMLParser):
    """A page's tags, texts by heading, tables, and pictures; fails where tags do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.texts, self.rows, self.pictures = [], [], {}, {}, []
        self.heading = ""
        self.feed(text)
        assert self.open == ["html"] or not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.setdefault(self.heading, []).append([])
        if tag in ("td", "th"):
            self.rows[self.heading][-1].append("")
        if tag == "img":
            self.pictures.append(dict(attributes))
        if tag == "h2":
            self.heading = ""

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data):
        if self.open and self.open[-1] == "h2":
            self.heading += data
            return
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[self.heading][-1][-1] += data
        self.texts[self.heading] = self.texts.get(self.heading, "") + data


class Report(Case):
    def report(self, *words):
        output, _ = self.pbt("report", *words, "--output", "page.html")
        self.assertEqual(output, f"{words[0]}: reported in page.html\n")
        self.text = (self.folder / "page.html").read_text(encoding="utf-8")
        return Page(self.text)

    def pairs(self, page, heading):
        return {row[0]: row[1] for row in page.rows[heading]}

    def test_the_page_says_what_the_queries_say(self):
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")
        page = self.report("tiny")
        (show,) = self.json("show", "tiny")
        winner = self.pairs(page, "The winner")
        self.assertEqual(winner["segment"], show["best"]["segment"])
        self.assertEqual(winner["steps in its weights (age)"], str(show["best"]["age"]))
        self.assertAlmostEqual(float(winner["score"]), show["best"]["score"], delta=0.01)
        budget = self.pairs(page, "The budget")
        self.assertEqual(budget["steps of all members"], "160")
        self.assertEqual(budget["copies"], str(show["exploits"]))
        self.assertIn("16 decisions made again, ", page.texts["The budget"])
        self.assertIn("0 problems", page.texts["The budget"])
        self.assertIn("truncation", page.texts["Space and rules"])
        self.assertIn("population: 4", page.texts["The spec in force"])
        self.assertIn('"spec.yaml"', self.pairs(page, "Provenance")["command"])
        self.assertNotIn("Beside other studies", page.texts)
        self.assertNotIn("The baseline inside", page.texts)

    def test_the_schedule_is_the_winners(self):
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")
        head, *rows = self.report("tiny").rows["Its schedule"]
        self.assertEqual(head, ["from age", "to age", "rate", "width"])
        (schedule,) = self.json("schedule", "tiny")
        merged = []
        for row in schedule["rows"]:
            if merged and merged[-1][2] == row["hyperparameters"]:
                merged[-1][1] = row["end_age"]
            else:
                merged.append([row["start_age"], row["end_age"], row["hyperparameters"]])
        self.assertEqual([[int(row[0]), int(row[1])] for row in rows], [m[:2] for m in merged])
        for row, (_, _, values) in zip(rows, merged):
            self.assertEqual(row[2], f"{values['rate']:.4g}")
            self.assertEqual(row[3], str(values["width"]))

    def test_it_needs_nothing_else(self):
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")
        page = self.report("tiny")
        self.assertNotRegex(self.text, r"<script|<link|https?://(?!www\.w3\.org)")
        self.assertEqual([picture["alt"] for picture in page.pictures],
                         ["scores", "schedules", "lineage"])  # fmt: skip
        for picture in page.pictures:
            kind, _, content = picture["src"].partition(",")
            self.assertEqual(kind, "data:image/svg+xml")
            svg = xml.etree.ElementTree.fromstring(urllib.parse.unquote(content))
            self.assertTrue(svg.tag.endswith("}svg"))
        self.assertEqual([name for name in self.files() if "aside" in name], [])

    def test_texts_of_a_user_are_only_texts(self):
        self.spec(name="odd")
        notes = "notes: \"<script>alert('1')</script> & more\"\n"
        path = self.folder / "spec.yaml"
        path.write_text(path.read_text() + notes)
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")
        page = self.report("odd")
        self.assertNotIn("script", [tag for tag, _ in page.tags])
        self.assertIn("<script>alert('1')</script> & more", page.texts[""])

    def test_a_fixed_member_and_other_studies_stand_beside_it(self):
        path = self.folder / "spec.yaml"
        start = "start:\n  - {rate: 0.002, fixed: true}\n  - {rate: 0.01}\n"
        path.write_text(path.read_text() + start)
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")
        self.spec("other.yaml", name="plain")
        self.pbt("run", "other.yaml", "--seeds", "1..2", "--quiet", "--slots", "2")
        page = self.report("tiny", "plain")
        head, row = page.rows["The baseline inside"]
        scores = [s["score"] for s in self.json("segments", "tiny") if s["member"] == 0]
        (best,) = self.json("best", "tiny")
        self.assertEqual(row[0], "m0")
        self.assertEqual(row[1], f"{max(scores):.4g}")
        self.assertAlmostEqual(float(row[2]), best["score"] - max(scores), delta=0.01)
        self.assertIn("0.002", row[3])
        words = page.texts["Beside other studies"]
        self.assertRegex(words, r"(?m)^tiny +1 ")
        self.assertRegex(words, r"(?m)^plain +2 ")
        self.assertIn("too few seeds to tell", words)
        self.assertEqual(page.pictures[-1]["alt"], "best so far of each group")

    def test_what_was_amended_and_what_failed_is_said(self):
        """Two attempts fail and are made again; after an amendment one is given up."""
        path = self.folder / "spec.yaml"
        path.write_text(path.read_text() + "failure: {patience: 0, retries: 1}\n")
        trainer = self.folder / "trainer.sh"
        broken = (
            '[ "$4" = 10 ] && mkdir one 2>/dev/null && exit 1\n'
            '[ "$4" = 20 ] && mkdir two 2>/dev/null && exit 1\n'
        )
        trainer.write_text(broken + trainer.read_text())
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")
        self.pbt("amend", "tiny", "stop.steps=60", "failure.retries=0")
        third = '[ "$4" = 40 ] && mkdir three 2>/dev/null && exit 1\n'
        trainer.write_text(third + trainer.read_text())
        path.write_text(path.read_text().replace("retries: 1", "retries: 0")
                        .replace("steps: 40", "steps: 60"))  # fmt: skip
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2", status=1)
        page = self.report("tiny")
        budget = self.pairs(page, "The budget")
        self.pbt("export", "tiny", "--output", "log")
        lines = (self.folder / "log/events.jsonl").read_text().splitlines()
        events = [json.loads(line) for line in lines]
        failed = [event for event in events if event["kind"] == "failed"]
        self.assertEqual(len(failed), 3)
        self.assertEqual(budget["failed attempts"], "3")
        self.assertEqual(budget["of them lost leases"], "0")
        self.assertEqual(budget["segments given up"], "1")
        self.assertEqual(budget["rescues"], "1")
        self.assertEqual(budget["diverged reports"], "0")
        self.assertEqual(budget["of them failed"], "0")
        begun, ended = (datetime.datetime.fromisoformat(events[i]["time"][:-1]) for i in (0, -1))
        minutes, seconds = map(int, budget["from first to last event"].split(":"))
        self.assertAlmostEqual(60 * minutes + seconds, (ended - begun).total_seconds(), delta=0.6)
        amended = next(event for event in events if event["kind"] == "amended")
        head, *rows = page.rows["Space and rules"]
        self.assertEqual(head, ["event", "time", "key", "from", "to"])
        when = [str(amended["sequence"]), amended["time"]]
        self.assertEqual(rows, [[*when, "stop.steps", "40", "60"],
                                [*when, "failure.retries", "1", "0"]])  # fmt: skip
        self.assertIn("in force now", page.texts["Space and rules"])

    def test_diverged_reports_and_failed_members_are_counted(self):
        trainer = self.folder / "trainer.sh"
        trainer.write_text(
            'case $3 in *m0s*) exit 1 ;; *m1s1*) echo \'{"score": NaN}\'; exit ;; esac\n'
            + trainer.read_text()
        )
        path = self.folder / "spec.yaml"
        path.write_text(path.read_text() + "failure: {patience: 0}\n")
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2", status=1)
        budget = self.pairs(self.report("tiny"), "The budget")
        scores = [row["score"] for row in self.json("segments", "tiny")]
        failed = [row for row in self.json("members", "tiny") if row["state"] == "failed"]
        self.assertGreater(scores.count("nan"), 0)
        self.assertEqual(budget["diverged reports"], str(scores.count("nan")))
        self.assertEqual(budget["of them failed"], str(len(failed)))
        self.assertEqual(len(failed), 1)

    def test_a_study_without_a_report_has_a_page(self):
        self.spec(delay="60")
        process = self.start("run", "spec.yaml", "--quiet", "--slots", "2")
        self.wait_for((self.folder / "tiny.logs").exists, "a trainer")
        process.terminate()
        process.communicate(timeout=60)
        page = self.report("tiny")
        self.assertEqual(page.pictures, [])
        self.assertIn("nothing to draw", page.texts["The population"])
        self.assertIn("No segment was reported", page.texts["The winner"])

    def test_a_replay_is_not_called_drawn(self):
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")
        self.pbt("replay", "tiny", "--quiet")
        rules = self.report("tiny-replay").texts["Space and rules"]
        self.assertRegex(rules, r"(?m)^start\n +member 0 +follows a schedule of \d+ stages?, never")
        self.assertNotIn("drawn from the priors", rules)

    def test_what_cannot_be_reported(self):
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")
        for words in (["tiny"], ["tiny", "--output", "page.pdf"]):
            _, errors = self.pbt("report", *words, status=2)
            self.assertIn("ends in .html", errors)
        _, errors = self.pbt("report", "tiny", "none", "--output", "a.html", status=1)
        self.assertRegex(errors, re.compile("none"))
        self.assertFalse((self.folder / "a.html").exists())


if __name__ == "__main__":
    tap.main()
