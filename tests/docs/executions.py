#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | The executions that a page shows are those that its commands show.                      |
# | Why: a picture of an execution that the core no longer has misleads. Every line of such |
# | a block must come in the output of its command, in this order; lines may be left out.   |
# | The page is then changed in one place, and must be refused.                             |
# | Relies on: caiman-check, whose executions are the same again by their state.            |
# | Usage: executions.py CAIMAN_CHECK PAGE                                                  |
# +-----------------------------------------------------------------------------------------+
"""The executions of a page, compared with what their commands show."""

import pathlib
import re
import shlex
import subprocess
import sys

def blocks_of(text):
    """Each command with the lines that are shown for it."""
    found = re.findall(r"^    \$ caiman-check (run --trace .*)\n((?:    .*\n)+)", text, re.MULTILINE)
    return [(command, [" ".join(line.split()) for line in shown.splitlines()]) for command, shown in found]


def output_of(program, command):
    ended = subprocess.run([program, *shlex.split(command)], capture_output=True, text=True, timeout=300, check=False)
    if ended.returncode != 0:
        sys.exit(f"executions.py: {command}: exit code {ended.returncode}\n{ended.stdout[:300]}{ended.stderr[:300]}")
    return [re.sub(r"^(?:>>? )?\d+ ", "", " ".join(line.split())) for line in ended.stdout.splitlines()]


def first_missing(shown, output):
    """The first line that does not come after the one before it."""
    at = 0
    for line in shown:
        while at < len(output) and not output[at].startswith(line):
            at += 1
        if at == len(output):
            return line
        at += 1
    return None


def main():
    program, page = sys.argv[1:]
    blocks = blocks_of(pathlib.Path(page).read_text(encoding="utf-8"))
    if len(blocks) < 2:
        sys.exit(f"executions.py: {page} shows {len(blocks)} executions")
    for command, shown in blocks:
        output = output_of(program, command)
        if len(shown) < 5:
            sys.exit(f"executions.py: {command}: {len(shown)} lines are shown")
        missing = first_missing(shown, output)
        if missing is not None:
            sys.exit("\n".join([f"executions.py: '{missing}' does not come there in", command, *output]))
        for wrong in (shown[1:] + shown[:1], [*shown[:-1], shown[-1] + "1"]):  # another order, another end
            if first_missing(wrong, output) is None:
                sys.exit(f"executions.py: takes anything for the output of {command}")
    print(f"{len(blocks)} executions are as they are shown")


if __name__ == "__main__":
    main()
