#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The comparison benchmark: Caiman beside other allocators, process by process, round by round.

Every round measures every case once for every subject, each in a process of its own and the
subjects of a case one after the other, so that what disturbs the machine disturbs all alike; the first
of them is another one from round to round. Rounds are added where near or far processors were seen too
seldom. Speed is reported, never judged. Usually called by ci/bench, which builds the worker. Exit
codes: 0 good, 1 a measurement failed, 2 bad input, 130 interrupted (with a report of what was done).
"""

import argparse
import pathlib
import shlex
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from benchlib import compare, page, plan, programs, record, table, worker  # noqa: E402
from benchlib.errors import BadInput  # noqa: E402
from benchlib.measure import Measurement  # noqa: E402
from benchlib.summary import Summary  # noqa: E402
from benchlib.traces import Replay  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILT = ROOT / "build/plain/stress"
PROGRAMS = ROOT / "build/plain/examples/programs"


class OneLineParser(argparse.ArgumentParser):
    """Wrong use is one line, not a page of usage."""

    def error(self, message):
        raise BadInput(" ".join(message.split()))


def _rounds(text):
    if not text.isdigit() or not 1 <= int(text) <= 999:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 999")
    return int(text)


def _seconds(text):
    if not text.isdigit() or int(text) > 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 86400")
    return int(text)


def parse(arguments):
    """The options; BadInput when they make no sense."""
    parser = OneLineParser(prog="bench", description="Measures allocators beside each other.")
    parser.add_argument("--quick", action="store_true",
                        help=f"under three minutes: {plan.QUICK.rounds} short rounds, the traces in "
                             f"{plan.QUICK.trace_rounds} of them")
    parser.add_argument("--rounds", type=_rounds, metavar="N",
                        help=f"default {plan.FULL.rounds}, with --quick {plan.QUICK.rounds}")
    parser.add_argument("--only", metavar="GROUP,...", help="of " + ", ".join(plan.GROUPS))
    parser.add_argument("--subjects", metavar="NAME,...", help="default: all that the worker lists")
    parser.add_argument("--against", metavar="NAME",
                        help="take ratios against this subject (default: the first of ours)")
    parser.add_argument("--extra-seconds", type=_seconds, metavar="N",
                        help="how long to add rounds at most, where near or far has fewer than "
                             f"{plan.ENOUGH} runs (default {plan.FULL.extra_seconds}, with --quick "
                             f"{plan.QUICK.extra_seconds})")
    parser.add_argument("--programs", action="store_true",
                        help="the programs of examples/programs instead, each beside what its user would "
                             f"take: {programs.FULL_ROUNDS} rounds, with --quick {programs.QUICK_ROUNDS} and "
                             "brief; --only then names some of them")
    parser.add_argument("--program-folder", default=str(PROGRAMS), metavar="FOLDER",
                        help="where these programs are built")
    parser.add_argument("--json", metavar="FILE", help="write all raw runs there")
    parser.add_argument("--page", metavar="FILE", help="write one self-contained HTML page there")
    parser.add_argument("--from", dest="source", metavar="FILE",
                        help="measure nothing: table and page of an earlier --json")
    parser.add_argument("--compare", nargs=2, metavar=("A", "B"),
                        help="measure nothing: ratios between two files of --json")
    parser.add_argument("--worker", default=str(BUILT / "bench/bench_worker"),
                        metavar="PROGRAM", help="the built worker")
    parser.add_argument("--replay", default=str(BUILT / "traces/trace_replay"), metavar="PROGRAM",
                        help="the built replay of traces")
    options = parser.parse_args(arguments)
    if options.programs:
        for name in ("subjects", "against", "extra_seconds", "page", "source", "compare"):
            if getattr(options, name) is not None:
                raise BadInput(f"--programs does not go with --{name.replace('_', '-').replace('source', 'from')}")
    elif options.rounds is not None and options.rounds < 5:
        raise BadInput(f"argument --rounds: '{options.rounds}' is not a number from 5 to 999")
    for name in ("json", "page"):
        if getattr(options, name):
            record.check_writable(f"--{name}", getattr(options, name))
    return options


def chosen(text, known, option):
    """The wanted names, in the order of `known`."""
    if text is None:
        return list(known)
    wanted = [name for name in text.split(",") if name]
    for name in wanted:
        if name not in known:
            raise BadInput(f"{option}: unknown '{name}', want some of {', '.join(known)}")
    if not wanted:
        raise BadInput(f"{option}: nothing is left to measure")
    return [name for name in known if name in wanted]


def check_against(options, names):
    """Before anything is measured: ratios need the subject that they are taken against."""
    if options.against is not None:
        chosen(options.against, names, "--against")


def choose_subjects(about, options):
    """What the worker lists, cut to what is wanted, each checked and with its version."""
    listed = {s["name"]: s for s in about["subjects"]}
    subjects = [listed[name] for name in chosen(options.subjects, list(listed), "--subjects")]
    for subject in subjects:
        # The harness overlaps by design, which is what the check would say.
        if subject["role"] != "harness":
            subject["malloc"] = worker.checked(options.worker, subject)
        subject["version"] = record.package_version(subject["package"])
    return subjects


def command_line(options):
    """What to type to measure this again; where files go does not matter for that."""
    words = ["./ci/bench"] + [f"--{name}" for name in ("programs", "quick") if getattr(options, name)]
    for name in ("rounds", "only", "subjects", "extra-seconds"):
        value = getattr(options, name.replace("-", "_"))
        words += [f"--{name}", str(value)] if value is not None else []
    return shlex.join(words)


def measured(options):
    """A new record."""
    about = worker.listed(options.worker)
    groups = chosen(options.only and options.only.upper(), list(plan.GROUPS), "--only")
    cases = [case for case in plan.CASES if case.group in groups]
    replay = Replay(options.replay, ROOT / "stress/traces")
    traces = [replay.about(case.trace) for case in cases if case.trace]
    subjects = choose_subjects(about, options)
    check_against(options, [subject["name"] for subject in subjects])
    pace = plan.QUICK if options.quick else plan.FULL
    extra = pace.extra_seconds if options.extra_seconds is None else options.extra_seconds
    settings = {"quick": options.quick, "rounds": options.rounds or pace.rounds, "groups": groups,
                "extra_seconds": extra}
    result = record.new(about, subjects, traces, settings, command_line(options), ROOT)
    Measurement(result, cases, subjects, pace, (options.worker, replay)).all()
    return result


def measured_programs(options):
    """A new record of programs."""
    names = chosen(options.only, programs.NAMES, "--only")
    rounds = options.rounds or (programs.QUICK_ROUNDS if options.quick else programs.FULL_ROUNDS)
    result = programs.new(worker.listed(options.worker), {"quick": options.quick, "rounds": rounds},
                          command_line(options), ROOT)
    programs.Programs(result, options.program_folder, options.worker).all(names)
    return result


def report_programs(result, options):
    """Table and file; the exit code."""
    if options.json:
        record.write(options.json, result)
    sys.stdout.write(programs.render(result))
    for failure in result["failures"]:
        print(f"bench: {failure}", file=sys.stderr)
    if result["failures"] or not result["runs"]:
        return 1
    return 0 if result["finished"] or options.source else 130


def report(result, options):
    """Table, file, page; the exit code."""
    if options.json:
        record.write(options.json, result)
    if not result["runs"]:
        for failure in result["failures"]:
            print(f"bench: {failure}", file=sys.stderr)
        print("bench: nothing was measured", file=sys.stderr)
    else:
        summary = Summary(result, options.against)
        sys.stdout.write(table.render(summary))
        if options.page:
            record.write_text(options.page, page.render(summary))
    if result["failures"]:
        return 1
    return 0 if result["finished"] or options.source else 130


def run(arguments):
    """The exit code."""
    options = parse(arguments)
    if options.compare:
        a, b = map(record.read, options.compare)
        sys.stdout.write(compare.render(a, b, *options.compare))
        return 0
    if options.programs:
        return report_programs(measured_programs(options), options)
    if options.source:
        of_programs = programs.read(options.source)
        if of_programs:
            return report_programs(of_programs, options)
        result = record.read(options.source)
        check_against(options, [subject["name"] for subject in result["subjects"]])
        return report(result, options)
    return report(measured(options), options)


def main():
    # A batch system ends a run with SIGTERM; what was done is reported then, too. And a shell lets
    # its background jobs ignore SIGINT, which Python would leave so.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    try:
        return run(sys.argv[1:])
    except BadInput as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
