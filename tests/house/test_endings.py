# SPDX-License-Identifier: MIT
"""The core ends a program in one place, so that a hook is told of every misuse.

Words that end a program, or write to its stderr, stand in the headers of the core in one file alone; the check
is put to the project, and to headers that it must convict. Relies on: Python alone.
"""

import re
import unittest

import tree

PLACE = "core/caiman/detail/raise.hpp"
ENDINGS = re.compile(r"\b(abort|terminate|_Exit|quick_exit|raise|__builtin_trap|__builtin_abort|assert)\s*\(|"
                     r"\bstd::exit\b|\bstderr\b|\bstd::cerr\b")
COMMENT = re.compile(r"//[^\n]*")


def check(files):
    """A line for each header that ends a program by itself."""
    wrong = []
    for file, text in files.items():
        if not file.startswith("core/caiman/") or file == PLACE:
            continue
        wrong += [f"{file}: '{found[0]}' is for {PLACE}" for found in ENDINGS.finditer(COMMENT.sub("", text))]
    return wrong


class Endings(unittest.TestCase):
    maxDiff = None  # all complaints

    def test_the_project(self):
        files = tree.read()
        self.assertEqual("\n".join(check(files)), "")
        # The place itself: one word that ends, behind the hook.
        text = COMMENT.sub("", files[PLACE])
        self.assertEqual([found[0] for found in ENDINGS.finditer(text)], ["stderr", "abort("])
        self.assertLess(text.index("hook(line)"), text.index("abort()"))

    def test_another_ending_is_seen(self):
        for code in ("std::abort();", "::abort ();", "std::terminate();", 'std::fputs("a", stderr);', "std::_Exit(1);",
                     "std::exit(1);", "__builtin_trap();", "assert(false);", "std::cerr << 1;"):
            with self.subTest(code=code):
                self.assertEqual(len(check({"core/caiman/a.hpp": code})), 1)

    def test_what_ends_nothing_is_taken(self):
        for code in ("// std::abort() says", "detail::abort_with_line();", "abort_for_misuse(1);", "static_assert(true);"):
            with self.subTest(code=code):
                self.assertEqual(check({"core/caiman/a.hpp": code, "stress/a.cpp": "std::abort();"}), [])
