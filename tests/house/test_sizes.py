"""Files and folders are as small as sizes.py says; and it would see others. Relies on: Python alone."""

import pathlib
import tempfile
import unittest

import sizes
import tree


class Sizes(unittest.TestCase):
    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.root = pathlib.Path(held.name)
        tree.write(self.root, "core/long.hpp", "\n" * sizes.LINES)
        for number in range(sizes.FILES):
            tree.write(self.root, f"core/full/{number}.hpp", "")
        for number in range(sizes.FILES + 1):
            tree.write(self.root, f"tests/corpus/arena/{number}", "")
            tree.write(self.root, f"build/made/{number}", "")
            tree.write(self.root, f"core/full/{number}.hpp~", "")
        tree.write(self.root, "docs/picture.svg", "\n" * (sizes.LINES + 1))

    def said(self, long_files=(), full_folders=()):
        return sizes.check(self.root, dict.fromkeys(long_files, "why"), dict.fromkeys(full_folders, "why"))

    def test_the_project(self):
        self.assertEqual("\n".join(sizes.check(tree.ROOT)), "")

    def test_what_is_just_small_enough_is_taken(self):
        self.assertEqual(self.said(), [])

    def test_a_file_too_long_is_seen_unless_it_is_excused(self):
        for file in ("core/long.hpp", "ci/command", "docs/page.md"):
            tree.write(self.root, file, "\n" * (sizes.LINES + 1))
            self.assertEqual(self.said(), [f"{file}: {sizes.LINES + 1} lines, {sizes.LINES} are enough"])
            self.assertEqual(self.said(long_files=[file]), [])
            (self.root / file).unlink()

    def test_a_folder_too_full_is_seen_unless_it_is_excused(self):
        tree.write(self.root, "core/full/one_more.md", "")
        self.assertEqual(self.said(), [f"core/full: {sizes.FILES + 1} files, {sizes.FILES} are enough"])
        self.assertEqual(self.said(full_folders=["core/full"]), [])

    def test_an_excuse_that_nobody_needs_is_seen(self):
        for excused in ("core/long.hpp", "nowhere.hpp"):
            self.assertIn("and is excused", "".join(self.said(long_files=[excused])))
        for excused in ("core/full", "nowhere"):
            self.assertIn("and is excused", "".join(self.said(full_folders=[excused])))


if __name__ == "__main__":
    unittest.main()
