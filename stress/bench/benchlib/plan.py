# SPDX-License-Identifier: MIT
"""What is measured: the cases, their figures, how long each takes.

A case is one call of the worker for one subject; it yields one or more figures. The subjects are not
listed here: the worker knows them (subjects.hpp), so a new row is one line there.
"""

from dataclasses import dataclass

GROUPS = {
    "W1": "One thread, allocate + release one block at once, payload untouched",
    "W2": "Threads cycle 192 B to 16 KiB, pairs of all threads together",
    "W3": "Random churn beside live blocks, log-uniform 256 B to 16 KiB",
    "W4": "One thread allocates, another releases, over a ring",
    "FREEZE": "Allocate a buffer of 256 B, freeze it, drop the bytes (our library only)",
    "FAIL": "Requests that find nothing (arenas only)",
    "TAILS": "One allocation under W3, two threads, 50 % occupied",
    "ROOM": "Refused requests near a full arena (arenas only)",
    "TRACES": "What recorded programs asked of malloc, replayed",
    "BUFFERS": "The buffers of recorded programs, replayed, written and read",
}

# The recorded programs, as stress/traces/ has them, by group; and what their replay is told.
TRACES = {"TRACES": ("cc1plus", "sqlite3", "rsyslogd"), "BUFFERS": ("varnishd", "fan_out")}
REPLAYED = {"TRACES": (), "BUFFERS": ("--buffers",)}

# Near and far shall each have so many runs; rounds are added for what has fewer.
ENOUGH = 5

# One way to name a number: less is better for times and refusals, more for rates.
BETTER = {"ns": "less", "ms": "less", "million/s": "more", "per 10,000": "less", "MiB": "less", "pages": "less",
          "requests": "less"}


@dataclass(frozen=True)
class Figure:
    """A number of a run, by its key in the worker's line."""

    key: str
    label: str
    unit: str

    @property
    def better(self):
        return BETTER[self.unit]


@dataclass(frozen=True)
class Case:
    """One call of the worker, but for the subject, the seed and the time."""

    name: str
    group: str
    title: str
    arguments: tuple
    figures: tuple
    weight: str = "w1"  # which entry of Pace says how long it measures
    arenas_only: bool = False
    reference_too: bool = False
    freezes_only: bool = False
    trace: str = ""  # of trace_replay instead of the worker


@dataclass(frozen=True)
class Pace:
    """How many rounds there are, and milliseconds and steps of a measurement."""

    rounds: int
    w1: int
    threads: int
    refusing: int
    tail_steps: int
    room_steps: int
    trace_rounds: int = 999  # traces are in so many rounds only
    extra_rounds: int = 15  # for near and far: at most so many of a case,
    extra_seconds: int = 180  # and so long in all


FULL = Pace(rounds=9, w1=50, threads=100, refusing=40, tail_steps=150_000, room_steps=60_000)
QUICK = Pace(rounds=5, w1=8, threads=25, refusing=8, tail_steps=25_000, room_steps=20_000,
             trace_rounds=2, extra_seconds=10)


def worker_arguments(case, pace, seed):
    """The command line of the worker after `--subject NAME`."""
    amount = {
        "w1": ["--ms", str(pace.w1)],
        "threads": ["--ms", str(pace.threads)],
        "refusing": ["--ms", str(pace.refusing)],
        "tails": ["--steps", str(pace.tail_steps)],
        "room": ["--steps", str(pace.room_steps)],
    }[case.weight]
    return [*case.arguments, *amount, "--seed", str(seed)]


def _threads(count):
    return "1 thread" if count == 1 else f"{count} threads"


def _pair_cases():
    ns = (Figure("ns", "pair", "ns"),)
    for size, name in ((256, "256 B"), (1024, "1 KiB"), (4096, "4 KiB"), (16384, "16 KiB")):
        yield Case(f"w1/{size}", "W1", name, ("--workload", "w1", "--size", str(size)), ns)
    rate = (Figure("million_per_s", "pairs", "million/s"),)
    for held in (0, 50):
        for threads in (1, 2, 4, 8):
            yield Case(f"w2/{threads}t/{held}", "W2", f"{_threads(threads)}, {held} % held",
                       ("--workload", "w2", "--threads", str(threads),
                        "--occupancy", str(held / 100)), rate, "threads")


def _churn_cases():
    ns = (Figure("ns", "release + allocate", "ns"),)
    for threads in (1, 2):
        for percent in (50, 75, 90):
            yield Case(f"w3/{threads}t/{percent}", "W3", f"{_threads(threads)}, {percent} %",
                       ("--workload", "w3", "--threads", str(threads),
                        "--occupancy", str(percent / 100)), ns, "threads")
    yield Case("w4", "W4", "hand-over", ("--workload", "w4"),
               (Figure("million_per_s", "pairs", "million/s"),), "threads")


def _freeze_cases():
    figures = (Figure("buddy_ns", "buddy arena", "ns"), Figure("fixed_ns", "fixed arena", "ns"),
               Figure("two_cas_ns", "two CAS", "ns"))
    for threads in (1, 2):
        yield Case(f"freeze/{threads}t", "FREEZE", _threads(threads),
                   ("--workload", "freeze", "--threads", str(threads)), figures, "threads",
                   freezes_only=True)


def _refusal_cases():
    ns = (Figure("ns", "request", "ns"),)
    for name, title in (("full", "full arena, 256 B"), ("checkerboard", "checkerboard, 512 B")):
        yield Case(f"fail/{name}", "FAIL", title, ("--workload", name), ns, "refusing",
                   arenas_only=True)
    yield Case("fail/takeover", "FAIL", "take over what a peer released, 16 KiB",
               ("--workload", "takeover"), ns, "refusing", arenas_only=True)
    yield Case("tails", "TAILS", "allocation", ("--workload", "tails"),
               tuple(Figure(key, key, "ns") for key in ("p50", "p99", "p99.9", "p99.99", "max",
                                                        "timer")), "tails")
    for threads in (1, 2):
        for percent in (90, 95, 97, 99.9):
            yield Case(f"room/{threads}t/{percent}", "ROOM", f"{_threads(threads)}, {percent} %",
                       ("--workload", "refusals", "--threads", str(threads),
                        "--occupancy", str(round(percent / 100, 4))),
                       (Figure("per_10000", "refused", "per 10,000"),), "room",
                       arenas_only=True, reference_too=True)


def _trace_cases():
    figures = (Figure("ms", "time", "ms"), Figure("mib", "memory at peak", "MiB"),
               Figure("faults", "page faults", "pages"), Figure("refused", "refused", "requests"))
    # Of threads that wait for each other the processor time says more where other programs run, too.
    cpu = (Figure("cpu_ms", "processor time", "ms"),)
    for group, names in TRACES.items():
        for name in names:
            yield Case(f"trace/{name}", group, name, REPLAYED[group],
                       figures + (cpu if group == "BUFFERS" else ()), trace=name)


CASES = (*_pair_cases(), *_churn_cases(), *_freeze_cases(), *_refusal_cases(), *_trace_cases())
BY_NAME = {case.name: case for case in CASES}


def takes_part(case, subject):
    """Whether that subject, as the worker lists it, has that case."""
    if case.arenas_only and not subject["arena"]:
        return False
    if case.freezes_only and not subject.get("freezes"):
        return False
    return subject["role"] != "reference" or case.reference_too


def in_round(case, pace, number):
    """Whether that round has that case: traces take long, and quick has them in some rounds only."""
    return not case.trace or number <= pace.trace_rounds
