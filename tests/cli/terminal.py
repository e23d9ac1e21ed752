"""The live table: a run on a pseudo-terminal, whose screen a small emulator keeps."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

import tap
from case import PBT, Case


class Screen:
    """As much of a terminal as the program uses; anything else fails the test."""

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.lines = [[" "] * columns for _ in range(rows)]
        self.row = self.column = 0
        self.scrolled = 0
        self.controls = 0
        self.is_cursor_shown = True
        self.rest = ""

    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.lines)

    def feed(self, text):
        text = self.rest + text
        self.rest = ""
        while text:
            if text[0] == "\033":
                found = re.match(r"\033\[(\??\d*)([A-Za-z])", text)
                if found is None:
                    self.rest = text
                    return
                self.command(found[2], found[1])
                text = text[found.end() :]
            else:
                self.put(text[0])
                text = text[1:]

    def put(self, character):
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.down()
        else:
            if self.column == self.columns:
                self.column = 0
                self.down()
            self.lines[self.row][self.column] = character
            self.column += 1

    def down(self):
        if self.row + 1 < self.rows:
            self.row += 1
            return
        self.scrolled += 1
        self.lines = self.lines[1:] + [[" "] * self.columns]

    def command(self, letter, argument):
        self.controls += 1
        if letter == "A":
            self.row = max(0, self.row - int(argument or 1))
        elif letter == "K":
            self.lines[self.row][self.column :] = [" "] * (self.columns - self.column)
        elif letter == "J":
            self.command("K", "")
            for row in range(self.row + 1, self.rows):
                self.lines[row] = [" "] * self.columns
        elif argument == "?25":
            self.is_cursor_shown = letter == "h"
        else:
            raise AssertionError(f"unexpected sequence {argument}{letter}")


class Terminal(Case):
    def open(self, *words, rows=24, columns=100, kind="xterm"):
        """Start a run on a terminal of its own."""
        self.master, slave = pty.openpty()
        self.addCleanup(os.close, self.master)
        self.resize(rows, columns)
        self.screen = Screen(rows, columns)
        self.process = subprocess.Popen(
            [PBT, "run", "spec.yaml", *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=self.folder,
            env=self.environment() | {"TERM": kind},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, until=None, seconds=30):
        """Feed the screen until its text matches, or until the program ends."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if until is not None and re.search(until, self.screen.text()):
                return
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.screen.feed(os.read(self.master, 65536).decode())
                except OSError:
                    break
        if until is not None and not re.search(until, self.screen.text()):
            self.fail(f"waited in vain for {until!r}; the screen is\n{self.screen.text()}")

    def end(self, status=0):
        self.read()
        self.assertEqual(self.process.wait(timeout=30), status, self.screen.text())
        self.assertTrue(self.screen.is_cursor_shown)

    def frame_lines(self, start):
        return [line for line in self.screen.text().splitlines() if re.match(start, line)]

    def test_frames_show_members_progress_and_time(self):
        self.spec(delay="0.15")
        self.open()
        best = r"best \d\S* \(m\ds\d\)  elapsed 0:0\d  left 0:"
        self.read(r"\d+ of 160 steps .* segments/s .* copies\n" + best)
        self.assertEqual(self.screen.scrolled, 0)
        text = self.screen.text()
        self.assertRegex(text, r"(?m)^Ctrl-C stops; the same command goes on$")
        header = "member state step score( seen)? last decision rate width"
        self.assertRegex(text, "(?m)^" + header.replace(" ", " +") + "$")
        self.assertEqual(len(self.frame_lines(r" +\d +(training|waiting|finished) ")), 4)
        self.read(r"(copies m\ds\d|continues)")
        self.assertEqual(len(self.frame_lines("tiny: 4 members")), 1)
        self.end()
        self.assertRegex(self.screen.text(), r"(?s)100 %  160 of 160 steps.*tiny finished")
        self.assertEqual(len(self.frame_lines(r"\[#*-*\]")), 1)

    def test_what_does_not_fit_is_named(self):
        self.spec(delay="0.2")
        self.open(columns=50)
        self.read(r"(?m)^not shown: (last decision, )?rate, width; widen the terminal")
        self.read(r"(?m)^member +state +step +score +seen")
        self.process.kill()

    def test_ctrl_c_is_answered_in_the_frame(self):
        self.spec(delay="0.5", trainer="stubborn.sh")
        trainer = (self.folder / "trainer.sh").read_text()
        (self.folder / "stubborn.sh").write_text("trap '' TERM\n" + trainer)
        self.open()
        self.read("training")
        os.write(self.master, b"\x03")
        self.read("stopping: waiting for the trainers")
        self.end(status=130)
        self.assertNotIn("^C", self.screen.text())
        self.assertIn("tiny interrupted", self.screen.text())

    def test_a_small_terminal_shows_what_fits(self):
        self.spec(population=40, delay="0.05", steps=20)
        self.open(rows=16, columns=60)
        self.read(r"the best \d+ of 40 members")
        self.read(r"best \d\S* \(m")
        self.assertEqual(self.screen.scrolled, 0)
        self.assertRegex(self.screen.text().splitlines()[0], "^tiny: 40 members")
        self.assertEqual(len(self.frame_lines(r" +\d+ +(training|waiting|finished) ")), 5)
        self.process.kill()

    def test_the_address_fits_a_terminal(self):
        self.spec(delay="0.2")
        self.open(columns=80)
        self.read(r"(?m)^API at http://127\.0\.0\.1:\d+ *$")
        self.process.kill()

    def test_a_narrowed_terminal_is_redrawn(self):
        self.spec(delay="0.2")
        self.open(rows=24, columns=100)
        self.read(r"segments/s")
        self.screen.columns = 40
        self.screen.lines = [[" "] * 40 for _ in range(24)]
        self.resize(24, 40)
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            if select.select([self.master], [], [], 0.1)[0]:
                self.screen.feed(os.read(self.master, 65536).decode())
        self.assertEqual(self.screen.scrolled, 0)
        self.read(r"(?m)^tiny: 4 members on \d slots?, gener.*\.\.\.$")
        self.process.kill()

    def test_a_dumb_terminal_gets_lines(self):
        self.open(kind="dumb", rows=60)
        self.end()
        self.assertEqual(len(self.frame_lines(r".* reported ")), 16)
        self.assertEqual(self.screen.controls, 0)


tap.main()
