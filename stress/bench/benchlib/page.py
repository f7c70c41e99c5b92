"""The page: one file that anybody can open, without anything else.

Nothing is loaded, which the policy in its head also forbids; there is no script. Every text that
does not stand in this file is escaped, since it comes out of a file of results.
"""

from html import escape

from . import panels, plan, svg
from .summary import FLOORS
from .words import ahead_sentence, number, trace_lines, unseen_lines

_ABOUT = {
    "W1": "One thread takes one block and gives it back at once, over and over. The payload is never "
          "touched. The dashed line is the floor: two uncontended compare-and-swap operations on one "
          "word, the least for a block word that threads share, measured in the same processes.",
    "W2": "Each thread takes a block and gives it back at once; the sizes go round from 192 bytes to "
          "16 KiB. Counted are the pairs of all threads together, in an empty arena and with half of "
          "it held by blocks that stay. Two threads are pinned to two processors, more are not.",
    "W3": "Each thread holds its share of live blocks and replaces a random one at each step: one "
          "release, one allocation, sizes log-uniform. Occupancy counts whole blocks of the buddy; "
          "the heaps hold the same live bytes. Time is per step and thread.",
    "W4": "One thread allocates, a second one releases what comes through a ring of 1,024 places. "
          "The row “harness” is the ring alone.",
    "FREEZE": "What a program does with our library: it allocates a buffer of 256 bytes, freezes it and "
              "drops the bytes, in a buddy arena and in one of equal slots. Time is per round and "
              "thread; beside it two uncontended CAS of the same process.",
    "FAIL": "What a request costs that finds nothing: in a full arena; in one where every second "
            "smallest block is live and two neighbours are wanted; and where what is wanted lies with "
            "a peer thread that has just released it.",
    "TAILS": "Every allocation of W3 with two threads is timed by itself, the cost of the timer "
             "included; “max” is the worst of a run, and what the scheduler took is in it.",
    "ROOM": "Requests refused per 10,000 under W3 near a full arena. The row “best-fit” is a plain "
            "sequential buddy with the same sizes and random numbers: what it refuses is the buddy "
            "system's doing. A line without a plot has no refusals at all.",
    "TRACES": "What three real programs asked of malloc, request by request: every recorded thread is "
              "a thread, does nothing between its requests, and the first byte of each 4 KiB is "
              "written. Memory is what the process had at peak beyond what it had without the "
              "allocator; ours gives each request 256 bytes at least.",
}

_CSS = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 800px; margin: 2rem auto; padding: 0 1rem;
  color: #24292f; background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
table { border-collapse: collapse; font-size: 12px; font-variant-numeric: tabular-nums }
td, th { padding: 2px 8px; text-align: right; border-bottom: 1px solid #d0d7de }
td:first-child, th:first-child { text-align: left } .wide { overflow-x: auto }
svg { max-width: 100%; height: auto } summary { cursor: pointer } .warn { color: #bc4c00 }
@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117 }
td, th { border-color: #3d444d } .warn { color: #f0883e } }
"""


def _cells(tag, cells):
    return "<tr>" + "".join(f"<{tag}>{escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"


def _numbers(spread):
    return [number(value) for value in (spread.median, spread.least, spread.lower, spread.upper,
                                        spread.most)]


def _table(summary, group, named):
    """The numbers behind the plots of a group."""
    head = ["", "median", "least", "lower quartile", "upper quartile", "most", "rounds", f"/ {named}"]
    if group == "W1":
        head.append("/ two CAS")
    rows = [_cells("th", head)]
    for case in summary.cases(group):
        for figure in case.figures:
            if case.trace and figure.key == "refused" and summary.always_zero(case, figure):
                continue  # said above the plots
            for distance in summary.distances(case):
                place = f" ({distance})" if distance else ""
                title = f"{case.title}, {figure.label}, {figure.unit}{place}"
                rows.append(f'<tr><th colspan="{len(head)}">{escape(title)}</th></tr>')
                rows += _subject_rows(summary, case, figure, distance, named)
    return f'<div class="wide"><table>{"".join(rows)}</table></div>'


def _subject_rows(summary, case, figure, distance, named):
    rows = []
    for subject in summary.subjects(case):
        spread = summary.spread(case, figure, subject, distance)
        if spread is None:
            rows.append(_cells("td", [subject, "no result"]))
            continue
        against = summary.ratio(case, figure, subject, named, distance).spread
        cells = [subject, *_numbers(spread), spread.count, number(against.median if against else None)]
        if case.group == "W1":
            floor = summary.floor_ratio(case, figure, subject, FLOORS[0][0])
            cells.append(number(floor.median if floor else None))
        rows.append(_cells("td", cells))
    return rows


def _conditions(summary):
    record = summary.record
    at = record["machine"]
    lines = [
        f"{at.get('processor')}, {at.get('processors')} processors"
        f"{', virtual machine' if at.get('virtual') else ''}, {at.get('system')}, kernel "
        f"{at.get('kernel')}.",
        f"Compiler: {record['compiler']}. Source: {record['revision'] or 'unknown'}. "
        f"Date: {record['date']}. Command: {record['command']}. Programs that wanted a processor "
        f"in the minute before: {number(record.get('load_at_start'))}.",
    ]
    for key, name in FLOORS:
        spread = summary.floor(key)
        if spread:
            lines.append(f"{name}: {number(spread.median)} ns a pair "
                         f"({number(spread.least)} to {number(spread.most)}).")
    trips = summary.ping_pong()
    if trips:
        lines.append(
            f"Ping-pong of two processors: {number(trips.median)} ns a round trip "
            f"({number(trips.least)} to {number(trips.most)}); below "
            f"{number(record['far_from_ns'])} ns is near. {summary.dropped_runs()} runs were dropped "
            "because this changed while they ran.")
    return _paragraphs(lines + unseen_lines(summary))


def _paragraphs(lines):
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def _subjects(summary):
    rows = [_cells("th", ["subject", "malloc comes from", "package", "bytes of metadata"])]
    for each in summary.record["subjects"]:
        package = f"{each.get('package', '')} {each.get('version', '')}"
        rows.append(_cells("td", [each["name"], each.get("malloc", ""), package,
                                  number(each.get("metadata_bytes") or None)]))
    return f'<div class="wide"><table>{"".join(rows)}</table></div>'


def _warnings(record):
    lines = [f"Failed: {failure}" for failure in record["failures"]]
    if not record["finished"]:
        lines.append("This run was interrupted: what follows is what was done.")
    return "".join(f'<p class="warn">{escape(str(line))}</p>' for line in lines)


def render(summary):
    """The page as text."""
    named = summary.named_subject()
    parts = []
    for group, title in plan.GROUPS.items():
        if not summary.cases(group):
            continue
        plots = panels.of_group(summary, group)
        parts.append(f"<h2>{escape(group)}: {escape(title)}</h2><p>{escape(_ABOUT[group])}</p>")
        if group == "TRACES":
            parts.append(_paragraphs(trace_lines(summary)))
        if plots:
            parts.append(svg.sheet(plots, f"{group}: {title}"))
        parts.append(f"<details><summary>Numbers</summary>{_table(summary, group, named)}</details>")
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width"><title>Caiman beside other allocators</title>
<style>{_CSS}{svg.STYLE}</style></head><body>
<h1>Caiman beside other allocators</h1>
{_warnings(summary.record)}
<p>{escape(ahead_sentence(summary))}</p>
{_conditions(summary)}
<p>How to read the plots: a dot is the median over the rounds, the thick bar holds the middle half of
them, the thin bar goes from the least to the most; the axis is logarithmic. Every measurement is a
process of its own, and the subjects take turns within a round. “harness” is the loop without any
allocator; what it costs is inside all rows. Figures of two and more threads depend on how far apart
the processors are, so they are kept apart by that.</p>
{_subjects(summary)}
{"".join(parts)}
</body></html>
"""
