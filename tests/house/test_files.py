# SPDX-License-Identifier: MIT
"""Every source says its licence, and no file is longer, or folder fuller, than somebody can keep in mind.

One of the first five lines of each source has `SPDX-License-Identifier:` and the licence that meson.build
states, so that a file that is copied out of here still does. Sources are what somebody wrote as a program:
not pages, patches, pictures, data, or what a program of ours wrote. A file has at most 500 lines, README.md
140, a folder at most about 20 files of its own; and nothing of what a fuzzer leaves lies about. (How long a
function may be, clang-tidy says.) Relies on: Python alone.
"""

import collections
import pathlib
import posixpath
import re
import tempfile
import unittest

import tree

SAID_IN = 5
SUFFIXES = (".hpp", ".cpp", ".h", ".py", ".sh", ".awk", ".js", ".mjs", ".css", ".html")
NAMES = ("meson.build", "meson_options.txt", "CMakeLists.txt", "Makefile")

LINES = 500
FIRST_PAGE = 140  # what a stranger reads first
FILES = 22
# Recorded, drawn or generated: nobody reads them from top to bottom.
NOT_READ = (".svg", ".zst", ".json", ".patch", ".png", ".tar", ".dict", "LICENSE")

INPUTS = {"corpus", "corpora"}
# One fault, or one input, a file: these are as full as there are faults.
COLLECTIONS = INPUTS | {"mutants", "faults"}


def lies_in(folders, file):
    return not folders.isdisjoint(pathlib.PurePath(file).parts[:-1])


def is_source(file, text):
    path = pathlib.PurePath(file)
    return not lies_in(INPUTS, file) and (
        path.suffix in SUFFIXES or path.name in NAMES or path.suffix == "" and text.startswith("#!"))


def check_licence(files):
    """The sources, and what is wrong with them."""
    stated = re.search(r"^project\([^)]*license: '([^']+)'", files["meson.build"], re.MULTILINE)
    if not stated or not files["LICENSE"].startswith(f"{stated[1]} License\n"):
        return [], ["meson.build and LICENSE do not state the same licence"]
    wanted = re.compile(rf"SPDX-License-Identifier: {re.escape(stated[1])}(?![\w.+-])")
    sources = [file for file, text in files.items() if is_source(file, text)]
    return sources, [f"{file}: no licence in its first {SAID_IN} lines" for file in sources
                     if not wanted.search("\n".join(files[file].splitlines()[:SAID_IN]))]


def check_sizes(files):
    """A line for each file and folder that is too big."""
    files = {file: text for file, text in files.items() if not lies_in(COLLECTIONS, file)}
    lines = {file: text.count("\n") for file, text in files.items() if not file.endswith(NOT_READ)}
    first = {"README.md": lines.pop("README.md")} if "README.md" in lines else {}
    own = collections.Counter(posixpath.dirname(file) or "the root" for file in files)
    return [f"{name}: {count} {what}, {most} are enough"
            for counts, what, most in ((lines, "lines", LINES), (first, "lines", FIRST_PAGE), (own, "files", FILES))
            for name, count in counts.items() if count > most]


# What libFuzzer writes where it stands, unless it is told a place.
LEFT_BY_FUZZERS = re.compile(r"(crash|leak|oom|timeout|slow-unit|minimized-from)-[0-9a-f]{40}")


def check_findings(files):
    """A line for each input that a fuzzer left behind: it belongs into a corpus, or was never looked at."""
    return [f"{file}: left by a fuzzer" for file in files if LEFT_BY_FUZZERS.fullmatch(posixpath.basename(file))]


SAID = "# SPDX-License-Identifier: MIT\n"
SOURCES = ("core/caiman/a.hpp", "ci/test", "ci/lib.sh", "tests/a.py", "model/viewer/a.js", "model/viewer/style.css",
           "CMakeLists.txt", "core/meson.build")
OTHERS = ("README.md", "model/mutants/a.patch", "tests/fuzz/corpus/a.py", "docs/a.svg", "data")
SMALL = {"LICENSE": "MIT License\n\nwords\n", "meson.build": SAID + "project('a', license: 'MIT')\n",
         **dict.fromkeys(SOURCES, "#!/bin/sh\n" + SAID), **dict.fromkeys(OTHERS, "nothing said\n")}


class Licence(unittest.TestCase):
    maxDiff = None  # all complaints

    def test_the_project(self):
        sources, wrong = check_licence(tree.read())
        self.assertGreater(len(sources), 300)
        self.assertEqual("\n".join(wrong), "")

    def test_sources_are_looked_at_and_nothing_else(self):
        sources, wrong = check_licence(SMALL)
        self.assertEqual(sorted(sources), sorted([*SOURCES, "meson.build"]))
        self.assertEqual(wrong, [])

    def test_a_source_without_is_seen(self):
        for file in SOURCES:
            for text in ("", "\n" * SAID_IN + SAID, SAID[:-1] + "-0\n", "# SPDX-License-Identifier: BSD\n"):
                with self.subTest(file=file, text=text):
                    wrong = check_licence(SMALL | {file: "#!/bin/sh\n" + text})[1]
                    self.assertEqual(wrong, [f"{file}: no licence in its first {SAID_IN} lines"])

    def test_another_licence_of_the_project_is_seen(self):
        for other in {"LICENSE": "BSD License\n"}, {"meson.build": SAID + "project('a')\n"}:
            self.assertIn("do not state the same", "\n".join(check_licence(SMALL | other)[1]))


class Findings(unittest.TestCase):
    def test_the_project(self):
        self.assertEqual(check_findings(tree.read()), [])

    def test_what_a_fuzzer_leaves_is_seen(self):
        for name in ("crash-" + "0a" * 20, "tests/fuzz/slow-unit-" + "f" * 40):
            self.assertEqual(check_findings(SMALL | {name: ""}), [f"{name}: left by a fuzzer"])
        self.assertEqual(check_findings(SMALL | {"docs/crash-test.md": ""}), [])


class Sizes(unittest.TestCase):
    maxDiff = None  # all complaints
    # As big as may be.
    big = {"core/long.hpp": "\n" * LINES, "README.md": "\n" * FIRST_PAGE, "docs/picture.svg": "\n" * (LINES + 1),
           **{f"core/full/{number}.hpp": "" for number in range(FILES)},
           **{f"tests/corpus/arena/{number}": "" for number in range(FILES + 1)}}

    def test_the_project(self):
        self.assertEqual("\n".join(check_sizes(tree.read())), "")

    def test_what_is_just_small_enough_is_taken(self):
        self.assertEqual(check_sizes(self.big), [])

    def test_a_file_too_long_is_seen(self):
        for file in ("core/long.hpp", "ci/command", "docs/page.md"):
            self.assertEqual(check_sizes(self.big | {file: "\n" * (LINES + 1)}),
                             [f"{file}: {LINES + 1} lines, {LINES} are enough"])

    def test_a_first_page_too_long_is_seen(self):
        self.assertEqual(check_sizes(self.big | {"README.md": "\n" * (FIRST_PAGE + 1)}),
                         [f"README.md: {FIRST_PAGE + 1} lines, {FIRST_PAGE} are enough"])

    def test_a_folder_too_full_is_seen(self):
        self.assertEqual(check_sizes(self.big | {"core/full/one_more.md": ""}),
                         [f"core/full: {FILES + 1} files, {FILES} are enough"])

    def test_what_tools_leave_is_not_of_the_project(self):
        with tempfile.TemporaryDirectory() as root:
            for path in ("a/build/b.hpp", "a/b.hpp~", "a/__pycache__/b.py", ".git/b", "build-x/b.hpp", "build/b"):
                file = pathlib.Path(root, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text("text", encoding="utf-8")
            self.assertEqual(tree.read(root), {"a/build/b.hpp": "text"})
