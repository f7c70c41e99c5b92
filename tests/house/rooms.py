"""Includes between the rooms of the tree go one way.

Each file of C++ lies in one room of the table below, and includes only what lies in its own room or in one
that the table names for it. So a folder says what its files may touch, and a room can be taken out, or
rewritten, by somebody who knows the rooms under it and no other. What the table cannot say by rooms is below
it: headers of the system in one file, Relacy in one, no circle of files. A new room, or an arrow between two, is an edit here; docs/pictures/rooms.svg is drawn from it.

What is looked at are lines of #include, whatever the preprocessor makes of them. Relies on: Python alone.
Usage: rooms.py [ROOT]; prints what is wrong. Exit codes: 0 nothing is, 1 something is.
"""

import dataclasses
import pathlib
import posixpath
import re
import sys

import tree


@dataclasses.dataclass(frozen=True)
class Room:
    name: str
    files: tuple  # folders, which end with "/", and files; the first room that has a file owns it
    may: tuple = ()  # rooms that it may include besides itself
    standard: frozenset = None  # the standard headers that it may include; None: all of them


SIX = frozenset("atomic bit concepts cstddef cstdint limits new type_traits".split())
CORE = ("ground", "protocol", "values", "system", "library")
WORKBENCH = ("door", "shim", "engine", "trace", "commands", "verify", "audit")

ROOMS = (
    # core: what may be anywhere; the algorithm; what a user is told; the one file to port; all that stands on them.
    Room("ground", ("core/caiman/sync.hpp", "core/caiman/orders.hpp", "core/caiman/detail/requirements.hpp",
                    "core/caiman/detail/attributes.hpp"), (), SIX | {"version"}),
    Room("protocol", ("core/caiman/protocol/",), ("ground",), SIX),
    Room("values", ("core/caiman/version.hpp", "core/caiman/error.hpp", "core/caiman/geometry.hpp"), ("ground",)),
    Room("system", ("core/caiman/detail/os.hpp",), ("ground", "values")),
    Room("library", ("core/caiman/",), ("ground", "protocol", "values", "system")),
    # model: a checker that knows nothing of the core, and the core's own use of it.
    # The door is what is installed: it is all that a client has of the workbench, a stranger's and ours.
    Room("door", ("model/workbench/include/",)),
    Room("shim", ("model/workbench/shim/",), ("door",)),
    Room("engine", ("model/workbench/engine/",), ("door", "shim")),
    Room("trace", ("model/workbench/trace/",), ("door", "shim", "engine")),
    Room("commands", ("model/workbench/commands/",), ("door", "shim", "engine", "trace")),
    Room("verify", ("model/workbench/verify/",), ("door", "shim", "engine", "trace", "commands")),
    Room("audit", ("model/workbench/audit/",), ("door", "shim", "engine", "trace", "commands")),
    Room("programs", ("model/workbench/check.cpp", "model/workbench/structure.cpp"), WORKBENCH),
    Room("model/caiman", ("model/caiman/",), (*CORE, "door")),
    Room("model/examples", ("model/examples/",), ("door",)),
    Room("model/genmc", ("model/genmc/",), CORE),
    # stress: native threads; beside them the benchmark, and recorded traces that it replays.
    Room("common", ("stress/common/",), CORE),
    Room("hammer", ("stress/hammer/",), CORE + ("common",)),
    Room("freeze", ("stress/freeze/",), CORE + ("common",)),
    Room("waiters", ("stress/waiters/",), CORE + ("common",)),
    Room("bench", ("stress/bench/",), CORE + ("common",)),
    Room("traces", ("stress/traces/",), CORE + ("common", "bench")),
    Room("examples", ("examples/",), CORE),
)
# May include any of them, and is included by none.
TESTS = Room("tests", ("tests/",), tuple(room.name for room in ROOMS))
ALL = (*ROOMS, TESTS)

# No way of includes leads from the first to the second.
NEVER_REACHES = (
    ("core/caiman/protocol/", "core/caiman/detail/os.hpp"),
    ("core/caiman/sequential_sync.hpp", "core/caiman/detail/os.hpp"),
    ("core/caiman/buddy_core.hpp", "core/caiman/detail/os.hpp"),
)
UMBRELLA = "core/caiman/caiman.hpp"
# Headers of others that one file alone includes, on behalf of all.
ONE_DOOR = (("relacy/", "relacy.hpp"),)
# Written by the build.
GENERATED = frozenset(("core_sites.inc", "fault_controls.inc", "known_faults.inc", "faulty-core.hpp"))

SUFFIXES = (".hpp", ".cpp", ".h", ".inc")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def room_of(file):
    for room in ALL:
        if any(file.startswith(part) if part.endswith("/") else file == part for part in room.files):
            return room
    return None


class Tree:
    """The files of C++ of a tree, what each includes, and what is wrong with that."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.files = [file for file in tree.files_of(root) if file.endswith(SUFFIXES)]
        self.by_name = {}
        for file in self.files:
            self.by_name.setdefault(posixpath.basename(file), []).append(file)
        self.includes = {file: INCLUDE.findall((self.root / file).read_text(encoding="utf-8"))
                         for file in self.files}
        self.edges = {file: set() for file in self.files}
        self.complaints = []

    def meant_by(self, file, text):
        """The files that an include may mean: the one beside it, or all whose paths end so."""
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(file), text))
        same_name = self.by_name.get(posixpath.basename(text), [])
        if beside in same_name:
            return [beside]
        if text.startswith("caiman-model/"):
            text = posixpath.basename(text)
            same_name = [other for other in same_name if other.startswith("model/")]
        text = re.sub(r"^(\.\./)+", "", text)
        meant = [other for other in same_name if other == text or other.endswith("/" + text)]
        # Of several the nearest: what a room calls by its name is its own.
        shared = [len(posixpath.commonpath([file, other])) if "/" in other else 0 for other in meant]
        return [other for other, length in zip(meant, shared) if length == max(shared)]

    def judge(self, file, room, target):
        """What is wrong when this file includes that one, or nothing."""
        other = room_of(target)
        if other is None:
            return None  # said of the target
        if other.name != room.name and other.name not in room.may:
            return f"{target}: {room.name} must not include {other.name}"
        if target == UMBRELLA and file.startswith("core/"):
            return f"{target}: the umbrella is for users"
        return None

    def judge_outside(self, file, room, text):
        """The same of a header that is none of the tree's."""
        for prefix, door in ONE_DOOR:
            if text.startswith(prefix) and posixpath.basename(file) != door:
                return f"<{text}>: only {door} includes it"
        if not file.startswith("core/"):
            return None
        if not re.fullmatch("[a-z_]+", text):
            return None if room.name == "system" else f"<{text}>: only detail/os.hpp includes what is not C++'s"
        if room.standard is not None and text not in room.standard:
            return f"<{text}>: {room.name} includes {' '.join(sorted(room.standard))} alone"
        return None

    def judge_file(self, file):
        room = room_of(file)
        if room is None:
            return [f"{file}: in no room"]
        wrong = []
        for bracket, text in self.includes[file]:
            ours = bracket == '"' or text.startswith(("caiman/", "caiman-model/"))
            meant = self.meant_by(file, text) if ours else []
            if meant:
                self.edges[file] |= {meant[0]} if len(meant) == 1 else set()
                wrong += [self.judge(file, room, target) for target in meant]
            elif not ours:
                wrong.append(self.judge_outside(file, room, text))
            elif posixpath.basename(text) not in GENERATED:
                wrong.append(f"{text}: there is no such file")
        return [f"{file} includes {words}" for words in wrong if words]

    def circle(self):
        """The files of one circle of includes, or nothing. Each file is looked at once."""
        done = set()
        for start in self.files:
            way, stack = [], [(start, False)]
            while stack:
                file, leaving = stack.pop()
                if leaving:
                    done.add(way.pop())
                elif file in way:
                    return [*way[way.index(file):], file]
                elif file not in done:
                    way.append(file)
                    stack.append((file, True))
                    stack += [(other, False) for other in sorted(self.edges[file])]
        return []

    def way(self, begin, end):
        """A way of includes from a file to another, or nothing."""
        ways = [[begin]]
        seen = {begin}
        while ways:
            way = ways.pop(0)
            if way[-1] == end:
                return way
            new = sorted(self.edges.get(way[-1], set()) - seen)
            seen |= set(new)
            ways += [[*way, file] for file in new]
        return []

    def check(self):
        wrong = [words for file in self.files for words in self.judge_file(file)]
        rooms = {room_of(file) for file in self.files}
        wrong += [f"room {room.name}: no file lies in it" for room in ALL if room not in rooms]
        circle = self.circle()
        if circle:
            wrong.append("a circle of includes: " + " -> ".join(circle))
        for begin, end in NEVER_REACHES:
            ways = [self.way(file, end) for file in self.files if file.startswith(begin)]
            wrong += ["must not be reached: " + " -> ".join(way) for way in ways if way]
        return wrong


def main():
    looked_at = Tree(sys.argv[1] if len(sys.argv) > 1 else tree.ROOT)
    wrong = looked_at.check()
    for words in wrong:
        print(words)
    print(f"{len(looked_at.files)} files in {len(ALL)} rooms, {len(wrong)} complaints")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
