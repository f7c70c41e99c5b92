#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The page for man says of each command which options it has, and no others.

What --help prints is compared with model/caiman-check.1, both ways; then a page from which an option is gone,
and one that has an option too many, must be convicted, and man itself finds nothing wrong with it.
Relies on: man, groff. Usage: man_check.py CAIMAN-CHECK PAGE VERSION
"""

import pathlib
import re
import shutil
import subprocess
import sys


def said(*command):
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    if done.returncode != 0:
        sys.exit(f"man_check.py: {command}: exit code {done.returncode}")
    return done.stdout.decode(errors="replace")


def options_of(program):
    """Of each command the long options, from the lines of --help that begin with one."""
    listed = said(program, "--help").partition("Subcommands:")[2]
    return {name: set(re.findall(r"^\s+(?:-\w,)?--([a-z-]+)", said(program, name, "--help"), re.MULTILINE)) - {"help"}
            for name in re.findall(r"^  (\w+)", listed, re.MULTILINE)}


def described(page):
    """The same as the page has it: a command begins after .TP, and its options have a paragraph of their own."""
    commands = page.partition(".SH COMMANDS")[2].partition(".PP")[0].replace("\\-", "-")
    parts = [re.match(r"\n\.BI? (\w+)|\n\.BR (\w+)", part) and part for part in commands.split("\n.TP")]
    found = {}
    for part in filter(None, parts):
        name = re.match(r"\n\.B[IR]? (\w+)", part)[1]
        found[name] = set(re.findall(r"--([a-z-]+)", part))
    return found


def wrong(program, page, version):
    there, told = program, described(page)
    lines = [f"{name}: the program has {sorted(there.get(name, ()))}, the page {sorted(told.get(name, ()))}"
             for name in sorted(there.keys() | told.keys()) if there.get(name) != told.get(name)]
    return lines + [f"not of version {version}"] * (f'"Caiman {version}"' not in page)


def main():
    program, file, version = sys.argv[1:]
    page, there = pathlib.Path(file).read_text(encoding="utf-8"), options_of(program)
    if len(there) < 5 or not all(there.values()):
        sys.exit(f"man_check.py: the program says nothing of its commands: {there}")
    lines = wrong(there, page, version)
    if lines:
        sys.exit("\n".join(lines))
    for spoilt in (page.replace(', " \\-\\-whole ', ", "), page.replace("\\-\\-times ", '\\-\\-times ", " \\-\\-twice '),
                   page.replace(".BI replay", ".BI replays"), page.replace(version, "0.0.7")):
        if spoilt == page or not wrong(there, spoilt, version):
            sys.exit("man_check.py: a page that is wrong is taken")
    if shutil.which("man"):
        done = subprocess.run(["man", "--warnings", "-l", file], capture_output=True, text=True, check=False,
                              env={"PATH": "/usr/bin:/bin", "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
        if done.returncode != 0 or done.stderr or "verify" not in done.stdout:
            sys.exit(f"man_check.py: man: {done.returncode} {done.stderr}")
    print(f"{len(there)} commands, {sum(map(len, there.values()))} options, as the page has them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
