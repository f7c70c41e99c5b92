# SPDX-License-Identifier: MIT
"""Coverage of core/ by the tests: builds, runs, and says what no test reaches.

    python3 -m nightlylib.coverage BUILD OUT [--brief]

writes OUT/coverage.html (gcovr's page, line by line) and coverage.json (the figures), and prints them. A
line of core/ that no test reaches must be named in coverage_reasons.txt with its reason, and a line
that is named there must be unreached, unless its reason begins with "at times:"; else the exit code is
1. So it is below the targets. --brief is for tests of this: two tests, no targets.

The core is templates, and gcovr counts the branches of every instantiation; most of them can only go
one way there, since a policy or a fan-out decides. So our figure counts an outcome of a source line
once for all instantiations: it is covered if any of them took it. For that all is compiled without
optimisation, and nothing is inlined, not even what must be: an inlined line has its branches once per
caller. Left out: what exceptions alone do, and comparisons that the compiler writes.
"""

import json
import pathlib
import re
import subprocess
import sys

TARGET_LINES, TARGET_BRANCHES = 98.0, 95.0
REASONS = pathlib.Path(__file__).with_name("coverage_reasons.txt")
_BRIEF = ("seccomp", "arena_heap")  # of those that are programs of their own


def _run(command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout


def build(root, folder, brief):
    if folder.resolve().parent != root.resolve() / "build":
        raise ValueError(f"'{folder}' is not in '{root}/build'")
    # Counters are atomic: threads must not lose each other's counts.
    _run(["bash", "-euc", 'source "$1/ci/lib.sh"; configure "${@:2}"', "ci/nightly", str(root), folder.name,
          "-Db_coverage=true", "-Dmodel=false", "-Dbuildtype=debug", "-Doptimization=0", "-Dstress_seconds=1",
          "-Dcpp_args=['-fprofile-update=atomic','-Dalways_inline=noinline']"])
    # The names of now, if a build file has changed since.
    _run(["ninja", "-C", str(folder), "build.ninja"])
    names = _run(["ninja", "-C", str(folder), "-t", "targets", "all"])
    wanted = re.findall(r"^(tests/unit_tests|tests/\w+_(?:test|property)|"
                        r"stress/(?:hammer/hammer|freeze/freeze|waiters/waiters)|tests/fuzz/fuzz-replay-\w+):",
                        names, re.M)
    if brief:
        wanted = [f"tests/{name}_test" for name in _BRIEF]
    _run(["ninja", "-C", str(folder), *wanted])
    return wanted


def run_tests(folder, brief):
    """All tests whose program was built. A failing one is somebody else's finding, but not here: what
    it did not reach would be called uncovered."""
    for old in folder.rglob("*.gcda"):
        old.unlink()
    tests = json.loads((folder / "meson-info/intro-tests.json").read_text())
    chosen = [t["name"] for t in tests
              if re.search(r"/(unit_tests|\w+_(test|property)|hammer|freeze|waiters|fuzz-replay-\w+)$", t["cmd"][0])
              and "/traces/" not in t["cmd"][0] and "/bench/" not in t["cmd"][0]
              and " sees " not in t["name"] and (not brief or t["name"] in _BRIEF)]
    _run(["meson", "test", "--no-rebuild", "-C", str(folder), *chosen])
    return len(chosen)


def reasons():
    """{(file, text of the line): reason}: by the text, which outlives changes above it."""
    known = {}
    for line in REASONS.read_text().splitlines():
        if line and not line.startswith("#"):
            file, text, why = (part.strip() for part in line.split(" | "))
            known[file, text] = why
    return known


def unreached(root, report):
    """File, number and text of every line of core/ that no test reached."""
    for file in report["files"]:
        source = (root / file["file"]).read_text().splitlines()
        for line in file["lines"]:
            if line["count"] == 0 and not line.get("gcovr/noncode", False):
                yield file["file"], line["line_number"], source[line["line_number"] - 1].strip()


def measure(root, folder, out):
    out.mkdir(parents=True, exist_ok=True)
    _run(["gcovr", "--root", str(root), "--filter", str(root / "core") + "/", "--object-directory",
          str(folder), str(folder), "--exclude-throw-branches", "--exclude-unreachable-branches",
          "--json", str(out / "lines.json"), "--json-summary", str(out / "coverage.json"),
          "--html-details", str(out / "coverage.html"), "--html-self-contained"], cwd=root)
    summary = json.loads((out / "coverage.json").read_text())
    total, covered, missing = branches(root, folder)
    figures = {"line_total": summary["line_total"], "line_percent": summary["line_percent"],
               "branch_total": total, "branch_percent": round(100 * covered / max(1, total), 1),
               "branches_not_taken": missing}
    (out / "coverage.json").write_text(json.dumps(figures, indent=1))
    return figures, json.loads((out / "lines.json").read_text())


def _counts(root, folder):
    """What gcov says of core/, program by program: file, line, counts of the branches."""
    for data in folder.rglob("*.gcda"):
        said = _run(["gcov", "--json-format", "--stdout", "--branch-probabilities", str(data)],
                    cwd=folder)
        for part in said.splitlines():
            for file in json.loads(part)["files"] if part.startswith("{") else []:
                path = (folder / file["file"]).resolve()
                if path.is_relative_to(root / "core"):
                    for line in file["lines"]:
                        yield path, line["line_number"], [b["count"] for b in line["branches"]
                                                          if not b["throw"]]


def branches(root, folder):
    """(outcomes, outcomes taken, lines with one that was not), over all instantiations."""
    taken = {}
    for path, number, counts in _counts(root, folder):
        if not counts:
            continue
        # Where instantiations are not alike, those that are go together.
        sums = taken.setdefault((path, number, len(counts)), [0] * len(counts))
        for i, count in enumerate(counts):
            sums[i] += count
    source = {path: path.read_text().splitlines() for path, _, _ in taken}
    taken = {key: sums for key, sums in taken.items() if "= default;" not in source[key[0]][key[1] - 1]}
    missing = [f"{path.relative_to(root)}:{number}: {sums.count(0)} of {len(sums)} outcomes"
               for (path, number, _), sums in sorted(taken.items()) if 0 in sums]
    total = sum(len(sums) for sums in taken.values())
    return total, total - sum(sums.count(0) for sums in taken.values()), missing


def complaints(summary, lines, known, brief):
    if brief:
        return []
    seen = {(file, text) for file, _, text in lines}
    found = [f"{file}:{number}: no test reaches it: {text}"
             for file, number, text in lines if (file, text) not in known]
    found += [f"{file}: coverage_reasons.txt excuses a line that is reached, or gone: {text}"
              for (file, text), why in known.items()
              if (file, text) not in seen and not why.startswith("at times:")]
    if summary["line_percent"] < TARGET_LINES:
        found.append(f"lines: {summary['line_percent']} %, want {TARGET_LINES}")
    if summary["branch_percent"] < TARGET_BRANCHES:
        found.append(f"branches: {summary['branch_percent']} %, want {TARGET_BRANCHES}")
    return found


def main(arguments):
    brief = "--brief" in arguments
    folder, out = (pathlib.Path(a).resolve() for a in arguments if a != "--brief")
    root = pathlib.Path(__file__).resolve().parents[2]
    try:
        build(root, folder, brief)
        tests = run_tests(folder, brief)
        summary, report = measure(root, folder, out)
    except subprocess.CalledProcessError as wrong:
        print((wrong.stdout or "")[-3000:] + (wrong.stderr or "")[-3000:])
        print(f"coverage: failed: {' '.join(wrong.cmd[:4])}")
        return 1
    found = complaints(summary, list(unreached(root, report)), reasons(), brief)
    for line in found:
        print(line)
    print(json.dumps({"tests": tests, "lines": summary["line_percent"],
                      "branches": summary["branch_percent"], "line total": summary["line_total"],
                      "branch total": summary["branch_total"], "excused": len(reasons())}))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
