# SPDX-License-Identifier: MIT
"""The two parts that are one task each: coverage of core/, and speed against the last night."""

import json
import pathlib
import re
import shlex
import subprocess
import sys

from . import record
from .schedule import Part, Task, failure, result


def coverage(night):
    """One build and one run of the tests; in a brief night of two tests, without targets."""
    brief = night.brief
    folder = night.root / "build" / ("coverage-brief" if brief else "coverage")
    out = night.folder / "coverage"
    program = [sys.executable, "-m", "nightlylib.coverage", str(folder), str(out)]
    env = {"PYTHONPATH": str(night.root / "ci"), "PYTHONDONTWRITEBYTECODE": "1"}

    def task(number):
        if number > 0:
            return None
        command = program + (["--brief"] if brief else [])

        def judge(code, text):
            lines = [line for line in text.splitlines() if line.startswith("{")]
            figures = json.loads(lines[-1]) if lines else {}
            figures["page"] = "coverage/coverage.html"
            note = "brief: two tests alone, no targets" if brief else ""
            if code == 0:
                return result({"tests": figures.pop("tests", 0)}, figures=figures, note=note)
            again = "PYTHONPATH=ci " + shlex.join(["python3", *command[1:]])
            return result({}, failure("coverage: below the targets, or a line without a reason",
                                      again, text), figures, note)

        return Task("of core/", command, judge, 7200, env=env)

    return Part("coverage", 5, task, "lines and branches of core/ by unit, property and stress")


def _last_bench(night):
    """The newest one of another night that was measured as this one will be."""
    for earlier in reversed(record.nights_in(night.out)):
        path = earlier.path.parent / "bench.json"
        if path.exists() and earlier.path.parent != night.folder \
                and earlier.data.get("brief") == night.brief:
            return path
    return None


def bench(night):
    """./ci/bench, alone on the machine, and what differs from the last night."""
    driver = str(night.root / "stress/bench/bench.py")
    here = night.folder / "bench.json"
    command = [sys.executable, driver, "--quick", "--json", str(here)]
    if night.brief:
        command += ["--only", "W1", "--rounds", "5", "--subjects", "caiman,mutex-buddy",
                    "--extra-seconds", "0"]

    def task(number):
        if number > 0:
            return None
        here.unlink(missing_ok=True)

        def judge(code, text):
            if code != 0:
                return result({}, failure(f"exit code {code}", shlex.join(command), text))
            runs = len(json.loads(here.read_text())["runs"])
            last = _last_bench(night)
            if last is None:
                return result({"runs": runs}, note="throughput: no earlier night to compare with")
            told = subprocess.run([sys.executable, driver, "--compare", str(last), str(here)],
                                  capture_output=True, text=True, check=False)
            lines = [line for line in told.stdout.splitlines()
                     if line.startswith(("A =", "B =", "differs"))
                     or re.search(r"\scaiman(\s|$)", line)]
            return result({"runs": runs}, figures={"against the last night": "\n".join(lines)},
                          note=f"compared with {pathlib.Path(last).parent.name}")

        return Task("quick", command, judge, 3600, alone=True)

    return Part("bench", 5, task, "throughput, and what changed since the last night")
