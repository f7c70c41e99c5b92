# SPDX-License-Identifier: MIT
"""The programs of examples/programs: each with each kind of memory, in turn, and a table of that.

What a program has to choose it says itself (`--list`); here are only their names. In each round the kinds of
a program run one after the other, another one first from round to round, each in a process of its own.
Figures are medians of the rounds, ratios are taken within a round. All kinds must have received the same: a
digest that differs is a failure, as is a program that dies, prints nothing, or leaves a figure out.
"""

import json
import math
import pathlib
from collections import defaultdict

from . import record, stats, worker
from .errors import BadInput
from .progress import Progress
from .words import number

NAMES = ("fan_out", "uring_file", "byte_cache", "pmr_threads", "overload", "workers", "plugin",
         "device_memory")

SCHEMA = "caiman-programs"
FIGURES = ("requests_per_s", "cpu_us", "p50_us", "p99.9_us", "peak_mib")
RATIOS = ("requests_per_s", "cpu_us", "p99.9_us", "peak_mib")
FULL_ROUNDS, QUICK_ROUNDS = 7, 1


# ---- measuring ----------------------------------------------------------------------------------


def new(about, settings, command, root):
    """A record without programs. `about` is the worker's list of itself."""
    made = record.new({**about, "arena_bytes": 0, "min_block_bytes": 0}, [], [], settings, command, root)
    for key in ("arena_bytes", "min_block_bytes", "subjects", "traces", "looks"):
        del made[key]
    return {**made, "schema": SCHEMA, "version": 1, "programs": []}


def _is_figure(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value > 0


def _checked_list(found, name):
    if not (isinstance(found, dict) and found.get("program") == name and found.get("memory")
            and all(_is_figure(found.get(key)) for key in ("brief", "full", "threads"))):
        raise worker.WorkerFailed("it does not say what there is to choose")
    return found


def _checked_run(found, name, memory):
    if not isinstance(found, dict) or (found.get("program"), found.get("memory")) != (name, memory):
        raise worker.WorkerFailed("its answer is of something else")
    missing = [key for key in ("requests", *FIGURES) if not _is_figure(found.get(key))]
    if not isinstance(found.get("digest"), str):
        missing.append("digest")
    if missing:
        raise worker.WorkerFailed(f"its answer has no {missing[0]}")
    return found


class Programs:
    """Fills a record with programs and runs."""

    def __init__(self, into, folder, bench_worker):
        self._into = into
        self._folder = pathlib.Path(folder)
        self._worker = bench_worker
        self._digests = {}

    def all(self, names):
        """All rounds; what was done when a person has enough."""
        into = self._into
        for name in names:
            found = self._guarded(name, lambda n=name: _checked_list(self._call(n, ["--list"]), n))
            into["programs"] += [found] if found else []
        rounds = range(into["options"]["rounds"])
        jobs = [(turn + 1, each, memory) for turn in rounds for each in into["programs"]
                for memory in self._in_turn(each["memory"], turn)]
        if not jobs:
            return
        progress = Progress(len(jobs))
        try:
            for job in jobs:
                progress.next(f"round {job[0]}, {job[1]['program']}, {job[2]}")
                self._once(*job)
            into["finished"] = True
        except KeyboardInterrupt:
            pass  # what was done is reported
        finally:
            progress.end()

    @staticmethod
    def _in_turn(kinds, turn):
        turn %= len(kinds)
        return kinds[turn:] + kinds[:turn]

    def _call(self, name, arguments):
        return worker.call(str(self._folder / f"program-{name}"), arguments)

    def _guarded(self, what, call):
        """What the call gives; None, and a line, if it fails."""
        try:
            return call()
        except (worker.WorkerFailed, BadInput) as error:
            self._into["failures"].append(f"{what}: {error}")
            return None

    def _once(self, turn, program, memory):
        name = program["program"]
        amount = program["brief" if self._into["options"]["quick"] else "full"]
        before = self._trip()
        run = self._guarded(f"round {turn}, {name}, {memory}", lambda: _checked_run(
            self._call(name, ["--memory", memory, "--amount", str(amount)]), name, memory))
        if run is None:
            return
        trips = [before, self._trip()]
        self._into["runs"].append({**run, "round": turn, "ping_pong_ns": None if None in trips else trips})
        first, digest = self._digests.setdefault(name, (memory, run["digest"]))
        if run["digest"] != digest:
            self._into["failures"].append(
                f"round {turn}, {name}, {memory}: it received something else than {first}")

    def _trip(self):
        return self._guarded("looking at the distance", lambda: worker.ping_pong(self._worker))


# ---- reading ------------------------------------------------------------------------------------


def read(path):
    """The record in a file, or None if it is one of the other kind."""
    try:
        found = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None  # record.py says what is wrong with it
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        return None
    try:
        for each in found["programs"]:
            _checked_list(each, each["program"])
        for run in found["runs"]:
            _checked_run(run, run["program"], run["memory"])
        for key, kind in (("machine", dict), ("compiler", str), ("date", str), ("command", str),
                          ("options", dict), ("failures", list), ("finished", bool)):
            if not isinstance(found[key], kind):
                raise KeyError(key)
    except (KeyError, TypeError, AttributeError, worker.WorkerFailed) as error:
        raise BadInput(f"{path}: not a whole result of programs: {error}") from error
    return found


# ---- showing ------------------------------------------------------------------------------------


class Row:
    """One program with one kind of memory."""

    def __init__(self, program, memory, of_rounds):
        mine, ours = of_rounds[memory], of_rounds[program["memory"][0]]
        self.program, self.memory = program["program"], memory
        self.is_ours = memory == program["memory"][0]
        self.count = len(mine)
        self.figures = {key: stats.spread([run[key] for run in mine.values()]) for key in FIGURES}
        both = sorted(set(mine) & set(ours))
        self.ratios = {key: stats.spread([ours[n][key] / mine[n][key] for n in both]).median if both else None
                       for key in RATIOS}
        self.notes = sorted({run["io_uring"] for run in mine.values() if "io_uring" in run})


def rows(made):
    """A row per program and kind that has a run."""
    runs = defaultdict(lambda: defaultdict(dict))
    for run in made["runs"]:
        runs[run["program"]][run["memory"]][run["round"]] = run
    return [Row(program, memory, runs[program["program"]]) for program in made["programs"]
            for memory in program["memory"] if runs[program["program"]][memory]]


def trips_words(made):
    """How long a word took from one processor to the other and back."""
    trips = [ns for run in made["runs"] for ns in run.get("ping_pong_ns") or []]
    if not trips:
        return "The ping-pong between two processors was not measured: there is one."
    seen = stats.spread(trips)
    return (f"Ping-pong between the two processors beside these runs: {number(seen.least)} to "
            f"{number(seen.most)} ns, median {number(seen.median)} ns.")


def machine_words(made):
    """Where, with what, when."""
    at = made["machine"]
    return (f"{at.get('processor')}, {at.get('processors')} processors{' (virtual)' if at.get('virtual') else ''}, "
            f"{at.get('system')}, {made['compiler']}, {made['date'][:10]}")


def _ratio_words(row):
    return ["" if row.is_ours else number(row.ratios[key]) for key in RATIOS]


HEAD = ("requests/s", "cpu, us", "p50, us", "p99.9, us", "peak, MiB")
RATIO_HEAD = ("requests/s", "cpu", "p99.9", "peak")


def render(made):
    """The table on standard output."""
    lines = [f"  {'program':<13}{'memory':<15}" + "".join(f"{text:>12}" for text in HEAD) + f"{'rounds':>8}"
             + "   ours / it:" + "".join(f"{text:>12}" for text in RATIO_HEAD)]
    notes = []
    for row in rows(made):
        lines.append(f"  {row.program:<13}{row.memory:<15}"
                     + "".join(f"{number(row.figures[key].median):>12}" for key in FIGURES)
                     + f"{row.count:>8}" + " " * 13 + "".join(f"{text:>12}" for text in _ratio_words(row)))
        notes += [f"  {row.program}, {row.memory}: io_uring: {note}" for note in row.notes]
    lines += ["", f"  {trips_words(made)}", *notes,
              f"  {machine_words(made)}; load at start {number(made.get('load_at_start'))}; {made['command']}"]
    lines += [f"  FAILED: {failure}" for failure in made["failures"]]
    if not made["finished"]:
        lines.append("  not finished")
    return "\n".join(lines) + "\n"


def section(made, escape):
    """The lines between the markers of docs/performance.md."""
    shown = rows(made)
    if not shown:
        raise BadInput("the results have no run of a program")
    lines = ["| program | memory | " + " | ".join(text.replace("us", "µs") for text in HEAD)
             + " | " + " | ".join(f"ours / it: {text}" for text in RATIO_HEAD) + " |",
             "|---|---|" + "---|" * (len(HEAD) + len(RATIO_HEAD))]
    for row in shown:
        cells = [number(row.figures[key].median) for key in FIGURES] + _ratio_words(row)
        lines.append(f"| {escape(row.program)} | {escape(row.memory)} | " + " | ".join(cells) + " |")
    notes = sorted({f"io_uring was {note}." for row in shown for note in row.notes if row.is_ours})
    most = max(row.count for row in shown)
    return "\n".join([*lines, "", escape(
        f"Medians of {most} rounds on {machine_words(made)}, with a load of {number(made.get('load_at_start'))} "
        f"when they began. {trips_words(made)}"),
                      *map(escape, notes)]) + "\n"
