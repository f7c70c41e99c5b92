# SPDX-License-Identifier: MIT
"""Recorded programs as cases: one process of trace_replay per measurement.

The replay has words of its own for what it found (stress/traces/replay.cpp); here they become a run
like any other. Memory is that of the subject: what the process had at peak, less what it had without
the subject. Where the system does not say, there is no such figure.
"""

import pathlib

from . import worker
from .errors import BadInput

_ABOUT = ("events", "threads", "left_out", "peak_live_bytes")
_MIB = 1 << 20


class Replay:
    """The program, and the folder that has the traces."""

    def __init__(self, program, folder):
        self._program = program
        self._folder = pathlib.Path(folder)

    def _file(self, name):
        return str(self._folder / f"{name}.trace.zst")

    def about(self, name):
        """What is in a trace. BadInput when it cannot be replayed: nothing is left out unsaid."""
        hint = "; --only leaves the traces out"
        try:
            said = worker.call(self._program, ["--trace", self._file(name), "--about"])
            _same(said, "trace", name)
            return {"name": name, **{key: _count(said, key) for key in _ABOUT}}
        except worker.WorkerFailed as error:
            raise BadInput(f"trace '{name}': {error}{hint}") from error
        except BadInput as error:
            raise BadInput(f"{error}{hint}") from error

    def call(self, name, subject, arguments=()):
        """A run, but for its round and case; WorkerFailed when there is none."""
        said = worker.call(self._program, ["--trace", self._file(name), "--subject", subject["name"],
                                           *arguments], subject["preload"])
        _same(said, "trace", name)
        _same(said, "subject", subject["name"])
        figures = {"ms": _number(said, "seconds") * 1e3, "refused": _count(said, "failures"),
                   "faults": _count(said, "page_faults")}
        if "--buffers" in arguments:
            _same(said, "buffers", True)
            figures["cpu_ms"] = _number(said, "cpu_seconds") * 1e3
        if _count(said, "peak_rss_bytes") > 0:
            taken = said["peak_rss_bytes"] - _count(said, "base_rss_bytes")
            figures["mib"] = max(taken, 0) / _MIB
        return {"subject": subject["name"], "figures": figures,
                "ping_pong_ns": said.get("ping_pong_ns")}


def _same(said, key, wanted):
    found = said.get(key) if isinstance(said, dict) else None
    if found != wanted:
        raise worker.WorkerFailed(f"its answer is about {key} {found!r}, not '{wanted}'")


def _number(said, key):
    value = said.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise worker.WorkerFailed(f"its answer has no number '{key}'")
    return value


def _count(said, key):
    value = _number(said, key)
    if not isinstance(value, int):
        raise worker.WorkerFailed(f"its answer has no number '{key}'")
    return value
