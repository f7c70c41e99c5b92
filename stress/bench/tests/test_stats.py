# SPDX-License-Identifier: MIT
"""The statistics: against values worked out by hand, and against a random source that is known."""

import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchlib import stats  # noqa: E402


class Spreads(unittest.TestCase):
    def test_of_five(self):
        self.assertEqual(stats.spread([5, 1, 4, 2, 3]), stats.Spread(5, 1, 2, 3, 4, 5))

    def test_of_four_is_between(self):
        self.assertEqual(stats.spread([4, 3, 2, 1]), stats.Spread(4, 1, 1.75, 2.5, 3.25, 4))

    def test_of_one(self):
        self.assertEqual(stats.spread([7]), stats.Spread(1, 7, 7, 7, 7, 7))

    def test_of_none_is_an_error(self):
        with self.assertRaises(ValueError):
            stats.spread([])

    def test_one_wild_value_does_not_move_the_median(self):
        self.assertEqual(stats.spread([1, 1, 1, 1, 1000]).median, 1)


class Intervals(unittest.TestCase):
    def test_constant_values_have_no_width(self):
        self.assertEqual(stats.ratio_interval([6, 6, 6], [3, 3]), stats.Interval(2, 2, 2))

    def test_same_data_same_interval(self):
        a, b = [1, 2, 3, 4, 5], [2, 3, 4, 5, 6]
        self.assertEqual(stats.ratio_interval(a, b), stats.ratio_interval(a, b))

    def test_holds_the_true_ratio_about_as_often_as_it_says(self):
        source = random.Random(11)
        held = {0.95: 0, 0.5: 0}
        for _ in range(100):
            over = [source.gauss(300, 20) for _ in range(15)]
            under = [source.gauss(100, 7) for _ in range(15)]
            for confidence in held:
                interval = stats.ratio_interval(over, under, confidence, draws=300)
                held[confidence] += interval.low <= 3 <= interval.high
        self.assertGreaterEqual(held[0.95], 90)
        self.assertTrue(35 <= held[0.5] <= 75, held)

    def test_noise_is_not_told_from_1_and_a_difference_is(self):
        source = random.Random(5)
        a = [source.gauss(100, 10) for _ in range(9)]
        b = [source.gauss(100, 10) for _ in range(9)]
        self.assertEqual(stats.ratio_interval(a, b).says(), "same")
        self.assertEqual(stats.ratio_interval([2 * value for value in a], b).says(), "above")
        self.assertEqual(stats.ratio_interval(a, [2 * value for value in b]).says(), "below")

    def test_zero_below_the_line(self):
        self.assertIsNone(stats.ratio_interval([1, 2], [0, 0]))

    def test_without_values_is_an_error(self):
        with self.assertRaises(ValueError):
            stats.ratio_interval([], [1])


class Distances(unittest.TestCase):
    def test_words(self):
        self.assertEqual(stats.distance_of(None, 250), "")
        self.assertEqual(stats.distance_of([249.9, 60], 250), "near")
        self.assertEqual(stats.distance_of([250, 700], 250), "far")
        self.assertIsNone(stats.distance_of([249, 251], 250))
        self.assertIsNone(stats.distance_of([700, 100], 250))


if __name__ == "__main__":
    unittest.main()
