#!/usr/bin/env python3
# +-----------------------------------------------------------------------------------------+
# | The translation units that clang-tidy looks at.                                         |
# | Why: clang-tidy visits every header of every unit, the system's included, and that is   |
# | what it does for most of its time. So sources are looked at together: those of one      |
# | target, since their names do not clash, as one unit; tests, whose names do, several to  |
# | a unit, each inside a namespace, behind all that they include. What stands alone: a     |
# | source that defines something the whole program has one of, or opens a namespace.       |
# | Relies on: the compile database of build/plain. Writes build/tidy/compile_commands.json |
# | and the units beside it, and prints position and path of each, ended by a 0.            |
# +-----------------------------------------------------------------------------------------+
import json
import pathlib
import re
import sys

FOLDERS = {"core", "examples", "model", "stress", "tests"}
IN_ONE_UNIT = 6  # few enough that two processors are busy to the end
ALONE = re.compile(r"^(namespace \w|extern \"C\"|#define |template <>|.*\boperator (new|delete)\b)",
                   re.MULTILINE)
INCLUDE = re.compile(r'^#include ([<"])([^>"]+)[>"]', re.MULTILINE)


def entries(root: pathlib.Path) -> dict[pathlib.Path, dict]:
    """Each source of ours once, as the library and its programs compile it: the mutants compile
    some again, which would be the same work many times over."""
    chosen = {}
    for entry in json.loads((root / "build/plain/compile_commands.json").read_text()):
        path = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        if not path.is_relative_to(root) or path.relative_to(root).parts[0] not in FOLDERS:
            continue
        if path not in chosen or "mutant" in chosen[path].get("output", ""):
            chosen[path] = entry
    return chosen


def is_test(path: pathlib.Path) -> bool:
    return path.parts[0] == "examples" or "tests" in path.parts


def together(root: pathlib.Path, chosen: dict) -> list[list[pathlib.Path]]:
    """Which sources make a unit."""
    targets, tests = {}, {}
    for path in sorted(chosen):
        if is_test(path.relative_to(root)) and not ALONE.search(path.read_text()):
            tests.setdefault(path.parent, []).append(path)
        else:
            targets.setdefault(pathlib.Path(chosen[path]["output"]).parent, []).append(path)
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


def main() -> None:
    root = pathlib.Path.cwd()
    out = root / "build/tidy"
    out.mkdir(parents=True, exist_ok=True)
    chosen = entries(root)
    database, names = [], []
    for paths in sorted(together(root, chosen), key=len, reverse=True):
        entry = chosen[paths[0]]
        name = str(paths[0].relative_to(root))
        if len(paths) > 1:
            unit = out / (name.replace("/", "-").removesuffix(".cpp") + "-and-others.cpp")
            unit.write_text(unit_of(paths, is_test(paths[0].relative_to(root))))
            command = entry["command"].replace(f" {entry['file']}", f" {unit}")
            entry = dict(entry, file=str(unit), command=command)
            name = str(unit.relative_to(root))
        database.append(entry)
        names.append(name)
    (out / "compile_commands.json").write_text(json.dumps(database, indent=1))
    for position, name in enumerate(names, 1):
        sys.stdout.write(f"{position}/{len(names)}\0{name}\0")


main()
