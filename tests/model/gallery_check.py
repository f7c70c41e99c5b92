#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Runs the gallery of known structures: the right ones pass, each fault is convicted.     |
# | Why: what the workbench says of a stranger's structure is worth what it says of those   |
# | that everybody knows. A fault must lose the property that it is about, and its replay   |
# | line must show it again, and its page tell of it; a program that says nothing or dies   |
# | is a failure.                                                                           |
# | With --table it writes the rows of docs/gallery.md. ./ci/nightly runs it for one        |
# | structure after the other (--only), with seeds of the night.                            |
# | Relies on: the programs of model/gallery.                                               |
# | Usage: gallery_check.py FOLDER [--list | --only NAME] [--seed S] [--scenarios N]        |
# |                                [--table SOURCES]                                        |
# +-----------------------------------------------------------------------------------------+
"""The gallery of model/gallery, checked."""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

RACE, ANSWERS, USED, LEAK = "data race", "not linearizable", "use after free", "leak"
STUCK, ASLEEP = "waits for ever", "deadlock"
# What each fault must lose.
FAULTS = {
    "arc": (RACE, RACE, LEAK),
    "bakery": (RACE, RACE),
    "barrier": (RACE, RACE, STUCK),
    "chase_lev": (ANSWERS, ANSWERS, ANSWERS),
    "clh_lock": (RACE, RACE, STUCK),
    "dekker": (RACE, RACE),
    "epochs": (RACE, RACE, RACE, RACE),
    "eventcount": (ASLEEP, ASLEEP, ASLEEP),
    "futex_mutex": (RACE, ASLEEP, ASLEEP),
    "hazard_domain": (USED, RACE, RACE, RACE),
    "left_right": (RACE, RACE, RACE),
    "mcs_lock": (RACE, STUCK, STUCK),
    "mpsc_queue": (RACE, RACE, RACE),
    "ms_queue": (RACE, USED, ANSWERS),
    "once": (RACE, RACE, LEAK),
    "peterson": (RACE, RACE),
    "seqlock": (ANSWERS, ANSWERS),
    "spin_lock": (RACE,),
    "spsc_ring": (RACE, RACE, ANSWERS),
    "ticket_lock": (RACE, RACE),
    "treiber_counted": (ANSWERS, RACE),
    "treiber_hazard": (USED, USED, RACE),
    "vyukov_mpmc": (RACE, RACE, ANSWERS),
}
# Some faults need a scenario that not every seed invents among the usual number: with a seed of the night there are
# more of them, and what they miss is looked for with one more seed, so far away.
SCENARIOS, FURTHER = "1000", 1_000_000
# Memory that is freed too early is met by whoever comes first.
ALIKE = {RACE, USED, "crash", "double free", "heap"}


class Fault(Exception):
    """Something that is not as it should be, and what shows it again."""

    def __init__(self, what, *again):
        super().__init__(what)
        self.again = shlex.join(str(word) for word in again)


def call(program, *arguments):
    ended = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=600, check=False)
    if ended.returncode not in (0, 1):
        raise Fault(f"{program.name}: exit code {ended.returncode}: {ended.stderr.strip()}", program, *arguments)
    return ended


def replay_of(program, text):
    """The arguments of the line with which a conviction is shown again, or nothing."""
    found = re.search(r"^replay: (.*)$", text, re.M)
    return [program, *shlex.split(found[1])[1:]] if found else []


def right(folder, name, options):
    program = folder / f"{name}.0"
    ended = call(program, "verify", *options)
    found = re.match(r"no violation in (\d+) executions", ended.stdout)
    if ended.returncode != 0 or found is None:
        raise Fault(f"{name}: the right one does not pass: {ended.stdout[:600]}",
                    *(replay_of(program, ended.stdout) or [program, "verify", *options]))
    seconds = re.search(r"^([\d.]+) s, ", ended.stdout, re.M)
    return {"executions": int(found[1]), "seconds": float(seconds[1])}


def wrong(folder, name, fault, wanted, seed):
    program = folder / f"{name}.{fault}"
    for tried, one in enumerate([seed, seed + FURTHER] if seed else [None]):
        command = [program, "verify", *(["--seed", str(one), "--scenarios", SCENARIOS] if one else [])]
        ended = call(*command)
        said = re.match(r"([a-z ]+): ", ended.stdout)
        if ended.returncode != 0 and said is not None:
            break
    else:
        raise Fault(f"{program.name} is not convicted: {ended.stdout[:300]}", *command)
    # With another seed another property may go first.
    if not seed and said[1] != wanted and not {said[1], wanted} <= ALIKE:
        raise Fault(f"{program.name} loses '{said[1]}', and was to lose '{wanted}'", *command)
    replay = replay_of(program, ended.stdout)
    if not replay:
        raise Fault(f"{program.name} has no replay line: {ended.stdout[:300]}", *command)
    with tempfile.TemporaryDirectory() as place:
        page = pathlib.Path(place, "page.html")
        again = call(*replay, "--page", str(page))
        shown = page.read_text(encoding="utf-8") if page.exists() else ""
    if again.returncode != 1 or not again.stdout.startswith(said[1] + ": "):
        raise Fault(f"{program.name}: its replay line shows another thing: {again.stdout[:300]}", *replay)
    if said[1] not in shown or f"{name}.cpp" not in shown:
        raise Fault(f"{program.name}: its page does not tell of it", *replay, "--page", "page.html")
    counts = re.search(r"(\d+) threads, (\d+) operations, (\d+) switches.*; (\d+) executions in all, ([\d.]+) s",
                       ended.stdout)
    return {"property": said[1], "threads": counts[1], "operations": counts[2], "switches": counts[3],
            "executions": int(counts[4]), "seconds": float(counts[5]), "further": tried}


def told(sources, name):
    """The first line of a structure, and what it says of each fault."""
    text = next(sources.rglob(f"{name}.cpp")).read_text(encoding="utf-8")
    comment = " ".join(line[2:].strip() for line in text.splitlines()[1:] if line.startswith("//"))
    title = re.split(r"(?<=\.) Fault 1: ", comment, maxsplit=1)[0]
    faults = re.findall(r"Fault \d: (.*?)(?=\. Fault \d: |\.(?: [A-Z]|$))", comment)
    return title, faults, len(text.splitlines())


def table(sources, rights, wrongs):
    print("| structure | lines | fault | convicted of | threads, operations, switches | executions | seconds |")
    print("|---|---|---|---|---|---|---|")
    for name in FAULTS:
        title, faults, lines = told(sources, name)
        passed = rights[name]
        print(f"| `{name}`: {title} | {lines} | none | passes | | {passed['executions']:,} | {passed['seconds']} |")
        for fault, text in enumerate(faults[:len(FAULTS[name])], 1):
            row = wrongs[name, fault]
            print(f"| | | {text} | {row['property']} | {row['threads']}, {row['operations']}, {row['switches']} "
                  f"| {row['executions']:,} | {row['seconds']} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="where the programs are")
    parser.add_argument("--only", choices=list(FAULTS), metavar="NAME", help="one structure, and its faults")
    parser.add_argument("--seed", type=int, help="of all searches; the programs have their own without it")
    parser.add_argument("--scenarios", help="of each right structure")
    parser.add_argument("--table", type=pathlib.Path, metavar="SOURCES", help="writes rows for the docs")
    parser.add_argument("--list", action="store_true", help="the names of the structures")
    given = parser.parse_args()
    if given.list:
        print("\n".join(FAULTS))
        return 0
    chosen = {name: wanted for name, wanted in FAULTS.items() if given.only in (None, name)}
    options = [*(["--seed", str(given.seed)] if given.seed else []),
               *(["--scenarios", given.scenarios] if given.scenarios else [])]
    # One structure at a time is one of several tasks at once, each of which has a processor.
    with concurrent.futures.ThreadPoolExecutor(1 if given.only else os.cpu_count()) as pool:
        passing = {name: pool.submit(right, given.folder, name, options) for name in chosen}
        failing = {(name, fault): pool.submit(wrong, given.folder, name, fault, wanted, given.seed)
                   for name, all_wanted in chosen.items() for fault, wanted in enumerate(all_wanted, 1)}
    bad = 0
    for job in [*passing.values(), *failing.values()]:
        if job.exception() is not None:
            print(f"gallery_check.py: {job.exception()}", file=sys.stderr)
            if isinstance(job.exception(), Fault) and job.exception().again:
                print(f"again: {job.exception().again}", file=sys.stderr)
            bad += 1
    if bad == 0 and given.table:
        table(given.table, {name: job.result() for name, job in passing.items()},
              {key: job.result() for key, job in failing.items()})
    elif bad == 0:
        done = sum(job.result()["executions"] for job in [*passing.values(), *failing.values()])
        further = sum(job.result()["further"] for job in failing.values())
        print(f"{len(passing)} structures pass, {len(failing)} faults are convicted, and again by their replay lines, "
              f"with a page; {further} further seeds, {done} executions")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
