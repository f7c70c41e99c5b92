# SPDX-License-Identifier: MIT
"""The command as a person meets it: bad input, interruption, a worker that fails. No real worker."""

import contextlib
import io
import json
import os
import pathlib
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest
from unittest import mock

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import bench  # noqa: E402
import made  # noqa: E402
import readme_section  # noqa: E402
import test_both_ways  # noqa: E402
from benchlib import record  # noqa: E402

BENCH = [sys.executable, str(HERE.parent / "bench.py")]

# Answers as the worker does, at once; each call leaves a line in a file. FAIL_ON and HANG_ON name
# the call of a measurement that does so.
FAKE_WORKER = """#!/bin/sh
case " $* " in
*" --list "*)
  about='"compiler": "c", "far_from_ns": 250, "arena_bytes": 1, "min_block_bytes": 1'
  tree='{"name": "tree", "role": "ours", "preload": "", "package": "none", "arena": true}'
  peer='{"name": "peer", "role": "peer", "preload": "libnone.so", "package": "none", "arena": false}'
  echo "{$about, \\"subjects\\": [$tree, $peer]}" ;;
*" --check "*)
  if [ -n "$BAD_CHECK" ]; then echo "bench_worker: it cheats" >&2; exit 1; fi
  echo '{"malloc": "m"}' ;;
*)
  echo "$* preload=$LD_PRELOAD" >>"$CALLS"
  number=$(wc -l <"$CALLS")
  if [ "$FAIL_ON" = "$number" ]; then echo "bench_worker: it broke" >&2; exit 1; fi
  if [ "$HANG_ON" = "$number" ]; then exec sleep 60; fi
  echo "{\\"figures\\": {\\"ns\\": 7.0}, \\"subject\\": \\"$2\\"}" ;;
esac
"""


class Command(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.calls = self.folder / "calls"
        self.worker = self.folder / "worker"
        self.worker.write_text(FAKE_WORKER)
        self.worker.chmod(self.worker.stat().st_mode | stat.S_IXUSR)
        self.environment = {**os.environ, "CALLS": str(self.calls)}

    def file(self, name, content):
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def bench(self, *arguments, **environment):
        return subprocess.run([*BENCH, *arguments], env={**self.environment, **environment},
                              capture_output=True, text=True, timeout=60, check=False)

    def measured(self, *arguments, **environment):
        return self.bench("--worker", str(self.worker), "--quick", "--only", "W1", *arguments,
                          **environment)

    def assert_bad_input(self, done, words):
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("bench: "), done.stderr)
        self.assertIn(words, done.stderr)


class BadInput(Command):
    def bench(self, *arguments, **environment):
        """In this process: there are many of these, and an interpreter takes its time to start."""
        output, complaint = io.StringIO(), io.StringIO()
        with mock.patch.dict(os.environ, {**self.environment, **environment}), \
                mock.patch.object(sys, "argv", ["bench", *arguments]), \
                contextlib.redirect_stdout(output), contextlib.redirect_stderr(complaint):
            code = bench.main()
        return subprocess.CompletedProcess(arguments, code, output.getvalue(), complaint.getvalue())

    def test_wrong_options(self):
        for arguments, words in (
                (["--bogus"], "unrecognized"), (["--rounds", "4"], "not a number from 5"),
                (["--rounds", "many"], "'many'"), (["--only", "W9"], "unknown 'W9'"),
                (["--only", ","], "nothing is left"), (["--subjects", "tree,x"], "unknown 'x'"),
                (["--against", "x"], "unknown 'x'"),
                (["--json", "/no/such/folder/a"], "cannot write"),
                (["--page", str(self.folder)], "cannot write"),
                (["--only", "FAIL", "--subjects", "peer"], "takes part")):
            with self.subTest(arguments):
                self.assert_bad_input(self.measured(*arguments), words)

    def test_no_worker(self):
        self.assert_bad_input(self.bench("--worker", str(self.folder / "none")), "No such file")

    def test_a_subject_that_fails_its_check_is_not_measured(self):
        self.assert_bad_input(self.measured(BAD_CHECK="1"), "it cheats")
        self.assertFalse(self.calls.exists())

    def test_files_that_are_no_results(self):
        good = made.record(made.five_rounds())
        first = good["runs"][0]

        def with_run(**changes):
            return {**good, "runs": [{**first, **changes}]}
        bad = {
            "no JSON": "{", "not a result": [], "schema version 9": {**good, "version": 9},
            "'machine' is missing": {k: v for k, v in good.items() if k != "machine"},
            "'finished' is of the wrong kind": {**good, "finished": 1},
            "'arena_bytes' is no number": {**good, "arena_bytes": True},
            "'subjects' 0 is of the wrong kind": {**good, "subjects": [7]},
            "'runs' 0 is of the wrong kind": {**good, "runs": [7]},
            "subject 'who' is not among": with_run(subject="who"),
            "'ns' is no number": with_run(figures={"ns": "7"}),
            "'runs' 0: 'figures': 'ns' is no number": json.dumps(with_run(figures={"ns": float("nan")})),
            "'ns' is no number ": with_run(figures={"ns": 10 ** 400}),
            "'load_at_start' is no number": {**good, "load_at_start": "x"},
            "'metadata_bytes' is no number": {
                **good, "subjects": [{**good["subjects"][0], "metadata_bytes": [1]}]},
            "'ping_pong_ns' has not 2 values": with_run(ping_pong_ns=[1]),
            "'ping_pong_ns' 1 is no number": with_run(ping_pong_ns=[1, "2"]),
            "'floor': 'two_cas_ns' is no number": with_run(floor={"two_cas_ns": None}),
            "'figures' is missing": with_run(figures=None),
        }
        good_file = self.file("good", good)
        for words, content in bad.items():
            with self.subTest(words):
                path = self.file("bad", content)
                self.assert_bad_input(self.bench("--compare", good_file, path), words.strip())
                self.assert_bad_input(self.bench("--from", path), path)
        (self.folder / "binary").write_bytes(b"\xff\xfe\x00")
        self.assert_bad_input(self.bench("--from", str(self.folder / "binary")), "no JSON")
        self.assert_bad_input(self.bench("--from", str(self.folder / "gone")), "No such file")
        empty = self.file("empty", made.record())
        self.assert_bad_input(self.bench("--compare", good_file, empty), "no figure in common")


class Measuring(Command):
    def test_rounds_interleave_and_take_turns(self):
        done = self.measured("--json", str(self.folder / "a.json"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")  # a log stays quiet
        calls = self.calls.read_text().splitlines()
        self.assertEqual(len(calls), 5 * 4 * 2)
        order = [call.split()[1] for call in calls]
        self.assertEqual(order[:2], ["peer", "tree"])
        self.assertEqual(order[8:10], ["tree", "peer"])
        result = record.read(self.folder / "a.json")
        self.assertTrue(result["finished"])
        self.assertEqual(len(result["runs"]), 40)
        self.assertNotIn(str(self.folder), (self.folder / "a.json").read_text())

    def test_only_the_library_of_the_subject_is_loaded(self):
        self.measured(LD_PRELOAD="libmine.so")
        for call in self.calls.read_text().splitlines():
            wanted = "libnone.so" if call.split()[1] == "peer" else ""
            self.assertTrue(call.endswith(f"preload={wanted}"), call)

    def test_a_measurement_that_fails_is_reported_and_the_rest_is_done(self):
        done = self.measured("--json", str(self.folder / "a.json"), FAIL_ON="3")
        self.assertEqual(done.returncode, 1)
        self.assertIn("FAILED: round 1, w1/1024, peer: bench_worker: it broke", done.stdout)
        self.assertEqual(len(record.read(self.folder / "a.json")["runs"]), 39)

    def interrupted(self, sent, hang_on, count):
        page = self.folder / "a.html"
        process = subprocess.Popen(
            [*BENCH, "--worker", str(self.worker), "--quick", "--only", "W1", "--page", str(page),
             "--json", str(self.folder / "a.json")],
            env={**self.environment, "HANG_ON": str(hang_on)}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if self.calls.exists() and len(self.calls.read_text().splitlines()) == hang_on:
                break
            time.sleep(0.02)
        process.send_signal(sent)
        output, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130)
        result = record.read(self.folder / "a.json")
        self.assertFalse(result["finished"])
        self.assertEqual(len(result["runs"]), count)
        return output, page

    def test_ctrl_c_reports_what_was_done(self):
        output, page = self.interrupted(signal.SIGINT, 6, 5)
        self.assertIn("not finished: interrupted in round 1 of 5", output)
        self.assertIn("not finished: interrupted", page.read_text())

    def test_so_does_the_signal_that_ends_a_batch_job(self):
        self.interrupted(signal.SIGTERM, 6, 5)

    def test_interrupted_before_the_first_result(self):
        _, page = self.interrupted(signal.SIGINT, 1, 0)
        self.assertFalse(page.exists())

    def test_page_and_table_of_an_earlier_file(self):
        path = self.file("a.json", made.record(made.five_rounds()))
        page = self.folder / "a.html"
        done = self.bench("--from", path, "--page", str(page))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("caiman-tree", done.stdout)
        self.assertTrue(page.read_text().startswith("<!DOCTYPE html>"))
        self.assertEqual([p.name for p in self.folder.glob(".*")], [])  # nothing half-written


class Readme(Command):
    """README, page and two plots are written together, or none of them."""

    MARKED = f"head\n{readme_section.BEGIN}\n{readme_section.END}\ntail\n"

    def write(self, results):
        done = subprocess.run([sys.executable, str(HERE.parent / "readme_section.py"), results,
                               "--readme", str(self.folder / "README.md"),
                               "--page", str(self.folder / "page.md"), "--pictures", str(self.folder)],
                              capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stderr.splitlines()

    def test_all_four_are_written(self):
        for name in ("README.md", "page.md"):
            self.file(name, self.MARKED)
        results = self.file("good", test_both_ways.both(made.five_rounds()))
        self.assertEqual(self.write(results), (0, []))
        readme, page = ((self.folder / name).read_text() for name in ("README.md", "page.md"))
        self.assertIn("](speed.svg)", readme)
        self.assertIn("](page.md)", readme)
        self.assertIn("](performance.svg)", page)
        for name in ("speed.svg", "performance.svg"):
            self.assertIn("<svg", (self.folder / name).read_text())
        for text in (readme, page):
            self.assertTrue(text.startswith("head\n") and text.endswith("\ntail\n"))

    def test_bad_input_writes_nothing(self):
        good = self.file("good", test_both_ways.both(made.five_rounds()))
        nothing_of_it = self.file("other", made.record(made.five_rounds()))
        for readme, page, results in (("no markers", self.MARKED, good), (self.MARKED, "none", good),
                                      (self.MARKED, self.MARKED, nothing_of_it),
                                      (self.MARKED, self.MARKED, str(self.folder / "gone"))):
            self.file("README.md", readme)
            self.file("page.md", page)
            code, said = self.write(results)
            self.assertEqual((code, len(said)), (2, 1))
            self.assertEqual((self.folder / "README.md").read_text(), readme)
            self.assertEqual((self.folder / "page.md").read_text(), page)
            self.assertEqual(list(self.folder.glob("*.svg")), [])


if __name__ == "__main__":
    unittest.main()
