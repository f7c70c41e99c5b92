#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Holds pictures of the heap against what is known of the arenas.                         |
# | Why: an SVG that is not well-formed shows nothing, and one with wrong numbers is worse. |
# | Every check is also run on a picture that was spoilt for it, and must convict it there. |
# | Relies on: the standard library; samples.cpp.                                           |
# | Usage: check.py SAMPLES-PROGRAM                                                         |
# +-----------------------------------------------------------------------------------------+
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as tree

SVG = "{http://www.w3.org/2000/svg}"
MOST_BYTES = 2 << 20
TITLE = "a \t<b> & \"c\" 'd' ]]> \u00e9 \u20ac \U0001f40a \ufffd \ufffd \ufffd\ufffd\ufffd \ufffd\ufffd\ufffd"
# Order to (free, live), by hand: 16 min blocks, of which one of order 0 and one of order 2 are live.
KNOWN = {4: (0, 0), 3: (1, 0), 2: (0, 1), 1: (1, 0), 0: (1, 1)}


class Wrong(Exception):
    pass


def demand(holds, what):
    if not holds:
        raise Wrong(what)


def parsed(text):
    demand(len(text) <= MOST_BYTES, f"{len(text)} bytes")
    demand(re.search(rb"<script|href|url\(|@import", text) is None, "it needs something from elsewhere")
    try:
        return tree.fromstring(text)
    except tree.ParseError as error:
        raise Wrong(f"not well-formed: {error}") from error


def counts(svg):
    rows = [g for g in svg.iter(SVG + "g") if "data-order" in g.attrib]
    found = {int(g.get("data-order")): (int(g.get("data-free")), int(g.get("data-live"))) for g in rows}
    shown = [t.text for t in svg.iter(SVG + "text")]
    for free, live in found.values():
        demand(f"{free} free, {live} live" in shown, f"{free} free, {live} live: not shown")
    return found


def drawn(svg, kind):
    """Share of the arena that the pieces of one kind cover, over all orders, to a few percent."""
    area = 0
    for g in svg.iter(SVG + "g"):
        if "data-order" not in g.attrib:
            continue
        for path in g.iter(SVG + "path"):
            if path.get("class") == kind:
                area += sum((int(w) + (h == "18")) * int(h)
                            for w, h in re.findall(r"h(\d+)v(\d+)h-", path.get("d")))
    return area / (1024 * 18)


def check_known(text):
    svg = parsed(text)
    demand(counts(svg) == KNOWN, f"counts {counts(svg)}")
    for kind, units in (("free", 11), ("live", 5)):
        demand(abs(drawn(svg, kind) - units / 16) < 0.01, f"{kind} drawn: {drawn(svg, kind)}")
    shown = " ".join(t.text for t in svg.iter(SVG + "text"))
    for part in ("order 4, 4 KiB", "order 0, 256 B", "1.2 KiB live", "largest free block 2 KiB",
                 "free blocks", "offset in the arena", "512 B"):
        demand(part in shown, f"'{part}' is not shown")


def check_observed(text, lines):
    """Against the other observers of the same buddy."""
    found = counts(parsed(text))
    live = sum(n << order for order, (_, n) in found.items())
    for what, number in lines:
        if what == "live":
            demand(live == number, f"{live} min blocks live, {number} by the buddy")
        else:
            demand(found[int(what)][0] == number, f"order {what}: {found[int(what)][0]}, not {number}")


def check_title(text):
    titles = [e.text for e in parsed(text) if e.tag in (SVG + "title", SVG + "text")]
    demand(titles.count(TITLE) == 2, f"titles {titles}")


def convicts(check, text, *more):
    try:
        check(text, *more)
    except Wrong as wrong:
        print(f"convicted, as it should be: {wrong}")
    else:
        raise Wrong(f"{check.__name__} does not see what was spoilt")


def main():
    with tempfile.TemporaryDirectory() as folder:
        said = subprocess.run([sys.argv[1], folder], check=True, capture_output=True, text=True).stdout
        text = {p.stem: p.read_bytes() for p in pathlib.Path(folder).glob("*.svg")}
    observed = {name: [] for name in text}
    for line in said.splitlines():
        name, what, number = line.split()
        observed[name].append((what, int(number)))
    demand(sorted(text) == sorted(["known", "whole", "nothing", "largest", "slots", "fragmented", "worst"]),
           f"samples {sorted(text)}")

    for name, picture in sorted(text.items()):
        print(f"{name}: {len(picture)} bytes, {len(counts(parsed(picture)))} orders")
        check_observed(picture, observed[name])
    check_known(text["known"])
    check_title(text["whole"])
    demand(counts(parsed(text["slots"])) == {3: (0, 0), 2: (0, 1), 1: (0, 0), 0: (1, 0)}, "slots")

    convicts(parsed, text["known"].replace(b"known", b"a & b"))
    convicts(parsed, text["known"] + b" " * MOST_BYTES)
    convicts(parsed, text["known"].replace(b"<desc>", b"<script/><desc>"))
    convicts(check_known, text["known"].replace(b'data-free="0" data-live="1"', b'data-free="1" data-live="0"'))
    convicts(check_known, text["known"].replace(b'class="live" d="M', b'class="free" d="M'))
    convicts(check_observed, text["fragmented"], [("0", observed["fragmented"][0][1] + 1)])
    convicts(check_title, text["whole"].replace(b"&lt;b", b"b"))


try:
    main()
except Wrong as wrong:
    sys.exit(f"check.py: {wrong}")
