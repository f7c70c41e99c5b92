#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | The cases that GenMC is to explore: a harness, its parameters, and what must come out.  |
# | Why: a harness that holds says something only if it is convicted with an order, or a    |
# | fence, that it depends on taken away; so each has such controls beside it.              |
# | Relies on: a genmc (0.10 or later) for `run` and `table`; Python alone for the rest.    |
# | Usage: run.py list | flags CASE | run ENGINE CASE [MODEL] | table ENGINE                     |
# +-----------------------------------------------------------------------------------------+
"""The cases of model/genmc, and what runs one under a genmc."""

import dataclasses
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
MODELS = ("rc11", "imm")
ENGINE_OPTIONS = ("--disable-mm-detector", "--disable-estimation", "--disable-loop-jump-threading")
# How every harness is compiled, by the engine and by the test that stands in for it.
FLAGS = ("-std=c++2b", "-fno-exceptions", "-fno-c++-static-destructors",
         f"-I{HERE / 'stands_in'}", f"-I{HERE.parents[1] / 'core'}", f"-I{HERE}")
# What has small structs in the calls of the tree or of the desk is optimised, so that these become
# words; the others are not, so that their accesses stay as they are written.
PLAIN = ("-O0",)
INLINED = ("-O1", "-finline-functions", "-fno-builtin", "-fno-vectorize", "-fno-slp-vectorize")
WITH_STRUCTS = ("desk_enter", "buddies", "climb", "hints", "hole")
CONVICTIONS = r"Error: (Safety violation|Non-[Aa]tomic race)"


@dataclasses.dataclass(frozen=True)
class Case:
    """`defines` are -D of the compiler. `holds`: nothing is found; else it must be convicted."""

    harness: str
    defines: tuple = ()
    holds: bool = True

    @property
    def name(self):
        return ",".join([self.harness, *self.defines])


def flags_of(case):
    return (*FLAGS, *(INLINED if case.harness in WITH_STRUCTS else PLAIN), *(f"-D{one}" for one in case.defines))


def weak(harness, *sites, also=()):
    """The controls of a harness by one order each: relaxed, or what follows a colon."""
    for one in sites:
        at, _, to = one.partition(":")
        yield Case(harness, (*also, f"WEAK={at}", *([f"WEAK_TO={to}"] if to else [])), holds=False)


CASES = (
    Case("ledger_await"),
    *weak("ledger_await", "ledger_await", "ledger_gave"),
    Case("ledger_end"),
    *weak("ledger_end", "ledger_gave", "ledger_close", "ledger_rest", "ledger_rest:acquire", "ledger_rest:release"),
    Case("ledger_end", ("SYNC=fenced_sync",)),
    *weak("ledger_end", "ledger_return", "ledger_sum", also=("SYNC=fenced_sync",)),
    Case("ledger_end", ("SYNC=half_fenced_sync",), holds=False),
    Case("stack"),
    *weak("stack", "stack_push", "stack_pushed", "stack_take", "drain_height"),
    Case("stack", ("SYNC=half_fenced_sync",), holds=False),
    Case("stack", ("POPS=3",)),
    *weak("stack", "stack_push", "stack_take", also=("POPS=3",)),
    Case("stack", ("ANNOUNCED=0",)),
    *weak("stack", "stack_push", "stack_take", also=("ANNOUNCED=0",)),
    Case("stack", ("ANNOUNCED=0", "DRAINERS=2")),
    *weak("stack", "stack_take", also=("ANNOUNCED=0", "DRAINERS=2")),
    Case("stack_flag"),
    *weak("stack_flag", "stack_lower", "drain_leave"),
    Case("stack_refilled"),
    *weak("stack_refilled", "stack_announce", "stack_pushed", "drain_height"),
    Case("stack_fence"),
    *weak("stack_fence", "drain_raise"),
    Case("shares"),
    *weak("shares", "share_look"),
    Case("shares", ("THREADS=3",)),
    *weak("shares", "share_drop", also=("THREADS=3",)),
    Case("desk"),
    *weak("desk", "desk_ask", "desk_again", "desk_leave"),
    Case("desk_enter"),
    *weak("desk_enter", "ledger_await", "desk_ask"),
    Case("buddies"),
    *weak("buddies", "climb", "release"),
    Case("climb"),
    *weak("climb", "climb"),
    Case("climb", ("CLIMBS=0",)),
    *weak("climb", "claim", "release", also=("CLIMBS=0",)),
    Case("hints"),
    *weak("hints", "hint_look", "hint_clear", "word_again"),
    Case("hole"),
    *weak("hole", "stack_take:acquire"),
    Case("hole", ("ASKS=stranger",)),
    *weak("hole", "drain_look", also=("ASKS=stranger",)),
    Case("hole", ("ASKS=third",)),
    *weak("hole", "drain_spare", "drain_spare:acquire", "drain_spare:release", "drain_raise:acquire", also=("ASKS=third",)),
    Case("hole", ("ASKS=third", "ANNOUNCED=0")),
    *weak("hole", "stack_popped", "drain_height", also=("ASKS=third", "ANNOUNCED=0")),
    Case("textbook_control", holds=False),
    Case("waiter_control", holds=False),
)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What an engine said of a case."""

    version: str
    executions: int  # complete ones; 0 where it said none
    convicted: str   # of what; "" of nothing
    ended: bool      # it explored all that there is
    text: str


def ask(engine, case, model="rc11"):
    command = [engine, f"--{model}", *ENGINE_OPTIONS, "--", *flags_of(case),
               str(HERE / f"{case.harness}.cpp")]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    text = done.stdout + done.stderr
    version = re.search(r"GenMC v?(\d[\d.]*)", text)
    count = re.search(r"Number of complete executions explored: (\d+)", text)
    wrong = re.search(CONVICTIONS, text)
    return Answer(version[1] if version else "", int(count[1]) if count else 0, wrong[1] if wrong else "",
                  done.returncode == 0 and "No errors were detected" in text, text)


def complaint(case, answer):
    """What is not as it should be; "" if all is."""
    if case.holds:
        if answer.convicted:
            return f"convicted: {answer.convicted}"
        return "" if answer.ended and answer.executions > 0 else "the engine did not end"
    if answer.convicted:
        return ""
    return "a control is not convicted" if answer.ended else "the engine did not end"


def run(engine, name, model):
    case = next(one for one in CASES if one.name == name)
    answer = ask(engine, case, model)
    wrong = complaint(case, answer)
    if wrong:
        print(answer.text)
    print(f"GenMC {answer.version}: {case.name}, {model}: {answer.executions} complete executions, "
          f"{answer.convicted or 'nothing found'}")
    if wrong:
        print(f"run.py: {case.name}: {wrong}", file=sys.stderr)
    return 1 if wrong else 0


def table(engine):
    """The rows of README.md. Exit code 1 if a case is not as it should be."""
    code = 0
    versions = set()
    print("| harness | parameters | RC11 | IMM | convicted with |\n|---|---|---|---|---|")
    held = [case for case in CASES if case.holds]
    for case in held:
        cells = []
        for model in MODELS:
            answer = ask(engine, case, model)
            versions.add(answer.version)
            wrong = complaint(case, answer)
            code |= bool(wrong)
            cells.append(wrong or f"{answer.executions:,}")
        names = []
        for control in CASES:
            if control.holds or control.harness != case.harness or origin(control, held) != case:
                continue
            wrong = complaint(control, ask(engine, control))
            code |= bool(wrong)
            names.append(" ".join(one for one in control.defines if one not in case.defines) + (f" ({wrong})" if wrong else ""))
        print(f"| `{case.harness}` | {' '.join(case.defines)} | {' | '.join(cells)} | {', '.join(names)} |")
    print(f"\nGenMC {', '.join(sorted(versions))}")
    return code


def origin(control, held):
    """Of which case that holds a control is a change: the one that shares most with it."""
    def shared(case):
        names = {one.partition("=")[0] for one in case.defines} & {one.partition("=")[0] for one in control.defines}
        return len(set(case.defines) & set(control.defines)), len(names), -len(case.defines)

    return max((case for case in held if case.harness == control.harness), key=shared)


def main(given):
    names = [case.name for case in CASES]
    match given:
        case ["list"]:
            for one in CASES:
                print(one.name, "holds" if one.holds else "convicted")
            return 0
        case ["flags", name] if name in names:
            print(" ".join(flags_of(CASES[names.index(name)])))
            return 0
        case ["run", engine, name] if name in names:
            return run(engine, name, "rc11")
        case ["run", engine, name, model] if name in names and model in MODELS:
            return run(engine, name, model)
        case ["table", engine]:
            return table(engine)
    print("run.py: want list, flags CASE, run ENGINE CASE [rc11|imm] or table ENGINE", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
