#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `meson test` came to, as ci/test counts it: prints "PASSED FAILED" of one suite.

    tally.py BUILD SUITE STATUS   STATUS is what meson ended with
    tally.py BUILD --in SUITE...  names the tests that are in none of these, which nobody would run, and ends
                                  with 1 if there is one, or no test at all

A test that was skipped or never run has failed, and so has a suite without a test. Reads what meson wrote
into BUILD: which tests there are, and meson-logs/ci-SUITE.json. What did not pass goes to standard error with
the end of what it said. Ends with 1 if only meson's own words can say what went wrong.
"""

import json
import pathlib
import sys

build = pathlib.Path(sys.argv[1])
defined = json.loads((build / "meson-info/intro-tests.json").read_text())
if sys.argv[2] == "--in":
    alone = [test["name"] for test in defined
             if {full.split(":")[-1] for full in test["suite"]}.isdisjoint(sys.argv[3:])]
    for name in alone:
        print(f"{build.name}: {name}: in none of the suites {' '.join(sys.argv[3:])}", file=sys.stderr)
    sys.exit(1 if alone or not defined else 0)

suite, status = sys.argv[2], int(sys.argv[3])
expected = sum(full.split(":")[-1] == suite for test in defined for full in test["suite"])
log = build / f"meson-logs/ci-{suite}.json"
results = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
failed = [test for test in results if test["result"] not in ("OK", "EXPECTEDFAIL")]
lost = max(expected - len(results), 0)
odd = not failed and not lost and (status != 0 or expected == 0)
for test in failed:
    print(f"{test['name']}: {test['result']}, exit code {test['returncode']}, after {test['duration']:.1f} s",
          file=sys.stderr)
    for line in ((test.get("stdout") or "") + (test.get("stderr") or "")).splitlines()[-40:]:
        print(f"  | {line}", file=sys.stderr)
if lost or odd:
    print(f"{build.name} {suite}: {expected} tests, {lost} not run, meson ended with {status}", file=sys.stderr)
print(len(results) - len(failed), len(failed) + lost + odd)
sys.exit(1 if lost or odd else 0)
