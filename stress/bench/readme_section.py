#!/usr/bin/env python3
"""Writes the performance section of the README from a file of results.

Figures that are typed by hand grow old and tell what their author hopes. Everything between the two
markers is made here: table, plot, machine, date, command, and where a peer is still ahead. The plot
is a file of its own beside this script, which the README refers to. Exit codes: 0 good, 2 bad input.
"""

import argparse
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from benchlib import panels, plan, record, svg  # noqa: E402
from benchlib.errors import BadInput  # noqa: E402
from benchlib.summary import FLOORS, Summary  # noqa: E402
from benchlib.words import ahead_sentence, number, trace_lines, unseen_lines  # noqa: E402

BEGIN = "<!-- made by stress/bench/readme_section.py: begin -->"
END = "<!-- made by stress/bench/readme_section.py: end -->"

# Column heads and what stands under them: (case, figure, head). One case can fill two columns, near
# and far.
COLUMNS = (("w1/256", "ns", "W1 256 B, ns"), ("w1/16384", "ns", "W1 16 KiB, ns"),
           ("w2/1t/0", "million_per_s", "W2 1 thread, M/s"), ("w2/2t/0", "million_per_s", "W2 2, M/s"),
           ("w3/1t/50", "ns", "W3 1 thread, ns"), ("w3/2t/50", "ns", "W3 2, ns"),
           ("w4", "million_per_s", "W4, M/s"), ("tails", "p99.9", "p99.9, ns"))

# What the plot shows of these; all of it would be longer than the rest of the README.
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
    return _escape(subject["name"]) + (" alone" if subject["role"] == "harness" else "")


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


def _trace_table(summary):
    """A row per trace, and per distance where it has threads; nothing without a trace."""
    cases = summary.cases("TRACES")
    if not cases:
        return []
    subjects = [s for s in summary.record["subjects"] if s["role"] != "reference"]
    lines = ["| replayed, ms / MiB at peak | " + " | ".join(map(_row_name, subjects)) + " |",
             "|---|" + "---|" * len(subjects)]
    for case in cases:
        for distance in summary.distances(case):
            cells = [" / ".join(_cell(summary.spread(case, _figure(case, key), s["name"], distance),
                                      distance) for key in ("ms", "mib")) for s in subjects]
            lines.append(f"| {f'{case.title} {distance}'.strip()} | " + " | ".join(cells) + " |")
    return ["", *lines, "", _escape(" ".join(trace_lines(summary)))]


def _conditions(summary):
    made = summary.record
    at = made["machine"]
    text = (f"{_escape(at.get('processor'))}, {_escape(at.get('processors'))} processors"
            f"{' (virtual)' if at.get('virtual') else ''}, {_escape(at.get('system'))}, "
            f"{_escape(made['compiler'])}, {_escape(made['date'][:10])}, `{_code(made['command'])}`.")
    floors = [f"{number(summary.floor(key).median)} ns ({name.removeprefix('floor: ')})"
              for key, name in FLOORS if summary.floor(key)]
    if floors:
        text += f" Floor of a pair: {', '.join(floors)}."
    trips = summary.ping_pong()
    if trips:
        text += (f" Ping-pong of the two processors {number(trips.least)} to {number(trips.most)} ns, "
                 f"near below {number(made['far_from_ns'])}; {summary.dropped_runs()} runs dropped "
                 "that moved between.")
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
    """The lines between the markers. `picture` is the path of the plot as the README sees it."""
    shown = columns(summary)
    if not shown:
        raise BadInput("the results have none of the figures that the README shows")
    lines = [f"Medians over {_rounds(summary)}, each measurement in a process of its own, all in "
             "turn; the loop around the calls (last row) is inside all rows. `stress/bench/README.md` "
             "says what W1 to W4 are.", ""]
    tables = _table(summary, shown) + _trace_table(summary)
    lines += tables
    notes = _notes(tables) + [_escape(line) for line in unseen_lines(summary)]
    lines += ["", " ".join(notes)] if notes else []
    lines += ["", f"![Medians, quartiles and extremes per allocator]({picture})", "",
              _conditions(summary), "", _escape(ahead_sentence(summary))]
    return "\n".join(lines) + "\n"


def plot(summary):
    """The plot of the same figures, as a file."""
    found = [panels.panel(summary, case, figure, distance)
             for case, figure, distance, _ in columns(summary) if case.name in PLOTTED]
    return svg.sheet([each for each in found if each], "Caiman beside other allocators",
                     standalone=True) + "\n"


def replaced(text, between, where):
    """`text` with what stands between the markers exchanged; both must stand there once, in order."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise BadInput(f"{where}: wants the two marker comments once each, in order: {BEGIN}")
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n{between}{END}{rest.split(END)[1]}"


class OneLineParser(argparse.ArgumentParser):
    def error(self, message):
        raise BadInput(" ".join(message.split()))


def run(arguments):
    parser = OneLineParser(description="Writes the performance section of the README.")
    parser.add_argument("results", metavar="JSON", help="of ci/bench --json")
    parser.add_argument("--readme", default=str(HERE.parents[1] / "README.md"), metavar="FILE")
    parser.add_argument("--picture", default=str(HERE / "performance.svg"), metavar="FILE")
    options = parser.parse_args(arguments)
    summary = Summary(record.read(options.results))
    readme = pathlib.Path(options.readme)
    try:
        text = readme.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{readme}: cannot be read") from error
    seen_from_readme = os.path.relpath(options.picture, readme.parent)
    # All is made before anything is written.
    whole = replaced(text, section(summary, seen_from_readme), str(readme))
    record.write_text(options.picture, plot(summary))
    record.write_text(options.readme, whole)


def main():
    try:
        run(sys.argv[1:])
    except BadInput as error:
        print(f"readme_section: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
