#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the proof must convict, and what not: controls of the invariant.

    controls.py FOLDER [NAME...]   runs them, of the programs in the folder; a line each

A fault of the core must break the clause that stands here, at the access that stands here; one whose
fault is of no clause must break none. Without one of its clauses the invariant must fail elsewhere, and a
weakened one must let through what the whole one convicts. Exit code: 0 all as they should, 1 if not.
"""
import pathlib
import subprocess
import sys

HOLDS = ""
OWED = "a mark is owed at the end at the end"
# Name: program, further arguments, checks, and what must be in the answer; HOLDS: nothing is broken.
CONTROLS = {
    "claim-by-store": ("proof-claim-by-store", [], ["claim/f2m2/l0/w0/c0"], "one-owner at claim"),
    "climb-tests-first": ("proof-climb-tests-first", [], ["release/f2m2/o0/i0"], ""),
    "merge-both-sides": ("proof-merge-both-sides", [], ["release/f2m2/o0/i0"], ""),
    "full-word-unmarked": ("proof-full-word-unmarked", [], ["release/f2m2/o0/i0"], ""),
    "clear-without-second-look": ("proof-clear-without-second-look", [], ["clear/f2m2"], ""),
    "clear-compares-with-cleared": ("proof-clear-compares-with-cleared", [], ["clear/f2m2"], ""),
    "second-look-only-larger": ("proof-second-look-only-larger", [], ["clear/f2m2"], ""),
}
