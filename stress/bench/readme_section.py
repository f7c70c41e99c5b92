#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the performance sections of the README and of docs/performance.md from a file of results.

Figures that are typed by hand grow old and tell what their author hopes. Everything between the two
markers of either file is made here: in the README one plot and three sentences, on the page tables, plot,
machine, date, command, and where a peer is ahead. The plots are files of their own, which the two refer
to. A file of `--programs` fills another pair of markers of the page, and nothing else; one that has the
group BUFFERS fills a third, and nothing else if it has no other. Exit codes: 0 good, 2 bad input.
"""

import argparse
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from benchlib import both_ways, panels, plan, programs, record, svg  # noqa: E402
from benchlib.errors import BadInput  # noqa: E402
from benchlib.summary import FLOORS, Summary  # noqa: E402
from benchlib.words import ahead_sentence, number, trace_lines, unseen_lines  # noqa: E402

BEGIN = "<!-- made by stress/bench/readme_section.py: begin -->"
END = "<!-- made by stress/bench/readme_section.py: end -->"
PROGRAMS_BEGIN, PROGRAMS_END = (text.replace(".py:", ".py of programs:") for text in (BEGIN, END))
BUFFERS_BEGIN, BUFFERS_END = (text.replace(".py:", ".py of buffers:") for text in (BEGIN, END))

# Column heads and what stands under them: (case, figure, head). One case can fill two columns, near
# and far.
COLUMNS = (("w1/256", "ns", "W1 256 B, ns"), ("w1/16384", "ns", "W1 16 KiB, ns"),
           ("w2/1t/0", "million_per_s", "W2 1 thread, M/s"), ("w2/2t/0", "million_per_s", "W2 2, M/s"),
           ("w3/1t/50", "ns", "W3 1 thread, ns"), ("w3/2t/50", "ns", "W3 2, ns"),
           ("w4", "million_per_s", "W4, M/s"), ("tails", "p99.9", "p99.9, ns"))

# What the plot of the page shows of these.
PLOTTED = ("w1/256", "w2/2t/0", "w3/2t/50", "w4")

# Behind what was measured too seldom, as text of a Markdown table.
STAR = "\\*"


def _figure(case, key):
    return next(figure for figure in case.figures if figure.key == key)


def columns(summary):
    """(case, figure, distance, head) of what was measured."""
    found = []
    for name, key, head in COLUMNS:
        case = plan.BY_NAME[name]
        for distance in summary.distances(case):
            found.append((case, _figure(case, key), distance, f"{head} {distance}".strip()))
    return found


def _escape(text):
    """Names out of a file, as text of a Markdown table."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>|#!&" else c for c in " ".join(str(text).split()))


def _cell(spread, distance):
    """A star where near or far has too few runs to lean on."""
    few = spread is not None and distance and spread.count < plan.ENOUGH
    return number(spread.median if spread else None) + (STAR if few else "")


def _row_name(subject):
    return "loop overhead" if subject["role"] == "harness" else _escape(subject["name"])


def _table(summary, shown):
    lines = ["| | " + " | ".join(head for *_, head in shown) + " | metadata, bytes |",
             "|---|" + "---|" * (len(shown) + 1)]
    for subject in summary.record["subjects"]:
        if subject["role"] == "reference":
            continue
        cells = [_cell(summary.spread(case, figure, subject["name"], distance), distance)
                 for case, figure, distance, _ in shown]
        lines.append(f"| {_row_name(subject)} | " + " | ".join(cells)
                     + f" | {number(subject.get('metadata_bytes') or None)} |")
    return lines


def _trace_table(summary, group):
    """A row per trace, and per distance where it has threads; nothing without a trace."""
    cases = summary.cases(group)
    if not cases:
        return []
    subjects = [s for s in summary.record["subjects"] if s["role"] != "reference"]
    keys = [key for key in ("ms", "cpu_ms", "mib", "faults")
            if key in [figure.key for figure in cases[0].figures]]
    head = {"ms": "ms", "cpu_ms": "ms of the processors", "mib": "MiB at peak", "faults": "page faults"}
    lines = [f"| replayed, {' / '.join(head[key] for key in keys)} | " + " | ".join(map(_row_name, subjects)) + " |",
             "|---|" + "---|" * len(subjects)]
    for case in cases:
        for distance in summary.distances(case):
            cells = [" / ".join(_cell(summary.spread(case, _figure(case, key), s["name"], distance),
                                      distance) for key in keys) for s in subjects]
            lines.append(f"| {_escape(f'{case.title} {distance}')} | " + " | ".join(cells) + " |")
    return ["", *lines, "", _escape(" ".join(trace_lines(summary, group)))]


def _machine(summary):
    made = summary.record
    at = made["machine"]
    return (f"{_escape(at.get('processor'))}, {_escape(at.get('processors'))} processors"
            f"{' (virtual)' if at.get('virtual') else ''}, {_escape(at.get('system'))}, "
            f"{_escape(made['compiler'])}, {_escape(made['date'][:10])}")


def _conditions(summary):
    made = summary.record
    text = f"Measured with `{_code(made['command'])}` on: {_machine(summary)}."
    floors = [f"{number(summary.floor(key).median)} ns ({name.removeprefix('floor: ')})"
              for key, name in FLOORS if summary.floor(key)]
    if floors:
        text += f" What a pair costs at least on it, uncontended: {', '.join(floors)}."
    trips = summary.ping_pong()
    if trips:
        text += (f" A word that goes to the other processor and comes back takes {number(trips.least)} to "
                 f"{number(trips.most)} ns; below {number(made['far_from_ns'])} ns we call the two near, "
                 f"above it far. {summary.dropped_runs()} runs were dropped because that changed while "
                 "they ran.")
    return text


def _code(text):
    return " ".join(str(text).replace("`", "'").split())


def _rounds(summary):
    planned, added = summary.rounds()
    more = f" (and up to {added} more of what near or far lacked)" if added else ""
    return f"{planned} rounds{more}"


def _notes(lines):
    """What the tables cannot say."""
    return [f"\\* fewer than {plan.ENOUGH} runs at that distance."] if any(
        STAR in line for line in lines) else []


def section(summary, picture):
    """The lines between the markers of the page. `picture` is the path of the plot as the page sees it."""
    shown = columns(summary)
    if not shown:
        raise BadInput("the results have none of the figures that the page shows")
    lines = [f"Each figure is the median of {_rounds(summary)}. Each measurement runs in a process of its "
             "own, and within a round the rows take turns. All figures include the overhead of the "
             "measuring loop, which the last row shows.", ""]
    tables = _table(summary, shown) + _trace_table(summary, "TRACES")
    lines += tables
    notes = _notes(tables) + [_escape(line) for line in unseen_lines(summary)]
    lines += ["", " ".join(notes)] if notes else []
    lines += ["", f"![Medians, quartiles and extremes per allocator]({picture})", "",
              _conditions(summary), "", _escape(ahead_sentence(summary))]
    return "\n".join(lines) + "\n"


def buffers_section(summary):
    """The lines between the markers of the buffers."""
    lines = _trace_table(summary, "BUFFERS")[1:]
    said = [f"Medians of {_rounds(summary)}.", *_notes(lines), _load(summary), _conditions(summary)]
    lines += ["", " ".join(filter(None, said)), "", _escape(ahead_sentence(summary, "BUFFERS"))]
    return "\n".join(lines) + "\n"


def _load(summary):
    load = summary.record.get("load_at_start")
    return "" if load is None else f"The load of the machine was {number(load)} when they began."


def readme_section(summary, picture, page):
    """The lines between the markers of the README: one plot, three sentences."""
    if not both_ways.bars(summary):
        raise BadInput("the results have nothing that the plot of the README shows")
    return (f"![Per workload, by how much Caiman is faster or slower than the fastest heap]({picture})\n\n"
            "Each line is one workload, a fixed pattern of requests: a bar to the right says how many times "
            "faster Caiman serves it than the fastest of the other allocators, which is named at the end of "
            f"the line, and a bar to the left how many times slower. Here {_escape(both_ways.sentence(summary))} Each "
            f"figure is the median, the middle one, of {_rounds(summary)} on {_machine(summary)}; "
            f"[all figures]({page}) stand on a page of their own.\n")


def plot(summary):
    """The plot of the same figures, as a file."""
    found = [panels.panel(summary, case, figure, distance)
             for case, figure, distance, _ in columns(summary) if case.name in PLOTTED]
    return svg.sheet([each for each in found if each], "Caiman beside other allocators",
                     standalone=True) + "\n"


def replaced(text, between, where, begin=BEGIN, end=END):
    """`text` with what stands between the markers exchanged; both must stand there once, in order."""
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise BadInput(f"{where}: wants the two marker comments once each, in order: {begin}")
    head, rest = text.split(begin)
    return f"{head}{begin}\n{between}{end}{rest.split(end)[1]}"


class OneLineParser(argparse.ArgumentParser):
    def error(self, message):
        raise BadInput(" ".join(message.split()))


def _read(file):
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: cannot be read") from error


def run(arguments):
    root = HERE.parents[1]
    parser = OneLineParser(description="Writes the performance sections of README and docs.")
    parser.add_argument("results", metavar="JSON", help="of ci/bench --json")
    parser.add_argument("--readme", type=pathlib.Path, default=root / "README.md", metavar="FILE")
    parser.add_argument("--page", type=pathlib.Path, default=root / "docs/performance.md", metavar="FILE")
    parser.add_argument("--pictures", type=pathlib.Path, default=root / "docs/pictures", metavar="FOLDER")
    options = parser.parse_args(arguments)
    of_programs = programs.read(options.results)
    if of_programs:
        text = replaced(_read(options.page), programs.section(of_programs, _escape), str(options.page),
                        PROGRAMS_BEGIN, PROGRAMS_END)
        record.write_text(str(options.page), text)
        return
    summary = Summary(record.read(options.results))
    page = _read(options.page)
    if summary.cases("BUFFERS"):
        page = replaced(page, buffers_section(summary), str(options.page), BUFFERS_BEGIN, BUFFERS_END)
        if summary.cases() == summary.cases("BUFFERS"):
            record.write_text(str(options.page), page)
            return
    of_readme, of_page = options.pictures / "speed.svg", options.pictures / "performance.svg"

    def seen_from(file, other):
        return os.path.relpath(other, file.parent)

    # All is made before anything is written.
    readme = replaced(_read(options.readme), readme_section(
        summary, seen_from(options.readme, of_readme), seen_from(options.readme, options.page)),
        str(options.readme))
    page = replaced(page, section(summary, seen_from(options.page, of_page)),
                    str(options.page))
    made = {of_readme: both_ways.plot(summary), of_page: plot(summary), options.readme: readme,
            options.page: page}
    for file, text in made.items():
        record.write_text(str(file), text)


def main():
    try:
        run(sys.argv[1:])
    except BadInput as error:
        print(f"readme_section: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
