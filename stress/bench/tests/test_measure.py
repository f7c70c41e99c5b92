# SPDX-License-Identifier: MIT
"""Which runs are made: near and far get what they lack, within bounds. A machine made of numbers."""

import contextlib
import itertools
import pathlib
import sys
import unittest
from unittest import mock

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1]), str(pathlib.Path(__file__).parent)]

import made  # noqa: E402
from benchlib import measure, plan, stats, table, worker  # noqa: E402
from benchlib.summary import Summary  # noqa: E402

NEAR, FAR = 100, 600
W1 = plan.BY_NAME["w1/256"]
W3 = plan.BY_NAME["w3/2t/50"]
W4 = plan.BY_NAME["w4"]
SUBJECTS = [{"name": name, "role": "ours", "arena": True, "preload": ""} for name in ("a", "b", "c")]


class Machine:
    """Answers for the worker. `planned` is the distance until the first look, `looks` what each look
    finds, and it stays so until the next one; `moves` are calls after which the processors move."""

    def __init__(self, planned=NEAR, looks=(), moves=(), fails=()):
        self._now = planned
        self._looks = iter(looks)
        self._moves = moves
        self._fails = fails
        self.calls = 0
        self.slept = 0

    def call(self, _program, arguments, _preload):
        self.calls += 1
        if arguments[1] in self._fails:
            raise worker.WorkerFailed("it broke")
        threads = "w1" not in arguments
        before = self._now
        if self.calls in self._moves:
            self._now = FAR if self._now == NEAR else NEAR
        return {"figures": {"ns": 7.0, "million_per_s": 7.0}, "subject": arguments[1],
                "ping_pong_ns": [before, self._now] if threads else None}

    def ping_pong(self, _program):
        self._now = next(self._looks, self._now)
        if isinstance(self._now, BaseException):
            raise self._now
        return self._now

    def sleep(self, seconds):
        self.slept += seconds

    def monotonic(self):
        return self.slept + self.calls * 0.1


def measured(machine, *cases, seconds=100, pace=plan.FULL):
    """The record after all rounds, in no time."""
    result = made.record(subjects=SUBJECTS, finished=False,
                         options={"rounds": 5, "extra_seconds": seconds})
    with contextlib.ExitStack() as stack:
        for where, name in ((worker, "call"), (worker, "ping_pong")):
            stack.enter_context(mock.patch.object(where, name, getattr(machine, name)))
        stack.enter_context(mock.patch.object(measure.time, "sleep", machine.sleep))
        stack.enter_context(mock.patch.object(measure.time, "monotonic", machine.monotonic))
        measure.Measurement(result, cases or (W3,), SUBJECTS, pace, ("worker", None)).all()
    return result


def counts(result, distance):
    """Runs per case and subject at a distance."""
    found = {(run["case"], s["name"]): 0 for run in result["runs"] for s in SUBJECTS}
    for run in result["runs"]:
        if stats.distance_of(run["ping_pong_ns"], 250) == distance:
            found[run["case"], run["subject"]] += 1
    return found


def added(result):
    return [run for run in result["runs"] if run.get("extra")]


class AddedRounds(unittest.TestCase):
    def test_a_distance_that_is_rare_gets_as_many_runs_as_it_needs(self):
        result = measured(Machine(looks=itertools.cycle([NEAR] * 9 + [FAR])), W3, W4)
        for distance in ("near", "far"):
            self.assertEqual(set(counts(result, distance).values()), {5}, distance)
        self.assertTrue(result["finished"])
        self.assertEqual(result["failures"], [])
        self.assertEqual({run["round"] for run in added(result)}, {6, 7, 8, 9, 10})
        self.assertEqual(result["looks"], {"near": 90, "far": 10})

    def test_the_check_above_sees_that_none_was_added(self):
        result = measured(Machine(looks=itertools.cycle([NEAR, FAR])), seconds=0)
        self.assertEqual(set(counts(result, "far").values()), {0})
        self.assertEqual(added(result), [])
        self.assertEqual(result["looks"], {"near": 0, "far": 0})

    def test_runs_of_an_added_round_are_pairs(self):
        summary = Summary(measured(Machine(looks=[FAR])))
        self.assertEqual(summary.ratio(W3, W3.figures[0], "a", "b", "far").spread.count, 5)
        self.assertEqual(summary.rounds(), (5, 5))

    def test_a_machine_that_never_is_far_ends_the_search_in_time(self):
        machine = Machine()
        result = measured(machine, seconds=20)
        self.assertTrue(result["finished"])
        self.assertEqual(added(result), [])
        self.assertAlmostEqual(machine.slept, 20, delta=1)
        self.assertIn(f"{result['looks']['near']} further looks", table.render(Summary(result)))

    def test_time_ends_an_added_round(self):
        result = measured(Machine(looks=[FAR]), seconds=0.15)
        self.assertEqual(len(added(result)), 2)

    def test_a_round_ends_when_the_processors_move_and_the_next_begins_with_who_lacks_most(self):
        # Calls 1 to 15 are the rounds; of the added ones the second moves.
        result = measured(Machine(looks=[FAR, FAR], moves=[17]))
        self.assertEqual([(run["round"], run["subject"]) for run in added(result)[:5]],
                         [(6, "a"), (6, "b"), (7, "b"), (7, "c"), (7, "a")])

    def test_what_never_comes_out_is_tried_so_often_only(self):
        # Every run moves: no distance gets a run, however many are made.
        machine = Machine(looks=itertools.cycle([NEAR, FAR]), moves=range(1, 10_000))
        result = measured(machine, seconds=10_000)
        self.assertEqual(len(added(result)), plan.FULL.extra_rounds)
        self.assertTrue(result["finished"])

    def test_a_subject_that_always_fails_holds_nothing_up(self):
        result = measured(Machine(looks=itertools.cycle([NEAR, FAR]), fails=["b"]))
        self.assertEqual(counts(result, "far")["w3/2t/50", "a"], 5)
        self.assertLessEqual(len(result["failures"]), 5 + plan.FULL.extra_rounds)

    def test_one_thread_needs_no_distance(self):
        result = measured(Machine(looks=[FAR]), W1)
        self.assertEqual((added(result), result["looks"]), ([], {"near": 0, "far": 0}))

    def test_a_distance_that_cannot_be_had_ends_the_search(self):
        result = measured(Machine(looks=[None]))
        self.assertEqual((added(result), result["failures"]), ([], []))

    def test_a_look_that_fails_is_reported(self):
        result = measured(Machine(looks=[worker.WorkerFailed("it broke")]))
        self.assertEqual(result["failures"], ["looking at the distance: it broke"])

    def test_interrupted_while_rounds_are_added(self):
        result = measured(Machine(looks=[FAR, KeyboardInterrupt()]))
        self.assertFalse(result["finished"])
        self.assertIn("not finished: interrupted in round 5 of 5, in those added for near and far",
                      table.render(Summary(result)))


if __name__ == "__main__":
    unittest.main()
