# SPDX-License-Identifier: MIT
"""Includes between the rooms of the tree go one way.

Each file of C++ lies in one room of the table below, and includes only what lies in its own room or in one
that the table names for it. So a folder says what its files may touch, and a room can be taken out, or
rewritten, by somebody who knows the rooms under it and no other. What the table cannot say by rooms is below
it: headers of the system in one file, Relacy in one, no circle of files. A new room, or an arrow between two,
is an edit here; docs/pictures/rooms.svg is drawn from it.

What is looked at are lines of #include, whatever the preprocessor makes of them. Relies on: Python alone.
"""

import dataclasses
import graphlib
import posixpath
import re


@dataclasses.dataclass(frozen=True)
class Room:
    name: str
    files: tuple  # folders, which end with "/", and files; the first room that has a file owns it
    may: tuple = ()  # rooms that it may include besides itself
    standard: frozenset = None  # the standard headers that it may include; None: all of them
    libraries: tuple = ()  # how the names of other people's headers begin that it may include, in core/


SIX = frozenset("atomic bit concepts cstddef cstdint limits new type_traits".split())
CORE = ("ground", "protocol", "values", "buddy", "system", "lean", "library")
WORKBENCH = ("door", "shim", "engine", "trace", "commands", "verify", "audit", "machine", "structures")

ROOMS = (
    # core: what may be anywhere; the algorithm; what a user is told; the buddy, which needs no system; the one file
    # to port; all that stands on them; what needs another library as well, of which the rest knows nothing.
    Room("ground", ("core/caiman/sync.hpp", "core/caiman/orders.hpp", "core/caiman/detail/requirements.hpp",
                    "core/caiman/detail/attributes.hpp"), (), SIX | {"version"}),
    Room("protocol", ("core/caiman/protocol/",), ("ground",), SIX),
    Room("values", ("core/caiman/version.hpp", "core/caiman/error.hpp", "core/caiman/geometry.hpp"), ("ground",)),
    Room("buddy", ("core/caiman/buddy_core.hpp", "core/caiman/sequential_sync.hpp", "core/caiman/detail/raise.hpp",
                   "core/caiman/detail/unique_block.hpp"),
         ("ground", "protocol", "values")),
    Room("system", ("core/caiman/detail/os.hpp", "core/caiman/detail/system/"), ("ground", "values")),
    # What stands in for parts of the standard library that some library lacks, or that cost more than their use.
    Room("lean", ("core/caiman/detail/lean/",), ("ground",)),
    Room("adaptors", ("core/caiman/adaptors/",), CORE, libraries=("asio/",)),
    Room("library", ("core/caiman/",), ("ground", "protocol", "values", "buddy", "system", "lean")),
    # The same for C: a library whose header knows none of the others, and that nothing stands on.
    Room("c", ("core/c/",), CORE),
    # model: a checker that knows nothing of the core, and the core's own use of it.
    # The door is what is installed: it is all that a client has of the workbench, a stranger's and ours.
    Room("door", ("model/workbench/include/",)),
    Room("shim", ("model/workbench/shim/",), ("door",)),
    Room("engine", ("model/workbench/engine/",), ("door", "shim")),
    Room("trace", ("model/workbench/trace/",), ("door", "shim", "engine")),
    Room("commands", ("model/workbench/commands/",), ("door", "shim", "engine", "trace")),
    Room("verify", ("model/workbench/verify/",), ("door", "shim", "engine", "trace", "commands")),
    Room("audit", ("model/workbench/audit/",), ("door", "shim", "engine", "trace", "commands")),
    # The second engine, and what runs structures of anybody's on it.
    Room("machine", ("model/workbench/machine/",), ("door",)),
    Room("structures", ("model/workbench/structures/",), ("door", "machine", "trace")),
    Room("programs", ("model/workbench/check.cpp",), WORKBENCH),
    Room("model/caiman", ("model/caiman/",), (*CORE, "door")),
    Room("model/examples", ("model/examples/", "model/gallery/"), ("door",)),
    Room("model/genmc", ("model/genmc/",), CORE),
    # Beside the core what has one header of it stand for another: model/caiman has the faults.
    Room("model/proof", ("model/proof/",), (*CORE, "model/caiman")),
    # stress: native threads; beside them the benchmark, and recorded traces that it replays.
    Room("common", ("stress/common/",), CORE),
    Room("hammer", ("stress/hammer/",), CORE + ("common",)),
    Room("freeze", ("stress/freeze/",), CORE + ("common",)),
    Room("waiters", ("stress/waiters/",), CORE + ("common",)),
    Room("bench", ("stress/bench/",), CORE + ("common",)),
    Room("traces", ("stress/traces/",), CORE + ("common", "bench")),
    # The same core under virtual threads, counted.
    Room("scale", ("stress/scale/",), CORE + ("common",)),
    # Real use, which is measured, too.
    Room("examples/programs", ("examples/programs/",), CORE + ("common", "examples", "adaptors")),
    Room("examples", ("examples/",), CORE + ("adaptors",)),
)
# May include any of them, and is included by none.
TESTS = Room("tests", ("tests/",), tuple(room.name for room in ROOMS))
ALL = (*ROOMS, TESTS)

UMBRELLA = "core/caiman/caiman.hpp"
# Written by the build.
GENERATED = frozenset(("core_sites.inc", "fault_controls.inc", "known_faults.inc", "faulty-core.hpp"))

SUFFIXES = (".hpp", ".cpp", ".h", ".inc")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def room_of(file):
    """The first one that has it, or nothing."""
    return next((room for room in ALL for part in room.files
                 if file == part or part.endswith("/") and file.startswith(part)), None)


class Includes:
    """The files of C++ of a tree, what each includes, and what is wrong with that."""

    def __init__(self, files):
        self.of = {file: INCLUDE.findall(text) for file, text in files.items() if file.endswith(SUFFIXES)}
        self.edges = {file: set() for file in self.of}
        self.by_name = {}
        for file in self.of:
            self.by_name.setdefault(posixpath.basename(file), []).append(file)

    def meant_by(self, file, text):
        """The files that an include may mean: the one beside it, or all whose paths end so."""
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(file), text))
        if beside in self.of:
            return [beside]
        folder = "model/" if text.startswith("caiman-model/") else ""
        text = re.sub(r"^(caiman-model/|(\.\./)+)", "", text)
        meant = [other for other in self.by_name.get(posixpath.basename(text), [])
                 if other.startswith(folder) and f"/{other}".endswith(f"/{text}")]
        # Of several the nearest: what a room calls by its name is its own.
        shared = [len(posixpath.commonpath([file, other])) for other in meant]
        return [other for other, length in zip(meant, shared) if length == max(shared)]

    def judge(self, file, room, bracket, text):
        """What is wrong with one include."""
        if bracket == '"' or text.startswith(("caiman/", "caiman-model/")):
            meant = self.meant_by(file, text)
            self.edges[file].update(meant if len(meant) == 1 else [])
            if not meant and posixpath.basename(text) not in GENERATED:
                yield f"{text}: there is no such file"
            for target in meant:
                other = room_of(target)
                if other and other.name not in (room.name, *room.may):
                    yield f"{target}: {room.name} must not include {other.name}"
                if target == UMBRELLA and file.startswith("core/"):
                    yield f"{target}: the umbrella is for users"
            return
        if text.startswith("relacy/") and posixpath.basename(file) != "relacy.hpp":
            yield f"<{text}>: only relacy.hpp includes it, on behalf of all"
        foreign = not re.fullmatch("[a-z_]+", text) and not text.startswith(room.libraries)
        if file.startswith("core/caiman/") and foreign and room.name != "system":
            yield f"<{text}>: only detail/os.hpp includes what is not C++'s"
        elif file.startswith("core/") and room.standard and text not in room.standard:
            yield f"<{text}>: {room.name} includes {' '.join(sorted(room.standard))} alone"


def check(files):
    """What is wrong with the includes of a tree: a line for each."""
    includes = Includes(files)
    rooms = {file: room_of(file) for file in includes.of}
    wrong = [f"room {room.name}: no file lies in it" for room in ALL if room not in rooms.values()]
    for file, room in rooms.items():
        wrong += [f"{file} includes {words}" for one in includes.of[file] for words in includes.judge(file, room, *one)
                  ] if room else [f"{file}: in no room"]
    try:
        graphlib.TopologicalSorter(includes.edges).prepare()
    except graphlib.CycleError as error:
        wrong.append("a circle of includes: " + " -> ".join(reversed(error.args[1])))
    return wrong
