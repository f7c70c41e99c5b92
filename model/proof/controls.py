#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Controls of the invariant: what it must convict, what not, and that each clause is needed.

    controls.py FOLDER [NAME...]   runs them, all or these, by the programs in the folder; a line each

With CAIMAN_CHECK in the environment, each trace that tells of a broken clause is shown by that program.

A fault of the core must break what stands here, at the access that stands here; one that is of no clause
must break nothing. Without one of its clauses something must fail; and one that is weakened lets through
what the whole one convicts. An answer that is kept for other questions, too, is found out. Exit code: 0 all as they should be, 1 one is not, 2 wrong use.
"""
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

HOLDS = None
WRONG_ANSWER = "caiman-proof: a kept answer is wrong"  # an error, which tells of no state
MARK_OWED = "a mark is owed at the end"
ABOVE_OWED = "a mark above a node is owed at the end"
UNCOUNTED = "a return does not count itself off at the end"


def fault(name, given, expected):
    """A row of a fault that the one program carries."""
    return "proof-faults", ["--fault", name, *given], expected


# By name: the program, what it is given, and what must be broken at which access.
CONTROLS = {
    # Patches of the core, a program each.
    "claim-by-store": ("proof-claim-by-store", ["claim/f2m2/l0/w0/c0"], "one-owner at claim"),
    "climb-tests-first": ("proof-climb-tests-first", ["release/f2m2/o0/i0"], MARK_OWED),
    # Faults of the one program that carries them.
    "merge-both-sides": fault("merge-both-sides", ["release/f2m2/o0/i0"], "one-owner at release"),
    "full-word-unmarked": fault("full-word-unmarked", ["release/f2m2/o0/i0"], MARK_OWED),
    "clear-without-second-look": fault("clear-without-second-look", ["clear/f2m2"], MARK_OWED),
    "clear-compares-with-cleared": fault("clear-compares-with-cleared", ["clear/f2m2"], MARK_OWED),
    "second-look-only-larger": fault("second-look-only-larger", ["clear/f2m2"], MARK_OWED),
    "child-unmarked": fault("child-unmarked", ["split/f2m2"], MARK_OWED),
    "child-unmarked, found": fault("child-unmarked", ["find_once/f2m2/o0"], MARK_OWED),
    "parents-unmarked": fault("parents-unmarked", ["set/f2m3/l0/w0"], ABOVE_OWED),
    "parent-without-second-look": fault("parent-without-second-look", ["clear/f2m3/l0/w0"], ABOVE_OWED),
    "size-unmarked": fault("size-unmarked", ["built/f4m4"], "marked at the end"),
    "size-past-its-end": fault("size-past-its-end", ["built/f4m4/n6"], "one-owner at the end"),
    "tail-unhinted": fault("tail-unhinted", ["release_tail/f4m4/o1"], MARK_OWED),
    "tail-unhinted, two levels down": fault("tail-unhinted", ["release_tail/f2m3/o3/i0/k7"], MARK_OWED),
    "tail-by-store": fault("tail-by-store", ["release_tail/f4m4/o1"], "one-owner at release"),
    "trim-by-store": fault("trim-by-store", ["trim/f2m2/o0"], "one-owner at claim"),
    # Faults of the stacks, and of who drains them.
    "drain-past-height": ("proof-drain-past-height", ["drain/d2/announced/foreign"], "one-place at stack_take"),
    "note-survives-push": fault("note-survives-push", ["push/d2/announced"], "noted at stack_pushed"),
    "note-of-nothing": fault("note-of-nothing", ["push_no_block/d2/announced"], "a second release passes"),
    "note-not-forgotten": fault("note-not-forgotten", ["forget/d2/announced"], "what is forgotten is noted"),
    "note-missing": fault("note-missing", ["pop_top/d2/exchanged"], "what was popped last is not noted"),
    "push-past-depth": fault("push-past-depth", ["push/d2/announced"], "there is no such entry at stack_push"),
    "holds-all-but-top": fault(
        "holds-all-but-top", ["holds_kept/d2/announced"], "what the stack keeps is not found there"),
    "take-by-store": fault("take-by-store", ["drain/d2/announced/foreign"], "some-place at stack_push"),
    "pop-by-store": fault("pop-by-store", ["pop_below/d2/announced"], "some-place at stack_push"),
    "flag-not-raised-again": fault(
        "flag-not-raised-again", ["drain/d2/announced/foreign"], "a drainer does not leave"),
    "flag-lowered-by-drainer": fault(
        "flag-lowered-by-drainer", ["drain/d2/announced/foreign"], "counted at drain_leave"),
    "flag-lowered-without-look": fault(
        "flag-lowered-without-look", ["pop_below/d2/announced"], "counted at stack_pushed"),
    "announcement-taken-back": fault(
        "announcement-taken-back", ["pop_top/d2/announced"], "an announcement is taken back at stack_popped"),
    "announcement-left": fault("announcement-left", ["pop_top/d2/announced"], "the owner's call ends in between"),
    "drain-takes-announced": fault(
        "drain-takes-announced", ["drain/d2/announced/foreign"], "one-place at stack_take"),
    "height-before-entry": fault("height-before-entry", ["push/d2/announced"], "one-place at stack_pushed"),
    "hole-ends-stack": fault("hole-ends-stack", ["pop_below/d2/announced"], "empty-above at stack_popped"),
    "pop-trusts-look": fault(
        "pop-trusts-look", ["pop_top/d2/exchanged"], "what a pop returns is not what it took"),
    "no-heavy-fence": fault("no-heavy-fence", ["drain/d2/announced/foreign"], "fenced at drain_fenced"),
    "fence-passed-too-soon": fault(
        "fence-passed-too-soon", ["drain/d2/announced/foreign"], "fenced at drain_fenced"),
    # Of these the invariant says nothing: tags, what is to be drained at all, what a compiler may turn round.
    "tag-missing": fault("tag-missing", ["push/d2/announced"], HOLDS),
    "any-looks-at-top": fault("any-looks-at-top", ["drain/d2/announced/foreign"], HOLDS),
    "announced-top-is-work": fault("announced-top-is-work", ["drain/d2/announced/foreign"], HOLDS),
    "no-light-fence": fault("no-light-fence", ["pop_top/d2/announced"], HOLDS),
    # Faults of S6, of which the invariant says nothing.
    "remainder-unhinted": fault("remainder-unhinted", ["claim/f2m2", "claim_at_once/f2m2"], HOLDS),
    "clear-bracket-late": fault("clear-bracket-late", ["clear/f2m2"], HOLDS),
    # Faults of the ledger and of shares.
    **{name: fault(name, [check], expected) for name, check, expected in (
        ("took-by-store", "took/ledger/marked/shared", "books at ledger_count"),
        ("took-uncounted", "took/ledger/marked/own", "it has another number of blocks at the end"),
        ("gave-by-store", "gave/ledger/marked/own", "books at ledger_gave"),
        ("gave-forgets-mark", "gave/ledger/marked/own", UNCOUNTED),
        ("touch-after-gave", "gave/ledger/marked/own", "it is touched after its end at a statistic"),
        ("wait-served-too-soon", "gave/ledger/marked/own", UNCOUNTED),
        ("served-uncounted", "served/ledger", UNCOUNTED),
        ("rest-by-store", "served/ledger", "rest at ledger_gave"),
        ("handle-added-by-store", "add_handle/ledger/marked/own", "handles at handle_add"),
        ("handle-dropped-by-store", "drop_handle/ledger/marked/own", "handles at ledger_gave"),
        ("close-forgets-shared", "drop_handle/ledger/marked/own", "marks at ledger_rest"),
        ("close-forgets-taken", "drop_handle/ledger/marked/own", "rest at ledger_rest"),
        ("close-without-mark", "drop_handle/ledger/marked/own", "rest at ledger_rest"),
        ("wait-met-uncounted", "drop_handle/ledger/marked/own", "rest at ledger_rest"),
        ("await-marks-seen", "await/ledger", "marks at ledger_met"),
        ("await-uncounted", "await/ledger", "it does not count those that met the mark at the end"),
        ("calm-leaves-shared", "await_no_more/ledger", "marks at ledger_met"),
        ("calm-uncounted", "await_no_more/ledger", "it does not count those that met the mark at the end"),
        ("line-of-another-pool", "took/ledger/marked/shared", "one-writer at ledger_count"),
        ("never-quiet", "is_quiet/ledger/marked", "it waits for threads that cannot be there at the end"),
        ("light-shared-by-store", "gave/ledger/light/shared", "books at ledger_count"),
        ("light-is-not-there", "gave_at_once/ledger", "here at ledger_return"),
        ("light-ends-twice", "gave_at_once/ledger", "it is told to end, and should not be at the end"),
        ("light-closes-unseen", "drop_handle/ledger/light/own", "it is touched after its end at ledger_rest"),
        ("light-count-ends", "drop_handle/ledger/light/own", "told at ledger_left"),
        ("share-added-by-store", "add/shares", "shares at share_add"),
        ("share-dropped-by-store", "drop/shares", "shares at ledger_gave"),
        # Of weak memory alone, or of who waits: R1 does not break.
        ("light-no-light-fence", "gave_at_once/ledger", HOLDS),
        ("light-no-heavy-fence", "drop_handle/ledger/light/own", HOLDS),
        ("light-adds-up-first", "drop_handle/ledger/light/own", HOLDS),
        ("wait-mark-ignored", "gave/ledger/marked/own", HOLDS),
    )},
    # Each clause of the ledger is needed.
    **{f"without {name}": ("caiman-proof", ["--leave-out", name, check], expected) for name, check, expected in (
        ("handles", "drop_handle/ledger/marked/own", "it does not close at the end"),
        ("books", "drop_handle/ledger/marked/own", "rest at ledger_rest"),
        ("last", "hence/ledger", "R1: nobody ends it"),
        ("frozen", "drop_handle/ledger/marked/own", "rest at ledger_rest"),
        ("one-writer", "took/ledger/marked/own", "books at ledger_count"),
        ("marks", "gave/ledger/marked/own", "frozen at ledger_gave"),
        ("met", "drop_handle/ledger/marked/own", "rest at ledger_rest"),
        ("rest", "served/ledger", "it is told to end, and should not be"),
        ("here", "is_quiet/ledger/light", "somebody is on a line yet"),
        ("shut", "gave_at_once/ledger", "ended at ledger_count"),
        ("seen", "drop_handle/ledger/light/own", "ended at ledger_count"),
        ("told", "hence/ledger", "R1: nobody ends it"),
        ("ended", "drop_handle/ledger/light/own", "it is touched after its end at handle_drop"),
        ("quiet", "is_quiet/ledger/light", "somebody is on a line yet"),
        ("shares", "drop/shares", "a drop is told that it was the last, and is not"),
    )},
    # Each clause is needed.
    "without one-owner": (
        "caiman-proof", ["--leave-out", "one-owner", "release/f2m2/o0/i0"],
        "a right release counts as misuse"),
    "without none-missing": ("caiman-proof", ["--leave-out", "none-missing", "hence/f2m2"], "S3"),
    "without empty-below": ("caiman-proof", ["--leave-out", "empty-below", "split/f2m2"], "one-owner"),
    "without marked": ("caiman-proof", ["--leave-out", "marked", "hence/f2m2"], "S5"),
    "without marked-above": ("caiman-proof", ["--leave-out", "marked-above", "hence/f2m3"], "S5"),
    "without one-place": ("caiman-proof", ["--leave-out", "one-place", "hence/d2/announced"], "S1"),
    "without one-place, a call": (
        "caiman-proof", ["--leave-out", "one-place", "holds_live/d2/announced"], "a right release counts as misuse"),
    "without some-place": ("caiman-proof", ["--leave-out", "some-place", "hence/d2/announced"], "S3"),
    "without within-depth": (
        "caiman-proof", ["--leave-out", "within-depth", "pop_top/d2/announced"], "there is no such entry"),
    "without empty-above": (
        "caiman-proof", ["--leave-out", "empty-above", "drain/d1/announced/foreign"], "one-place at stack_take"),
    "without his-top": (
        "caiman-proof", ["--leave-out", "his-top", "drain/d1/announced/foreign"], "empty-above at drain_height"),
    "without noted": ("caiman-proof", ["--leave-out", "noted", "push_twice/d2/announced"], "one-place at stack_push"),
    "without counted": (
        "caiman-proof", ["--leave-out", "counted", "pop_top/d2/announced"], "empty-above at stack_drainers"),
    "without fenced": (
        "caiman-proof", ["--leave-out", "fenced", "drain/d1/announced/foreign"], "empty-above at drain_height"),
    # Without the clause that it breaks a fault passes, where nothing else leans on that clause.
    "note-survives-push, without noted": (
        "proof-faults", ["--leave-out", "noted", "--fault", "note-survives-push", "push/d2/announced"], HOLDS),
    # With a mark of any class in the place of one that is large enough, S5 does not follow, and a fault passes.
    "any mark": ("caiman-proof", ["--any-mark", "hence/f2m2"], "S5"),
    "any variable": ("caiman-proof", ["--any-variable", "--ask-again", "find_once/f2m2/o0"], WRONG_ANSWER),
    "merged-unmarked": fault("merged-unmarked", ["release/f4m4/o0/i0"], MARK_OWED),
    "merged-unmarked, any mark": (
        "proof-faults", ["--any-mark", "--fault", "merged-unmarked", "release/f4m4/o0/i0"], HOLDS),
}
SECONDS = 300


def told(folder, trace, broken):
    """What is wrong with the trace of what is broken; nothing, if it tells of that."""
    all_of_it = json.loads(trace.read_text(encoding="utf-8"))
    lost = all_of_it["property"]
    what, _, where = broken.removeprefix("broken: ").rpartition(" at ")
    if lost["id"] != what or lost["text"] != f"broken at {where}":
        return f"its trace tells of {lost['id']}"
    accesses = [each for each in all_of_it["events"] if each["thread"] == 0]
    sites = [each["site"] for each in accesses]
    if (accesses and accesses[-1]["id"] != lost["event"]) or where not in (*sites, "the end"):
        return "its trace ends somewhere else"
    replay = shlex.split(all_of_it["replay"])
    again = subprocess.run([folder / replay[0], *replay[1:]], capture_output=True, text=True, check=False)
    if again.returncode != 1 or broken not in again.stdout:
        return f"its replay line shows something else: {all_of_it['replay']}"
    if "CAIMAN_CHECK" in os.environ:
        shown = subprocess.run([os.environ["CAIMAN_CHECK"], "show", str(trace)], capture_output=True, text=True, check=False)
        if shown.returncode != 0 or f"{what} violated" not in shown.stdout:
            return f"its trace is not shown: {shown.stderr}{shown.stdout[:200]}"
    return ""


def run(folder, name):
    """What came of it, or why it is not as it should be."""
    with tempfile.TemporaryDirectory() as place:
        return run_in(pathlib.Path(place), folder, name)


def run_in(place, folder, name):
    program, given, expected = CONTROLS[name]
    trace = place / "trace.json"
    command = [str(folder / program), "run", "--stop", "--trace-out", str(trace), *given]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    broken = [line.strip() for line in done.stdout.splitlines() if line.startswith("  broken: ")]
    verdict = done.stdout.splitlines()[-1] if done.stdout else done.stderr.strip()
    if expected is HOLDS:
        return done.returncode == 0 and not broken, verdict
    if expected is WRONG_ANSWER:
        return (done.returncode, done.stderr.strip(), done.stdout) == (2, expected, ""), done.stderr.strip()
    if done.returncode != 1 or not any(expected in line for line in broken):
        return False, "; ".join(broken) or verdict
    complaint = told(folder, trace, broken[0])
    return not complaint, complaint or "; ".join(broken)


def main(arguments):
    if not arguments:
        print("controls.py: which folder?", file=sys.stderr)
        return 2
    names = arguments[1:] or list(CONTROLS)
    unknown = [name for name in names if name not in CONTROLS]
    if unknown:
        print(f"controls.py: no control is called '{unknown[0]}'", file=sys.stderr)
        return 2
    wrong = 0
    for name in names:
        good, what = run(pathlib.Path(arguments[0]), name)
        wrong += not good
        print(f"{'ok    ' if good else 'WRONG '} {name:<28} {what}", flush=True)
    print(f"{len(names) - wrong} as they should be, {wrong} not")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
