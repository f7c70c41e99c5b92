#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws docs/pictures/scale.svg and growth.svg out of what caiman-scale wrote with --json.

Usage: picture.py CURVES.json GROWTH.json FOLDER. The same figures give the same files. Relies on: matplotlib
(Debian's python3-matplotlib). Exit codes: 0 drawn, 2 bad input, or no matplotlib.
"""

import json
import pathlib
import sys

SUBJECTS = (("shipped", "shipped core", "#0969da", "o"), ("tree", "tree alone", "#1a7f37", "s"),
            ("wide-255", "shipped, 255 slots", "#8250df", "D"), ("textbook", "textbook", "#bc4c00", "^"),
            ("mutex", "mutex", "#57606a", "x"))
PANELS = (("W2", "W2: pairs"), ("W3", "W3: churn, half full"), ("W4", "W4: handed over, pairs of threads"),
          ("NEAR", "NEAR: churn, 97 % full"), ("FAIL", "FAIL: refused; accesses, no transfers"))
CALLS = (("first", "first request", "#0969da"), ("refused", "refused", "#1a7f37"),
         ("checkered", "refused, checkerboard", "#8250df"), ("taken_over", "taking over, 16 blocks a peer", "#bc4c00"),
         ("free_blocks", "free_min_blocks()", "#57606a"), ("largest_order", "largest_free_order()", "#cf222e"))


def moves(row):
    """Transfers and upgrades of an operation."""
    return sum(one["transfers"] + one["upgrades"] for one in row["counted"].values()) / row["operations"]


def accesses(row):
    """All accesses of an operation."""
    return sum(one["loads"] + one["stores"] + one["rmws"] for one in row["counted"].values()) / row["operations"]


def draw_curves(plt, rows):
    """A panel per workload, a line per subject, over the threads."""
    figure, axes = plt.subplots(2, 3, figsize=(11, 6.2), layout="constrained")
    for axis, (workload, title) in zip(axes.flat, PANELS):
        value = accesses if workload == "FAIL" else moves
        for name, label, colour, marker in SUBJECTS:
            points = [(row["threads"], value(row)) for row in rows if (row["workload"], row["subject"]) == (workload, name)]
            axis.plot(*zip(*points), color=colour, marker=marker, markersize=4, linewidth=1.3, label=label)
        axis.set_title(title, fontsize=10)
        axis.set_xscale("log", base=2)
        axis.set_xticks([1, 2, 4, 8, 16, 32, 64, 128, 256], ["1", "2", "4", "8", "16", "32", "64", "128", "256"])
        axis.axvline(63, color="#d0d7de", linewidth=1, zorder=0)
        axis.grid(axis="y", color="#eaeef2")
        axis.set_xlabel("threads")
        axis.set_yscale("log") if workload == "FAIL" else axis.set_ylim(bottom=-1)
    axes[0][0].set_ylabel("lines moved per operation")
    axes[1][0].set_ylabel("lines moved per operation")
    axes[1][2].axis("off")
    axes[1][2].legend(*axes[0][0].get_legend_handles_labels(), loc="center", frameon=False)
    return figure


def draw_growth(plt, rows):
    """Accesses of single calls, over max_order with one slot and over slots with one order; and the metadata."""
    figure, (by_order, by_slots) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
    one = [row for row in rows if row["slots"] == 1]
    order = next(row["max_order"] for row in rows if row["slots"] > 1)
    several = [row for row in rows if row["max_order"] == order]
    for axis, chosen, along in ((by_order, one, "max_order"), (by_slots, several, "slots")):
        for key, label, colour in CALLS:
            points = [(row[along], row[key]) for row in chosen if row[key]]
            axis.plot(*zip(*points), color=colour, marker="o", markersize=3, linewidth=1.3, label=label)
        axis.plot([row[along] for row in chosen], [row["metadata"] for row in chosen], color="black",
                  linestyle="--", linewidth=1, label="metadata, bytes")
        axis.set_yscale("log")
        axis.grid(axis="y", color="#eaeef2")
    by_order.set_xlabel("max_order, one slot")
    by_order.set_ylabel("accesses of one call")
    by_slots.set_xlabel(f"slots, max_order {order}")
    by_order.legend(fontsize=8, loc="upper left")
    return figure


def main():
    if len(sys.argv) != 4:
        print("picture.py: usage: picture.py CURVES.json GROWTH.json FOLDER", file=sys.stderr)
        return 2
    try:
        import matplotlib
    except ModuleNotFoundError:
        print("picture.py: there is no matplotlib; Debian's package is python3-matplotlib", file=sys.stderr)
        return 2
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "caiman"})
    from matplotlib import pyplot
    folder = pathlib.Path(sys.argv[3])
    try:
        curves = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))["curves"]
        growth = json.loads(pathlib.Path(sys.argv[2]).read_text(encoding="utf-8"))["growth"]
        for name, figure in (("scale", draw_curves(pyplot, curves)), ("growth", draw_growth(pyplot, growth))):
            # On paper of its own, so that it can be read on dark pages, too.
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None}, facecolor="#fdfdfa")
    except (OSError, ValueError, KeyError) as error:
        print(f"picture.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
