# SPDX-License-Identifier: MIT
"""./ci/nightly: the command line; README.md says what it does."""

import argparse
import datetime
import pathlib
import re
import shutil
import subprocess
import sys
import types

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from nightlylib import fuzzing, measuring, newcomer, parts, record, report, structures  # noqa: E402
from nightlylib.schedule import Interrupted, Schedule  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
# First what must be alone on the machine.
MAKERS = {"bench": measuring.bench, "soak": parts.soak, "soak-tsan": parts.soak_tsan,
          "model": parts.model, "programs": parts.programs, "fuzz": fuzzing.fuzz,
          "freeze": parts.freeze, "coverage": measuring.coverage, "audit": parts.audit,
          "gallery": structures.gallery, "genmc": structures.genmc, "proof": parts.proof,
          "newcomer": newcomer.newcomer}


def _shard(text):
    found = re.fullmatch(r"(\d{1,5})/(\d{1,5})", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise argparse.ArgumentTypeError("want I/N, with I from 1 to N")
    return int(found[1]), int(found[2])


def _number(least, most, kind):
    def read(text):
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is no number") from None
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"want {least} to {most}")
        return value

    return read


def _names(text):
    names = text.split(",")
    wrong = [name for name in names if name not in MAKERS]
    if wrong:
        raise argparse.ArgumentTypeError(f"no part '{wrong[0]}', want some of {', '.join(MAKERS)}")
    return names


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise record.BadInput(message)


def arguments(given):
    parser = _Parser(prog="ci/nightly", description="Runs for hours what finds what tests do not.",
                     epilog="ci/nightly merge DIR... joins the results of shards. Exit code: 0 nothing "
                            "failed, 1 something did, 2 wrong use, 130 interrupted, with a report.")
    parser.add_argument("--hours", type=_number(0.001, 1000, float), metavar="H", help="default 1")
    parser.add_argument("--minutes", type=_number(0.05, 60000, float), metavar="M",
                        help="the same in minutes; below 10 the night is brief: parts with one task "
                             "do a small piece of it")
    parser.add_argument("--shard", type=_shard, default=(1, 1), metavar="I/N",
                        help="this machine's part of the whole, 1/N to N/N")
    parser.add_argument("--seed", type=_number(0, 10**9, int), metavar="S",
                        help="the same for all shards of a night; default: today's number")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/nightly", metavar="DIR",
                        help="default build/nightly; keep it from night to night")
    parser.add_argument("--only", type=_names, default=list(MAKERS), metavar="PART,...",
                        help="of " + ", ".join(MAKERS))
    parser.add_argument("--jobs", type=_number(1, 1024, int), default=2, metavar="N",
                        help="processes at once, default 2")
    parser.add_argument("--resume", action="store_true", help="goes on with the last night in --out")
    # Where the programs are, for tests of this program.
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/plain", help=argparse.SUPPRESS)
    parser.add_argument("--tsan-build", type=pathlib.Path, default=ROOT / "build/tsan",
                        help=argparse.SUPPRESS)
    asked = parser.parse_args(given)
    if asked.hours is not None and asked.minutes is not None:
        raise record.BadInput("--hours or --minutes, not both")
    asked.seconds = asked.minutes * 60 if asked.minutes is not None else (asked.hours or 1) * 3600
    return asked


def _answer(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _open(asked):
    """The record to go on with, or a new one."""
    asked.out.mkdir(parents=True, exist_ok=True)
    if asked.resume:
        unfinished = [r for r in record.nights_in(asked.out) if not r.data["finished"]]
        if not unfinished:
            raise record.BadInput(f"--resume: no unfinished night in '{asked.out}'")
        return unfinished[-1]
    now = datetime.datetime.now(datetime.timezone.utc)
    seed = asked.seed if asked.seed is not None else now.toordinal() % 1_000_000
    name = now.strftime("night-%Y%m%d-%H%M%S") + f"-{asked.shard[0]}of{asked.shard[1]}"
    folder = asked.out / name
    folder.mkdir(exist_ok=False)
    about = {"date": now.isoformat(timespec="seconds"), "seed": seed, "shard": list(asked.shard),
             "asked_seconds": asked.seconds, "brief": asked.seconds < 600, "only": asked.only,
             "revision": _answer(["git", "-C", str(ROOT), "describe", "--always", "--dirty"])}
    return record.Record(folder / "night.json", about)


def _night(asked, kept):
    """What parts need to know."""
    data = kept.data
    prefix = ["setarch", _answer(["uname", "-m"]), "-R"]
    allowed = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    return types.SimpleNamespace(
        root=ROOT, build=asked.build.resolve(), tsan=asked.tsan_build.resolve(),
        out=asked.out.resolve(), folder=kept.path.parent.resolve(), seed=data["seed"],
        seconds=data["asked_seconds"], brief=data["brief"],
        task_seconds=max(1.0, min(60.0, data["asked_seconds"] / 120)),
        tsan_prefix=prefix if allowed else [])


def _write(kept, about, folder):
    kept.save()
    path = folder / "report.html"
    path.write_text(report.page(kept, about))
    print(report.words(kept))
    print(f"page: {path}")
    return 0 if report.verdict(kept)[1] else 1


def run(asked):
    kept = _open(asked)
    night = _night(asked, kept)
    chosen = [make(night) for name, make in MAKERS.items() if name in kept.data["only"]]
    about = {part.name: part.about for part in chosen}
    shard = tuple(kept.data["shard"])
    plan = Schedule(chosen, kept.data["asked_seconds"], asked.jobs, shard, kept, night.folder)
    interrupted = False
    try:
        plan.run()
        kept.data["finished"] = True
    except Interrupted:
        interrupted = True
    code = _write(kept, about, night.folder)
    return 130 if interrupted and not kept.failed() else code


def _bring_pages(records, out):
    """Beside the joint report, so that its links lead somewhere."""
    folder = out / "pages"
    folder.mkdir(exist_ok=True)
    for kept in records:
        for page in (kept.path.parent / "pages").glob("*.html"):
            if page.is_file() and not page.is_symlink() and page.resolve().parent != folder.resolve():
                shutil.copyfile(page, folder / page.name)


def merge(given):
    parser = _Parser(prog="ci/nightly merge", description="Joins the results of shards.")
    parser.add_argument("folders", nargs="+", type=pathlib.Path, metavar="DIR",
                        help="a night, or an --out: its newest night is taken")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/nightly/merged")
    asked = parser.parse_args(given)
    found = []
    for folder in asked.folders:
        if (folder / "night.json").exists():
            found.append(record.Record.read(folder / "night.json"))
        else:
            nights = record.nights_in(folder)
            if not nights:
                raise record.BadInput(f"no night in '{folder}'")
            found.append(nights[-1])
    asked.out.mkdir(parents=True, exist_ok=True)
    whole = record.merged(found, asked.out / "night.json")
    _bring_pages(found, asked.out)
    return _write(whole, {}, asked.out)


def main(given):
    try:
        if given[:1] == ["merge"]:
            return merge(given[1:])
        return run(arguments(given))
    except record.BadInput as wrong:
        print(f"ci/nightly: {wrong}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
