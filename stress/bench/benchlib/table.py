# SPDX-License-Identifier: MIT
"""The table on standard output: every figure with its spread, then the medians at a glance."""

from . import summary as summaries
from .words import ahead_sentence, number, trace_lines, unseen_lines


def _row(name, spread, *more):
    cells = [spread.median, spread.least, spread.lower, spread.upper, spread.most]
    return (f"  {name:<28}" + "".join(f"{number(cell):>11}" for cell in cells)
            + f"{spread.count:>5}" + "".join(f"{text:>15}" for text in more))


def _head(title, *more):
    names = ["median", "least", "lower q", "upper q", "most"]
    return (f"  {title:<28}" + "".join(f"{name:>11}" for name in names) + f"{'n':>5}"
            + "".join(f"{text:>15}" for text in more))


def _ratio_text(ratio):
    return number(ratio.median) if ratio else "–"


def _block(summary, case, figure, distance, named):
    floors = case.group == "W1"
    more = ["/ two CAS", "/ exchange"] if floors else []
    place = f" ({distance})" if distance else ""
    lines = [f"{case.group}  {case.title}, {figure.label}, {figure.unit}{place}"]
    rows, silent = [], []
    lost = 0
    for subject in summary.subjects(case):
        spread = summary.spread(case, figure, subject, distance)
        if spread is None:
            silent.append(subject)
            continue
        against = summary.ratio(case, figure, subject, named, distance)
        lost += against.dropped
        ratios = [_ratio_text(summary.floor_ratio(case, figure, subject, key))
                  for key, _ in summaries.FLOORS] if floors else []
        rows.append(_row(subject, spread, *ratios, _ratio_text(against.spread)))
    if not rows:
        return lines + ["  no result: this system does not say"]
    if case.trace and summary.always_zero(case, figure):
        return lines + ["  0 in every run of every subject"]
    lines.append(_head("", *more, f"/ {named}"))
    lines += rows
    if silent:
        why = f"no run was {distance} throughout" if distance else "this system does not say"
        lines.append(f"  no result, {why}: {', '.join(silent)}")
    if lost:
        lines.append(f"  {lost} pairs with {named} dropped: made at different distances")
    return lines


def details(summary, group=None):
    """A block of lines per figure and distance."""
    lines = []
    for case in summary.cases(group):
        for figure in case.figures:
            for distance in summary.distances(case):
                lines += _block(summary, case, figure, distance, summary.named_subject()) + [""]
        if summary.dropped(case):
            lines += [f"  {summary.dropped(case)} runs dropped: the processors moved between near "
                      "and far", ""]
    return lines


def overview(summary):
    """Medians: a line per case and distance, a column per subject."""
    names = [s["name"] for s in summary.record["subjects"]]
    width = max([10, *(len(name) + 2 for name in names)])
    lines = [f"{'medians':<52}{'':<12}" + "".join(f"{name:>{width}}" for name in names)]
    for case, figure, distance in summary.shown():
        if case.trace and figure.key == "refused" and summary.always_zero(case, figure):
            continue  # said in a line below
        title = f"{case.group} {case.title}"
        title += f", {figure.label}" if len(case.figures) > 1 else ""
        title += f" ({distance})" if distance else ""
        spreads = [summary.spread(case, figure, name, distance) for name in names]
        cells = [number(s.median) if s else "–" for s in spreads] if any(spreads) else ["no result"]
        lines.append(f"{title:<52}{figure.unit:<12}" + "".join(f"{cell:>{width}}" for cell in cells))
    sizes = {s["name"]: s.get("metadata_bytes") for s in summary.record["subjects"]}
    lines.append(f"{'metadata':<52}{'bytes':<12}"
                 + "".join(f"{number(sizes[name] or None):>{width}}" for name in names))
    return lines


def conditions(summary):
    """The floor, the distance, the harness and the machine."""
    record = summary.record
    lines = []
    for key, name in summaries.FLOORS:
        if summary.floor(key):
            lines.append(_row(name + ", ns", summary.floor(key)))
    trips = summary.ping_pong()
    if trips:
        lines.append(_row("ping-pong round trip, ns", trips))
    if lines:
        lines = [_head("")] + lines
    else:
        lines = ["no ping-pong, no floor: nothing measured needs them"]
    lines.append(f"  near is a round trip below {number(record['far_from_ns'])} ns; "
                 f"{summary.dropped_runs()} runs dropped that moved between near and far")
    lines.append("  the row `harness` is the loop without an allocator; it is inside all rows")
    lines += [f"  {line}" for line in unseen_lines(summary) + trace_lines(summary)]
    at = record["machine"]
    lines.append(f"  {at.get('processor')}, {at.get('processors')} processors"
                 f"{' (virtual)' if at.get('virtual') else ''}, {at.get('system')}; "
                 f"kernel {at.get('kernel')}; {record['compiler']}; {record['date']}; "
                 f"{record['revision']}; load at start {number(record.get('load_at_start'))}; "
                 f"{record['command']}")
    return lines


def subjects(summary):
    """Where the malloc of each comes from."""
    lines = [f"  {'':<20}{'malloc':<32}{'package':<34}{'metadata, bytes':>15}"]
    for each in summary.record["subjects"]:
        package = f"{each.get('package', '')} {each.get('version', '')}"
        lines.append(f"  {each['name']:<20}{each.get('malloc', ''):<32}{package:<34}"
                     f"{number(each.get('metadata_bytes') or None):>15}")
    return lines


def warnings(summary):
    """What failed, and where the run ended before its time."""
    record = summary.record
    lines = [f"  FAILED: {failure}" for failure in record["failures"]]
    if not record["finished"]:
        done, added = summary.rounds()
        lines.append(f"  not finished: interrupted in round {done} of "
                     f"{record['options'].get('rounds')}"
                     f"{', in those added for near and far' if added else ''}")
    return lines


def render(summary):
    """The whole text."""
    lines = details(summary) + overview(summary) + [""] + conditions(summary)
    lines += ["  " + ahead_sentence(summary), *warnings(summary)]
    return "\n".join(lines) + "\n"
