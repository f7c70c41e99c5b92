# SPDX-License-Identifier: MIT
"""Medians, spreads, and how sure a ratio is.

A figure is the median over the rounds, shown with the least, the most and the quartiles: on a busy
machine the mean is decided by whatever ran beside it. A ratio between two subjects is taken within a
round, so that what slowed the round slowed both. Between two files there are no common rounds; there
the medians are bootstrapped. Pure functions, no state; Python's own library alone.
"""

import random
import statistics as library
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """What is known of one figure: of `count` values, all greater than or equal to `least`."""

    count: int
    least: float
    lower: float
    median: float
    upper: float
    most: float


def spread(values):
    """The spread of at least one value. Quartiles are interpolated, ends included."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    if len(ordered) == 1:
        return Spread(1, *(ordered * 5))
    lower, median, upper = library.quantiles(ordered, n=4, method="inclusive")
    return Spread(len(ordered), ordered[0], lower, median, upper, ordered[-1])


@dataclass(frozen=True)
class Interval:
    """A ratio of medians and the bounds that hold it with the given confidence."""

    ratio: float
    low: float
    high: float

    def says(self):
        """Whether the ratio is below, above, or not told from 1."""
        if self.high < 1:
            return "below"
        return "above" if self.low > 1 else "same"


def ratio_interval(over, under, confidence=0.95, draws=2000, seed=1):
    """median(over) / median(under) with a percentile bootstrap over both lists of rounds.

    Nothing when a median of `under` is 0, as counts of refusals may be. The seed fixes the draws: the
    same files give the same interval.
    """
    if not over or not under:
        raise ValueError("no values")
    if library.median(under) == 0:
        return None
    source = random.Random(seed)
    ratios = []
    for _ in range(draws):
        bottom = library.median(source.choices(under, k=len(under)))
        if bottom != 0:
            ratios.append(library.median(source.choices(over, k=len(over))) / bottom)
    ratios.sort()
    cut = (1 - confidence) / 2
    last = len(ratios) - 1
    return Interval(library.median(over) / library.median(under),
                    ratios[round(cut * last)], ratios[round((1 - cut) * last)])


def distance_of(ping_pong_ns, far_from_ns):
    """The distance a run was made at: "" for one thread, "near", "far", or None when it moved.

    `ping_pong_ns` is None or the round trips before and after the run.
    """
    if ping_pong_ns is None:
        return ""
    words = {"near" if ns < far_from_ns else "far" for ns in ping_pong_ns}
    return words.pop() if len(words) == 1 else None
