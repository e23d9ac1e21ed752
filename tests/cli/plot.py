"""`pbt plot`: files of every kind, and what it says where it cannot draw."""

import os
import re
import xml.etree.ElementTree

import tap
from case import Case

MAGIC = {"png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-"}
SVG = "{http://www.w3.org/2000/svg}"


class Plot(Case):
    def setUp(self):
        super().setUp()
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")

    def path(self, name):
        return self.folder / name

    def strokes(self, script, name):
        """The strokes of a script's data blocks of a name, block by block."""
        blocks = re.findall(rf"^\${name} << END\n(.*?)^END\n", script, re.MULTILINE | re.DOTALL)
        return [[part for part in block.split("\n\n") if part.strip()] for block in blocks]

    def test_files_are_what_their_endings_say(self):
        for ending, magic in MAGIC.items():
            output, _ = self.pbt("plot", "tiny", "--output", f"a.{ending}")
            self.assertEqual(output, f"tiny: drawn to a.{ending}\n")
            content = self.path(f"a.{ending}").read_bytes()
            self.assertTrue(content.startswith(magic), content[:16])
            self.assertGreater(len(content), 5000)
        self.pbt("plot", "--output", "a.svg")
        root = xml.etree.ElementTree.parse(self.path("a.svg")).getroot()
        self.assertEqual(root.tag, SVG + "svg")
        words = " ".join("".join(text.itertext()) for text in root.iter(SVG + "text"))
        for word in ("tiny", "4 members, generational, exploit truncation", "rate", "width", "m3"):
            self.assertIn(word, words)
        self.assertEqual([name for name in self.files() if "aside" in name], [])

    def test_the_script_draws_every_segment_and_every_copy(self):
        self.pbt("plot", "tiny", "--output", "a.gp")
        script = self.path("a.gp").read_text()
        segments = self.json("segments", "tiny")
        copies = [segment for segment in segments if segment["donor"] is not None]
        self.assertTrue(copies)
        scores, *schedules = self.strokes(script, "members")
        self.assertEqual(len(scores), len(segments))
        self.assertEqual([len(panel) for panel in schedules], [len(segments)] * 2)
        (arrows,) = self.strokes(script, "copies")
        self.assertEqual(len(arrows[0].splitlines()), len(copies))
        (best,) = self.json("best", "tiny")
        by_id = {segment["segment"]: segment for segment in segments}
        lineage, at = 0, best["segment"]
        while at is not None:
            lineage, at = lineage + 1, by_id[at]["parent"]
        for panel in self.strokes(script, "winner"):
            self.assertEqual(len(panel), lineage)

    def test_each_kind_has_its_panels(self):
        for kind, panels in {"scores": 2, "schedules": 3, "lineage": 2, "summary": 5}.items():
            self.pbt("plot", "tiny", "--kind", kind, "--output", f"{kind}.gp")
            script = self.path(f"{kind}.gp").read_text()
            self.assertEqual(len(re.findall("^plot ", script, re.MULTILINE)), panels, kind)
        self.pbt("plot", "tiny", "--kind", "lineage", "--color", "width", "--output", "w.png")

    def test_what_cannot_be_drawn(self):
        for words, said in [
            (["tiny"], "option '--output FILE' is required"),
            (["tiny", "--output", "a.jpeg"], "the name must end in .svg, .png, .pdf"),
            (["tiny", "--output", "a.svg", "--kind", "pie"], "scores, schedules or lineage"),
            (["tiny", "--output", "a.svg", "--color", "height"], "'height'"),
            (["tiny", "--output", "a.svg", "--color", "rate", "--kind", "scores"],
             "cannot be used"),
        ]:
            _, errors = self.pbt("plot", *words, status=2)
            self.assertIn(said, errors)
        _, errors = self.pbt("plot", "tiny", "--output", "absent/a.svg", status=1)
        self.assertIn("absent/a.svg", errors)
        _, errors = self.pbt("plot", "other", "--output", "a.svg", status=1)
        self.assertIn("other", errors)
        self.assertFalse(self.path("a.svg").exists())

    def test_without_a_report_there_is_nothing_to_draw(self):
        self.spec("empty.yaml", name="empty", delay="60")
        process = self.start("run", "empty.yaml", "--quiet", "--slots", "2")
        self.wait_for((self.folder / "empty.logs").exists, "a trainer")
        process.terminate()
        process.communicate(timeout=60)
        _, errors = self.pbt("plot", "empty", "--output", "a.svg", status=1)
        self.assertIn("nothing to draw yet: no segment was reported", errors)
        self.assertFalse(self.path("a.svg").exists())

    def test_without_gnuplot(self):
        environment = self.environment() | {"PATH": str(self.folder)}
        _, errors = self.pbt("plot", "tiny", "--output", "a.svg", status=1, env=environment)
        self.assertIn("cannot run gnuplot", errors)
        self.assertIn("hint:", errors)
        self.pbt("plot", "tiny", "--output", "a.gp", env=environment)

    def test_a_gnuplot_that_complains_leaves_nothing(self):
        fake = self.path("gnuplot")
        fake.write_text(
            "#!/bin/sh\ncat >/dev/null\necho 'no such thing' >&2\nexit 1\n"
        )
        fake.chmod(0o755)
        environment = self.environment() | {"PATH": f"{self.folder}:{os.environ['PATH']}"}
        _, errors = self.pbt("plot", "tiny", "--output", "a.svg", status=1, env=environment)
        self.assertIn("gnuplot could not draw", errors)
        self.assertIn("no such thing", errors)
        self.assertEqual([name for name in self.files() if name.startswith("a.svg")], [])


if __name__ == "__main__":
    tap.main()
