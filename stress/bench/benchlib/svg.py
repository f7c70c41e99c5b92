# SPDX-License-Identifier: MIT
"""Plots as inline SVG: a row per subject on a logarithmic axis.

The thin bar goes from the least to the most over the rounds, the thick one holds the middle half, the
dot is the median, and a dashed line is the floor. Everything that is shown is escaped: names and
texts come out of files. A sheet can stand in a page or be a file of its own, in light and in dark.
"""

import math
from dataclasses import dataclass
from html import escape

from .words import number

WIDTH = 760
_LEFT, _RIGHT = 140, 86  # names, and the median in words
_ROW, _HEAD, _AXIS = 20, 30, 30

STYLE = """
.bench text { font: 12px system-ui, sans-serif; fill: #24292f }
.bench .title { font-weight: 600 }
.bench .faint { fill: #656d76 }
.bench .grid { stroke: #d0d7de; stroke-width: 1 }
.bench .floor { stroke: #bc4c00; stroke-width: 1.5; stroke-dasharray: 5 3 }
.bench .whole { stroke-width: 2 } .bench .half { stroke-width: 7; opacity: .55 }
.bench .peer { stroke: #6e7781; fill: #6e7781 } .bench .ours { stroke: #0969da; fill: #0969da }
.bench .harness, .bench .reference { stroke: #afb8c1; fill: #afb8c1 }
.bench text.ours { stroke: none; font-weight: 600 }
@media (prefers-color-scheme: dark) {
.bench text { fill: #e6edf3 } .bench .faint { fill: #9198a1 } .bench .grid { stroke: #3d444d }
.bench .peer { stroke: #9198a1; fill: #9198a1 } .bench .ours { stroke: #4493f8; fill: #4493f8 }
.bench .harness, .bench .reference { stroke: #656c76; fill: #656c76 } .bench text.ours { stroke: none }
}
"""


@dataclass(frozen=True)
class Panel:
    """One plot: `rows` are (name, role, Spread); `floor` is (label, value) or None."""

    title: str
    unit: str
    better: str
    rows: tuple
    floor: tuple = None

    def height(self):
        return _HEAD + _ROW * len(self.rows) + _AXIS


class Axis:
    """A logarithmic axis over positive values."""

    def __init__(self, values):
        positive = [value for value in values if value > 0]
        low, high = (min(positive), max(positive)) if positive else (1, 10)
        self._low = math.log10(low) - 0.05
        self._high = max(math.log10(high) + 0.05, self._low + 0.3)

    def at(self, value):
        """The x of a value; what is not positive stands at the left end."""
        if value <= 0:
            return float(_LEFT)
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return _LEFT + share * (WIDTH - _LEFT - _RIGHT)

    def ticks(self):
        """1, 2 and 5 of each decade on a short axis, decades on a long one."""
        decades = range(math.floor(self._low), math.ceil(self._high) + 1)
        digits = (1, 2, 5) if self._high - self._low < 2.2 else (1,)
        every = [digit * 10.0 ** decade for decade in decades for digit in digits]
        return [tick for tick in every if self._low <= math.log10(tick) <= self._high]


def tick_text(value):
    """Powers of ten without digits that say nothing."""
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _text(x, y, text, classes="", anchor="start"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" class="{escape(classes)}" '
            f'text-anchor="{anchor}">{escape(str(text))}</text>')


def _line(x1, y1, x2, y2, classes):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'class="{escape(classes)}"/>')


def _row(axis, y, name, role, spread):
    said = (f"{name}: median {number(spread.median)}, quartiles {number(spread.lower)} to "
            f"{number(spread.upper)}, least {number(spread.least)}, most {number(spread.most)}, "
            f"{spread.count} rounds")
    role = role if role in ("ours", "peer", "reference", "harness") else "peer"
    return "".join((
        f"<g><title>{escape(said)}</title>",
        _text(_LEFT - 8, y + 4, name, "ours" if role == "ours" else "", "end"),
        _line(axis.at(spread.least), y, axis.at(spread.most), y, f"whole {role}"),
        _line(axis.at(spread.lower), y, axis.at(spread.upper), y, f"half {role}"),
        f'<circle cx="{axis.at(spread.median):.1f}" cy="{y:.1f}" r="4" class="{role}"/>',
        _text(WIDTH - _RIGHT + 12, y + 4, number(spread.median)),
        "</g>"))


def _panel(panel, top):
    values = [value for _, _, s in panel.rows for value in (s.least, s.most)]
    axis = Axis(values + ([panel.floor[1]] if panel.floor else []))
    bottom = top + _HEAD + _ROW * len(panel.rows)
    parts = [_text(4, top + 18, panel.title, "title"),
             _text(WIDTH - 4, top + 18, f"{panel.unit}, {panel.better} is better", "faint", "end")]
    for tick in axis.ticks():
        parts.append(_line(axis.at(tick), top + _HEAD - 4, axis.at(tick), bottom, "grid"))
        parts.append(_text(axis.at(tick), bottom + 14, tick_text(tick), "faint", "middle"))
    if panel.floor:
        x = axis.at(panel.floor[1])
        parts.append(f"<g><title>{escape(panel.floor[0])}: {number(panel.floor[1])}</title>"
                     + _line(x, top + _HEAD - 4, x, bottom, "floor") + "</g>")
    for i, (name, role, spread) in enumerate(panel.rows):
        parts.append(_row(axis, top + _HEAD + _ROW * i + _ROW / 2, name, role, spread))
    return "".join(parts)


def sheet(panels, label, standalone=False):
    """All panels below each other. Standalone: a file with a style of its own."""
    height = sum(panel.height() for panel in panels)
    parts = []
    top = 0
    for panel in panels:
        parts.append(_panel(panel, top))
        top += panel.height()
    style = f"<style>{STYLE}</style>" if standalone else ""
    return (f'<svg xmlns="http://www.w3.org/2000/svg" class="bench" role="img" '
            f'aria-label="{escape(label)}" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}">{style}{"".join(parts)}</svg>')
