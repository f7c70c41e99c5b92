# SPDX-License-Identifier: MIT
"""The one plot of the README: which way a bar leads, how long it is, and what is said of it."""

import pathlib
import sys
import unittest
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import made  # noqa: E402
import readme_section  # noqa: E402
from benchlib import both_ways  # noqa: E402
from benchlib.errors import BadInput  # noqa: E402
from benchlib.summary import Summary  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"


def both(runs, peer="jemalloc", **changes):
    """A record whose rows are those of the plot: the runs of `caiman-tree` are `caiman-owned`'s."""
    subjects = [{"name": name, "role": role, "arena": False, "package": "p"} for name, role in
                (("caiman-owned", "ours"), ("caiman-library", "ours"), (peer, "peer"), ("harness", "harness"))]
    named = {"caiman-tree": "caiman-owned", "jemalloc": peer}
    return made.record([{**run, "subject": named.get(run["subject"], run["subject"])} for run in runs],
                       subjects=subjects, **changes)


class Bars(unittest.TestCase):
    def setUp(self):
        self.lines = dict(both_ways.bars(Summary(both(made.five_rounds()))))

    def test_which_way_and_how_far(self):
        slower = self.lines["1 thread: take a block, give it back"][0]  # 20 ns beside 10
        faster = self.lines["2 threads: swap random blocks in use"][0]  # 100 ns beside 200
        self.assertAlmostEqual(slower.times, 0.5)
        self.assertAlmostEqual(faster.times, 2.0)
        self.assertEqual((slower.peer, faster.peer), ("jemalloc", "jemalloc"))

    def test_more_is_faster_for_rates(self):
        runs = [made.run(n, "w4", name, value, [100, 100], "million_per_s") for n in range(1, 6)
                for name, value in (("caiman-tree", 30), ("jemalloc", 10))]
        (_, found), = both_ways.bars(Summary(both(runs)))
        self.assertAlmostEqual(found[0].times, 3.0)

    def test_the_fastest_peer_is_the_one(self):
        runs = made.five_rounds() + [made.run(n, "w1/256", "tcmalloc", 5) for n in range(1, 6)]
        record = both(runs)
        record["subjects"].append({"name": "tcmalloc", "role": "peer", "arena": False, "package": "p"})
        found = dict(both_ways.bars(Summary(record)))["1 thread: take a block, give it back"][0]
        self.assertEqual(found.peer, "tcmalloc")
        self.assertAlmostEqual(found.times, 0.25, delta=0.01)

    def test_what_was_not_measured_has_no_line(self):
        self.assertEqual(len(self.lines), 2)
        self.assertEqual(both_ways.bars(Summary(made.record(made.five_rounds()))), [])

    def test_near_goes_first_and_far_is_said(self):
        far = [run for run in made.five_rounds() if (run["ping_pong_ns"] or [100])[0] > 250]
        words = [words for words, _ in both_ways.bars(Summary(both(far)))]
        self.assertEqual(words, ["2 threads: swap random blocks in use (far)"])


class Words(unittest.TestCase):
    def test_both_ends_are_said(self):
        said = both_ways.sentence(Summary(both(made.five_rounds())))
        self.assertTrue(said.startswith("buddy<> (dark) is at best "))
        self.assertIn("at best 2.0 times faster than jemalloc (“2 threads: swap random", said)
        self.assertIn("at worst 2.0 times slower than jemalloc (“1 thread: take", said)

    def test_each_row_of_ours_is_said(self):
        runs = made.five_rounds() + [made.run(n, "w1/256", "caiman-library", 40) for n in range(1, 6)]
        said = both_ways.sentence(Summary(both(runs)))
        self.assertRegex(said, "; buddy_arena \\(light\\) is at worst 3.9 times slower than jemalloc")
        runs = [made.run(n, "w1/256", name, 5) for n in range(1, 6) for name in ("caiman-tree", "jemalloc")]
        self.assertEqual(both_ways.sentence(Summary(both(runs))), "buddy<> (dark) is even everywhere.")

    def test_noise_is_even(self):
        self.assertEqual([both_ways.times_text(times) for times in (1.04, 0.97, 1.06, 0.5)],
                         ["even", "even", "1.1 times faster", "2.0 times slower"])

    def test_the_section_has_three_sentences_plot_and_machine(self):
        text = readme_section.readme_section(Summary(both(made.five_rounds())), "d/s.svg", "d/p.md")
        for part in ("](d/s.svg)", "](d/p.md)", "P, 2 processors (virtual)", "the middle one, of 5 rounds"):
            self.assertIn(part, text)

    def test_a_record_without_these_rows_is_bad_input(self):
        with self.assertRaises(BadInput):
            readme_section.readme_section(Summary(made.record(made.five_rounds())), "s", "p")


class Plot(unittest.TestCase):
    @staticmethod
    def rects(record):
        root = xml.etree.ElementTree.fromstring(both_ways.plot(Summary(record)))
        return [rect for rect in root.iter(SVG + "rect") if rect.get("height") == "11"][2:]  # legend first

    def test_bars_lead_away_from_the_middle(self):
        left, right = self.rects(both(made.five_rounds()))
        end = float(left.get("x")) + float(left.get("width"))
        self.assertAlmostEqual(end, float(right.get("x")), delta=0.2)
        self.assertAlmostEqual(float(left.get("width")), float(right.get("width")), delta=0.2)
        self.assertGreater(float(right.get("width")), 10)

    def test_a_bar_that_is_too_long_is_cut(self):
        runs = [made.run(n, "w1/256", name, value) for n in range(1, 6)
                for name, value in (("caiman-tree", 1), ("jemalloc", 1000))]
        bar, = self.rects(both(runs))
        self.assertLess(float(bar.get("x")) + float(bar.get("width")), 640)

    def test_names_are_escaped(self):
        evil = "<script>&"
        root = xml.etree.ElementTree.fromstring(both_ways.plot(Summary(both(made.five_rounds(), evil))))
        self.assertFalse(list(root.iter(SVG + "script")))
        self.assertIn(evil, [text.text for text in root.iter(SVG + "text")])


if __name__ == "__main__":
    unittest.main()
