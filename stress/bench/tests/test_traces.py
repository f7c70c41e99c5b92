# SPDX-License-Identifier: MIT
"""Traces as a workload: calls of the replay, wrong answers, the report. With a replay made of shell."""

import json
import pathlib
import stat
import sys
import tempfile
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1]), str(pathlib.Path(__file__).parent)]

import made  # noqa: E402
import readme_section  # noqa: E402
import test_command  # noqa: E402
from benchlib import compare, page, plan, record, table, traces, worker  # noqa: E402
from benchlib.errors import BadInput  # noqa: E402
from benchlib.summary import Summary  # noqa: E402
from benchlib.words import ahead_sentence, trace_lines  # noqa: E402

CC1PLUS = plan.BY_NAME["trace/cc1plus"]
RSYSLOGD = plan.BY_NAME["trace/rsyslogd"]
MS, MIB, _, REFUSED = CC1PLUS.figures
FOLDER = pathlib.Path(__file__).resolve().parents[2] / "traces"

# The first two words are always --trace and a file. ANSWER, when set, is the answer to a measurement.
FAKE_REPLAY = """#!/bin/sh
name=$(basename "$2" .trace.zst)
if [ "$3" = --about ]; then
  if [ "$BROKEN" = "$name" ]; then echo "trace_replay: '$2': cannot be read" >&2; exit 2; fi
  echo "{\\"trace\\": \\"$name\\", \\"events\\": 10, \\"threads\\": 1, \\"left_out\\": 2,"
  echo "\\"peak_live_bytes\\": 1048576}"; exit 0
fi
echo "$name $4 preload=$LD_PRELOAD $5" >>"$CALLS"
buffers=false; if [ "$5" = --buffers ]; then buffers=true; fi
number=$(wc -l <"$CALLS")
if [ "$FAIL_ON" = "$number" ]; then echo "trace_replay: it broke" >&2; exit 1; fi
if [ -n "$ANSWER" ]; then echo "$ANSWER"; exit 0; fi
echo "{\\"trace\\": \\"$name\\", \\"subject\\": \\"$4\\", \\"seconds\\": 0.25, \\"failures\\": 0,"
echo "\\"peak_rss_bytes\\": 5242880, \\"base_rss_bytes\\": 2097152, \\"ping_pong_ns\\": null,"
echo "\\"page_faults\\": 700, \\"buffers\\": $buffers, \\"cpu_seconds\\": 0.5}"
"""

GOOD = {"trace": "cc1plus", "subject": "tree", "seconds": 0.25, "failures": 3,
        "peak_rss_bytes": 5 << 20, "base_rss_bytes": 2 << 20, "ping_pong_ns": [100, 110],
        "page_faults": 700}


class WithReplay(test_command.Command):
    def setUp(self):
        super().setUp()
        self.replay = self.folder / "replay"
        self.replay.write_text(FAKE_REPLAY)
        self.replay.chmod(self.replay.stat().st_mode | stat.S_IXUSR)

    def measured(self, *arguments, groups="TRACES", **environment):
        return self.bench("--worker", str(self.worker), "--replay", str(self.replay), "--only",
                          groups, *arguments, **environment)


class Answers(WithReplay):
    def answered(self, answer, *arguments):
        text = answer if isinstance(answer, str) else json.dumps(answer)
        with test_command.mock.patch.dict(test_command.os.environ,
                                          {**self.environment, "ANSWER": text}):
            replay = traces.Replay(str(self.replay), "nowhere")
            return replay.call("cc1plus", {"name": "tree", "preload": ""}, arguments)

    def test_what_is_made_of_an_answer(self):
        self.assertEqual(self.answered(GOOD), {
            "subject": "tree", "figures": {"ms": 250, "refused": 3, "mib": 3, "faults": 700},
            "ping_pong_ns": [100, 110]})

    def test_wrong_answers_are_no_runs(self):
        for words, answer in (
                ("no JSON", "0.25"[:1] + "x"), ("about trace None", [1]),
                ("about trace 'sqlite3'", {**GOOD, "trace": "sqlite3"}),
                ("about subject 'glibc'", {**GOOD, "subject": "glibc"}),
                ("no number 'seconds'", {k: v for k, v in GOOD.items() if k != "seconds"}),
                ("no number 'seconds'", {**GOOD, "seconds": -1}),
                ("no number 'failures'", {**GOOD, "failures": "0"}),
                ("no number 'failures'", {**GOOD, "failures": True}),
                ("no number 'page_faults'", {k: v for k, v in GOOD.items() if k != "page_faults"}),
                ("no number 'base_rss_bytes'", {**GOOD, "base_rss_bytes": None})):
            with self.subTest(words), self.assertRaises(worker.WorkerFailed) as caught:
                self.answered(answer)
            self.assertIn(words, str(caught.exception))

    def test_a_replay_that_did_not_take_blocks_for_buffers_is_no_run(self):
        good = {**GOOD, "buffers": True, "cpu_seconds": 0.5}
        self.assertEqual(self.answered(good, "--buffers")["figures"]["cpu_ms"], 500)
        with self.assertRaisesRegex(worker.WorkerFailed, "no number 'cpu_seconds'"):
            self.answered({**GOOD, "buffers": True}, "--buffers")
        for answer in (GOOD, {**GOOD, "buffers": False}):
            with self.assertRaisesRegex(worker.WorkerFailed, "about buffers (None|False)"):
                self.answered(answer, "--buffers")

    def test_memory_that_is_not_known_is_no_figure(self):
        run = self.answered({**GOOD, "peak_rss_bytes": 0, "base_rss_bytes": 0})
        self.assertEqual(sorted(run["figures"]), ["faults", "ms", "refused"])


class Measuring(WithReplay):
    def test_every_trace_on_every_subject_in_turn(self):
        done = self.measured("--rounds", "5", "--json", str(self.folder / "a.json"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        calls = [call.split() for call in self.calls.read_text().splitlines()]
        self.assertEqual(len(calls), 5 * 3 * 2)
        self.assertEqual([call[:2] for call in calls[:8]], [
            ["cc1plus", "peer"], ["cc1plus", "tree"], ["sqlite3", "peer"], ["sqlite3", "tree"],
            ["rsyslogd", "peer"], ["rsyslogd", "tree"], ["cc1plus", "tree"], ["cc1plus", "peer"]])
        for _, subject, preload in calls:  # and nothing else is said to them
            self.assertEqual(preload, "preload=libnone.so" if subject == "peer" else "preload=")
        result = record.read(self.folder / "a.json")
        self.assertEqual([trace["name"] for trace in result["traces"]], list(plan.TRACES["TRACES"]))
        self.assertIn("2 requests beyond 1 MiB left out", done.stdout)

    def test_those_of_buffers_are_replayed_as_such(self):
        done = self.measured("--rounds", "5", "--json", str(self.folder / "a.json"), groups="BUFFERS")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        calls = [call.split() for call in self.calls.read_text().splitlines()]
        self.assertEqual({(call[0], call[1], call[3]) for call in calls},
                         {(name, subject, "--buffers") for name in plan.TRACES["BUFFERS"]
                          for subject in ("peer", "tree")})
        self.assertEqual([trace["name"] for trace in record.read(self.folder / "a.json")["traces"]],
                         list(plan.TRACES["BUFFERS"]))

    def test_quick_has_them_in_fewer_rounds_and_says_so(self):
        self.assertEqual(self.measured("--quick").returncode, 0)
        self.assertEqual(len(self.calls.read_text().splitlines()), plan.QUICK.trace_rounds * 3 * 2)
        self.assertIn(f"the traces in {plan.QUICK.trace_rounds} of them",
                      " ".join(self.bench("--help").stdout.split()))

    def test_a_replay_that_fails_is_reported_and_the_rest_is_done(self):
        done = self.measured("--rounds", "5", "--json", str(self.folder / "a.json"), FAIL_ON="3")
        self.assertEqual(done.returncode, 1)
        self.assertIn("FAILED: round 1, trace/sqlite3, peer: trace_replay: it broke", done.stdout)
        self.assertEqual(len(record.read(self.folder / "a.json")["runs"]), 29)

    def test_a_trace_that_cannot_be_had_is_said_before_anything_is_measured(self):
        done = self.measured(BROKEN="sqlite3")
        self.assert_bad_input(done, "trace 'sqlite3': trace_replay: ")
        self.assertIn("--only leaves the traces out", done.stderr)
        self.assertFalse(self.calls.exists())

    def test_so_is_a_replay_that_was_not_built(self):
        self.replay.unlink()
        self.assert_bad_input(self.measured(), "No such file or directory; --only leaves")

    def test_without_traces_no_replay_is_needed(self):
        self.replay.unlink()
        done = self.bench("--worker", str(self.worker), "--replay", str(self.replay), "--quick",
                          "--only", "W1")
        self.assertEqual(done.returncode, 0, done.stderr)


class Form(WithReplay):
    def test_files_that_are_no_results(self):
        good = made.record(made.five_replays())
        record.check(good, "good")
        for words, bad in (
                ("'traces' is missing", {k: v for k, v in good.items() if k != "traces"}),
                ("'looks' is of the wrong kind", {**good, "looks": []}),
                ("'looks': 'far' is missing", {**good, "looks": {"near": 1}}),
                ("'traces' 0 is of the wrong kind", {**good, "traces": [7]}),
                ("'traces' 0: 'left_out' is missing", {**good, "traces": [{
                    k: v for k, v in made.CC1PLUS.items() if k != "left_out"}]}),
                ("'traces' 0: 'events' is no number", {**good, "traces": [{
                    **made.CC1PLUS, "events": "9"}]}),
                ("'traces' 0: 'events' is no number", {**good, "traces": [{
                    **made.CC1PLUS, "events": 10 ** 400}]}),
                ("'runs' 1: trace 'rsyslogd' is not among", {**good, "traces": [made.CC1PLUS]}),
                ("'events' is of the wrong kind", {**good, "traces": [{
                    **made.CC1PLUS, "events": 0.5}]}),
                ("'extra' is of the wrong kind", {**good, "runs": [{**good["runs"][0],
                                                                    "extra": 1}]}),
                ("schema version True", {**good, "version": True})):
            with self.subTest(words), self.assertRaises(BadInput) as caught:
                record.check(bad, "file")
            self.assertIn(words, str(caught.exception))

    def test_a_file_from_before_there_were_traces_still_reads(self):
        old = made.record(made.five_rounds(), version=1)
        del old["traces"], old["looks"]
        record.check(old, "old")
        new = made.record(made.five_rounds() + made.five_replays())
        self.assertNotIn("differs", compare.render(old, new, "old", "new"))
        self.assertIn("W3", page.render(Summary(old)))


class Report(unittest.TestCase):
    def setUp(self):
        self.summary = Summary(made.record(made.five_replays()))

    def test_near_and_far_are_kept_apart_where_there_are_threads(self):
        self.assertEqual(self.summary.distances(CC1PLUS), [""])
        self.assertEqual(self.summary.distances(RSYSLOGD), ["near", "far"])
        self.assertEqual(self.summary.spread(RSYSLOGD, MS, "jemalloc", "near").count, 3)

    def test_a_replay_whose_processors_moved_is_dropped_and_counted(self):
        runs = made.five_replays() + [made.replayed(6, "rsyslogd", "jemalloc", 1, [100, 600])]
        summary = Summary(made.record(runs))
        self.assertEqual(summary.dropped(RSYSLOGD), 1)
        self.assertGreater(summary.spread(RSYSLOGD, MS, "jemalloc", "near").least, 100)

    def test_the_table_has_time_memory_refusals_and_what_was_left_out(self):
        text = table.render(self.summary)
        self.assertRegex(text, r"TRACES cc1plus, time +ms +143 +73\.0 ")
        self.assertRegex(text, r"TRACES rsyslogd, memory at peak \(far\) +MiB +38\.0 +19\.0 ")
        self.assertNotRegex(text, "TRACES.*refused +requests")
        self.assertIn("refused, requests\n  0 in every run of every subject", text)
        for part in ("cc1plus: 4,678,482 events, 1 thread, 8.50 MiB live at peak; 1 request beyond",
                     "rsyslogd: 2,301,207 events, 6 threads", "No request of a trace was refused."):
            self.assertIn(part, text)

    def test_who_refused_is_named(self):
        runs = made.five_replays() + [made.replayed(6, "cc1plus", "caiman-tree", 9, refused=12)]
        for text in (table.render(Summary(made.record(runs))),
                     page.render(Summary(made.record(runs))),
                     readme_section.section(Summary(made.record(runs + made.five_rounds())), "p")):
            self.assertRegex(text, r"the most in one run: caiman(\\?)-tree 12 in cc1plus\.")
            self.assertNotIn("No request of a trace was refused", text)

    def test_memory_that_is_not_known_is_said(self):
        runs = [made.replayed(n, "cc1plus", "jemalloc", 9, mib=None) for n in range(1, 6)]
        self.assertIn("memory at peak, MiB\n  no result: this system does not say",
                      table.render(Summary(made.record(runs))))
        runs += [made.replayed(n, "cc1plus", "caiman-tree", 9) for n in range(1, 6)]
        self.assertIn("no result, this system does not say: jemalloc",
                      table.render(Summary(made.record(runs))))

    def test_ahead_keeps_time_and_memory_apart(self):
        sentence = ahead_sentence(self.summary)
        self.assertIn("TRACES (time): jemalloc 2.0×", sentence)
        self.assertIn("TRACES (memory at peak): jemalloc 2.0×", sentence)
        self.assertNotIn("refused", sentence)

    def test_the_page_has_plots_and_what_was_left_out(self):
        text = page.render(self.summary)
        for part in ("TRACES cc1plus, time", "TRACES rsyslogd, time, processors far",
                     "TRACES rsyslogd, memory at peak, processors near", "1 request beyond 1 MiB"):
            self.assertIn(part, text)
        self.assertEqual(text.count("<circle"), 3 * 2 * 3)

    def test_two_files(self):
        a = made.record(made.five_replays())
        b = made.record([{**run, "figures": {**run["figures"], "ms": 2 * run["figures"]["ms"]}}
                         for run in a["runs"]], traces=[{**made.CC1PLUS, "events": 5},
                                                        made.RSYSLOGD])
        text = compare.render(a, b, "a", "b")
        self.assertRegex(text, r"TRACES cc1plus, time +ms +143 +286 +2\.000 .* worse +caiman-tree")
        self.assertRegex(text, r"TRACES rsyslogd, memory at peak \(near\) .* 1\.000 ")
        self.assertIn("differs: trace cc1plus, events: 4678482 and 5", text)

    def test_a_row_per_trace_on_the_page(self):
        text = readme_section.section(Summary(made.record(made.five_rounds() + made.five_replays())),
                                      "p.svg")
        self.assertIn("| cc1plus | 143 / 19.0 / 700 | 73.0 / 9.50 / 700 | – / – / – |", text)
        self.assertRegex(text, r"\| rsyslogd far \| 283\\\* / 38\.0\\\* / 700\\\* \|")
        self.assertIn("1 request beyond 1 MiB left out", text)

    def test_the_page_without_traces_has_no_such_table(self):
        self.assertNotIn("replayed", readme_section.section(
            Summary(made.record(made.five_rounds())), "p.svg"))


class Buffers(unittest.TestCase):
    """What the page says of buffers, apart from the other traces."""

    def setUp(self):
        self.only = Summary(made.record(made.five_buffer_replays(), traces=[made.FAN_OUT],
                                        load_at_start=2.5))
        self.all = Summary(made.record(
            made.five_rounds() + made.five_replays() + made.five_buffer_replays(),
            traces=[made.CC1PLUS, made.RSYSLOGD, made.FAN_OUT]))

    def test_a_row_per_trace_and_distance_and_who_is_ahead(self):
        text = readme_section.buffers_section(self.only)
        self.assertRegex(text, r"\| fan\\_out near \| 83\.0\\\* / 160\\\* / 8\.00\\\* / 700\\\* \| 123")
        self.assertIn("fan\\_out: 120,012 events, 5 threads", text)
        self.assertIn("The load of the machine was 2.50", text)
        self.assertIn("no peer is ahead by 5 % or more", text)
        self.assertNotIn("cc1plus", readme_section.buffers_section(self.all))
        self.assertIn("no peer is ahead", readme_section.buffers_section(self.all))

    def test_the_other_table_has_none_of_it(self):
        self.assertNotIn("fan", readme_section.section(self.all, "p").split("Where others")[0])
        self.assertIn("fan_out: 120,012 events", page.render(self.all))
        self.assertNotIn("fan_out", "".join(trace_lines(self.all, "TRACES")))

    def test_a_file_of_nothing_else_fills_its_markers_and_nothing_else(self):
        with tempfile.TemporaryDirectory() as folder:
            results, of_page = pathlib.Path(folder) / "a.json", pathlib.Path(folder) / "p.md"
            record.write(results, self.only.record)
            of_page.write_text(f"a\n{readme_section.BUFFERS_BEGIN}\nold\n{readme_section.BUFFERS_END}\nb\n")
            readme_section.run([str(results), "--readme", "none", "--page", str(of_page),
                                "--pictures", "none"])
            text = of_page.read_text()
            self.assertTrue(text.startswith("a\n") and text.endswith("\nb\n"))
            self.assertIn("| fan\\_out near |", text)
            self.assertNotIn("old", text)
            of_page.write_text("no markers")
            with self.assertRaisesRegex(BadInput, "wants the two marker comments"):
                readme_section.run([str(results), "--page", str(of_page)])


class Plan(unittest.TestCase):
    def test_every_trace_that_is_kept_is_measured(self):
        kept = {file.name.removesuffix(".trace.zst") for file in FOLDER.glob("*.trace.zst")}
        self.assertEqual(kept, {name for names in plan.TRACES.values() for name in names})
        self.assertEqual(set(plan.TRACES), set(plan.REPLAYED))


if __name__ == "__main__":
    unittest.main()
