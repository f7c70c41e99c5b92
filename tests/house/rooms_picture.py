# SPDX-License-Identifier: MIT
"""The picture of the rooms, docs/pictures/rooms.svg, whose arrows are those of the table of rooms.py.

Where a box lies is said by hand, in the picture: a line for the box, and one for its name. The arrows between
the boxes are drawn here, without those that a longer way of arrows says as well. The test `rooms` compares.
Relies on: Python alone. Usage: rooms_picture.py, which writes the picture anew.
"""

import re

import rooms
import tree

FILE = tree.ROOT / "docs/pictures/rooms.svg"
BOX = re.compile(r'<rect class="b" x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)" .*\n.*>([^<]+)</text>')


def boxes(drawn):
    """Left edge, top, right edge and bottom of each box, by its name."""
    found = [(name, *map(int, numbers)) for *numbers, name in BOX.findall(drawn)]
    return {name: (x, y, x + width, y + height) for name, x, y, width, height in found}


def arrows(table):
    """The pairs of rooms that are no longer way of other pairs."""
    may = {room.name: set(room.may) for room in table}
    return [(room.name, other) for room in table for other in room.may
            if not any(other in may[between] for between in room.may)]


def ends(one, other):
    """From the bottom of the one to the top of the other, upright where they lie above each other."""
    left, right = max(one[0], other[0]), min(one[2], other[2])
    if left < right:
        begin = end = (left + right) // 2
    else:
        begin, end = (one[2] - 12, other[0] + 12) if one[0] < other[0] else (one[0] + 12, other[2] - 12)
    return begin, one[3], end, other[1] - 1


def picture(table, drawn):
    """What was drawn, with the arrows of the table."""
    places = boxes(drawn)
    lines = [line for line in drawn.split("\n") if 'class="a"' not in line]
    first = next(number for number, line in enumerate(lines) if 'class="b"' in line)
    lines[first:first] = ['  <path class="a" d="M{} {} {} {}"/>'.format(*ends(places[one], places[other]))
                          for one, other in arrows(table)]
    return "\n".join(lines)


if __name__ == "__main__":
    FILE.write_text(picture(rooms.ROOMS, FILE.read_text(encoding="utf-8")), encoding="utf-8")
