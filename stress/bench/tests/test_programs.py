# SPDX-License-Identifier: MIT
"""The programs beside each other: order, what fails and how it is said, table and section. No real program."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import readme_section  # noqa: E402
from benchlib import programs  # noqa: E402
from benchlib.errors import BadInput  # noqa: E402

FAKE_WORKER = """#!/bin/sh
case "$1" in
--ping-pong) echo '{"ping_pong_ns": 90}' ;;
--list) echo '{"compiler": "c", "far_from_ns": 250, "subjects": []}' ;;
esac
"""

# Answers at once; with its arguments a line in a file. BROKEN is "NAME WHAT": what that one does instead.
FAKE_PROGRAM = """#!/bin/sh
name=${0##*/program-}
if [ "$1" = --list ]; then
  [ "$BROKEN" != "$name list" ] || { echo '{}'; exit 0; }
  echo "{\\"program\\": \\"$name\\", \\"memory\\": [\\"ours\\", \\"theirs\\"], \\"brief\\": 64, \\"full\\": 640,
         \\"threads\\": 2}"
  exit 0
fi
echo "$name $*" >>"$CALLS"
digest=00 rate=100 peak='"peak_mib": 2,'
if [ "$2" = theirs ]; then
  rate=50
  case "$BROKEN" in
  "$name dies") echo "$name: expected: all of it came" >&2; exit 1 ;;
  "$name killed") kill -KILL $$ ;;
  "$name silent") exit 0 ;;
  "$name figure") peak= ;;
  "$name digest") digest=01 ;;
  "$name other") name=another ;;
  esac
fi
echo "{\\"program\\": \\"$name\\", \\"memory\\": \\"$2\\", \\"requests\\": $4, \\"requests_per_s\\": $rate, $peak
       \\"cpu_us\\": 4, \\"p50_us\\": 1, \\"p99.9_us\\": 3, \\"digest\\": \\"$digest\\", \\"io_uring\\": \\"not allowed here: E\\"}"
"""


class Fakes(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for name, text in [("worker", FAKE_WORKER)] + [(f"program-{name}", FAKE_PROGRAM) for name in programs.NAMES]:
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o755)
        self.results = self.folder / "results.json"

    def bench(self, *arguments, broken=""):
        return subprocess.run(
            [sys.executable, str(HERE.parent / "bench.py"), "--worker", str(self.folder / "worker"), *arguments],
            env={**os.environ, "CALLS": str(self.folder / "calls"), "BROKEN": broken},
            capture_output=True, text=True, timeout=60, check=False)

    def run_all(self, *arguments, broken=""):
        return self.bench("--programs", "--program-folder", str(self.folder), "--json", str(self.results),
                          *arguments, broken=broken)

    def calls(self):
        return (self.folder / "calls").read_text().splitlines()


class Programs(Fakes):
    def test_every_program_with_every_memory(self):
        done = self.run_all("--quick")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.calls(), [f"{name} --memory {memory} --amount 64" for name in programs.NAMES
                                        for memory in ("ours", "theirs")])
        self.assertRegex(done.stdout, r"fan_out +theirs +50\.0 +4\.00 +1\.00 +3\.00 +2\.00 +1 +2\.00 +1\.00 +1\.00 +1\.00\n")
        self.assertIn("Ping-pong between the two processors beside these runs: 90.0 to 90.0 ns", done.stdout)
        self.assertIn("uring_file, ours: io_uring: not allowed here: E", done.stdout)

    def test_the_kinds_take_turns(self):
        done = self.run_all("--rounds", "3", "--only", "plugin")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([line.split()[2] for line in self.calls()],
                         ["ours", "theirs", "theirs", "ours", "ours", "theirs"])
        self.assertTrue(all(line.endswith("--amount 640") for line in self.calls()))

    def test_what_fails_is_a_line_and_the_others_go_on(self):
        for broken, words in (("dies", "expected: all of it came"), ("killed", "ended by SIGKILL"),
                              ("silent", "its answer is no JSON"), ("figure", "its answer has no peak_mib"),
                              ("digest", "it received something else than ours"),
                              ("other", "its answer is of something else")):
            with self.subTest(broken):
                done = self.run_all("--quick", broken=f"byte_cache {broken}")
                self.assertEqual(done.returncode, 1)
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertTrue(done.stderr.startswith("bench: round 1, byte_cache, theirs: "), done.stderr)
                self.assertIn(words, done.stderr)
                self.assertIn("FAILED: round 1, byte_cache, theirs: ", done.stdout)
                self.assertRegex(done.stdout, r"plugin +theirs")

    def test_one_that_is_missing_or_says_nothing_of_itself_is_a_failure(self):
        done = self.run_all("--quick", broken="workers list")
        self.assertEqual((done.returncode, done.stderr),
                         (1, "bench: workers: it does not say what there is to choose\n"))
        (self.folder / "program-overload").unlink()
        done = self.run_all("--quick")
        self.assertEqual(done.returncode, 1)
        self.assertIn("program-overload: No such file", done.stderr)
        for name in programs.NAMES:
            (self.folder / f"program-{name}").unlink(missing_ok=True)
        done = self.run_all("--quick")
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, len(programs.NAMES)))

    def test_wrong_use(self):
        for arguments, words in ((["--only", "W1"], "unknown 'W1'"), (["--page", "p"], "does not go with --page"),
                                 (["--from", "f"], "does not go with --from"), (["--rounds", "0"], "not a number")):
            with self.subTest(arguments):
                done = self.run_all(*arguments)
                self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), done.stderr)
                self.assertIn(words, done.stderr)

    def test_an_earlier_file_is_shown_again(self):
        first = self.run_all("--quick")
        again = self.bench("--from", str(self.results))
        self.assertEqual((again.returncode, again.stdout), (0, first.stdout))

    def test_ratios_are_of_a_round(self):
        made = {"runs": [{"program": "plugin", "memory": memory, "round": n, "cpu_us": 1, "p50_us": 1, "p99.9_us": 1,
                          "peak_mib": 1, "requests_per_s": rate}
                         for n, rate in ((1, 10), (2, 100), (3, 1000)) for memory in ("ours", "theirs")],
                "programs": [{"program": "plugin", "memory": ["ours", "theirs"]}]}
        made["runs"][1]["requests_per_s"] = 1000  # without it their median is the same
        self.assertEqual([row.ratios["requests_per_s"] for row in programs.rows(made)], [1, 1])


class Section(Fakes):
    def write(self, page):
        path = self.folder / "page.md"
        path.write_text(page)
        done = subprocess.run([sys.executable, str(HERE.parent / "readme_section.py"), str(self.results),
                               "--page", str(path), "--readme", "none"], capture_output=True, text=True,
                              timeout=60, check=False)
        return done, path.read_text()

    def test_the_section_stands_between_its_markers(self):
        self.run_all("--quick")
        before = f"a\n{readme_section.BEGIN}\nb\n{readme_section.END}\n"
        done, text = self.write(f"{before}{readme_section.PROGRAMS_BEGIN}\nold\n{readme_section.PROGRAMS_END}\nc\n")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(text.startswith(before) and text.endswith("\nc\n") and "old" not in text)
        self.assertIn("| fan\\_out | theirs | 50.0 | 4.00 | 1.00 | 3.00 | 2.00 | 2.00 | 1.00 | 1.00 | 1.00 |", text)
        self.assertIn("Medians of 1 rounds on ", text)

    def test_without_markers_nothing_is_written(self):
        self.run_all("--quick")
        done, text = self.write("nothing\n")
        self.assertEqual((done.returncode, text), (2, "nothing\n"))

    def test_a_file_with_a_hole_is_bad_input(self):
        self.run_all("--quick")
        whole = json.loads(self.results.read_text())
        for key in ("programs", "runs", "machine", "failures"):
            self.results.write_text(json.dumps({k: v for k, v in whole.items() if k != key}))
            with self.subTest(key), self.assertRaises(BadInput):
                programs.read(self.results)


if __name__ == "__main__":
    unittest.main()
