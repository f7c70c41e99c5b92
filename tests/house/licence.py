"""Every source says its licence, so that a file that is copied out of here still does.

One of the first five lines of each source has `SPDX-License-Identifier:` and the licence that meson.build
states. Sources are what somebody wrote as a program: not pages, patches, pictures, data, or what a program
of ours wrote. Relies on: Python alone.
"""

import pathlib
import re
import sys

import tree

LINES = 5
SUFFIXES = (".hpp", ".cpp", ".h", ".py", ".sh", ".awk", ".js", ".mjs", ".css", ".html")
NAMES = ("meson.build", "meson_options.txt", "CMakeLists.txt", "Makefile")
COLLECTIONS = ("corpus", "corpora")


def licence_of(root):
    """What meson.build states, if LICENSE is the text of it."""
    stated = re.search(r"^project\([^)]*license: '([^']+)'", (root / "meson.build").read_text(encoding="utf-8"),
                       re.MULTILINE)
    text = (root / "LICENSE").read_text(encoding="utf-8")
    if not stated or not text.startswith(f"{stated[1]} License\n"):
        raise SystemExit("meson.build and LICENSE do not state the same licence")
    return stated[1]


def is_source(root, file):
    path = pathlib.PurePath(file)
    if any(part in COLLECTIONS for part in path.parts):
        return False
    if path.suffix in SUFFIXES or path.name in NAMES:
        return True
    with open(root / file, "rb") as opened:
        return path.suffix == "" and opened.read(2) == b"#!"


def check(root):
    """The sources, and of these the ones that do not say their licence."""
    root = pathlib.Path(root)
    wanted = re.compile(rf"SPDX-License-Identifier: {re.escape(licence_of(root))}(?![\w.+-])")
    sources = [file for file in tree.files_of(root) if is_source(root, file)]
    return sources, [file for file in sources if not wanted.search(
        "\n".join((root / file).read_text(encoding="utf-8").splitlines()[:LINES]))]


if __name__ == "__main__":
    looked_at, without = check(sys.argv[1] if len(sys.argv) > 1 else tree.ROOT)
    for name in without:
        print(f"{name}: no licence in its first {LINES} lines")
    print(f"{len(looked_at)} sources, {len(without)} without a licence")
    sys.exit(1 if without else 0)
