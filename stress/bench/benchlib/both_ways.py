# SPDX-License-Identifier: MIT
"""The one plot of the README: ours against the fastest heap, both ways from a line in the middle.

A table of medians asks a stranger to find the right two numbers; here each workload has one line, and a
bar leads to the right where ours is faster and to the left where it is slower. Two rows of ours are
shown, the one that hands out indices and the one that a program gets as an arena, since a plot of
the better one alone would promise too much. Ratios are taken within a round, as everywhere. Relies on:
summary.py; names come out of files and are escaped.
"""

import math
from dataclasses import dataclass
from html import escape

from . import plan

# (case, figure, what it is in words that need no table).
ROWS = (("w1/256", "ns", "1 thread: take a block, give it back"),
        ("w2/2t/0", "million_per_s", "2 threads: the same, blocks of 8 sizes"),
        ("w3/2t/50", "ns", "2 threads: swap random blocks in use"),
        ("w4", "million_per_s", "1 thread takes, another gives back"),
        ("tails", "p99.9", "slowest of 1,000 requests, 2 threads"),
        ("trace/cc1plus", "ms", "replay: a compiler's mallocs"),
        ("trace/sqlite3", "ms", "replay: a database's mallocs"),
        ("trace/rsyslogd", "ms", "replay: a log server's mallocs"),
        ("trace/varnishd", "ms", "replay: an HTTP proxy's buffers"),
        ("trace/fan_out", "ms", "replay: a message hub's buffers"))

# Rows of ours: (subject, class of its bars, what the legend says).
OURS = (("caiman-owned", "core", "buddy<> hands out indices"),
        ("caiman-library", "arena", "buddy_arena through std::pmr or buffers"))

_LEFT, _RIGHT, _WIDTH = 278, 622, 760
_MIDDLE = (_LEFT + _RIGHT) / 2
_LINE, _HEAD = 36, 64
NOISE = 1.05  # a smaller advantage is none
_MOST = 5.0  # times, at either end of the axis; a longer bar is cut and its number says how long


@dataclass(frozen=True)
class Bar:
    """One of ours in one workload; `times` above 1: it is so many times as fast as `peer`."""

    subject: str
    peer: str
    times: float


def _figure(case, key):
    return next(figure for figure in case.figures if figure.key == key)


def _fastest_peer(summary, case, figure, distance):
    """The peer with the best median, or None."""
    medians = {s: summary.spread(case, figure, s, distance) for s in summary.subjects(case)
               if summary.role(s) == "peer"}
    found = {s: spread.median for s, spread in medians.items() if spread}
    if not found:
        return None
    return (min if figure.better == "less" else max)(found, key=found.get)


def bars(summary):
    """[(words, bars)] of the workloads in which one of ours and a peer were measured."""
    lines = []
    for name, key, words in ROWS:
        case = plan.BY_NAME[name]
        figure = _figure(case, key)
        for distance in summary.distances(case)[:1]:  # near, where there is near
            peer = _fastest_peer(summary, case, figure, distance)
            found = []
            for subject, _, _ in OURS:
                ratio = peer and summary.ratio(case, figure, subject, peer, distance).spread
                if ratio and ratio.median > 0:
                    less = figure.better == "less"
                    found.append(Bar(subject, peer, 1 / ratio.median if less else ratio.median))
            if found:
                lines.append((words + (" (far)" if distance == "far" else ""), found))
    return lines


def times_text(times):
    """By how much, the larger over the smaller; "even" within what is noise."""
    more = max(times, 1 / times)
    if more < NOISE:
        return "even"
    return f"{more:.1f} times {'faster' if times > 1 else 'slower'}"


def _x(times):
    share = math.log(max(1 / _MOST, min(_MOST, times))) / math.log(_MOST)
    return _MIDDLE + share * (_RIGHT - _LEFT) / 2


def _bar(bar, y, style):
    x = _x(bar.times)
    left, width = min(x, _MIDDLE), abs(x - _MIDDLE)
    said = f"{bar.subject} beside {bar.peer}: {times_text(bar.times)}"
    after, anchor = (x + 5, "start") if bar.times >= 1 else (x - 5, "end")
    number = times_text(bar.times).split()[0]
    return (f'<g><title>{escape(said)}</title>'
            f'<rect class="{style}" x="{left:.1f}" y="{y:.1f}" width="{max(width, 1.5):.1f}" height="11"/>'
            f'<text class="s" x="{after:.1f}" y="{y + 9.5:.1f}" text-anchor="{anchor}">'
            f'{number if number == "even" else number + "×"}</text></g>')


def plot(summary):
    """The plot as a file, on paper of its own as the pictures of the documents are."""
    lines = bars(summary)
    height = _HEAD + _LINE * len(lines) + 14
    styles = {subject: style for subject, style, _ in OURS}
    parts = []
    for i, (words, found) in enumerate(lines):
        top = _HEAD + _LINE * i
        parts.append(f'<text x="16" y="{top + 16}">{escape(words)}</text>'
                     f'<text class="s" x="{_WIDTH - 16}" y="{top + 16}" text-anchor="end">'
                     f'{escape(found[0].peer)}</text>')
        parts += [_bar(bar, top + 13 * k, styles[bar.subject]) for k, bar in enumerate(found)]
    legend = "".join(f'<rect class="{style}" x="16" y="{14 + 18 * k}" width="11" height="11"/>'
                     f'<text class="s" x="33" y="{24 + 18 * k}">{escape(words)}</text>'
                     for k, (_, style, words) in enumerate(OURS))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
            f'width="{_WIDTH}" height="{height}" role="img">'
            "<title>Caiman beside the fastest of the measured heaps, per workload</title>"
            "<style>text { font: 13px sans-serif; fill: #222 } .s { font-size: 12px; fill: #555 } "
            ".core { fill: #1d5fa8 } .arena { fill: #8fb8e0 }</style>"
            f'<rect x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1}" rx="6" fill="#fdfdfa" '
            f'stroke="#bbb"/>{legend}'
            f'<text class="s" x="{_MIDDLE - 8}" y="50" text-anchor="end">◂ Caiman is slower</text>'
            f'<text class="s" x="{_MIDDLE + 8}" y="50">Caiman is faster ▸</text>'
            f'<text class="s" x="{_WIDTH - 16}" y="50" text-anchor="end">fastest heap</text>'
            f'<path d="M{_MIDDLE} 56V{height - 10}" stroke="#555"/>{"".join(parts)}</svg>\n')


def sentence(summary):
    """Where each row of ours is furthest ahead, and where it is furthest behind; plain text."""
    lines = bars(summary)
    parts = []
    for (subject, _, words), shade in zip(OURS, ("dark", "light")):
        found = [(bar, line) for line, some in lines for bar in some if bar.subject == subject]
        if found:
            parts.append(f"{words.split()[0]} ({shade}) is {_ends(sorted(found, key=lambda f: f[0].times))}")
    return "; ".join(parts) + "."


def _ends(found):
    """What is said of the slowest and the fastest of some (bar, words)."""
    said = [f"{times_text(bar.times)} than {bar.peer} (“{words}”)" for bar, words in (found[0], found[-1])]
    parts = [f"at best {said[1]}"] if found[-1][0].times >= NOISE else []
    parts += [f"at worst {said[0]}"] if found[0][0].times <= 1 / NOISE else []
    return " and ".join(parts) or "even everywhere"
