"""Shell completion: the real bash, zsh and fish, asked for candidates of given lines.

The commands and options to expect are read from the program's own usage texts, so the table of
commands is held against itself and a new row needs no change here.
"""

import os
import pathlib
import pty
import re
import subprocess
import threading

import tap
from case import HERE, PBT, Case

SCRIPTS = pathlib.Path(os.environ["ROOT"]) / "src/cli/completion"
ASK = HERE / "completion"
SECONDS = 60


def read_answers(text):
    """Candidates by line, as the ask scripts print them."""
    answers = {}
    for line in text.splitlines():
        if line.startswith("= "):
            candidates = answers.setdefault(line[2:], [])
        elif line:
            candidates.append(line.rstrip(" "))
    return answers


class Shell(Case):
    """Each case asks one shell; `ask` is the shell's own."""

    def setUp(self):
        super().setUp()
        bin_folder = pathlib.Path(PBT).parent
        self.variables = self.environment() | {
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "TERM": "xterm",
        }

    def candidates(self, line):
        return self.ask([line])[line]

    def usage(self, *command):
        return self.pbt(*command, "--help")[0]

    def commands(self):
        listed = self.usage().split("\noptions\n")[0]
        return re.findall(r"(?m)^  ([a-z]+)  ", listed)

    def options(self, command):
        listed = self.usage(*command).split("\noptions\n")[1]
        return re.findall(r"(?m)^  (--[a-z-]+)", listed)

    def train(self, *names):
        for name in names:
            self.spec(name=name, population=2, steps=10)
            self.pbt("run", "spec.yaml", "--quiet")

    def check_commands(self):
        commands = self.commands()
        self.assertGreater(len(commands), 10)
        self.assertEqual(sorted(self.candidates("pbt ")), sorted(commands))
        self.assertEqual(self.candidates("pbt verif"), ["verify"])
        self.assertEqual(sorted(self.candidates("pbt --")), ["--help", "--version"])

    def check_options(self):
        lines = {f"pbt {command} --": self.options([command]) for command in self.commands()}
        answers = self.ask(list(lines))
        for line, options in lines.items():
            self.assertEqual(sorted(map(self.bare, answers[line])), sorted(options), line)

    @staticmethod
    def bare(candidate):
        """An option without what a shell puts behind one that takes a value."""
        return candidate.rstrip("=")

    def check_studies(self):
        self.train("alpha", "alpine", "beta")
        (self.folder / "else").mkdir()
        (self.folder / "pbt.db").rename(self.folder / "else/other.db")
        self.train("gamma")
        other = "--store sqlite:else/other.db"
        answers = self.ask(["pbt show ", f"pbt show {other} al", f"pbt verify {other} alpha be",
                            "pbt amend gamma stop.st", f"pbt best --store=sqlite:else/other.db "])
        self.assertEqual(list(answers.values()), [
            ["gamma"], ["alpha", "alpine"], ["beta"], ["stop.steps="], ["alpha", "alpine", "beta"],
        ])

    def check_files_and_values(self):
        for name in ("a.yaml", "b.yml", "c.txt"):
            (self.folder / name).touch()
        answers = self.ask(["pbt run ", "pbt run a.yaml --slots ", "pbt run --store mem"])
        found, slots, store = answers.values()
        self.assertEqual(sorted(found), ["a.yaml", "b.yml", "spec.yaml"])
        self.assertEqual(slots, [])
        self.assertEqual([word.rstrip(":").rstrip("\\") for word in store], ["memory"])

    def check_values_of_commands(self):
        """One name means other things to other commands."""
        for name in ("a.svg", "b.png", "c.pdf", "d.gp", "e.html", "f.txt"):
            (self.folder / name).touch()
        (self.folder / "g").mkdir()
        wanted = {
            "pbt schedule --format ": ["csv", "json", "yaml"],
            "pbt lineage --format ": ["dot"],
            "pbt export --format ": ["csv", "jsonl", "tensorboard"],
            "pbt plot --output ": ["a.svg", "b.png", "c.pdf", "d.gp", "g"],
            "pbt compare --output ": ["a.svg", "b.png", "c.pdf", "d.gp", "g"],
            "pbt report --output ": ["e.html", "g"],
            "pbt export --output ": ["g"],
        }
        answers = self.ask(list(wanted))
        for line, candidates in wanted.items():
            found = sorted({candidate.rstrip("/") for candidate in answers[line]})
            self.assertEqual(found, candidates, line)

    def check_nothing_is_created(self):
        self.assertEqual(self.candidates("pbt show "), [])
        self.assertNotIn("pbt.db", self.files())

    def ask_script(self, *command, lines):
        done = subprocess.run(
            command, input="\n".join(lines) + "\n", env=self.variables, cwd=self.folder,
            capture_output=True, text=True, check=True, timeout=SECONDS,
        )
        self.assertEqual(done.stderr, "")
        return read_answers(done.stdout)


class Bash(Shell):
    def ask(self, lines):
        script = str(ASK / "ask.bash")
        return self.ask_script("bash", "--norc", script, str(SCRIPTS / "pbt.bash"), lines=lines)

    def test_bash_commands(self):
        self.check_commands()

    def test_bash_options(self):
        self.check_options()

    def test_bash_studies(self):
        self.check_studies()

    def test_bash_files_and_values(self):
        self.check_files_and_values()

    def test_bash_values_of_commands(self):
        self.check_values_of_commands()

    def test_bash_creates_nothing(self):
        self.check_nothing_is_created()

    def test_bash_pieces_of_words(self):
        """bash replaces what follows the last colon or equals sign, and nothing before it."""
        answers = self.ask(["pbt run --store sqlite:pb", "pbt run --store=sqlite:pb"])
        self.assertEqual(list(answers.values()), [["pbt.db"], ["pbt.db"]])


class Fish(Shell):
    def ask(self, lines):
        script = str(ASK / "ask.fish")
        words = ("fish", "--no-config", script, str(SCRIPTS / "pbt.fish"))
        return self.ask_script(*words, lines=lines)

    def test_fish_commands(self):
        self.check_commands()

    def test_fish_options(self):
        self.check_options()

    def test_fish_studies(self):
        self.check_studies()

    def test_fish_files_and_values(self):
        self.check_files_and_values()

    def test_fish_values_of_commands(self):
        self.check_values_of_commands()

    def test_fish_creates_nothing(self):
        self.check_nothing_is_created()


class Zsh(Shell):
    def ask(self, lines):
        questions, answers = self.folder / ".lines", self.folder / ".answers"
        questions.write_text("\n".join(lines))
        answers.write_text("")
        self.variables |= {
            "ZDOTDIR": str(ASK), "ASK_FOLDER": str(SCRIPTS),
            "ASK_LINES": str(questions), "ASK_ANSWERS": str(answers),
        }
        self.interact("zsh", "-d", "-i")
        return read_answers(answers.read_text())

    def interact(self, *command):
        """Run a shell on a terminal until it ends by itself."""
        terminal, side = pty.openpty()
        process = subprocess.Popen(
            command, stdin=side, stdout=side, stderr=side, env=self.variables, cwd=self.folder,
            start_new_session=True,
        )
        self.addCleanup(process.kill)
        os.close(side)
        reader = threading.Thread(target=self.drain, args=(terminal,))
        reader.start()
        process.wait(timeout=SECONDS)
        reader.join()
        os.close(terminal)

    @staticmethod
    def drain(terminal):
        """Read a terminal to its end, as somebody must."""
        try:
            while os.read(terminal, 4096):
                pass
        except OSError:
            pass

    def test_zsh_commands(self):
        self.check_commands()

    def test_zsh_options(self):
        self.check_options()

    def test_zsh_studies(self):
        self.check_studies()

    def test_zsh_files_and_values(self):
        self.check_files_and_values()

    def test_zsh_values_of_commands(self):
        self.check_values_of_commands()

    def test_zsh_creates_nothing(self):
        self.check_nothing_is_created()


tap.main()
