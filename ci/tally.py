#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `meson test` came to, as ci/test counts it: prints "PASSED FAILED" of one suite.

    tally.py BUILD SUITE STATUS   STATUS is what meson ended with

A test that was skipped or never run has failed, and so has a suite without a test. Reads what meson wrote
into BUILD: which tests there are, and meson-logs/ci-SUITE.json. What did not pass goes to standard error with
the end of what it said. Ends with 1 if only meson's own words can say what went wrong.
"""

import json
import pathlib
import sys

build, suite, status = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
defined = json.loads((build / "meson-info/intro-tests.json").read_text())
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
