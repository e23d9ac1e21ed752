"""The demo of the Fashion-MNIST example, on a part of its budget."""

import os
import unittest

import tap
from example import BUILD, EXAMPLES, Case

FOLDER = os.environ.get("FASHION_MNIST", "/usr/share/datasets/fashion-mnist")


@unittest.skipUnless(os.path.isdir(FOLDER), "install dataset-fashion-mnist")
@unittest.skipUnless((BUILD / "examples/evaluate").exists(), "install libdnnl-dev, zlib1g-dev")
class Demo(Case):
    def test_demo(self):
        output = self.command(EXAMPLES / "fashion_mnist_c" / "demo", "--build", BUILD,
                              "--output", self.folder, "--steps", 38400)
        self.assertRegex(output, r"(?m)^seed 3 ( +\d\d\.\d\d %){4}$")
        self.assertRegex(output, r"(?m)^mean ( +8\d\.\d\d %){4}$")
        self.assertRegex(output, r"(?m)^\d+ seconds$")
        self.assert_picture(self.folder / "scores.svg")
        self.assert_picture(self.folder / "schedules.svg")
        self.store = f"sqlite:{self.folder}/demo.db"
        self.check_studies()

    def check_studies(self):
        """Same start for both searches, copies in one of them only, and a log that verifies."""
        for seed in (1, 2, 3):
            pbt = self.query("segments", f"fashion-mnist-{seed}")
            random = self.query("segments", f"fashion-mnist-random-{seed}")
            self.assertEqual(self.first(pbt), self.first(random))
            self.assertTrue(any(row["donor"] is not None for row in pbt))
            self.assertTrue(all(row["donor"] is None for row in random))
            self.verify(f"fashion-mnist-{seed}")

    def first(self, rows):
        return [(row["hyperparameters"], row["score"]) for row in rows if row["number"] == 0]


if __name__ == "__main__":
    tap.main()
