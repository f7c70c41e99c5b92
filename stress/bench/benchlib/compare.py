# SPDX-License-Identifier: MIT
"""Two files of results against each other: B / A per figure, with a confidence interval.

The files have no rounds in common, so the medians are bootstrapped over the rounds of each. An
interval that holds 1 says nothing; with five rounds many will. Figures are compared at one distance
only, and a machine, a compiler or an arena that differs is said first.
"""

from . import stats
from .errors import BadInput
from .summary import Summary
from .words import number

_WORDS = {("below", "less"): "better", ("above", "less"): "worse", ("below", "more"): "worse",
          ("above", "more"): "better"}


def verdict(interval, better):
    """B against A: better, worse, or nothing that can be told."""
    return _WORDS.get((interval.says(), better), "")


def differences(a, b):
    """What differs between the conditions of two records, one line each."""
    found = []
    for key in ("compiler", "arena_bytes", "min_block_bytes", "far_from_ns"):
        if a[key] != b[key]:
            found.append(f"{key}: {a[key]} and {b[key]}")
    for key in sorted(a["machine"].keys() | b["machine"].keys()):
        if a["machine"].get(key) != b["machine"].get(key):
            found.append(f"machine, {key}: {a['machine'].get(key)} and {b['machine'].get(key)}")
    traces = [{trace["name"]: trace for trace in each.get("traces", [])} for each in (a, b)]
    for name in sorted(traces[0].keys() & traces[1].keys()):
        for key in ("events", "threads", "left_out"):
            if traces[0][name][key] != traces[1][name][key]:
                found.append(f"trace {name}, {key}: {traces[0][name][key]} and "
                             f"{traces[1][name][key]}")
    if a["options"].get("quick") != b["options"].get("quick"):
        found.append("one of them is quick")
    return found


def rows(a, b):
    """(case, figure, distance, subject, median A, median B, Interval or None) for what both have."""
    first, second = Summary(a), Summary(b)
    for case, figure, distance in first.shown():
        for subject in first.subjects(case):
            before = first.samples(case, figure, subject).values(distance)
            after = second.samples(case, figure, subject).values(distance)
            if before and after:
                yield (case, figure, distance, subject, stats.spread(before).median,
                       stats.spread(after).median, stats.ratio_interval(after, before))


def render(a, b, name_a, name_b):
    """The whole text. Raises BadInput when the files have no figure in common."""
    lines = [f"A = {name_a}, {a['date']}, {a['revision']}",
             f"B = {name_b}, {b['date']}, {b['revision']}"]
    lines += [f"differs: {line}" for line in differences(a, b)]
    lines.append(f"{'':<50}{'':<12}{'A':>10}{'B':>10}{'B / A':>8}   95 % interval")
    found = list(rows(a, b))
    if not found:
        raise BadInput(f"{name_a} and {name_b} have no figure in common")
    for case, figure, distance, subject, before, after, interval in found:
        title = f"{case.group} {case.title}, {figure.label}"
        title += f" ({distance})" if distance else ""
        line = f"{title:<50}{figure.unit:<12}{number(before):>10}{number(after):>10}"
        if interval:
            line += (f"{interval.ratio:>8.3f}   {interval.low:.3f} to {interval.high:.3f}  "
                     f"{verdict(interval, figure.better):<7}")
        else:
            line += f"{'–':>8}{'':>26}"
        lines.append(f"{line} {subject}")
    return "\n".join(lines) + "\n"
