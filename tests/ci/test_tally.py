# SPDX-License-Identifier: MIT
"""What ci/test counts as passed and failed: ci/tally.py over results that are made up."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

TALLY = pathlib.Path(__file__).resolve().parents[2] / "ci/tally.py"


class Tally(unittest.TestCase):
    def alone(self, defined, *suites):
        """Whether there are tests in none of these suites, and what is said."""
        with tempfile.TemporaryDirectory() as made:
            pathlib.Path(made, "meson-info").mkdir()
            tests = [{"name": name, "suite": [f"caiman:{of}" if of else "caiman"]} for name, of in defined.items()]
            pathlib.Path(made, "meson-info/intro-tests.json").write_text(json.dumps(tests))
            done = subprocess.run([sys.executable, TALLY, made, "--in", *suites], capture_output=True, text=True,
                                  check=False)
        return done.returncode, done.stderr

    def count(self, defined, results, status=0, suite="unit"):
        """Of tests by name and suite, of which these have a result."""
        with tempfile.TemporaryDirectory() as made:
            for folder in ("meson-info", "meson-logs"):
                pathlib.Path(made, folder).mkdir()
            tests = [{"name": name, "suite": [f"caiman:{of}"]} for name, of in defined.items()]
            pathlib.Path(made, "meson-info/intro-tests.json").write_text(json.dumps(tests))
            lines = [json.dumps({"name": name, "result": result, "returncode": 0, "duration": 1.0,
                                 "stdout": f"words of {name}"}) for name, result in results.items()]
            if results:
                pathlib.Path(made, f"meson-logs/ci-{suite}.json").write_text("\n".join(lines) + "\n")
            done = subprocess.run([sys.executable, TALLY, made, suite, str(status)], capture_output=True,
                                  text=True, check=False)
        return *map(int, done.stdout.split()), done.returncode, done.stderr

    def test_what_passed_is_counted(self):
        self.assertEqual(self.count({"a": "unit", "b": "unit", "c": "model"}, {"a": "OK", "b": "EXPECTEDFAIL"}),
                         (2, 0, 0, ""))

    def test_what_failed_or_was_skipped_has_failed_and_is_named(self):
        for result in ("FAIL", "SKIP", "TIMEOUT", "ERROR", "INTERRUPT", "UNEXPECTEDPASS"):
            *counts, said = self.count({"a": "unit", "b": "unit"}, {"a": "OK", "b": result}, status=1)
            self.assertEqual(counts, [1, 1, 0])
            self.assertIn(f"b: {result}", said)
            self.assertIn("| words of b", said)
            self.assertNotIn("words of a", said)

    def test_what_was_not_run_has_failed(self):
        self.assertEqual(self.count({"a": "unit", "b": "unit", "c": "unit"}, {"a": "OK"})[:3], (1, 2, 1))
        self.assertEqual(self.count({"a": "unit"}, {})[:3], (0, 1, 1))

    def test_a_suite_without_a_test_has_failed(self):
        self.assertEqual(self.count({"a": "model"}, {})[:3], (0, 1, 1))

    def test_what_is_in_no_suite_that_is_run_has_failed(self):
        self.assertEqual(self.alone({"a": "unit", "b": "model"}, "unit", "model"), (0, ""))
        for of in ("", "other"):
            code, said = self.alone({"a": "unit", "b": of}, "unit", "model")
            self.assertEqual(code, 1)
            self.assertIn("b: in none of the suites unit model", said)
        self.assertEqual(self.alone({}, "unit")[0], 1)

    def test_that_meson_fails_is_no_pass(self):
        self.assertEqual(self.count({"a": "unit"}, {"a": "OK"}, status=2)[:3], (1, 1, 1))


if __name__ == "__main__":
    unittest.main()
