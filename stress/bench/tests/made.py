# SPDX-License-Identifier: MIT
"""Records for the tests, made by hand: small, and with answers that one can work out."""

SUBJECTS = (("caiman-tree", "ours", True), ("jemalloc", "peer", False), ("harness", "harness", False))


CC1PLUS = {"name": "cc1plus", "events": 4678482, "threads": 1, "left_out": 1,
           "peak_live_bytes": 8907840}
RSYSLOGD = {"name": "rsyslogd", "events": 2301207, "threads": 6, "left_out": 0,
            "peak_live_bytes": 15503247}


FAN_OUT = {"name": "fan_out", "events": 120012, "threads": 5, "left_out": 0,
           "peak_live_bytes": 3938174}


def run(number, case, subject, value, trips=None, key="ns", floor=None):
    made = {"round": number, "case": case, "subject": subject, "figures": {key: value},
            "ping_pong_ns": trips}
    if floor is not None:
        made["floor"] = {"two_cas_ns": floor, "one_exchange_ns": floor / 2}
    return made


def record(runs=(), **changes):
    """A record that reads well, with these runs and changes."""
    made = {
        "schema": "caiman-bench", "version": 2, "date": "2026-01-02T03:04:05+00:00",
        "machine": {"processor": "P", "processors": 2, "virtual": True, "system": "S",
                    "kernel": "K", "memory": "M"},
        "compiler": "g++ 12", "revision": "abc", "command": "./ci/bench",
        "options": {"quick": False, "rounds": 5, "groups": ["W1"]}, "far_from_ns": 250,
        "arena_bytes": 67108864, "min_block_bytes": 256,
        "subjects": [{"name": name, "role": role, "arena": arena, "package": "libc6"}
                     for name, role, arena in SUBJECTS],
        "traces": [dict(CC1PLUS), dict(RSYSLOGD)], "looks": {"near": 0, "far": 0},
        "finished": True, "runs": list(runs), "failures": [],
    }
    made.update(changes)
    return made


def replayed(number, trace, subject, ms, trips=None, refused=0, mib=8.0):
    """A run of a trace. Without `mib` it is of a system that does not say what memory was in use."""
    figures = {"ms": ms, "refused": refused, "faults": 700}
    if mib is not None:
        figures["mib"] = mib
    return {"round": number, "case": f"trace/{trace}", "subject": subject, "figures": figures,
            "ping_pong_ns": trips}


def five_replays(**changes):
    """Two traces of two subjects, the one with threads near in odd rounds and far in even ones."""
    runs = []
    for number in range(1, 6):
        trips = [100, 110] if number % 2 else [600, 700]
        for subject, ms, mib in (("caiman-tree", 140, 19.0), ("jemalloc", 70, 9.5)):
            runs.append(replayed(number, "cc1plus", subject, ms + number, mib=mib, **changes))
            runs.append(replayed(number, "rsyslogd", subject, 2 * ms + number, trips, mib=2 * mib,
                                 **changes))
    return runs


def five_buffer_replays():
    """One trace of buffers of two subjects, near in odd rounds and far in even ones."""
    runs = []
    for number in range(1, 6):
        trips = [100, 110] if number % 2 else [600, 700]
        for subject, ms, mib in (("caiman-tree", 80, 8.0), ("jemalloc", 120, 15.0)):
            runs.append(replayed(number, "fan_out", subject, ms + number, trips, mib=mib))
            runs[-1]["figures"]["cpu_ms"] = 2 * ms
    return runs


def five_rounds(scale=1.0):
    """W1 of three subjects, and W3 with two threads near in odd rounds and far in even ones."""
    runs = []
    for number in range(1, 6):
        slow = scale * (1 + number / 100)
        runs.append(run(number, "w1/256", "caiman-tree", 20 * slow, floor=10 * slow))
        runs.append(run(number, "w1/256", "jemalloc", 10 * slow, floor=10 * slow))
        runs.append(run(number, "w1/256", "harness", 1 * slow, floor=10 * slow))
        trips = [100, 110] if number % 2 else [600, 700]
        runs.append(run(number, "w3/2t/50", "caiman-tree", 100 * slow, trips))
        runs.append(run(number, "w3/2t/50", "jemalloc", 200 * slow, trips))
    return runs
