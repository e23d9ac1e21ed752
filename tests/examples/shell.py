"""The shell example: the shipped spec with the shipped script, and the script alone."""

import json

import tap
from example import EXAMPLES, Case

SCRIPT = EXAMPLES / "shell" / "train.sh"


class Shell(Case):
    def train(self, rate, momentum, load, save, start, end):
        output = self.command(SCRIPT, rate, momentum, load, self.folder / save, start, end)
        return json.loads(output.splitlines()[-1])["f"]

    def test_script_goes_on_from_its_checkpoint(self):
        whole = self.train(1e-3, 0.9, "", "whole", 0, 100)
        self.train(1e-3, 0.9, "", "half", 0, 50)
        self.assertEqual(self.train(1e-3, 0.9, self.folder / "half", "end", 50, 100), whole)
        self.assertEqual((self.folder / "end").read_text(), (self.folder / "whole").read_text())
        self.assertLess(whole, 1)

    def test_script_names_what_is_not_a_number(self):
        self.assertEqual(self.train(1.0, 0.9, "", "save", 0, 100), float("inf"))

    def test_study(self):
        self.run_study(EXAMPLES / "shell" / "pbt.yaml", "--slots", "1")  # the same each time
        self.verify("shell")
        rows = self.query("segments", "shell")
        self.assertEqual(len(rows), 6 * 20)
        self.assertTrue(any(row["donor"] is not None for row in rows))
        self.assertLess(self.query("best", "shell")[0]["score"], 1e-3)


if __name__ == "__main__":
    tap.main()
