# SPDX-License-Identifier: MIT
"""What is checked beside the core's own scenarios: the gallery of the workbench, and the core under GenMC."""

import re
import shlex
import shutil
import subprocess
import sys

from .schedule import Part, Task, failure, result

_MODELS = ("rc11", "imm")


def _lines(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def _not_run(note):
    return Task("none", ["true"], lambda _code, _text: result(note=note), 60)


def genmc(night):
    """Every case that holds under two memory models, every control under one; where there is a genmc."""
    engine = shutil.which("genmc")
    runner = [sys.executable, str(night.root / "model/genmc/run.py")]
    # First what holds: a short night then has the table of executions.
    cases = [tuple(line.split()) for line in _lines([*runner, "list"])]
    todo = [(name, kind, model) for kind in ("holds", "convicted") for model in _MODELS for name, its in cases
            if its == kind and (kind == "holds" or model == _MODELS[0])]

    def task(number):
        if engine is None:
            return _not_run("genmc: not installed") if number == 0 else None
        if number >= len(todo):
            return None
        name, kind, model = todo[number]
        command = [*runner, "run", engine, name, model]

        def judge(code, text):
            told = re.search(r"^GenMC ([\d.]+): .*: (\d+) complete executions, ", text, re.M)
            note = f"GenMC {told[1]}" if told else ""
            if code != 0 or not told:
                why = re.findall(r"^run\.py: (.*)", text, re.M)
                return result({}, failure(why[-1] if why else f"exit code {code}", shlex.join(command), text),
                              note=note)
            if kind == "convicted":
                return result({"controls convicted": 1}, note=note)
            return result({"cases hold": 1, "executions": int(told[2])}, note=note,
                          figures={f"executions of {name}, {model}": int(told[2])})

        return Task(f"{name}, {model}", command, judge, 3600)

    return Part("genmc", 5, task, "small harnesses over all modification orders; controls must be convicted")


def gallery(night):
    """One structure after the other with all of its faults, by seeds that nobody has tried."""
    check = [sys.executable, str(night.root / "tests/model/gallery_check.py"), str(night.build / "model/gallery")]
    names = _lines([*check, "--list"])
    scenarios = max(5, min(1000, int(night.task_seconds) * 10))

    def task(number):
        name, turn = names[number % len(names)], number // len(names)
        seed = (night.seed * 1000 + turn + 2) % 1_000_000  # 1 is what ./ci/test has
        command = [*check, "--only", name, "--seed", str(seed), "--scenarios", str(scenarios)]

        def judge(code, text):
            told = re.search(r"^(\d+) structures pass, (\d+) faults are convicted.*; "
                             r"(\d+) further seeds, (\d+) executions$", text, re.M)
            if code == 0 and told:
                return result({"structures passed": int(told[1]), "faults convicted": int(told[2]),
                               "further seeds for faults": int(told[3]), "executions": int(told[4])})
            what = re.search(r"^gallery_check\.py: (.*)", text, re.M)
            again = re.search(r"^again: (.*)", text, re.M)
            return result({}, failure(what[1] if what else f"exit code {code}",
                                      again[1] if again else shlex.join(command), text))

        return Task(f"{name}, seed {seed}", command, judge, 3600)

    return Part("gallery", 5, task, "known structures by new seeds: the right ones pass, each fault is convicted")
