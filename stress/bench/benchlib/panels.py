# SPDX-License-Identifier: MIT
"""Which plots there are: a panel per case, figure and distance of a summary."""

from .summary import FLOORS
from .svg import Panel


def floor_of(summary, case):
    """The line of W1: two uncontended CAS, measured in the same processes."""
    key, label = FLOORS[0]
    spread = summary.floor(key) if case.group == "W1" else None
    return (label, spread.median) if spread else None


def panel(summary, case, figure, distance):
    """None where nothing was measured, or nothing above zero can be drawn."""
    rows = []
    for subject in summary.subjects(case):
        spread = summary.spread(case, figure, subject, distance)
        if spread is not None:
            rows.append((subject, summary.role(subject), spread))
    if not any(spread.most > 0 for _, _, spread in rows):
        return None
    title = f"{case.group} {case.title}"
    if len(case.figures) > 1:
        title += f", {figure.label}"
    if distance:
        title += f", processors {distance}"
    return Panel(title, figure.unit, figure.better, tuple(rows), floor_of(summary, case))


def of_group(summary, group):
    """All panels of a group."""
    found = [panel(summary, *each) for each in summary.shown(group)]
    return [each for each in found if each is not None]
