# SPDX-License-Identifier: MIT
"""Soak, model runs, random programs, stopped threads, the audit.

Each function makes a Part; the task with a number is the same on every machine and in every shard.
`night.seed` makes one night's tasks others than the last one's.
"""

import contextlib
import json
import random
import re
import shlex
import subprocess

from .schedule import Part, Task, failure, result

_MODES = ("uniform", "mixed", "pressure", "burst")
_POPS = ("tree", "exchange", "announced", "shipped")
_MIXES = ("smallest", "small", "halving", "even")


def _hammer_arguments(seed, seconds):
    draw = random.Random(seed)
    fanout = draw.randint(1, 6)
    return ["--mode", draw.choice(_MODES), "--threads", str(draw.choice((2, 2, 3, 4, 8, 80))),
            "--max-order", str(draw.randint(2, 16)), "--log2-fanout", str(fanout),
            "--pop", draw.choice(_POPS), "--mix", draw.choice(_MIXES),
            "--seed", str(seed), "--seconds", str(seconds), "--patience", "120"]


def _soak(name, about, share, hammer, prefix, night):
    def task(number):
        seed = night.seed * 1_000_003 + number
        seconds = max(1, min(30, int(night.task_seconds)))
        command = [*prefix, str(hammer), *_hammer_arguments(seed, seconds)]

        def judge(code, text):
            if code == 0:
                return result({"runs": 1, "seconds of hammering": seconds})
            return result({"runs": 1}, failure(f"exit code {code}", shlex.join(command), text))

        return Task(f"seed {seed}", command, judge, seconds + 300)

    return Part(name, share, task, about)


def soak(night):
    return _soak("soak", "random geometry, mode, mix, threads and pop per run, as shipped", 15,
                 night.build / "stress/hammer/hammer", [], night)


def soak_tsan(night):
    return _soak("soak-tsan", "the same under ThreadSanitizer", 15,
                 night.tsan / "stress/hammer/hammer", night.tsan_prefix, night)


def _scenarios(checker):
    """Name and program of all scenarios, as `caiman-check list` prints them."""
    text = subprocess.run([checker, "list"], capture_output=True, text=True, check=True).stdout
    lines = text.split("controls\n", 1)[0].splitlines()[1:]
    pairs = list(zip(lines[::2], lines[1::2]))
    return [(head.split()[0], program.strip()) for head, program in pairs]


def _counterexample(checker, trace):
    """Of the trace that a run has left: its text, and a link to its page; "" for what is not there."""
    if not trace.exists():
        return "", ""
    page = trace.with_suffix(".html")
    words = subprocess.run([checker, "show", str(trace)], capture_output=True, text=True,
                           errors="replace", check=False)
    made = subprocess.run([checker, "show", str(trace), "-o", str(page)], capture_output=True,
                          text=True, errors="replace", check=False)
    if made.returncode != 0:
        return words.stdout + made.stderr, ""
    return words.stdout, f"{trace.parent.name}/{page.name}"


def _page(night, name):
    """A file among the night's pages; those of other nights and shards can be put beside it."""
    folder = night.folder / "pages"
    folder.mkdir(exist_ok=True)
    return folder / f"{night.seed}-{name}"


def judge_searches(checker, program, command, trace):
    """Of `caiman-check run --json --trace-out TRACE`."""
    def judge(code, text):
        if code not in (0, 1):
            return result(failure=failure(f"exit code {code}", shlex.join(command), text))
        outcomes = json.loads(text)
        counts = {"executions": sum(o["executions"] for o in outcomes), "searches": len(outcomes)}
        counts["exhausted searches"] = sum(bool(o["exhausted"]) for o in outcomes)
        last = outcomes[-1]
        if not last["convicted"]:
            return result(counts)
        again = [checker, "run", "--trace", "--program", program, "--searches", last["search"],
                 "--state", last["state"]]
        what = f"{last['property']}: {last['text']}"
        text, link = _counterexample(checker, trace)
        return result(counts, failure(what, shlex.join(again), text, link))

    return judge


def model(night):
    """Every scenario with random schedules nobody has tried, and bounds beyond those of verify."""
    checker = str(night.build / "model/caiman-check")
    scenarios = _scenarios(checker)
    effort = max(1, int(night.task_seconds)) * 20_000

    def task(number):
        name, program = scenarios[number % len(scenarios)]
        turn = number // len(scenarios)
        bound = 2 + turn % 4
        searches = (f"random:{effort}@shipped,bound{bound}:{effort}@shipped,"
                    f"pct{bound + 1}:{effort}@shipped,random:{effort // 2}@seq_cst,"
                    f"pct{bound + 3}:{effort // 2}@seq_cst")
        seed = (night.seed * 1000 + turn + 1) % 1_000_000
        trace = _page(night, f"model-{number}.json")
        command = [checker, "run", "--json", "--program", program, "--searches", searches,
                   "--seed", str(seed), "--title", name, "--trace-out", str(trace)]
        return Task(f"{name}, seed {seed}, bound {bound}", command,
                    judge_searches(checker, program, command, trace), 1800)

    return Part("model", 20, task,
                "all scenarios in turn: random schedules of new seeds, context bounds 2 to 5, and "
                "random ones of 3 to 8 switches")


def programs(night):
    """Random concurrent programs, by the thousand, in processes of their own: Relacy leaks."""
    count = max(20, min(2000, int(night.task_seconds) * 60))
    binary = str(night.build / "tests/random_programs")
    checker = str(night.build / "model/caiman-check")

    def task(number):
        seed = night.seed * 1_000_003 + number
        env = {"RC_PARAMS": f"seed={seed} max_success={count}"}
        again = f"RC_PARAMS={shlex.quote(env['RC_PARAMS'])} {binary} 'no random program*'"

        def judge(code, text):
            if code == 0 and "All tests passed" in text:
                return result({"programs": count})
            found = re.search(r"\./ci/verify --program '([^']*)'", text)
            searches = re.search(r"^\s*(\S+), execution \d+; to run it again:", text, re.M)
            link = ""
            if found and searches:
                trace = _page(night, f"programs-{number}.json")
                once_more = [checker, "run", "--program", found.group(1), "--searches",
                             searches.group(1), "--trace-out", str(trace)]
                with contextlib.suppress(subprocess.TimeoutExpired):  # then there is no page
                    subprocess.run(once_more, capture_output=True, timeout=120, check=False)
                link = _counterexample(checker, trace)[1]
            replay = found.group(0) if found else again
            return result({}, failure("a random program convicts the core", replay, text, link))

        return Task(f"seed {seed}", [binary, "no random program*"], judge, 1800, env=env)

    return Part("programs", 10, task, "random concurrent programs, each explored briefly, shrunk")


_FREEZES = [["--log2-fanout", "2", "--max-order", "9"],
            ["--log2-fanout", "1", "--max-order", "8", "--pop", "tree"],
            ["--log2-fanout", "6", "--max-order", "12", "--pop", "announced"],
            ["--log2-fanout", "6", "--max-order", "13"],
            ["--fork", "--log2-fanout", "2", "--max-order", "9"]]
FREEZE_POINTS = 10_000


def freeze(night):
    """10,000 points in all; a short night does fewer and says so."""
    each = FREEZE_POINTS // 20
    points = min(each, max(20, int(night.task_seconds) * 25))

    def task(number):
        if number >= FREEZE_POINTS // each:
            return None
        seed = night.seed * 1_000_003 + number
        command = [str(night.build / "stress/freeze/freeze"), *_FREEZES[number % len(_FREEZES)],
                   "--points", str(points), "--seed", str(seed)]

        def judge(code, text):
            lines = [line for line in text.splitlines() if line.startswith("{")]
            seen = json.loads(lines[-1]) if lines else {}
            counts = {key: seen[key] for key in ("points", "carrying", "moving", "contended")
                      if key in seen}
            if code == 0:
                return result(counts)
            return result(counts, failure(f"exit code {code}", shlex.join(command), text))

        return Task(f"seed {seed}", command, judge, 1800)

    return Part("freeze", 10, task, "a thread that stops inside a call, or is left behind by a fork")


def audit(night):
    """The whole audit of the memory orders, where caiman-check has one."""
    checker = str(night.build / "model/caiman-check")
    commands = subprocess.run([checker, "--help"], capture_output=True, text=True, check=False).stdout
    known = re.search(r"^ +audit ", commands, re.M)
    folder = night.folder / "audit"

    def task(number):
        if number > 0:
            return None
        if not known:
            return Task("none", ["true"], lambda _c, _t: result(note="caiman-check has no audit"), 60)
        # The whole takes an hour and more; a short night makes do with what convicted before.
        page = _page(night, "audit.html")
        command = [checker, "audit", "--jobs", "1", "--out", str(folder),
                   "--page", str(page),
                   *(["--quick"] if night.seconds < 8 * 3600 else [])]

        def judge(code, text):
            link = f"pages/{page.name}" if page.exists() else ""
            figures = {"page": link} if link else {}
            if code == 0:
                return result({"audits": 1}, figures=figures)
            wrong = failure(f"exit code {code}", shlex.join(command), text, link)
            return result({}, wrong, figures)

        return Task("of all orders", command, judge, max(3600.0, night.seconds))

    return Part("audit", 10, task, "is every memory order needed, and every needed one there")


def proof(night):
    """The invariant that Z3 checks, where there is Z3: some of its checks, others every night."""
    program = night.build / "model/proof/caiman-proof"
    names = []
    if program.exists():
        listed = subprocess.run([program, "list"], capture_output=True, text=True, check=True).stdout
        names = listed.split()
        random.Random(night.seed).shuffle(names)
    limit = max(2, int(night.task_seconds) * 10)

    def task(number):
        if not names:
            gone = lambda _code, _text: result(note="no Z3 here, or no x86-64")  # noqa: E731
            return Task("none", ["true"], gone, 60) if number == 0 else None
        if number >= len(names):
            return None
        command = [str(program), "run", "--limit", str(limit), names[number]]

        def judge(code, text):
            counts = {"checks": 1}
            if code == 0:
                return result(counts)
            if code == 2 and text.rstrip().endswith("NOT FINISHED"):
                return result({"checks that were not finished": 1})
            return result(counts, failure(f"exit code {code}", shlex.join(command), text))

        return Task(names[number], command, judge, limit + 600)

    return Part("proof", 10, task, "the invariant, for any number of threads, call by call")
