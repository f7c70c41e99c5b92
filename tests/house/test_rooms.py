"""Includes go one way; and the check would see one that does not.

The check of rooms.py, put to the project; to a small tree that is made from its table, in which all is well;
and to that tree with one wrong include or file at a time. Relies on: Python alone.
"""

import contextlib
import io
import itertools
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

import rooms
import rooms_picture
import tree


def a_file_of(room):
    """The first place in a room, with a name of its own where that is a folder."""
    place = room.files[0]
    return place + room.name.replace("/", "-") + ".hpp" if place.endswith("/") else place


FILE = {room.name: a_file_of(room) for room in rooms.ALL}


def as_included(file):
    return file.removeprefix("core/")


def make(root):
    """A tree with a file in each place of the table, which includes one of each room that it may."""
    for room in rooms.ALL:
        places = [place for place in room.files if not place.endswith("/")]
        for file in {FILE[room.name], *places}:
            lines = [f'#include "{as_included(FILE[other])}"' for other in room.may]
            lines += [f"#include <{name}>" for name in sorted(room.standard or ())]
            tree.write(root, file, "#pragma once\n" + "\n".join(lines) + "\n")
    tree.write(root, "core/caiman/sequential_sync.hpp", '#pragma once\n#include "caiman/sync.hpp"\n')
    tree.write(root, rooms.UMBRELLA, '#pragma once\n#include "caiman/library.hpp"\n')
    tree.write(root, "model/workbench/include/caiman-model/relacy.hpp",
               "#pragma once\n#include <relacy/relacy.hpp>\n")
    tree.write(root, "model/workbench/engine/inside.hpp", "#pragma once\n")


# A file, a line that is put into it, and what must be said of that. Below: each pair of rooms that the table
# does not have.
WRONG = (
    (FILE["library"], '#include "caiman/caiman.hpp"', "the umbrella is for users"),
    (FILE["library"], "#include <sys/mman.h>", "only detail/os.hpp includes"),
    (FILE["protocol"], "#include <unistd.h>", "only detail/os.hpp includes"),
    (FILE["values"], "#include <linux/futex.h>", "only detail/os.hpp includes"),
    (FILE["library"], "#include <fmt/core.h>", "only detail/os.hpp includes"),
    (FILE["library"], "#include <boost/thing.hpp>", "only detail/os.hpp includes"),
    (FILE["protocol"], "#include <vector>", "protocol includes atomic "),
    (FILE["protocol"], "#include <memory>", "protocol includes atomic "),
    (FILE["ground"], "#  include  <string>", "ground includes atomic "),
    (FILE["library"], "#include <caiman-model/relacy.hpp>", "library must not include door"),
    (FILE["engine"], "#include <caiman/version.hpp>", "engine must not include values"),
    (FILE["model/caiman"], "#include <relacy/relacy.hpp>", "only relacy.hpp includes it"),
    (FILE["model/caiman"], '#include "../workbench/engine/inside.hpp"', "model/caiman must not include engine"),
    (FILE["model/caiman"], '#include "engine/inside.hpp"', "model/caiman must not include engine"),
    (FILE["model/examples"], '#include "inside.hpp"', "model/examples must not include engine"),
    (FILE["bench"], '#include "nowhere.hpp"', "there is no such file"),
    (FILE["system"], '#include "caiman/detail/os.hpp"', "a circle of includes: "),
    ("model/workbench/engine/inside.hpp", '#include "engine.hpp"\n#include "inside.hpp"', "a circle of includes: "),
    ("core/caiman/sequential_sync.hpp", '#include "caiman/library.hpp"',
     "must not be reached: core/caiman/sequential_sync.hpp -> core/caiman/library.hpp -> core/caiman/detail/os.hpp"),
    ("stress/loose.cpp", "", "stress/loose.cpp: in no room"),
    ("model/workbench/loose.hpp", "", "model/workbench/loose.hpp: in no room"),
)
FORBIDDEN = [(one.name, other.name) for one, other in itertools.permutations(rooms.ALL, 2)
             if other.name not in one.may]


class Rooms(unittest.TestCase):
    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.root = pathlib.Path(held.name)
        make(self.root)

    def said(self):
        return rooms.Tree(self.root).check()

    def said_with(self, file, line):
        """What is said of the tree while a line stands in a file."""
        path = self.root / file
        before = path.read_text(encoding="utf-8") if path.exists() else None
        tree.write(self.root, file, (before or "") + line + "\n")
        said = self.said()
        if before is None:
            path.unlink()
        else:
            path.write_text(before, encoding="utf-8")
        return said

    def test_the_project(self):
        self.assertEqual("\n".join(rooms.Tree(tree.ROOT).check()), "")

    def test_nothing_is_said_of_the_small_tree(self):
        self.assertEqual(self.said(), [])

    def test_each_wrong_line_is_seen(self):
        for file, line, words in WRONG:
            with self.subTest(file=file, line=line):
                said = self.said_with(file, line)
                self.assertTrue(any(words in text and (file in text) for text in said), said)

    def test_each_arrow_that_the_table_lacks_is_seen(self):
        self.assertGreater(len(FORBIDDEN), 200)
        for one, other in FORBIDDEN:
            with self.subTest(one=one, other=other):
                said = self.said_with(FILE[one], f'#include "{as_included(FILE[other])}"')
                wanted = f"{FILE[one]} includes {FILE[other]}: {one} must not include {other}"
                self.assertIn(wanted, said)

    def test_the_same_name_in_two_rooms_means_the_nearest(self):
        tree.write(self.root, "stress/traces/plan.hpp", "")
        tree.write(self.root, "model/workbench/engine/plan.hpp", "")
        self.assertEqual(self.said_with("model/workbench/trace/user.cpp", '#include "plan.hpp"'), [])
        self.assertEqual(self.said_with("stress/traces/user.cpp", '#include "plan.hpp"'), [])
        said = self.said_with("stress/hammer/user.cpp", '#include "plan.hpp"')
        self.assertIn("hammer must not include traces", "\n".join(said))

    def test_a_room_without_files_is_seen(self):
        (self.root / FILE["audit"]).unlink()
        self.assertIn("room audit: no file lies in it", self.said())

    def test_the_picture_is_that_of_the_table(self):
        drawn = (tree.ROOT / "docs/pictures/rooms.svg").read_text(encoding="utf-8")
        self.assertEqual(rooms_picture.picture(rooms.ROOMS), drawn)
        one = rooms.Room("freeze", (), ("common", "hammer"))
        other_table = [one if room.name == "freeze" else room for room in rooms.ROOMS]
        self.assertNotEqual(rooms_picture.picture(other_table), drawn)

    def test_the_picture_has_each_arrow_that_no_others_say(self):
        table = (rooms.Room("a", (), ("b", "c", "d")), rooms.Room("b", (), ("c",)), rooms.Room("c", ()),
                 rooms.Room("d", ()))
        self.assertEqual(rooms_picture.arrows(table), [("a", "b"), ("a", "d"), ("b", "c")])

    def test_the_command_fails(self):
        for line, code in (("", 0), ('#include "nowhere.hpp"', 1)):
            tree.write(self.root, FILE["bench"], line + "\n")
            output = io.StringIO()
            with mock.patch.object(sys, "argv", ["rooms.py", str(self.root)]), contextlib.redirect_stdout(output):
                self.assertEqual(rooms.main(), code)
            self.assertIn(f", {code} complaints", output.getvalue())


if __name__ == "__main__":
    unittest.main()
