# SPDX-License-Identifier: MIT
"""What is made of raw runs: pairing, dropping, the texts, the page, the section of docs/performance.md."""

import html
import html.parser
import pathlib
import re
import sys
import unittest
import xml.etree.ElementTree

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1]), str(pathlib.Path(__file__).parent)]

import made  # noqa: E402
import readme_section  # noqa: E402
from benchlib import compare, page, plan, svg, table  # noqa: E402
from benchlib.errors import BadInput  # noqa: E402
from benchlib.summary import Summary  # noqa: E402
from benchlib.words import ahead_sentence  # noqa: E402

W1 = plan.BY_NAME["w1/256"]
W3 = plan.BY_NAME["w3/2t/50"]
NS = W1.figures[0]


class Pairing(unittest.TestCase):
    def test_ratio_is_taken_within_a_round(self):
        # Medians alone would say 2: 20 / 10. Round by round it is 1.
        runs = []
        for number, value in enumerate((1, 10, 20, 30, 1000), 1):
            runs += [made.run(number, "w1/256", name, value) for name in ("caiman-tree", "jemalloc")]
        ratio = Summary(made.record(runs)).ratio(W1, NS, "caiman-tree", "jemalloc", "").spread
        self.assertEqual((ratio.least, ratio.most, ratio.count), (1, 1, 5))

    def test_floor_is_that_of_the_same_process(self):
        summary = Summary(made.record(made.five_rounds()))
        self.assertAlmostEqual(summary.floor_ratio(W1, NS, "caiman-tree", "two_cas_ns").median, 2)
        self.assertAlmostEqual(summary.floor_ratio(W1, NS, "caiman-tree", "one_exchange_ns").most, 4)

    def test_ratios_against_a_subject_by_wish(self):
        summary = Summary(made.record(made.five_rounds()), "jemalloc")
        self.assertIn("/ jemalloc", table.render(summary))
        self.assertRegex(table.render(summary), r"caiman-tree +20\.6 .* 2\.00 +4\.00 +2\.00\n")

    def test_near_and_far_are_kept_apart(self):
        summary = Summary(made.record(made.five_rounds()))
        self.assertEqual(summary.distances(W3), ["near", "far"])
        self.assertEqual(summary.spread(W3, NS, "jemalloc", "near").count, 3)
        self.assertEqual(summary.spread(W3, NS, "jemalloc", "far").count, 2)

    def test_a_run_whose_processors_moved_is_dropped_and_counted(self):
        runs = made.five_rounds() + [made.run(6, "w3/2t/50", "jemalloc", 1, [100, 600])]
        summary = Summary(made.record(runs))
        self.assertEqual(summary.dropped_runs(), 1)
        self.assertGreater(summary.spread(W3, NS, "jemalloc", "near").least, 100)
        self.assertIn("1 runs dropped", table.render(summary))

    def test_a_pair_at_two_distances_is_dropped_and_counted(self):
        runs = [made.run(1, "w3/2t/50", "caiman-tree", 1, [100, 100]),
                made.run(1, "w3/2t/50", "jemalloc", 2, [600, 600])]
        ratio = Summary(made.record(runs)).ratio(W3, NS, "jemalloc", "caiman-tree", "far")
        self.assertIsNone(ratio.spread)
        self.assertEqual(ratio.dropped, 1)

    def test_a_distance_without_a_run_is_said(self):
        runs = [made.run(n, "w3/2t/50", "caiman-tree", 1, [100, 100]) for n in range(1, 6)]
        text = table.render(Summary(made.record(runs, looks={"near": 7, "far": 0})))
        said = ("There are no rows for far processors: the two were never far during any of the 5 runs "
                "with threads, nor in 7 further looks.")
        for shown in (text, page.render(Summary(made.record(runs, looks={"near": 7, "far": 0})))):
            self.assertEqual(shown.count(said), 1)
            self.assertNotIn("(far)", shown)
            self.assertNotIn("no result", shown)

    def test_cases_without_a_run_at_a_distance_are_named(self):
        runs = made.five_rounds() + [made.run(1, "w4", "caiman-tree", 1, [700, 700],
                                              "million_per_s")]
        summary = Summary(made.record(runs))
        self.assertEqual(summary.distances(plan.BY_NAME["w4"]), ["far"])
        self.assertIn("No run had its processors near throughout, so there is no row: W4 hand-over.",
                      table.render(summary))

    def test_a_case_whose_runs_all_moved_is_named_at_both(self):
        runs = [made.run(n, "w3/2t/50", "caiman-tree", 1, [100, 600]) for n in range(1, 6)]
        text = table.render(Summary(made.record(runs)))
        self.assertIn("never near", text)
        self.assertIn("never far", text)
        self.assertIn("5 runs dropped", text)

    def test_an_unfinished_record_says_so(self):
        text = table.render(Summary(made.record(made.five_rounds()[:3], finished=False)))
        self.assertIn("not finished: interrupted in round 1", text)


class Ahead(unittest.TestCase):
    def test_who_is_ahead_and_by_how_much(self):
        sentence = ahead_sentence(Summary(made.record(made.five_rounds())))
        self.assertIn("W1: jemalloc 2.0×", sentence)
        self.assertNotIn("W3", sentence)
        self.assertNotIn("harness", sentence)

    def test_more_is_better_for_rates(self):
        runs = [made.run(n, "w4", name, value, [100, 100], "million_per_s") for n in range(1, 6)
                for name, value in (("caiman-tree", 10), ("jemalloc", 30))]
        self.assertIn("W4: jemalloc 3.0×", ahead_sentence(Summary(made.record(runs))))

    def test_nobody(self):
        runs = [made.run(1, "w1/256", "caiman-tree", 5), made.run(1, "w1/256", "jemalloc", 9)]
        self.assertIn("no peer is ahead", ahead_sentence(Summary(made.record(runs))))


class Comparing(unittest.TestCase):
    def test_a_slower_second_file(self):
        a, b = made.record(made.five_rounds()), made.record(made.five_rounds(scale=2))
        text = compare.render(a, b, "a", "b")
        self.assertRegex(text, r"W1 256 B, pair +ns +20\.6 +41\.2 +2\.000 +1\.9\d+ to 2\.0\d+ +worse")

    def test_the_same_file_differs_in_nothing(self):
        a = made.record(made.five_rounds())
        self.assertNotRegex(compare.render(a, a, "a", "b"), "better|worse|differs")

    def test_another_compiler_is_said(self):
        a, b = made.record(made.five_rounds()), made.record(made.five_rounds(), compiler="clang")
        self.assertIn("differs: compiler: g++ 12 and clang", compare.render(a, b, "a", "b"))

    def test_nothing_in_common(self):
        with self.assertRaises(BadInput):
            compare.render(made.record(made.five_rounds()), made.record(), "a", "b")


EVIL = "<script>alert('x')</script>&\"<img src=//h onerror=y>"


def evil_record():
    """Every text that a file can hold says something a browser must not see."""
    runs = [{**each, "subject": EVIL} if each["subject"] == "jemalloc" else each
            for each in made.five_rounds()]
    record = made.record(runs, date=EVIL, compiler=EVIL, revision=EVIL, command=EVIL,
                         failures=[EVIL], finished=False,
                         machine={key: EVIL for key in made.record()["machine"]})
    for each in record["subjects"]:
        each.update(version=EVIL, malloc=EVIL, package=EVIL, role=EVIL if each["role"] == "peer"
                    else each["role"], name=EVIL if each["name"] == "jemalloc" else each["name"])
    return record


class Tags(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs


class Pages(unittest.TestCase):
    def test_all_that_is_shown_is_escaped(self):
        tags = Tags(page.render(Summary(evil_record())))
        self.assertFalse(tags.tags & {"script", "img"})
        self.assertFalse([name for name, _ in tags.attributes if name.startswith("on")])

    def test_the_check_sees_what_is_not_escaped(self):
        text = page.render(Summary(evil_record())).replace("&lt;", "<").replace("&gt;", ">")
        self.assertIn("script", Tags(text).tags)

    def test_nothing_is_loaded(self):
        text = page.render(Summary(made.record(made.five_rounds())))
        tags = Tags(text)
        self.assertFalse(tags.tags & {"link", "script", "img", "iframe", "object", "use", "image"})
        self.assertFalse([a for a in tags.attributes if a[0] in ("src", "href", "xlink:href")])
        addresses = set(re.findall(r"[a-z]+://[^\s\"'<]+", text))
        self.assertEqual(addresses, {"http://www.w3.org/2000/svg"})  # a name, not a place
        self.assertNotIn("url(", text)
        self.assertNotIn("@import", text)

    def test_it_has_every_number_of_the_table(self):
        summary = Summary(made.record(made.five_rounds() + made.five_replays()))
        text = html.unescape(page.render(summary))
        for lines in (table.details(summary), table.conditions(summary), table.subjects(summary)):
            for line in lines:
                self.assertIn(line, text)

    def test_plots_are_well_formed(self):
        for record in (made.record(made.five_rounds()), evil_record()):
            picture = readme_section.plot(Summary(record))
            root = xml.etree.ElementTree.fromstring(picture)
            circles = root.iter("{http://www.w3.org/2000/svg}circle")
            self.assertEqual(len(list(circles)), 7)  # W1: three subjects; W3: two, near and far

    def test_axis_is_logarithmic_and_takes_zero(self):
        axis = svg.Axis([1, 10, 100, 0])
        self.assertAlmostEqual(axis.at(100) - axis.at(10), axis.at(10) - axis.at(1))
        self.assertLessEqual(axis.at(0), axis.at(1))
        self.assertEqual(axis.ticks(), [1, 2, 5, 10, 20, 50, 100])


class PageSection(unittest.TestCase):
    def test_between_the_markers_alone(self):
        before = f"head\n{readme_section.BEGIN}\nold\n{readme_section.END}\ntail\n"
        once = readme_section.replaced(before, "new\n", "README.md")
        self.assertEqual(once, f"head\n{readme_section.BEGIN}\nnew\n{readme_section.END}\ntail\n")
        self.assertEqual(readme_section.replaced(once, "new\n", "README.md"), once)

    def test_markers_must_be_there_once_and_in_order(self):
        begin, end = readme_section.BEGIN, readme_section.END
        for text in ("", begin, end, end + begin, begin + end + end, begin + begin + end):
            with self.assertRaises(BadInput):
                readme_section.replaced(text, "new\n", "README.md")

    def test_figures_machine_command_and_picture_are_there(self):
        text = readme_section.section(Summary(made.record(made.five_rounds())), "stress/p.svg")
        self.assertIn("| caiman-tree | 20.6 | 103\\* | 103\\* | – |", text)
        self.assertIn("| loop overhead | 1.03 | – | – | – |", text)
        for part in ("](stress/p.svg)", "P, 2 processors", "`./ci/bench`", "2026-01-02",
                     "jemalloc 2.0×", "\\* fewer than 5 runs at that distance."):
            self.assertIn(part, text)

    def test_names_cannot_leave_the_table(self):
        text = readme_section.section(Summary(evil_record()), "p.svg")
        self.assertEqual(text.count("`") % 2, 0)
        self.assertNotRegex(re.sub("`[^`]*`", "", text), r"(?<!\\)<")

    def test_a_record_without_figures_is_bad_input(self):
        with self.assertRaises(BadInput):
            readme_section.section(Summary(made.record()), "p.svg")


if __name__ == "__main__":
    unittest.main()
