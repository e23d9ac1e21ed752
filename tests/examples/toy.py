"""The paper's figure 2 through the program: the shipped specs against the golden numbers."""

import tap
from example import BUILD, EXAMPLES, Case

SEEDS = 200


class Toy(Case):
    def last(self, name):
        """Each member's metrics at step 200."""
        rows = [row for row in self.query("segments", name) if row["end_step"] == 200]
        self.assertEqual([row["member"] for row in rows], [0, 1])
        return [row["metrics"] for row in rows]

    def finish(self, path, study, **changes):
        self.run_study(self.spec(path, **changes))
        self.verify(study)
        return self.last(study)

    def assert_scores(self, rows, *expected):
        for row, q in zip(rows, expected, strict=True):
            self.assertAlmostEqual(row["q"], q, delta=1e-9)

    def assert_theta(self, row, theta0, theta1):
        self.assertAlmostEqual(row["theta0"], theta0, delta=5e-7)
        self.assertAlmostEqual(row["theta1"], theta1, delta=5e-7)

    def test_grid_search(self):
        rows = self.finish("toy/grid.yaml", "toy-grid")
        self.assert_scores(rows, 0.3897494379, 0.3897494379)
        self.assert_theta(rows[0], 0.015829, 0.9)
        self.assert_theta(rows[1], 0.9, 0.015829)

    def test_exploit_only(self):
        rows = self.finish("toy/exploit.yaml", "toy-exploit")
        self.assert_scores(rows, 1.1711345818, 1.1715075265)
        self.assert_theta(rows[0], 0.110092, 0.129403)
        self.assert_theta(rows[1], 0.119358, 0.119358)
        copies = [row for row in self.query("segments", "toy-exploit") if row["donor"] is not None]
        self.assertEqual(len(copies), 49)

    def test_exploit_only_less_often(self):
        for every, q in ((5, 1.1709240868), (10, 1.1691498737), (20, 1.1616867404)):
            rows = self.finish("toy/exploit.yaml", f"toy-{every}", name=f"toy-{every}",
                               ready=f"{{every: {every}}}")
            self.assert_scores(rows, q, 1.1715075265)

    def test_exploit_only_with_hyperparameters(self):
        rows = self.finish("toy/exploit.yaml", "toy-exploit", exploit="{rule: best}")
        self.assertAlmostEqual(max(row["q"] for row in rows), 0.3897494379, delta=1e-9)

    def scores_over_seeds(self, path):
        """The better member's score in each of SEEDS studies, in order."""
        self.run_study(self.spec(path), "--seeds", f"1..{SEEDS}")
        scores = sorted(study["best"]["score"] for study in self.query("list"))
        self.assertEqual(len(scores), SEEDS)
        return scores

    def assert_quantiles(self, scores, low, median, high, rounding):
        """The ranks leave out less than 1e-4 of Binomial(200, quantile) on each side."""
        for value, lowest, highest in ((low, 0, 23), (median, 73, 126), (high, 176, 199)):
            self.assertLessEqual(scores[lowest], value + rounding)
            self.assertGreaterEqual(scores[highest], value - rounding)

    def test_distribution_of_explore_only(self):
        self.assert_quantiles(self.scores_over_seeds("toy/explore.yaml"), 0.953, 1.159, 1.199, 5e-4)

    def test_distribution_of_pbt(self):
        self.assert_quantiles(self.scores_over_seeds("toy/pbt.yaml"), 1.146, 1.1887, 1.198, 5e-4)

    def test_figure(self):
        output = self.folder / "toy.svg"
        self.command(EXAMPLES / "toy" / "figure", output, "--build", BUILD)
        self.assert_picture(output)
        text = output.read_text(encoding="utf-8")
        self.assertTrue("best Q at step 200: 1.1715" in text)


if __name__ == "__main__":
    tap.main()
