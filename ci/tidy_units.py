#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | The translation units that clang-tidy looks at.                                         |
# | Why: clang-tidy visits every header of every unit, the system's included, and that is   |
# | what it does for most of its time. So sources are looked at together: those of one      |
# | target, since their names do not clash, as one unit; tests, whose names do, several to  |
# | a unit, each inside a namespace, behind all that they include. What stands alone: a     |
# | source that defines something the whole program has one of, opens a namespace, or       |
# | refuses what others include. A unit lies beside its sources' .clang-tidy, copied.       |
# | Five unit tests took 19 s so, and 45 s one by one, as run-clang-tidy would have them.   |
# | Relies on: what meson says of build/plain. Writes build/tidy/compile_commands.json and  |
# | the units beside it, the largest first, for run-clang-tidy.                             |
# +-----------------------------------------------------------------------------------------+
import json
import pathlib
import re
import shutil
import sys

FOLDERS = {"core", "examples", "model", "stress", "tests"}
NOT_OURS = {"tests/unit/main.cpp"}  # a macro, and an include of what Catch2 puts behind it
IN_ONE_UNIT = 8  # few enough that two processors are busy to the end
ALONE = re.compile(r"^(namespace \w(?!.* = )|extern \"C\"|#define (?!FAULT)|#error|template <>|.*\boperator (new|delete)\b)",
                   re.MULTILINE)
INCLUDE = re.compile(r'^#include ?([<"])([^>"]+)[>"]', re.MULTILINE)


def options_of(group: dict) -> list[str]:
    """How a target compiles; without its precompiled header, which is g++'s and only saves time."""
    words = group["compiler"] + group["parameters"]
    return [word for before, word in zip([""] + words, words)
            if "-include" not in (before, word) and word != "-fpch-preprocess"]


def sources_of(group: dict) -> list[pathlib.Path]:
    """What a target compiles, also where meson has joined it."""
    if group["language"] != "cpp":
        return []
    paths = group["sources"] + [
        included for made in group["generated_sources"] if "-unity" in made
        for _, included in INCLUDE.findall(pathlib.Path(made).read_text())]
    return [pathlib.Path(path).resolve() for path in paths]


def commands(root: pathlib.Path) -> dict[pathlib.Path, tuple[str, list[str]]]:
    """Each source of ours once: its target, and how that compiles. Not the mutants, which compile
    some again."""
    chosen = {}
    for target in json.loads((root / "build/plain/meson-info/intro-targets.json").read_text()):
        if "mutants" in target["defined_in"]:
            continue
        for group in target["target_sources"]:
            for path in sources_of(group):
                if not path.is_relative_to(root) or str(path.relative_to(root)) in NOT_OURS:
                    continue
                if path.relative_to(root).parts[0] in FOLDERS:
                    chosen.setdefault(path, (target["id"], options_of(group)))
    return chosen


def folders_of(command: list[str]) -> list[str]:
    """Where it looks for headers; not its target's own folder."""
    return [word for word in command if word.startswith("-I") and not word.endswith(".p")]


def is_test(path: pathlib.Path) -> bool:
    """Small programs, whose names clash."""
    return not {"examples", "gallery", "genmc", "tests"}.isdisjoint(path.parts)


def together(root: pathlib.Path, chosen: dict) -> list[list[pathlib.Path]]:
    """Which sources make a unit."""
    targets, tests = {}, {}
    for path in sorted(chosen):
        if not is_test(path.relative_to(root)):
            targets.setdefault(chosen[path][0], []).append(path)
        elif ALONE.search(path.read_text()):
            targets[str(path)] = [path]
        else:
            room = path.parent.relative_to(root).parts[:2]
            tests.setdefault((room, *folders_of(chosen[path][1])), []).append(path)
    units = list(targets.values())
    for paths in tests.values():
        parts = -(-len(paths) // IN_ONE_UNIT)
        units += [paths[part::parts] for part in range(parts)]
    return units


def unit_of(paths: list[pathlib.Path], inside_namespaces: bool) -> str:
    # NOLINT: that a source is included is the point.
    line = '#include "{}"  // NOLINT(bugprone-suspicious-include)\n'
    if not inside_namespaces:
        return "".join(line.format(path) for path in paths)
    headers = dict.fromkeys(
        f"#include <{name}>" if kind == "<" or not (path.parent / name).exists()
        else f'#include "{(path.parent / name).resolve()}"'
        for path in paths for kind, name in INCLUDE.findall(path.read_text()))
    bodies = (f"namespace unit_{n} {{\n{line.format(path)}}}  // namespace unit_{n}\n"
              for n, path in enumerate(paths))
    return "\n".join(headers) + "\n" + "".join(bodies)


def place_of(root: pathlib.Path, out: pathlib.Path, source: pathlib.Path) -> pathlib.Path:
    """The folder for a unit, in which clang-tidy finds what it finds beside the source."""
    for folder in source.parents:
        if folder == root:
            break
        if (folder / ".clang-tidy").exists():
            place = out / folder.relative_to(root)
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / ".clang-tidy", place)
            return place
    return out


def main() -> None:
    root = pathlib.Path.cwd()
    out = root / "build/tidy"
    out.mkdir(parents=True, exist_ok=True)
    chosen = commands(root)
    database = []
    for paths in sorted(together(root, chosen), key=len, reverse=True):
        unit = paths[0]
        if len(paths) > 1:
            name = str(unit.relative_to(root).with_suffix("")).replace("/", "-")
            unit = place_of(root, out, unit) / f"{name}-and-others.cpp"
            unit.write_text(unit_of(paths, is_test(paths[0].relative_to(root))))
        database.append({"directory": str(root / "build/plain"), "file": str(unit),
                         "arguments": chosen[paths[0]][1] + ["-c", str(unit)]})
    if not database:
        sys.exit("tidy_units.py: build/plain compiles nothing of ours")
    (out / "compile_commands.json").write_text(json.dumps(database, indent=1))


main()
