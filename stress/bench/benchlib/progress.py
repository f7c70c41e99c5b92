# SPDX-License-Identifier: MIT
"""The progress line: what, how far, how long still. On a terminal only; a log stays quiet."""

import sys
import time


def clock_words(seconds):
    """A time left as people say it."""
    seconds = max(0, round(seconds))
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min {seconds % 60:02d} s"


class Progress:
    """Counts measurements; with `total` known the time left is what the ones done suggest."""

    def __init__(self, total, stream=sys.stderr):
        self._total = total
        self._stream = stream
        self._shown = stream.isatty()
        self._start = time.monotonic()
        self._done = 0

    def next(self, what):
        """Says that `what` begins."""
        share = self._done / self._total
        left = ""
        if self._done > 0:
            spent = time.monotonic() - self._start
            left = f", {clock_words(spent / share - spent)} left"
        self.show(f"{share:4.0%}{left}: {what}")
        self._done += 1

    def show(self, text):
        """Any line, in place of the one that is there."""
        if self._shown:
            self._stream.write(f"\r\033[K{text}")
            self._stream.flush()

    def end(self):
        """Takes the line away."""
        if self._shown:
            self._stream.write("\r\033[K")
            self._stream.flush()
