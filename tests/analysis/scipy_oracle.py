"""The statistics against SciPy and NumPy, and against counting every arrangement where SciPy's
exact tests do not take ties."""

import itertools
import math
import os
import random
import subprocess
import unittest
import warnings

import tap

try:
    import numpy
    from scipy import stats
except ImportError:
    numpy = stats = None

INFINITY = float("inf")


class Answers:
    """The program that answers: one question, one line of numbers."""

    def __init__(self):
        self.process = subprocess.Popen(
            [os.environ["ANSWER"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, name, *numbers):
        self.process.stdin.write(" ".join([name, *(repr(float(x)) for x in numbers)]) + "\n")
        self.process.stdin.flush()
        return [float(word) for word in self.process.stdout.readline().split()]

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait()


def midranks(values):
    return stats.rankdata(values)


def count_wilcoxon(differences):
    """p of Wilcoxon's test with Pratt's zeros, by all sign patterns."""
    ranks = midranks([abs(d) for d in differences])
    ranks = [(rank, d > 0) for rank, d in zip(ranks, differences) if d != 0]
    middle = sum(rank for rank, _ in ranks) / 2
    distance = abs(sum(rank for rank, is_plus in ranks if is_plus) - middle)
    far = sum(
        abs(sum(rank for (rank, _), is_plus in zip(ranks, signs) if is_plus) - middle) >= distance
        for signs in itertools.product((False, True), repeat=len(ranks))
    )
    return far / 2 ** len(ranks)


def count_mann_whitney(a, b):
    """p of the rank sum test by all ways to name len(a) of the scores: twice the smaller tail."""
    ranks = midranks(a + b)
    found = sum(ranks[: len(a)])
    sums = [sum(chosen) for chosen in itertools.combinations(ranks, len(a))]
    tails = sum(s <= found for s in sums), sum(s >= found for s in sums)
    return min(1, 2 * min(tails) / len(sums))


@unittest.skipIf(stats is None, "python3-scipy is not installed")
class Oracle(unittest.TestCase):
    def setUp(self):
        self.answers = Answers()
        self.addCleanup(lambda: self.assertEqual(self.answers.close(), 0))
        self.random = random.Random(1)

    def near(self, value, expected, error=1e-12):
        if expected == value:
            return
        self.assertLessEqual(abs(value - expected), error * max(1, abs(expected)))

    def normals(self, count, shift=0.0):
        return [self.random.gauss(shift, 1) for _ in range(count)]

    def coarse(self, count, places):
        """Scores with many ties."""
        return [float(self.random.randrange(places)) for _ in range(count)]

    def wilcoxon(self, a, b):
        return self.answers.ask("wilcoxon", len(a), *a, *b)

    def mann_whitney(self, a, b):
        return self.answers.ask("mann_whitney", len(a), len(b), *a, *b)

    def test_interquartile_mean(self):
        for count in range(1, 40):
            scores = self.normals(count)
            self.near(self.answers.ask("iqm", *scores)[0], stats.trim_mean(scores, 0.25))

    def test_quantiles(self):
        for count in range(1, 30):
            scores = self.normals(count)
            for share in (0, 0.025, 0.1, 0.5, 0.77, 0.975, 1):
                expected = numpy.quantile(scores, share)
                self.near(self.answers.ask("quantile", share, *scores)[0], expected)

    def test_bootstrap_interval_is_that_of_scipy(self):
        """The error of 10,000 resamples in a percentile, at both sides."""
        for count in (5, 10, 30):
            scores = self.normals(count)
            _, low, high = self.answers.ask("iqm", *scores)
            expected = stats.bootstrap(
                (scores,), lambda x, axis=-1: stats.trim_mean(x, 0.25, axis=axis),
                n_resamples=20000, method="percentile", random_state=1,
            ).confidence_interval
            self.near(low, expected.low, 0.08)
            self.near(high, expected.high, 0.08)

    def test_wilcoxon_without_ties_is_exactly_scipys(self):
        for count in (1, 2, 3, 5, 6, 8, 12, 20, 40, 50):
            a, b = self.normals(count, 0.4), self.normals(count)
            statistic, p, _, is_exact = self.wilcoxon(a, b)
            d = [x - y for x, y in zip(a, b)]
            self.near(p, stats.wilcoxon(d, mode="exact").pvalue, 1e-11)
            self.assertEqual(is_exact, 1)
            plus = stats.wilcoxon(d, mode="exact", alternative="greater").statistic
            self.assertEqual(statistic, plus)

    def test_wilcoxon_with_ties_and_zeros_counts_every_pattern(self):
        for count in (1, 2, 4, 5, 7, 9, 11):
            for places in (1, 2, 4):
                a, b = self.coarse(count, places), self.coarse(count, places)
                expected = count_wilcoxon([x - y for x, y in zip(a, b)])
                self.near(self.wilcoxon(a, b)[1], expected)

    def test_many_pairs_are_approximated_as_scipy_does(self):
        for count in (61, 80, 200):
            for a, b in (
                (self.normals(count, 0.2), self.normals(count)),
                (self.coarse(count, 9), self.coarse(count, 9)),
            ):
                d = [x - y for x, y in zip(a, b)]
                _, p, _, is_exact = self.wilcoxon(a, b)
                expected = stats.wilcoxon(d, zero_method="pratt", mode="approx").pvalue
                self.near(p, expected, 1e-9)
                self.assertEqual(is_exact, 0)

    def test_mann_whitney_without_ties_is_exactly_scipys(self):
        for n, m in ((1, 1), (1, 5), (3, 3), (5, 5), (4, 7), (10, 9), (20, 20), (30, 30)):
            a, b = self.normals(n, 0.5), self.normals(m)
            expected = stats.mannwhitneyu(a, b, method="exact")
            statistic, p, direction, _ = self.mann_whitney(a, b)
            self.assertEqual(statistic, expected.statistic)
            self.near(p, expected.pvalue, 1e-11)
            self.assertEqual(direction, (statistic > n * m / 2) - (statistic < n * m / 2))

    def test_mann_whitney_with_ties_counts_every_choice(self):
        for n, m in ((1, 1), (2, 3), (3, 3), (5, 5), (4, 6), (3, 8)):
            for places in (1, 2, 4):
                a, b = self.coarse(n, places), self.coarse(m, places)
                self.near(self.mann_whitney(a, b)[1], count_mann_whitney(a, b))

    def test_many_scores_are_approximated_as_scipy_does(self):
        for n, m in ((40, 40), (31, 60), (200, 150)):
            for a, b in (
                (self.normals(n, 0.3), self.normals(m)),
                (self.coarse(n, 7), self.coarse(m, 7)),
            ):
                expected = stats.mannwhitneyu(a, b, method="asymptotic", use_continuity=True)
                self.near(self.mann_whitney(a, b)[1], expected.pvalue, 1e-9)

    def test_probability_of_improvement_is_u_over_nm(self):
        for n, m in ((1, 1), (5, 5), (4, 9), (12, 12)):
            groups = (self.normals(n), self.normals(m)), (self.coarse(n, 3), self.coarse(m, 3))
            for a, b in groups:
                answer = self.answers.ask("advantage", 0, n, m, *a, *b)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    u = stats.mannwhitneyu(a, b, method="asymptotic").statistic
                self.near(answer[3], u / (n * m))
                trimmed = [stats.trim_mean(x, 0.25) for x in (a, b)]
                self.near(answer[0], trimmed[0] - trimmed[1])

    def test_not_a_number_is_the_worst(self):
        nan = float("nan")
        self.assertEqual(
            self.mann_whitney([nan, 3, INFINITY], [1, 2, nan]),
            self.mann_whitney([-9, 3, -9], [1, 2, -9]),
        )
        a, b = [nan, 5, 6, 7, nan, nan], [1, nan, 2, 3, nan, INFINITY]
        same = self.wilcoxon([-1e9, 1e9, 6, 7, 0, 0], [0, 0, 2, 3, 0, 0])
        self.assertEqual(self.wilcoxon(a, b)[1], same[1])

    def test_power_is_what_simulated_tests_find(self):
        """At the answer, SciPy's own test is significant in 80 % of new experiments."""
        generator = numpy.random.default_rng(1)
        count = 3000
        for n, m in ((5, 5), (10, 10), (4, 12)):
            shift, probability = self.answers.ask("power", 0, n, m, 0.05)
            a, b = generator.normal(shift, 1, (count, n)), generator.normal(0, 1, (count, m))
            found = stats.mannwhitneyu(a, b, axis=1, method="exact").pvalue <= 0.05
            self.near(numpy.mean(found), 0.8, 0.035)
            self.near(probability, stats.norm.cdf(shift / math.sqrt(2)), 1e-9)
        for n in (6, 10, 20):
            shift, probability = self.answers.ask("power", 1, n, n, 0.05)
            d = generator.normal(shift, 1, (1000, n))
            found = [stats.wilcoxon(row, mode="exact").pvalue <= 0.05 for row in d]
            self.near(numpy.mean(found), 0.8, 0.055)
            self.near(probability, stats.norm.cdf(shift), 1e-9)

    def test_power_is_continuous_where_the_formula_takes_over(self):
        for is_paired, n in ((0, 30), (1, 60)):
            exact = self.answers.ask("power", is_paired, n, n, 0.05)[0]
            formula = self.answers.ask("power", is_paired, n + 1, n + 1, 0.05)[0]
            self.near(formula / exact, 1, 0.05)


tap.main()
