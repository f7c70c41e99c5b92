# SPDX-License-Identifier: MIT
"""Includes go one way; and the check would see one that does not.

The check of rooms.py, put to the project; to a small tree that is made from its table, in which all is well;
and to that tree with one wrong include or file at a time. Relies on: Python alone.
"""

import itertools
import unittest

import rooms
import rooms_picture
import tree

# A file of each room: the first place in it, with a name of its own where that is a folder.
FILE = {room.name: room.files[0] + (room.name.replace("/", "-") + ".hpp" if room.files[0].endswith("/") else "")
        for room in rooms.ALL}


def include(file):
    return f'#include "{file.removeprefix("core/")}"\n'


# A file in each place of the table, which includes one of each room that it may.
SMALL = {file: "".join([include(FILE[other]) for other in room.may]
                       + [f"#include <{name}>\n" for name in room.standard or ()])
         for room in rooms.ALL for file in (FILE[room.name], *room.files) if not file.endswith("/")}
SMALL |= {rooms.UMBRELLA: include(FILE["library"]),
          "model/workbench/include/caiman-model/relacy.hpp": "#include <relacy/relacy.hpp>\n",
          "model/workbench/engine/inside.hpp": ""}

# A file, a line that is put into it, and what must be said of that. Below: each pair of rooms that the table
# does not have.
WRONG = (
    (FILE["library"], '#include "caiman/caiman.hpp"', "the umbrella is for users"),
    (FILE["library"], "#include <sys/mman.h>", "only detail/os.hpp includes"),
    (FILE["protocol"], "#include <unistd.h>", "only detail/os.hpp includes"),
    (FILE["values"], "#include <linux/futex.h>", "only detail/os.hpp includes"),
    (FILE["library"], "#include <fmt/core.h>", "only detail/os.hpp includes"),
    (FILE["library"], "#include <boost/thing.hpp>", "only detail/os.hpp includes"),
    (FILE["library"], "#include <asio/post.hpp>", "only detail/os.hpp includes"),
    (FILE["adaptors"], "#include <boost/thing.hpp>", "only detail/os.hpp includes"),
    (FILE["adaptors"], "#include <sys/mman.h>", "only detail/os.hpp includes"),
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
    ("core/caiman/sequential_sync.hpp", '#include "caiman/library.hpp"', "buddy must not include library"),
    ("stress/loose.cpp", "", "stress/loose.cpp: in no room"),
    ("model/workbench/loose.hpp", "", "model/workbench/loose.hpp: in no room"),
)
FORBIDDEN = [(one.name, other.name) for one, other in itertools.permutations(rooms.ALL, 2)
             if other.name not in one.may]



def said_with(file, line):
    """What is said of the small tree while a line stands in a file."""
    return rooms.check(SMALL | {file: SMALL.get(file, "") + line})


class Rooms(unittest.TestCase):
    maxDiff = None  # all complaints

    def test_the_project(self):
        self.assertEqual("\n".join(rooms.check(tree.read())), "")

    def test_nothing_is_said_of_the_small_tree(self):
        self.assertEqual(rooms.check(SMALL), [])

    def test_each_wrong_line_is_seen(self):
        for file, line, words in WRONG:
            with self.subTest(file=file, line=line):
                said = said_with(file, line)
                self.assertTrue(any(words in text and file in text for text in said), said)

    def test_each_arrow_that_the_table_lacks_is_seen(self):
        self.assertGreater(len(FORBIDDEN), 200)
        for one, other in FORBIDDEN:
            with self.subTest(one=one, other=other):
                self.assertIn(f"{FILE[one]} includes {FILE[other]}: {one} must not include {other}",
                              said_with(FILE[one], include(FILE[other])))

    def test_the_same_name_in_two_rooms_means_the_nearest(self):
        plans = SMALL | dict.fromkeys(("stress/traces/plan.hpp", "model/workbench/engine/plan.hpp"), "")
        for user, words in (("model/workbench/trace", ""), ("stress/traces", ""),
                            ("stress/hammer", "stress/traces/plan.hpp: hammer must not include traces")):
            said = rooms.check(plans | {f"{user}/user.cpp": '#include "plan.hpp"'})
            self.assertEqual(said, [f"{user}/user.cpp includes {words}"] if words else [])

    def test_a_room_without_files_is_seen(self):
        said = rooms.check({file: text for file, text in SMALL.items() if file != FILE["audit"]})
        self.assertIn("room audit: no file lies in it", said)

    def test_the_picture_is_that_of_the_table(self):
        drawn = rooms_picture.FILE.read_text(encoding="utf-8")
        self.assertEqual(sorted(rooms_picture.boxes(drawn)), sorted(FILE))
        self.assertEqual(rooms_picture.picture(rooms.ROOMS, drawn), drawn)
        other_table = [*rooms.ROOMS, rooms.Room("tests", (), ("freeze",))]
        self.assertNotEqual(rooms_picture.picture(other_table, drawn), drawn)

    def test_the_picture_has_each_arrow_that_no_others_say(self):
        table = [rooms.Room(name, (), tuple(may)) for name, may in (("a", "bcd"), ("b", "c"), ("c", ""), ("d", ""))]
        self.assertEqual(rooms_picture.arrows(table), [("a", "b"), ("a", "d"), ("b", "c")])
