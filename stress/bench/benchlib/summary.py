# SPDX-License-Identifier: MIT
"""From raw runs to what is shown: spreads per figure, subject and distance, and ratios.

A run with two or more threads belongs to the distance of its processors, "near" or "far", and is
dropped if that moved while it ran: a mixture is neither. Ratios pair two runs of the same round and
case; a pair whose runs were made at different distances is dropped, too. What was dropped is counted.
A distance at which a case has no run at all has no rows, but is named.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from . import plan, stats

FLOORS = (("two_cas_ns", "floor: two CAS"), ("one_exchange_ns", "floor: exchange, two stores"))


@dataclass
class Samples:
    """The values of one figure of one subject, by distance and round."""

    by_distance: dict = field(default_factory=lambda: defaultdict(dict))
    dropped: int = 0

    def values(self, distance):
        return list(self.by_distance.get(distance, {}).values())

    def distance_in(self, round_number):
        """Where the run of that round belongs; None when there is none."""
        for distance, rounds in self.by_distance.items():
            if round_number in rounds:
                return distance
        return None


@dataclass
class Ratio:
    """Over the rounds in which both were measured at one distance."""

    spread: object = None  # None: no such round
    dropped: int = 0


class Summary:
    """All figures of one record."""

    def __init__(self, record, named=None):
        self.record = record
        self._named = named
        self._samples = defaultdict(Samples)
        self._trips = []
        for run in record["runs"]:
            if run["case"] in plan.BY_NAME:
                self._add(run)

    def _add(self, run):
        trips = run.get("ping_pong_ns")
        distance = stats.distance_of(trips, self.record["far_from_ns"])
        self._trips += trips or []
        values = [((run["case"], key, run["subject"]), value)
                  for key, value in run["figures"].items()]
        values += [((run["case"], key, "floor " + run["subject"]), value)
                   for key, value in (run.get("floor") or {}).items()]
        for name, value in values:
            samples = self._samples[name]
            if distance is None:
                samples.dropped += 1
            else:
                samples.by_distance[distance][run["round"]] = value

    # ---- what there is --------------------------------------------------------------------------

    def subjects(self, case):
        """Names with a run of that case, in the order of the record."""
        figure = case.figures[0].key
        return [s["name"] for s in self.record["subjects"]
                if (case.name, figure, s["name"]) in self._samples]

    def role(self, subject):
        for each in self.record["subjects"]:
            if each["name"] == subject:
                return each["role"]
        return "peer"

    def cases(self, group=None):
        """Cases with runs, in the order of the plan."""
        return [case for case in plan.CASES
                if self.subjects(case) and group in (None, case.group)]

    def distances(self, case):
        """[""] for one thread, else those of near and far that have a run."""
        seen = {distance for subject in self.subjects(case)
                for distance in self.samples(case, case.figures[0], subject).by_distance}
        return [distance for distance in ("", "near", "far") if distance in seen]

    def shown(self, group=None):
        """(case, figure, distance) of all there is."""
        return [(case, figure, distance) for case in self.cases(group) for figure in case.figures
                for distance in self.distances(case)]

    def unseen(self):
        """Cases without any run at a distance that matters to them, by distance."""
        found = {}
        for distance in ("near", "far"):
            cases = [case for case in self.cases()
                     if distance not in self.distances(case) and self._matters(case)]
            if cases:
                found[distance] = cases
        return found

    def _matters(self, case):
        """Whether the case has runs with a distance, be it one that moved."""
        return set(self.distances(case)) & {"near", "far"} or self.dropped(case)

    def samples(self, case, figure, subject):
        return self._samples.get((case.name, figure.key, subject), Samples())

    def spread(self, case, figure, subject, distance):
        """None where nothing was measured at that distance."""
        values = self.samples(case, figure, subject).values(distance)
        return stats.spread(values) if values else None

    def dropped(self, case):
        """Runs of that case whose processors moved."""
        return sum(self.samples(case, case.figures[0], s).dropped for s in self.subjects(case))

    def dropped_runs(self):
        return sum(self.dropped(case) for case in self.cases())

    def rounds(self):
        """How many there are, and how many were added to one case at most."""
        added = defaultdict(set)
        for run in self.record["runs"]:
            if run.get("extra"):
                added[run["case"]].add(run["round"])
        planned = {run["round"] for run in self.record["runs"] if not run.get("extra")}
        return len(planned), max(map(len, added.values()), default=0)

    def traces(self, group=None):
        """What the record says of the traces that have runs."""
        shown = {case.trace for case in self.cases(group) if case.trace}
        return [trace for trace in self.record.get("traces", []) if trace["name"] in shown]

    def always_zero(self, case, figure):
        """Whether nothing else was ever measured."""
        return not any(value for subject in self.subjects(case)
                       for distance in self.distances(case)
                       for value in self.samples(case, figure, subject).values(distance))

    def refused_in_traces(self, group=None):
        """(trace, subject, most of a run) where a request was refused."""
        found = []
        for case in self.cases(group):
            if not case.trace:
                continue
            figure = next(figure for figure in case.figures if figure.key == "refused")
            for subject in self.subjects(case):
                by_distance = self.samples(case, figure, subject).by_distance
                most = max((value for runs in by_distance.values() for value in runs.values()),
                           default=0)
                if most > 0:
                    found.append((case.title, subject, most))
        return found

    def ping_pong(self):
        """The spread of all round trips, or None."""
        return stats.spread(self._trips) if self._trips else None

    # ---- ratios ---------------------------------------------------------------------------------

    def ratio(self, case, figure, over, under, distance):
        """over / under within a round."""
        top = self.samples(case, figure, over)
        bottom = self.samples(case, figure, under)
        values, dropped = [], 0
        for number, value in top.by_distance.get(distance, {}).items():
            place = bottom.distance_in(number)
            if place == distance:
                if bottom.by_distance[place][number] != 0:
                    values.append(value / bottom.by_distance[place][number])
            elif place is not None:
                dropped += 1
        return Ratio(stats.spread(values) if values else None, dropped)

    def floor_ratio(self, case, figure, subject, floor):
        """Against the floor that the same process measured; W1 alone has one."""
        floors = self._samples.get((case.name, floor, "floor " + subject), Samples())
        own = self.samples(case, figure, subject).by_distance.get("", {})
        values = [value / floors.by_distance[""][number] for number, value in own.items()
                  if floors.by_distance.get("", {}).get(number)]
        return stats.spread(values) if values else None

    def floor(self, floor):
        """The floor itself, over all processes that measured it."""
        values = [value for (_, key, who), samples in self._samples.items()
                  if key == floor and who.startswith("floor ") for value in samples.values("")]
        return stats.spread(values) if values else None

    # ---- ours against the others ----------------------------------------------------------------

    def named_subject(self):
        """What ratios are taken against: by wish, else the first of ours, else the first of all."""
        if self._named:
            return self._named
        names = [s["name"] for s in self.record["subjects"]]
        ours = [name for name in names if self.role(name) == "ours"]
        return (ours or names or [None])[0]

    def peers_ahead(self):
        """(case, figure, distance, peer, advantage) where a peer's median beats the best of ours.

        The cost of the timer is nobody's, and the worst of a run is mostly the scheduler's.
        """
        ahead = []
        for case in self.cases():
            for figure in case.figures:
                for distance in self.distances(case):
                    if figure.key not in ("timer", "max"):
                        ahead += self._ahead_in(case, figure, distance)
        return ahead

    def _ahead_in(self, case, figure, distance):
        medians = {s: self.spread(case, figure, s, distance) for s in self.subjects(case)}
        medians = {s: spread.median for s, spread in medians.items() if spread}
        sign = 1 if figure.better == "less" else -1
        ours = [s for s in medians if self.role(s) == "ours"]
        if not ours:
            return []
        best = min(ours, key=lambda s: sign * medians[s])
        found = []
        for peer in medians:
            if self.role(peer) != "peer" or sign * medians[peer] >= sign * medians[best]:
                continue
            ratio = self.ratio(case, figure, best, peer, distance).spread
            if ratio and ratio.median > 0:
                found.append((case, figure, distance, peer, ratio.median ** sign))
        return found
