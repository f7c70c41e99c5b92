# SPDX-License-Identifier: MIT
"""The page: one file that anybody can open, without anything else.

Nothing is loaded, which the policy in its head also forbids; there is no script. Every text that
does not stand in this file is escaped, since it comes out of a file of results.
"""

from html import escape

from . import panels, plan, svg, table
from .words import ahead_sentence, trace_lines

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
              "allocator; ours gives each request 16 bytes at least. The memory is there where it is "
              "touched, for all: page faults say how often that was.",
    "BUFFERS": "The same for two programs whose blocks are buffers of 200 B to 64 KiB: each is written "
               "whole when it comes, and read whole and compared when it goes, on whichever thread. A "
               "buffer that shrinks is written as far as it is kept; a peer then has realloc, ours "
               "move what is kept into a smaller block if there is one. Ours have min blocks of 256 B, "
               "and “caiman-library” gives buffers.",
}

_CSS = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 800px; margin: 2rem auto; padding: 0 1rem;
  color: #24292f; background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
pre { font-size: 12px; overflow-x: auto } .wrap pre { white-space: pre-wrap }
svg { max-width: 100%; height: auto } summary { cursor: pointer } .warn { color: #bc4c00 }
@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117 }
.warn { color: #f0883e } }
"""


def _text(lines):
    """Lines of the table, as they are."""
    return f"<pre>{escape(chr(10).join(lines))}</pre>"


def render(summary):
    """The page as text."""
    parts = []
    for group, title in plan.GROUPS.items():
        if not summary.cases(group):
            continue
        plots = panels.of_group(summary, group)
        parts.append(f"<h2>{escape(group)}: {escape(title)}</h2><p>{escape(_ABOUT[group])}</p>")
        if group in plan.TRACES:
            parts.append(f"<p>{escape(' '.join(trace_lines(summary, group)))}</p>")
        if plots:
            parts.append(svg.sheet(plots, f"{group}: {title}"))
        parts.append(f"<details><summary>Numbers</summary>{_text(table.details(summary, group))}</details>")
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width"><title>Caiman beside other allocators</title>
<style>{_CSS}{svg.STYLE}</style></head><body>
<h1>Caiman beside other allocators</h1>
<div class="warn wrap">{_text(table.warnings(summary))}</div>
<p>{escape(ahead_sentence(summary))}</p>
<div class="wrap">{_text(table.conditions(summary))}</div>
<p>How to read the plots: a dot is the median over the rounds, the thick bar holds the middle half of
them, the thin bar goes from the least to the most; the axis is logarithmic. Every measurement is a
process of its own, and the subjects take turns within a round. “harness” is the loop without any
allocator; what it costs is inside all rows. Figures of two and more threads depend on how far apart
the processors are, so they are kept apart by that.</p>
{_text(table.subjects(summary))}
{"".join(parts)}
</body></html>
"""
