"""The package's sources: readable by the oldest Python, in need of nothing, documented."""

import ast
import importlib.util
import inspect
import pathlib
import re
import sysconfig
import unittest

import pbt
import tap

ROOT = pathlib.Path(__file__).resolve().parents[1]
OLDEST = (3, 8)
STANDARD = pathlib.Path(sysconfig.get_path("stdlib"))


def is_standard(name):
    """Whether a module belongs to Python itself."""
    origin = importlib.util.find_spec(name).origin or "built-in"
    return origin in ("built-in", "frozen") or (
        STANDARD in pathlib.Path(origin).parents and "-packages" not in origin
    )


class Package(unittest.TestCase):
    def sources(self):
        return sorted((ROOT / "src/pbt").glob("*.py"))

    def test_the_oldest_python_can_read_it(self):
        for path in self.sources():
            with self.subTest(path=path.name):
                ast.parse(path.read_text(encoding="utf-8"), feature_version=OLDEST)

    def test_it_needs_the_standard_library_alone(self):
        for path in self.sources():
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.level == 0:
                    names = [node.module]
                for name in names:
                    self.assertTrue(is_standard(name.partition(".")[0]), f"{path.name}: {name}")

    def test_the_version_is_one(self):
        project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        version = re.search(r'^version = "(.*)"$', project, re.MULTILINE).group(1)
        self.assertEqual(pbt.__version__, version)

    def test_everything_public_is_documented(self):
        for name in pbt.__all__:
            thing = getattr(pbt, name)
            self.assertTrue(thing.__doc__, name)
            for verb, value in vars(thing).items():
                if not verb.startswith("_") and (callable(value) or isinstance(value, property)):
                    self.assertTrue(value.__doc__, f"{name}.{verb}")

    def test_the_page_names_everything_public(self):
        """docs/python.md: classes, a worker's verbs and arguments, a segment's fields, errors."""
        page = (ROOT.parent / "docs/python.md").read_text(encoding="utf-8")
        wanted = {name for name in pbt.__all__ if issubclass(getattr(pbt, name), pbt.Error)}
        wanted -= {"Error"}
        for thing in (pbt.Worker, pbt.Segment):
            wanted |= {name for name in vars(thing) if not name.startswith("_")}
        wanted |= {name for name in inspect.signature(pbt.Worker).parameters}
        source = inspect.getsource(pbt.Segment.__init__)
        wanted |= set(re.findall(r"self\.([a-z]\w*):", source))
        named = set(re.findall(r"`(\w+)(?:\([^`]*\))?`", page))
        self.assertEqual(wanted - named, set())
        rows = re.findall(r"(?m)^\| (`.*?`) \|", page)
        listed = {name for row in rows for name in re.findall(r"`(\w+)", row)}
        self.assertEqual(listed - wanted, set())

    def test_the_readme_it_names_exists(self):
        project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        self.assertTrue((ROOT / re.search(r'^readme = "(.*)"$', project, re.MULTILINE)[1]).is_file())


if __name__ == "__main__":
    tap.main()
