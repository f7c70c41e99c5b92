"""The picture of the rooms, drawn from the table of rooms.py: docs/pictures/rooms.svg.

Where a box lies is said here; the boxes and arrows are the table's, those arrows left out that a longer way
of arrows says as well. The test `rooms` compares the picture with the file. Relies on: Python alone.
Usage: rooms_picture.py >docs/pictures/rooms.svg
"""

import rooms

HEIGHT = 26
SIZE = (830, 532)
# Left edge, top, width.
PLACES = {
    "tests": (20, 54, 790),
    "model/examples": (30, 144, 116), "model/caiman": (152, 144, 112), "model/genmc": (274, 144, 104),
    "examples": (388, 144, 88), "hammer": (516, 144, 66), "freeze": (588, 144, 60), "waiters": (654, 144, 66),
    "bench": (726, 144, 74), "traces": (726, 98, 74),
    "programs": (30, 196, 104), "verify": (30, 240, 50), "audit": (84, 240, 50), "common": (516, 214, 284),
    "commands": (30, 284, 120), "trace": (30, 328, 120), "engine": (30, 372, 120), "shim": (30, 416, 120),
    "door": (176, 464, 88),
    "library": (290, 274, 200), "system": (400, 320, 90), "values": (400, 366, 90), "protocol": (290, 343, 90),
    "ground": (290, 414, 200),
}
# What several rooms are together: left edge, top, width, height, name.
FRAMES = ((20, 188, 254, 314, "model/workbench"), (280, 248, 220, 204, "core/caiman"), (506, 88, 304, 164, "stress"))
HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img">
  <title>The rooms of the tree, and which may include which: all arrows lead down</title>
  <!-- made by tests/house/rooms_picture.py -->
  <style>
    text {{ font: 13px sans-serif; fill: #222; text-anchor: middle }} .s {{ font-size: 12px; fill: #555; text-anchor: start }}
    .b {{ fill: #e6e4dc; stroke: #555 }} .f {{ fill: none; stroke: #999; stroke-dasharray: 4 3 }}
    .a {{ fill: none; stroke: #b45309; stroke-width: 1.5; marker-end: url(#t) }}
  </style>
  <defs><marker id="t" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#b45309"/></marker></defs>
  <rect x="0.5" y="0.5" width="{2}" height="{3}" rx="6" fill="#fdfdfa" stroke="#bbb"/>
  <text class="s" x="20" y="24">A room may include what an arrow leads to, also over several arrows. tests may include every room, and no room includes tests.</text>
  <text class="s" x="20" y="42">Of the workbench, model/caiman and model/examples have the door alone: the headers that are installed.</text>"""


def arrows(table):
    """The pairs of rooms that are no longer way of other pairs."""
    may = {room.name: set(room.may) for room in table}
    return [(room.name, other) for room in table for other in room.may
            if not any(other in may[between] for between in room.may)]


def ends(one, other):
    """From the bottom of the one to the top of the other, upright where they lie above each other."""
    left, right = max(one[0], other[0]), min(one[0] + one[2], other[0] + other[2])
    if left < right:
        begin = end = (left + right) // 2
    else:
        begin, end = (one[0] + one[2] - 12, other[0] + 12) if one[0] < other[0] else (one[0] + 12, other[0] + other[2] - 12)
    return begin, one[1] + HEIGHT, end, other[1] - 1


def picture(table):
    lines = [HEAD.format(*SIZE, SIZE[0] - 1, SIZE[1] - 1)]
    for x, y, width, height, name in FRAMES:
        lines.append(f'  <rect class="f" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>')
        lines.append(f'  <text class="s" x="{x + 8}" y="{y + height + 16}">{name}</text>')
    for one, other in arrows(table):
        lines.append('  <path class="a" d="M{} {} {} {}"/>'.format(*ends(PLACES[one], PLACES[other])))
    for name in [room.name for room in table] + ["tests"]:
        x, y, width = PLACES[name]
        lines.append(f'  <rect class="b" x="{x}" y="{y}" width="{width}" height="{HEIGHT}" rx="3"/>')
        lines.append(f'  <text x="{x + width // 2}" y="{y + 17}">{name}</text>')
    return "\n".join([*lines, "</svg>\n"])


if __name__ == "__main__":
    print(picture(rooms.ROOMS), end="")
