"""Pages that list what the code holds, held against the code."""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
sys.dont_write_bytecode = True
import tap


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def sources(folder, *suffixes):
    """The texts of a folder's files by path."""
    files = (ROOT / folder).rglob("*")
    return {path: path.read_text(encoding="utf-8") for path in files if path.suffix in suffixes}


def rules():
    """What src/core/rules.c lists: ("exploit", "truncation"), ..."""
    rows = re.findall(r"(?m)^    (EXPLOIT|EXPLORE)\((\w+)\)", read("src/core/rules.c"))
    return [(kind.lower(), name) for kind, name in rows]


class Recorded(unittest.TestCase):
    """tests/golden has a study of every rule and every type."""

    def setUp(self):
        self.studies = "\n".join(sources("tests/golden", ".log").values())

    def test_every_rule_is_recorded(self):
        for kind, name in rules():
            self.assertTrue(f"{kind}: {{rule: {name}" in self.studies, f"{kind}.rule: {name}")

    def test_every_type_is_recorded(self):
        types = re.findall(r'(?m)^    X\([A-Z]+, "(\w+)"', read("src/core/types.c"))
        self.assertGreater(len(types), 4)
        for name in types:
            self.assertTrue(f"{{type: {name}," in self.studies, name)


class Algorithm(unittest.TestCase):
    """docs/algorithm.md against the tags beside the code and the tests it names."""

    def setUp(self):
        self.page = read("docs/algorithm.md")

    def sections(self):
        """{title in lower case: text}; a title such as "`resample` and `none`" counts as both."""
        sections = {}
        for part in re.split(r"(?m)^##+ ", self.page)[1:]:
            title, _, text = part.partition("\n")
            for name in title.replace("`", "").split(" and "):
                sections[name.lower()] = text
        return sections

    def test_every_tag_has_a_section(self):
        tags = set()
        for text in sources("src", ".c", ".h").values():
            tags |= set(re.findall(r"// rule: ([\w -]+?)(?:,| \(|$)", text, re.MULTILINE))
        self.assertGreater(len(tags), 8)
        self.assertLessEqual(tags, set(self.sections()))

    def test_every_rule_has_a_section_and_a_tag(self):
        """The rules that can be chosen, by their rows and by the page's headings."""
        code = "\n".join(sources("src/core", ".c").values())
        rows = {name for _, name in rules()}
        self.assertGreater(len(rows), 6)
        self.assertLessEqual(rows, set(self.sections()))
        for name in (rows | set(re.findall(r"(?m)^### `(\w+)`", self.page))) - {"none"}:
            self.assertRegex(code, rf"// rule: {name}\b")

    def test_every_section_says_where_it_comes_from(self):
        for title, text in self.sections().items():
            if "**Equation.**" in text or "**Deviation" in text or "**Rule.**" in text:
                self.assertTrue("**Source.**" in text or "**Rule.**" in text, title)
                self.assertIn("**Tests.**", text, title)

    def test_every_test_it_names_exists(self):
        code = "\n".join(sources("tests", ".c", ".py").values())
        for path in set(re.findall(r"`(tests/[\w/.]+)`", self.page)):
            self.assertTrue((ROOT / path).exists(), path)
        claims = re.findall(r"\*\*Tests\.\*\*(.*?)(?=\n\n|\Z)", self.page, re.DOTALL)
        claims += re.findall(r"The tests of this section(.*?)\n\n", self.page, re.DOTALL)
        names = set(re.findall(r"`([a-z]\w+\*?)`", " ".join(claims)))
        self.assertGreater(len(names), 80)
        for name in names:
            self.assertRegex(code, rf"\b{name.replace('*', r'.*')}\b", name)


class Operating(unittest.TestCase):
    """docs/operating.md: the table of failures."""

    def rows(self):
        return re.findall(r"(?m)^\| `(ERR_\w+)` \| (.*?) \|", read("docs/operating.md"))

    def test_every_error_is_there(self):
        """Those of the library; one that the server alone says may be."""
        errors = set(re.findall(r"X\((ERR_\w+), \d+", read("include/pbt/pbt.h")))
        served = set(re.findall(r"`(ERR_\w+)`", read("docs/api.yaml")))
        found = {error for error, _ in self.rows()}
        self.assertLessEqual(errors, found)
        self.assertLessEqual(found, errors | served)

    def test_every_message_is_one(self):
        code = "\n".join(sources("src", ".c").values()) + read("include/pbt/pbt.h")
        code = re.sub(r'"\s*\n\s*"', "", code)
        for _, seen in self.rows():
            for message in re.findall(r"`([^`]+)`", seen):
                for piece in re.split(r"…|FILE:LINE:COLUMN:", message):
                    if len(piece.strip("' ,:")) > 2:
                        self.assertTrue(piece in code, f"{message}: {piece}")


class Dependencies(unittest.TestCase):
    """docs/dependencies.md against what is installed and what is linked."""

    # Packages by the word that the page has for them, where their own names do not say it.
    WORDS = {
        "libc6-dev": "GCC", "gcc": "GCC", "g++": "GCC", "binutils": "GCC", "make": "Ninja",
        "pkgconf": "Meson", "ninja-build": "Ninja", "git": "GCC", "libdnnl-dev": "oneDNN",
        "zlib1g-dev": "zlib", "dataset-fashion-mnist": "Fashion-MNIST", "gnuplot-nox": "gnuplot",
        "libfyaml-dev": "libfyaml", "librandom123-dev": "Random123", "python3-torch": "PyTorch",
        "python3-yaml": "PyYAML", "libcurl4-openssl-dev": "libcurl", "libsqlite3-dev": "SQLite",
        "python3": "Python 3", "python3-pip": "pip",
    }

    def setUp(self):
        self.page = read("docs/dependencies.md").lower()

    def test_every_package_is_named(self):
        lists = re.findall(r"(?m)^        echo ([^\"]*?);;", read("tools/install-deps"))
        packages = set(" ".join(lists).replace("\\\n", " ").split())
        self.assertGreater(len(packages), 25)
        for package in packages:
            plain = re.sub(r"^lib|^python3-|-dev$", "", package)
            self.assertTrue(self.WORDS.get(package, plain).lower() in self.page, package)

    def test_every_library_is_named(self):
        linked = re.findall(r"_dep = dependency\('([\w-]+)'", read("meson.build"))
        self.assertGreater(len(linked), 8)
        for name in set(linked) - {"threads"}:
            plain = name.removeprefix("lib").replace("sqlite3", "sqlite")
            self.assertTrue(plain in self.page, name)

    def test_every_part_has_a_line_of_its_own(self):
        parts = re.findall(r"(?m)^\| \[?([\w ,.+-]+?)\]?[ (|,]", self.page)
        repeated = {part for part in parts if parts.count(part) > 1} - {"part"}
        self.assertEqual(repeated, set())


class Readme(unittest.TestCase):
    """README.md's tables of commands and pages."""

    def test_every_command_is_listed(self):
        commands = re.findall(r"\bX\([A-Z]+, (\w+)\)", read("src/cli/command.h"))
        self.assertGreater(len(commands), 10)
        table = re.search(r"## Commands\n(.*?)\n\n`pbt", read("README.md"), re.DOTALL)[1]
        self.assertEqual(sorted(re.findall(r"`(\w+)`", table)), sorted(commands))

    def test_every_page_is_listed(self):
        for page in (ROOT / "docs").glob("*.[my]*"):
            self.assertTrue(f"(docs/{page.name})" in read("README.md"), page.name)


if __name__ == "__main__":
    tap.main()
