# SPDX-License-Identifier: MIT
"""The fuzz targets, with libFuzzer, and two of them with AFL++ where it is installed.

Corpora grow in --out from night to night, beginning with what is checked in, which the build unpacks.
What is found is minimised and kept there, too; once it is repaired, tests/fuzz/corpus.py adds it.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess

from .schedule import Part, Task, failure, result

_TARGETS = ("buddy", "arena", "program", "trace", "concurrent")
# `concurrent` loses memory with every input (Relacy), so that it is told when to end.
_MOST_RUNS = {"concurrent": 8000}
_MOST_LENGTH = {"concurrent": 128, "program": 512, "trace": 8192}


def _minimise(binary, found, seconds):
    """A shorter input that still fails; the same one if that does not end in time."""
    shorter = found.with_name(found.name + ".min")
    try:
        subprocess.run([binary, "-minimize_crash=1", f"-max_total_time={seconds}",
                        f"-exact_artifact_path={shorter}", str(found)],
                       capture_output=True, timeout=seconds + 120, check=False)
    except subprocess.TimeoutExpired:
        pass  # what there is will do
    return shorter if shorter.exists() and shorter.stat().st_size > 0 else found


def _what(text):
    for pattern in (r"fuzz target: [^\n]*", r"\w+ violated: [^\n]*", r"ERROR: AddressSanitizer: \S+",
                    r"runtime error: [^\n]*", r"ERROR: libFuzzer: [^\n]*"):
        found = re.search(pattern, text)
        if found:
            return found.group(0)
    return "it ended"


def _seeds(night, target):
    """What is checked in."""
    return night.build / "tests/fuzz/corpus" / target


def _libfuzzer(night, target, number, seconds):
    binary = str(night.build / "tests/fuzz" / target)
    corpus = night.out / "corpus" / target
    found = night.out / "found" / target
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    seed = 1 + (night.seed * 1_000_003 + number) % 2_000_000_000
    known = {path.name for path in found.iterdir()}
    command = [binary, f"-seed={seed}", f"-max_total_time={seconds}", "-print_final_stats=1",
               "-timeout=60", "-rss_limit_mb=4096", f"-max_len={_MOST_LENGTH.get(target, 1024)}",
               f"-artifact_prefix={found}/", "-len_control=20"]
    if target in _MOST_RUNS:
        command.append(f"-runs={_MOST_RUNS[target]}")
    words = night.root / "tests/fuzz" / f"{target}.dict"
    if words.exists():
        command.append(f"-dict={words}")
    command += [str(corpus), str(_seeds(night, target))]

    def judge(code, text):
        runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", text)
        new = re.search(r"stat::new_units_added:\s*(\d+)", text)
        seen = re.findall(r"cov: (\d+)", text)
        counts = {f"inputs of {target}": int(runs.group(1)) if runs else 0,
                  f"new in the corpus of {target}": int(new.group(1)) if new else 0}
        figures = {f"edges of {target}": int(seen[-1])} if seen else {}
        if code == 0:
            return result(counts, figures=figures)
        fresh = [path for path in found.iterdir() if path.name not in known]
        kept = _minimise(binary, fresh[0], min(60, seconds)) if fresh else None
        replay = shlex.join([binary, str(kept)] if kept else command)
        return result(counts, failure(f"{target}: {_what(text)}", replay, text), figures)

    return Task(target, command, judge, seconds + 600)


def _afl_build(night, target, folder):
    """AFL++ 4.04 brings clang 14, which does not know std::expected; clang 19 has all that it needs."""
    env = {**os.environ, "AFL_QUIET": "1", "AFL_CC": "clang-19", "AFL_CXX": "clang++-19",
           "AFL_LLVM_INSTRUMENT": "LLVM-NATIVE", "CXX": "afl-clang-fast++", "CXXFLAGS": "-O1 -g1",
           "LIB_FUZZING_ENGINE": "/usr/lib/afl/libAFLDriver.a", "OUT": str(folder)}
    subprocess.run([str(night.root / "tests/fuzz/build.sh"), target], env=env, check=True,
                   capture_output=True)


def _afl(night, target, number, seconds):
    folder = night.build / "tests/fuzz/afl"
    newest = max(path.stat().st_mtime
                 for part in ("core/caiman", "tests/fuzz") for path in (night.root / part).rglob("*"))
    binary = folder / target
    if not binary.exists() or binary.stat().st_mtime < newest:
        _afl_build(night, target, folder)
    out = night.folder / "afl" / f"{target}-{number}"
    out.parent.mkdir(parents=True, exist_ok=True)
    command = ["afl-fuzz", "-V", str(seconds), "-s", str(1 + night.seed % 1_000_000 + number),
               "-i", str(_seeds(night, target)), "-o", str(out), "--", str(binary)]
    env = {"AFL_SKIP_CPUFREQ": "1", "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1",
           "AFL_NO_AFFINITY": "1", "AFL_NO_UI": "1"}

    def judge(code, text):
        stats = out / "default/fuzzer_stats"
        if code != 0 or not stats.exists():
            return result(failure=failure(f"afl-fuzz: exit code {code}", shlex.join(command), text))
        pairs = dict(line.split(":", 1) for line in stats.read_text().splitlines() if ":" in line)
        pairs = {key.strip(): value.strip() for key, value in pairs.items()}
        counts = {f"inputs of {target}, AFL++": int(pairs["execs_done"])}
        crashes = sorted((out / "default/crashes").glob("id*"))
        if not crashes:
            shutil.rmtree(out)
            return result(counts)
        kept = night.out / "found" / target / f"afl-{number}"
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(crashes[0], kept)
        replay = shlex.join([str(night.build / "tests/fuzz" / target), str(kept)])
        return result(counts, failure(f"{target}: found by AFL++", replay, text))

    return Task(f"{target}, AFL++", command, judge, seconds + 600, env=env)


def fuzz(night):
    """The targets in turn; the first two with AFL++ as well."""
    seconds = max(1, min(300, int(night.task_seconds)))
    turn = [(_libfuzzer, target) for target in _TARGETS]
    if shutil.which("afl-fuzz") and pathlib.Path("/usr/lib/afl/libAFLDriver.a").exists():
        turn += [(_afl, "arena"), (_afl, "buddy")]

    def cannot(target, what, replay, text=""):
        told = failure(what, replay, text)
        return Task(target, ["true"], lambda _c, _t: result(failure=told), 60)

    def task(number):
        how, target = turn[number % len(turn)]
        if not any(_seeds(night, target).glob("*")):
            return cannot(target, f"{_seeds(night, target)} has no inputs", f"ninja -C {night.build} corpora")
        try:
            return how(night, target, number, seconds)
        except subprocess.CalledProcessError as wrong:
            return cannot(target, "AFL++ does not build it", "tests/fuzz/build.sh " + target,
                          wrong.stderr.decode(errors="replace"))

    return Part("fuzz", 25, task, "libFuzzer and AFL++ over " + ", ".join(_TARGETS))
