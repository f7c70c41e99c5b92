# SPDX-License-Identifier: MIT
"""The rounds: which process comes when, and what becomes of its answer.

Every round has every case once for every subject. How far apart two processors of a virtual machine
are is not ours to choose, and one of the two, near and far, can be rare. So rounds are added at the
end: the distance is looked at, again and again, and what has too few runs at the distance that there
is now is measured once more, until nothing has too few or the time for it is over. An added round is
like any other, all subjects in a row, but ends when the processors move.
"""

import time
from collections import Counter

from . import plan, stats, worker
from .errors import BadInput
from .progress import Progress, clock_words

LOOK_SECONDS = 0.2  # between two looks at the distance, when there is nothing to do


def in_turn(case, subjects, number):
    """Those that take part, each first in its turn."""
    row = [s for s in subjects if plan.takes_part(case, s)]
    turn = number % len(row) if row else 0
    return row[turn:] + row[:turn]


def schedule(cases, subjects, pace, rounds):
    """(round, case, subject), subjects of a case in a row."""
    for number in range(1, rounds + 1):
        for case in cases:
            if plan.in_round(case, pace, number):
                for subject in in_turn(case, subjects, number):
                    yield number, case, subject


class Measurement:
    """Fills a record with runs. `programs` has the worker and, for traces, the replay."""

    def __init__(self, into, cases, subjects, pace, programs):
        self._into = into
        self._cases = cases
        self._subjects = subjects
        self._pace = pace
        self._worker, self._replay = programs
        self._counts = Counter()  # runs by case, subject and distance

    def all(self):
        """The rounds, and those that near and far lack; what was done when a person has enough."""
        rounds = self._into["options"]["rounds"]
        jobs = list(schedule(self._cases, self._subjects, self._pace, rounds))
        if not jobs:
            raise BadInput("none of the chosen subjects takes part in the chosen groups")
        progress = Progress(len(jobs))
        try:
            for number, case, subject in jobs:
                progress.next(f"round {number}, {case.group} {case.title}, {subject['name']}")
                self._once(number, case, subject)
            self._add_rounds(progress)
            self._into["finished"] = True
        except KeyboardInterrupt:
            pass  # what was done is reported
        finally:
            progress.end()

    def _once(self, number, case, subject, **more):
        """The run that was added; None when it failed."""
        try:
            if case.trace:
                run = self._replay.call(case.trace, subject, case.arguments)
            else:
                run = worker.call(self._worker, ["--subject", subject["name"],
                                                 *plan.worker_arguments(case, self._pace, number)],
                                  subject["preload"])
        except worker.WorkerFailed as error:
            self._into["failures"].append(f"round {number}, {case.name}, {subject['name']}: {error}")
            return None
        self._into["runs"].append({**run, "round": number, "case": case.name, **more})
        self._counts[case.name, subject["name"], self._distance(run)] += 1
        return run

    def _distance(self, run):
        return stats.distance_of(run.get("ping_pong_ns"), self._into["far_from_ns"])

    # ---- rounds that near and far lack ----------------------------------------------------------

    def _least(self, case, distance):
        """Runs at that distance of the subject that has fewest; one without any run has failed."""
        names = [s["name"] for s in self._subjects if plan.takes_part(case, s)]
        tried = [n for n in names
                 if any(self._counts[case.name, n, d] for d in ("near", "far", None))]
        return min((self._counts[case.name, n, distance] for n in tried), default=plan.ENOUGH)

    def _add_rounds(self, progress):
        added = Counter()
        until = time.monotonic() + self._into["options"]["extra_seconds"]

        def lacking(distance):
            return [case for case in self._cases if added[case.name] < self._pace.extra_rounds
                    and self._least(case, distance) < plan.ENOUGH]

        while (lacking("near") or lacking("far")) and time.monotonic() < until:
            distance = self._look()
            if distance is None:
                return
            cases = lacking(distance)
            if not cases:
                other = "far" if distance == "near" else "near"
                self._show(progress, until, f"waiting for processors that are {other}")
                time.sleep(LOOK_SECONDS)
                continue
            case = min(cases, key=lambda each: self._least(each, distance))
            added[case.name] += 1
            self._add_round(case, distance, added[case.name], until, progress)

    def _look(self):
        """The distance now; None when it cannot be had."""
        try:
            ns = worker.ping_pong(self._worker)
        except worker.WorkerFailed as error:
            self._into["failures"].append(f"looking at the distance: {error}")
            return None
        if ns is None:
            return None
        distance = stats.distance_of([ns], self._into["far_from_ns"])
        self._into["looks"][distance] += 1
        return distance

    def _add_round(self, case, distance, count, until, progress):
        number = self._into["options"]["rounds"] + count
        row = in_turn(case, self._subjects, number)
        # The subject with the fewest is first: the processors may move before all had their turn.
        row.sort(key=lambda subject: self._counts[case.name, subject["name"], distance])
        for subject in row:
            if time.monotonic() >= until:
                return
            self._show(progress, until, f"{distance}, {case.group} {case.title}, {subject['name']}")
            run = self._once(number, case, subject, extra=True)
            if run and self._distance(run) != distance:
                return

    @staticmethod
    def _show(progress, until, what):
        progress.show(f"rounds for near and far, at most {clock_words(until - time.monotonic())}: "
                      f"{what}")
