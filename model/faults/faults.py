#!/usr/bin/env python3
"""Faults of the core that one program carries, each of them off until its name is given.

A fault is a replacement in a header of core/, in which FAULT stands for "this one is in force".
README.md has the format.

    faults.py core CORE COPY STAMP a copy of core/ with all of them in it
    faults.py names                the names, as strings of C++
    faults.py controls             a row of controls.cpp for each that a program of the model convicts
    faults.py tests                name and file for each that a unit test convicts
    faults.py table CHECK [FILE]   the table of all faults (../faults.md), or whether FILE is it
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tomllib

HERE = pathlib.Path(__file__).parent
KEYS = {"what", "in", "old", "new", "and", "program", "searches", "properties", "test"}


def all_faults():
    found = {}
    for file in sorted(HERE.glob("*.toml")):
        for name, fault in tomllib.loads(file.read_text()).items():
            odd = set(fault) - KEYS
            if name in found or odd:
                sys.exit(f"faults.py: {file.name}: [{name}] stands there twice or has {odd}")
            if ("program" in fault) == ("test" in fault):
                sys.exit(f"faults.py: {file.name}: [{name}] wants a program or a test, one of the two")
            found[name] = fault
    return found


def change(text, name, old, new):
    if text.count(old) != 1:
        sys.exit(f"faults.py: [{name}]: what it replaces stands in core/ {text.count(old)} times: {old}")
    return text.replace(old, new.replace("FAULT", f'caiman_fault("{name}")'))


def copy_core(core, copy, stamp):
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(core, pathlib.Path(copy) / "core")
    for name, fault in all_faults().items():
        header = pathlib.Path(copy) / "core/caiman" / fault["in"]
        text = header.read_text()
        for old, new in [[fault["old"], fault["new"]], *fault.get("and", [])]:
            text = change(text, name, old, new)
        header.write_text(text)
    pathlib.Path(stamp).write_text('// made by faults.py\n#include "faults/faults.hpp"\n')


def text_of(value):
    return '"' + value.replace('"', '\\"') + '"'


def controls():
    for name, fault in all_faults().items():
        if "program" not in fault:
            continue
        print(f"{{{text_of(name)}, {text_of(fault['properties'])}, {text_of(fault['what'])},")
        print(f" {{{{{text_of(fault['program'])}, {text_of(fault['searches'])}}}}}, {{}}, true}},")


def names():
    for name in all_faults():
        print(f"{text_of(name)},")


def tests():
    for name, fault in all_faults().items():
        if "test" in fault:
            print(f"{name}\t{fault['test']}")


# ---- the table -----------------------------------------------------------------------------------

HEAD = """# Faults that the checks must see

Every fault that is tried each time the checks run, and what it dies of: a program of `./ci/verify`, by
the property and the searches named, or a unit test of `./ci/test`, by the file named. One that survives
fails the run. Which execution it dies at, `./ci/verify --only NAME` prints. Every memory order that is
weaker than what ships is judged as well: `caiman-check audit`.

Made by `model/faults/faults.py table build/plain/model/caiman-check`, out of `model/controls.cpp`,
`model/mutants/` and the files of `model/faults/`; the test `faults-table` compares.

| fault | what | where | dies in | of |
|---|---|---|---|---|
"""


def place_of(control):
    """The header in which a control's fault is."""
    if control["orders"]:
        return f"order `{control['orders']}`"
    patch = HERE.parent / "mutants" / f"{control['name']}.patch"
    if not patch.exists():
        return "specimen"
    changed = [line.split("/")[-1] for line in patch.read_text().splitlines() if line.startswith("+++ ")]
    return ", ".join(changed)


def rows(check):
    listed = subprocess.run([check, "list", "--json"], capture_output=True, text=True, check=True)
    known = {c["name"]: c for c in json.loads(listed.stdout)["controls"]}
    faults = all_faults()
    for name, control in known.items():
        where = faults[name]["in"] if control["together"] else place_of(control)
        for one in control["attempts"]:
            program = one["program"].replace("|", "\\|")
            yield name, control["fault"], where, f"`{program}`", f"{control['properties']}; {one['searches']}"
    for name, fault in faults.items():
        if "test" in fault:
            yield name, fault["what"], fault["in"], f"`{fault['test']}_test.cpp`", "an assertion"
    for name in set(faults) - set(known):
        if "test" not in faults[name]:
            sys.exit(f"faults.py: [{name}] is no control of {check}")


def table(check, written=""):
    text = HEAD + "".join("| " + " | ".join(row) + " |\n" for row in rows(check))
    if not written:
        print(text, end="")
    elif pathlib.Path(written).read_text() != text:
        sys.exit(f"faults.py: {written} says something else: make it anew")


if __name__ == "__main__":
    what, *given = sys.argv[1:]
    {"core": copy_core, "controls": controls, "names": names, "tests": tests, "table": table}[what](*given)
