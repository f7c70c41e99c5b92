# SPDX-License-Identifier: MIT
"""Shows arenas, buffers and bytes in gdb as what they are, not as words.

`source caiman_gdb.py` in gdb, or in .gdbinit. An arena is shown with its sizes and how it behaves, a buffer and
bytes with what they hold and where that lies; bytes with the number of their sharers. Nothing is called in the
program, so it works in core files, too, and while the arena is in use. Relies on gdb's Python, on the names of
members of buffer, bytes, lease, arena_handle and arena_state, and on where arena_state.hpp puts share counts.
"""

import gdb
import gdb.printing

SHOWN = 60  # bytes of what a buffer holds
# detail/lease.hpp: what stands where the order of a block would.
ON_HEAP, PARTS = 62, 64
ESCAPES = {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x22: '\\"', 0x5C: "\\\\"}


def word(address, size):
    """An unsigned number of the program's memory."""
    return int.from_bytes(bytes(gdb.selected_inferior().read_memory(address, size)), "little")


def text(data, size):
    """The first bytes, as a literal of C would have them."""
    if size == 0:
        return '""'
    held = bytes(gdb.selected_inferior().read_memory(int(data), min(size, SHOWN)))
    shown = "".join(ESCAPES.get(b) or (chr(b) if 0x20 <= b < 0x7F else f"\\{b:03o}") for b in held)
    return f'"{shown}"' + ("..." if size > SHOWN else "")


class Lease:
    """Whose memory a buffer or bytes lie in."""

    def __init__(self, lease):
        self.owner, self.order, self.first = (int(lease[name]) for name in ("owner_", "order_", "first_"))
        self.blocks = self.order - PARTS if self.order >= PARTS else 1 << self.order
        self.home = None
        if self.owner and self.order != ON_HEAP:
            namespace = lease.type.strip_typedefs().unqualified().name.rpartition("::")[0]
            state = gdb.lookup_type(f"{namespace}::arena_state")
            self.home = lease["owner_"].cast(state.pointer()).dereference()

    def cell(self, min_block):
        """Where the four bytes of a min block are."""
        shares = self.home["shares_"]
        start = word(int(shares.address), shares.type.sizeof)
        return start + 4 * (min_block & ~4095 | min_block * 2531 & 4095)

    def place(self, data):
        if not self.owner:
            return "nowhere" if int(data) == 0 else "in static storage"
        if self.order == ON_HEAP:
            return "on the heap"
        offset = int(data) - int(self.home["base_"])
        return f"at offset {offset} of an arena, in {self.blocks} min block{'s' * (self.blocks != 1)}"

    def sharers(self):
        """How many bytes share it, if that is counted."""
        if not self.owner:
            return None
        return word(self.owner if self.order == ON_HEAP else self.cell(self.first), 4)


class BufferPrinter:
    """`a buffer of 5 of 256 bytes, at offset 0 of an arena, in 1 min block: "hello"`"""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        data, size = self.value["data_"], int(self.value["size_"])
        place = Lease(self.value["from_"]).place(data)
        return f"a buffer of {size} of {int(self.value['capacity_'])} bytes, {place}: {text(data, size)}"


class BytesPrinter:
    """`5 bytes, shared by 2, at offset 0 of an arena, in 1 min block: "hello"`"""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        data, size = self.value["data_"], int(self.value["size_"])
        lease = Lease(self.value["from_"])
        sharers = lease.sharers()
        shared = "" if sharers is None else f", shared by {sharers}"
        return f"{size} bytes{shared}, {lease.place(data)}: {text(data, size)}"


class ArenaPrinter:
    """`an arena of 390 min blocks of 256 bytes at 0x7ffff7a00000, spills`"""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        # An asynchronous one has the other inside.
        handle = self.value if has(self.value.type, "home_") else self.value["arena_"]
        state = handle["home_"]["state_"]
        if int(state) == 0:
            return "an arena that is empty"
        home = state.dereference()
        plan = home["plan_"]
        zeroes = "zero" in str(plan["init"])
        room = word(int(home["room_"].address), home["room_"].type.sizeof) != 0
        how = [word_ for word_, is_so in (("caps", plan["caps"]), ("spills", plan["spills"]), ("zeroes", zeroes),
                                          ("waits", room)) if is_so]
        return (f"an arena of {int(plan['units'])} min blocks of {int(plan['unit'])} bytes "
                f"at {int(home['base_']):#x}" + "".join(f", {one}" for one in how))


def has(kind, name):
    """Whether a member of that name is the type's own, and not inside of another."""
    return any(field.name == name or field.is_base_class and has(field.type, name)
               for field in kind.strip_typedefs().fields())


def printers():
    found = gdb.printing.RegexpCollectionPrettyPrinter("caiman")
    for names, printer in (("buffer", BufferPrinter), ("bytes", BytesPrinter),
                           ("(async_)?(buddy|fixed)_arena", ArenaPrinter)):
        found.add_printer(names, f"^caiman::(v[0-9]+::)?{names}$", printer)
    return found


gdb.printing.register_pretty_printer(None, printers(), replace=True)
