#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the site, pages and reference, with Doxygen, and takes every warning for a failure.

Doxygen runs from the root of the project with docs/Doxyfile, which has no way to say where the output
goes. It does not look whether pictures and files that a page links to are there; that is done here, for
the READMEs of all folders and the pages at the root as well. What site.py beside it does: the theme, links between
pages and reference, dead links of what was made. Relies on: doxygen 1.9.4 or newer, doxygen-awesome-css. Exit codes: 0 good, 1 something is wrong with a
page or a docstring, 2 bad input or no Doxygen.
"""

import argparse
import pathlib
import re
import subprocess
import sys

import site_pages

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROOMS = ("docs", "core", "model", "stress", "tests", "ci", "examples", "packaging")


def fail(message):
    print(f"docs/build.py: {message}", file=sys.stderr)
    return 2


def quoted(path):
    return '"' + str(path).replace('"', '\\"') + '"'


def dead_links(root):
    """A line for each link or picture of a page that leads to no file, and each picture without words."""
    pages = [page for room in ROOMS for page in sorted((root / room).rglob("*.md"))]
    for page in [*pages, *root.glob("*.md")]:
        text = page.read_text(encoding="utf-8")
        for found in re.finditer(r"(!?)\[([^]]*)\]\(([^)\s]+)\)", text):  # the words may be on two lines
            picture, words, target = found.groups()
            where = f"{page.relative_to(root)}:{text.count(chr(10), 0, found.start()) + 1}: "
            if picture and not words:
                yield where + f"picture {target} has no text"
            file = target.partition("#")[0]
            if file and "://" not in target and not (page.parent / file).exists():
                yield where + f"there is no file {target}"


def main():
    parser = argparse.ArgumentParser(description="Makes the site in OUTPUT/html.")
    parser.add_argument("output", type=pathlib.Path, help="a folder, made if it is not there")
    parser.add_argument("--root", type=pathlib.Path, default=ROOT,
                        help="the project, if not the one of this script")
    chosen = parser.parse_args()
    root, output = chosen.root.resolve(), chosen.output.resolve()
    settings = root / "docs/Doxyfile"
    try:
        text = settings.read_text(encoding="utf-8")
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return fail(error)
    text += f"\nOUTPUT_DIRECTORY = {quoted(output)}\n"
    try:
        text += site_pages.settings(output)
        run = subprocess.run(["doxygen", "-"], input=text, cwd=root, text=True, check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except FileNotFoundError as error:
        return fail(f"{error.filename} is not there; ci/setup installs what is needed")
    complaints = [line.removeprefix(f"{root}/") for line in run.stdout.splitlines() if line.strip()]
    complaints += dead_links(root)
    if run.returncode != 0 and not complaints:
        complaints = [f"doxygen ended with exit code {run.returncode}"]
    if not complaints:
        complaints = site_pages.finish(output, root)
    for line in complaints:
        print(line, file=sys.stderr)
    if complaints:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
