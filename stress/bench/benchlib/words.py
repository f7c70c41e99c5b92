# SPDX-License-Identifier: MIT
"""What is said of a summary in words, wherever it is shown: lines of plain text, to be escaped.

Table, page and docs/performance.md say the same of what could not be had, of the traces, and of which
subject is ahead.
"""

from collections import defaultdict

def number(value):
    """Three digits that count, and no exponent."""
    if value is None:
        return "–"
    size = abs(value)
    if size >= 99.95 or value == 0:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 9.995 else f"{value:.2f}"


def counted(count, noun):
    """1 event, 2 events."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def unseen_lines(summary):
    """A line per distance at which something has no run, so that it needs no rows of nothing."""
    lines = []
    with_threads = [run for run in summary.record["runs"] if run.get("ping_pong_ns")]
    looks = sum(summary.record.get("looks", {}).values())
    everywhere = {d for case in summary.cases() for d in summary.distances(case)}
    for distance, cases in summary.unseen().items():
        if distance in everywhere:
            names = "; ".join(f"{case.group} {case.title}" for case in cases)
            lines.append(f"No run had its processors {distance} throughout, so there is no row: {names}.")
        else:
            lines.append(f"There are no rows for {distance} processors: the two were never {distance} "
                         f"during any of the {counted(len(with_threads), 'run')} with threads, nor in "
                         f"{counted(looks, 'further look')}.")
    return lines


def trace_lines(summary, group=None):
    """What is in each trace, of a group or of all, what is not, and which subjects refused a request."""
    lines = []
    for trace in summary.traces(group):
        lines.append(
            f"{trace['name']}: {counted(trace['events'], 'event')}, "
            f"{counted(trace['threads'], 'thread')}, {number(trace['peak_live_bytes'] / 2**20)} MiB "
            f"live at peak; {counted(trace['left_out'], 'request')} beyond 1 MiB left out.")
    refused = summary.refused_in_traces(group)
    if refused:
        lines.append("Refused requests of a trace, the most in one run: "
                     + "; ".join(f"{who} {most:,.0f} in {trace}" for trace, who, most in refused)
                     + ".")
    elif lines:
        lines.append("No request of a trace was refused.")
    return lines


# Less is noise on any machine that we know.
LEAST_ADVANTAGE = 1.05


def ahead_sentence(summary, group=None):
    """One sentence on where, in a group or in all, a peer is ahead of the best of ours."""
    if not any(summary.role(s["name"]) == "ours" for s in summary.record["subjects"]):
        return "Nothing of ours was measured."
    groups = defaultdict(dict)
    for case, figure, _, peer, advantage in summary.peers_ahead():
        if advantage >= LEAST_ADVANTAGE and group in (None, case.group):
            # Time and memory of a trace are two things.
            name = f"{case.group} ({figure.label})" if case.trace else case.group
            groups[name][peer] = max(groups[name].get(peer, 0), advantage)
    if not groups:
        return "By the medians no peer is ahead by 5 % or more in anything that was measured."
    parts = []
    for group, peers in groups.items():
        names = [f"{peer} {advantage:.1f}×" for peer, advantage
                 in sorted(peers.items(), key=lambda item: -item[1])]
        parts.append(f"{group}: {', '.join(names)}")
    return ("Where others are ahead of the best of our rows, by the medians, and by how much at most: "
            + "; ".join(parts) + ".")
