#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | How much is checked is what the pages say.                                              |
# | Why: a number in prose is right on the day it is written. Each stands here with where   |
# | it comes from, and is changed in the page to see that it is looked at.                  |
# | Relies on: caiman-check list, the table of faults.                                      |
# | Usage: counts.py CAIMAN_CHECK ROOT                                                      |
# +-----------------------------------------------------------------------------------------+
"""The numbers of scenarios, variants, controls and faults in the pages, compared."""

import json
import pathlib
import re
import subprocess
import sys


def known(program, table):
    """What there is of each, by the words that stand for it below."""
    listed = json.loads(subprocess.run([program, "list", "--json"], capture_output=True, text=True, timeout=60,
                                       check=True).stdout)
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    return {
        "scenarios": len(listed["scenarios"]),
        "variants": sum(len(each["variants"]) for each in listed["scenarios"]),
        "controls": len(listed["controls"]),
        "own faults": len(listed["controls"]) - sum("| specimen |" in row for row in rows),
        "sites": len(listed["sites"]),
        "faults of tests": sum(row.endswith("| an assertion |") for row in rows),
    }


# The page, what stands around the number, and which number it is.
SAID = (
    ("README.md", r"then runs (\d+) known-bad variants", "controls"),
    ("README.md", r"(\d+) small programs of two or three threads", "scenarios"),
    ("docs/checking.md", r"\*\*(\d+) scenarios\*\*", "scenarios"),
    ("docs/checking.md", r"\*\*(\d+) variants\*\*", "variants"),
    ("docs/checking.md", r"\*\*(\d+) controls\*\*", "controls"),
    ("docs/checking.md", r"and (\d+) faults of our own core", "own faults"),
    ("docs/checking.md", r"(\d+) more faults that these", "faults of tests"),
    ("docs/checking.md", r"1 of (\d+) sites, ", "sites"),
    ("docs/checking.md", r"All (\d+) sites with their", "sites"),
)


def wrong(text, around, number):
    """Why the text is not right about it, or nothing."""
    found = re.findall(around.replace(" ", r"\s+"), text)
    return "" if found == [str(number)] else f"'{around}' is {found or 'not there'}, not {number}"


def main():
    program, root = sys.argv[1], pathlib.Path(sys.argv[2])
    numbers = known(program, (root / "model/caiman/faults.md").read_text(encoding="utf-8"))
    faults = []
    for page, around, which in SAID:
        text = (root / page).read_text(encoding="utf-8")
        if why := wrong(text, around, numbers[which]):
            faults.append(f"{page}: {why}")
        elif not wrong(text, around, numbers[which] + 1):
            faults.append(f"counts.py takes any number for '{around}'")
    if faults:
        sys.exit("\n".join(faults))
    print(f"{len(SAID)} numbers are as they are said")


if __name__ == "__main__":
    main()
