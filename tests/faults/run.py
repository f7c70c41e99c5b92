#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every fault that the unit tests are there for fails the test that is named beside it.

    run.py PROGRAM FAULTS.PY

PROGRAM is the unit tests over the core that carries the faults of model/caiman/faults. Without a fault all
that is named there passes; with each of them what is named for it fails, in time and in the test
itself: not for want of a test of that name.
"""
import concurrent.futures
import os
import subprocess
import sys

PATIENCE = 120  # seconds; nothing here takes a tenth of it


def run(program, test, fault=""):
    """The exit code, below zero for a signal, and what was said."""
    command = [program, "--abort", "--warn", "NoTests", "--filenames-as-tags", f"[#{test}_test]"]
    done = subprocess.run(command, env=dict(os.environ, CAIMAN_FAULT=fault), capture_output=True,
                          text=True, timeout=PATIENCE, check=False)
    return done.returncode, done.stdout + done.stderr


def judge(program, fault, test):
    code, said = run(program, test, fault)
    if code == 0:
        return f"{fault}: SURVIVED {test}_test"
    if "No test cases matched" in said or "assertion" not in said:
        return f"{fault}: {test}_test did not get to judge it:\n{said}"
    return ""


def main():
    program, script = sys.argv[1:]
    listed = subprocess.run([sys.executable, script, "tests"], capture_output=True, text=True,
                            check=True).stdout
    faults = [line.split("\t") for line in listed.splitlines()]
    wrong = []
    for test in sorted({test for _, test in faults}):
        code, said = run(program, test)
        if code != 0:
            wrong.append(f"{test}_test fails without a fault:\n{said}")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        verdicts = pool.map(lambda f: judge(program, *f), faults)
        wrong += [v for v in verdicts if v]
    print(*wrong, sep="\n")
    print(f"{len(faults) - len(wrong)} of {len(faults)} faults fail the test that is there for them")
    return 1 if wrong or len(faults) < 40 else 0


if __name__ == "__main__":
    sys.exit(main())
