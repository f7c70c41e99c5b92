"""Each source says its licence; and one that does not would be seen. Relies on: Python alone."""

import pathlib
import tempfile
import unittest

import licence
import tree

SOURCES = ("core/caiman/a.hpp", "ci/test", "ci/lib.sh", "tests/a.py", "model/viewer/a.js", "model/viewer/style.css",
           "meson.build", "CMakeLists.txt", "core/meson.build")
OTHERS = ("README.md", "model/mutants/a.patch", "tests/fuzz/corpus/a.py", "docs/a.svg", "data", "build/a.hpp")
SAID = "SPDX-License-Identifier: MIT"


class Licence(unittest.TestCase):
    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.root = pathlib.Path(held.name)
        tree.write(self.root, "LICENSE", "MIT License\n\nwords\n")
        for file in SOURCES:
            tree.write(self.root, file, f"#!/bin/sh\n# {SAID}\n")
        tree.write(self.root, "meson.build", f"# {SAID}\nproject('a', license: 'MIT')\n")
        for file in OTHERS:
            tree.write(self.root, file, "nothing said\n")

    def test_the_project(self):
        sources, without = licence.check(tree.ROOT)
        self.assertGreater(len(sources), 300)
        self.assertEqual("\n".join(without), "")

    def test_sources_are_looked_at_and_nothing_else(self):
        sources, without = licence.check(self.root)
        self.assertEqual(sources, sorted(SOURCES))
        self.assertEqual(without, [])

    def test_a_source_without_is_seen(self):
        for file in set(SOURCES) - {"meson.build"}:
            for text in ("", "\n" * licence.LINES + f"# {SAID}\n", f"# {SAID}-0\n", "# SPDX-License-Identifier: BSD\n"):
                with self.subTest(file=file, text=text):
                    tree.write(self.root, file, "#!/bin/sh\n" + text)
                    self.assertEqual(licence.check(self.root)[1], [file])
            tree.write(self.root, file, f"#!/bin/sh\n# {SAID}\n")

    def test_another_licence_of_the_project_is_seen(self):
        tree.write(self.root, "LICENSE", "BSD License\n")
        with self.assertRaises(SystemExit):
            licence.check(self.root)


if __name__ == "__main__":
    unittest.main()
