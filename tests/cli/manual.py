"""The manual pages: complete, and clean in the eyes of mandoc and groff."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

import tap
from case import Case

SHARE = pathlib.Path(os.environ["PBT_SHARE"])
TABLES = SHARE / "tables"
# The pages refer to each other before they are installed, and say whose they are.
IGNORED = ("STYLE: referenced manual not found", "STYLE: operating system explicitly specified")


def output(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=True, **options)
    return done.stdout + done.stderr


def make(folder, environment):
    output(sys.executable, f"{os.environ['ROOT']}/tools/manual", "1", folder, str(TABLES),
           env=environment)


def shown(page):
    """A page as a terminal shows it, without its fonts."""
    text = output("mandoc", "-Tascii", "-Owidth=1000", str(page))
    return re.sub(".\b", "", text)


class Manual(Case):
    def setUp(self):
        super().setUp()
        self.pages = {page.name: page for page in SHARE.glob("man[15]/*")}

    def usage(self, *command):
        return self.pbt(*command, "--help")[0]

    def commands(self):
        listed = self.usage().split("\noptions\n")[0]
        return re.findall(r"(?m)^  ([a-z]+)  ", listed)

    def test_every_command_has_a_page(self):
        wanted = {f"pbt-{command}.1" for command in self.commands()} | {"pbt.1", "pbt-spec.5"}
        self.assertEqual(set(self.pages), wanted)

    def test_a_page_says_what_help_says(self):
        for command in self.commands():
            page = shown(self.pages[f"pbt-{command}.1"])
            usage, text = self.usage(command).split("\n\n", 1)
            for option in re.findall(r"(?m)^  (--.*?)(?:  |$)", text):
                self.assertIn(f"     {option}", page, command)
                self.assertIn(option, usage + " [--help]")
                is_optional = f"[{option}]" in " ".join(page.split())
                self.assertEqual(is_optional, f"[{option}]" in usage + " [--help]", command)
            for word in re.findall(r"[\w./$]+", text.split("\noptions\n")[0]):
                self.assertIn(word, page, command)

    def test_literals_stay_as_they_are_typed(self):
        for command in self.commands():
            page = shown(self.pages[f"pbt-{command}.1"])
            help_text = self.usage(command).split("\noptions\n")[1].split("\n\n")[0]
            for first in re.findall(r"(?m)^ {2,}(?:--\S+ \S+)? +(csv|dot|summary)\b", help_text):
                self.assertRegex(page, rf"(?m)^ +{first}\b", command)
                self.assertNotRegex(page, rf"\b{first.capitalize()}\b", command)

    def test_a_table_is_a_list(self):
        page = shown(self.pages["pbt-export.1"])
        for row in ("csv, jsonl\n +one row per segment", "tensorboard\n? +one run per member"):
            self.assertRegex(page, rf"(?m)^ +{row}")

    def test_sections(self):
        page = shown(self.pages["pbt-run.1"])
        sections = re.findall(r"(?m)^[A-Z][A-Z ]+$", page)
        self.assertEqual(sections, [
            "NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "FILES", "EXIT STATUS",
            "EXAMPLES", "SEE ALSO",
        ])
        for words in ("PBT_STORE", "NAME.checkpoints", "130, 143", "pbt run study.yaml"):
            self.assertIn(words, page)
        self.assertNotIn("ENVIRONMENT", shown(self.pages["pbt-check.1"]))

    def test_every_key_is_described(self):
        page = shown(self.pages["pbt-spec.5"])
        reference = (pathlib.Path(os.environ["ROOT"]) / "docs/spec.md").read_text()
        keys = re.findall(r"(?m)^\| `([a-z_.]+)` \|", reference)
        self.assertGreater(len(keys), 50)
        for key in keys:
            self.assertRegex(page, rf"(?m)^ +{re.escape(key)}\b")

    def test_references_lead_somewhere(self):
        for page in self.pages.values():
            for name, section in re.findall(r"(?m)^\.(?:It )?Xr (\S+) (\d)", page.read_text()):
                self.assertIn(f"{name}.{section}", self.pages, page.name)

    def test_mandoc_finds_nothing(self):
        done = subprocess.run(["mandoc", "-Tlint", *map(str, self.pages.values())],
                              capture_output=True, text=True, check=False)
        faults = [line for line in (done.stdout + done.stderr).splitlines()
                  if not any(words in line for words in IGNORED)]
        self.assertEqual(faults, [])

    def test_groff_finds_nothing(self):
        for page in self.pages.values():
            said = output("groff", "-mdoc", "-Tutf8", "-ww", "-z", str(page))
            self.assertEqual(said, "", page.name)

    def test_a_build_can_be_repeated(self):
        with tempfile.TemporaryDirectory() as name:
            environment = self.environment() | {"SOURCE_DATE_EPOCH": "86400"}
            make(f"{name}/man1", environment)
            page = pathlib.Path(name, "man1/pbt.1").read_text()
            self.assertTrue(page.startswith(".Dd January 2, 1970\n"), page[:40])

    def test_folders_are_made_anew(self):
        with tempfile.TemporaryDirectory() as name:
            stale = pathlib.Path(name, "man1/pbt-gone.1")
            stale.parent.mkdir()
            stale.touch()
            make(f"{name}/man1", self.environment())
            self.assertFalse(stale.exists())


tap.main()
