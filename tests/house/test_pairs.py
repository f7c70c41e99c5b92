# SPDX-License-Identifier: MIT
"""Beside each use of a memory order of the core stands the number of the pair that it is for.

orders.hpp has the pairs of each site as data, and the compiler sees that both partners name each other. That
the comments at the sites carry the same numbers, only this sees: a use whose site has partners has one of
their numbers in a comment on its lines or right above, and each number of a row stands at one use at least.
Relies on: Python alone.
"""

import re
import unittest

import tree

TABLE = "core/caiman/orders.hpp"
ROW = re.compile(r'\{site::(\w+), "\w+", mo::\w+,\s*(\{.*?\}),\s*"', re.DOTALL)
ABOVE, BELOW = 4, 1  # lines that a comment may stand away


def numbers(text):
    return set(re.findall(r"\((\d+)\)", text))


def check(files):
    """A line for each use, and each number of a row, that the comments do not have."""
    rows = {name: set(re.findall(r"\{(\d+), site::", pairs)) for name, pairs in ROW.findall(files[TABLE])}
    missing = {(name, number) for name, pairs in rows.items() for number in pairs}
    wrong = []
    for file, text in files.items():
        if not re.match(r"core/caiman/(protocol|detail)/|core/caiman/buddy_core", file):
            continue
        lines = text.splitlines()
        said = [numbers(line.partition("//")[2]) for line in lines]
        for at, line in enumerate(lines):
            for name in re.findall(r"site::(\w+)", line.partition("//")[0]):
                here = rows.get(name, set()) & set().union(*said[max(at - ABOVE, 0):at + BELOW + 1])
                missing -= {(name, number) for number in here}
                if rows.get(name) and not here:
                    wrong.append(f"{file}:{at + 1}: no number of {name} stands here")
    return wrong + [f"({number}) of {name} stands nowhere" for name, number in sorted(missing)]


class Pairs(unittest.TestCase):
    def setUp(self):
        self.files = {file: text for file, text in tree.read().items() if file.startswith("core/")}

    def test_the_project(self):
        self.assertGreater(len(ROW.findall(self.files[TABLE])), 60)
        self.assertEqual(check(self.files), [])

    def test_a_number_that_is_missing_or_another_is_seen(self):
        stacks, hints = "core/caiman/protocol/stacks.hpp", "core/caiman/protocol/hints.hpp"
        for file, before, after, words in (
                (stacks, "(site::drain_height)));  // (7) (8)", "(site::drain_height)));  // (7)",
                 "(8) of drain_height stands nowhere"),
                (hints, "(site::search_hint));  // (4)", "(site::search_hint));", "no number of search_hint"),
                (hints, "(site::search_hint));  // (4)", "(site::search_hint));  // (5)", "no number of search_hint"),
                (TABLE, "{5, site::count_release}", "{6, site::count_release}", "no number of look_releases")):
            with self.subTest(words=words):
                self.assertIn(before, self.files[file])
                said = check({**self.files, file: self.files[file].replace(before, after)})
                self.assertTrue(any(words in line for line in said), said)


if __name__ == "__main__":
    unittest.main()
