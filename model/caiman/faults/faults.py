#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the checks must convict, each time they run: faults of the core, weak orders, specimens.

A fault is a replacement in a header of core/, in which FAULT stands for "this one is in force", or a
patch of ../mutants, which says in its first lines what convicts it. README.md has the format.

    faults.py core CORE COPY STAMP a copy of core/ with all replacements in it
    faults.py names                the names of the replacements, as strings of C++
    faults.py mutants              the names of the patches, those that need parts.cpp behind "parts/"
    faults.py controls             the rows of controls.cpp: all that a program of the model convicts
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
MUTANTS = HERE.parent / "mutants"
KEYS = {"what", "in", "old", "new", "and", "program", "searches", "properties", "orders", "test"}
SEARCHES = "random:20000@shipped"  # where a fault names none


def of_patch(file):
    """Its head is TOML; where the fault is stands in the rest."""
    head, _, diff = file.read_text().partition("\n--- ")
    changed = [line.split("/")[-1] for line in diff.splitlines() if line.startswith("+++ ")]
    return {file.stem: {**tomllib.loads(head), "in": ", ".join(changed)}}


def all_faults():
    found = {}
    for file in [*sorted(HERE.glob("*.toml")), *sorted(MUTANTS.glob("*.patch"))]:
        faults = of_patch(file) if file.suffix == ".patch" else tomllib.loads(file.read_text())
        for name, fault in faults.items():
            odd = set(fault) - KEYS
            if name in found or odd:
                sys.exit(f"faults.py: {file.name}: [{name}] stands there twice or has {odd}")
            if fault.keys().isdisjoint({"program", "test"}):
                sys.exit(f"faults.py: {file.name}: [{name}] wants a program, or a test, or both")
            if "what" not in fault or ("program" in fault and "properties" not in fault):
                sys.exit(f"faults.py: {file.name}: [{name}] does not say what it is, or convicts it")
            found[name] = fault
    return found


def replacements():
    return {name: fault for name, fault in all_faults().items() if "old" in fault}


def programs_of(fault):
    program = fault.get("program", [])
    return [program] if isinstance(program, str) else program


def change(text, shipped, name, old, new):
    for where, seen in ("core/", shipped), ("the copy with the faults before it", text):
        if seen.count(old) != 1:
            sys.exit(f"faults.py: [{name}]: what it replaces stands in {where} {seen.count(old)} times: {old}")
    return text.replace(old, new.replace("FAULT", f'caiman_fault("{name}")'))


def copy_core(core, copy, stamp):
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(core, pathlib.Path(copy) / "core")
    for name, fault in replacements().items():
        header = pathlib.Path(copy) / "core/caiman" / fault["in"]
        text, shipped = header.read_text(), (pathlib.Path(core) / "caiman" / fault["in"]).read_text()
        for old, new in [[fault["old"], fault["new"]], *fault.get("and", [])]:
            text = change(text, shipped, name, old, new)
        header.write_text(text)
    pathlib.Path(stamp).write_text('// made by faults.py\n#include "faults/faults.hpp"\n')


def text_of(value):
    return json.dumps(value, ensure_ascii=False)


def control(name, fault):
    """As `caiman-check list --json` has it."""
    searches = fault.get("searches", SEARCHES)
    attempts = [{"program": program, "searches": searches} for program in programs_of(fault)]
    return {"name": name, "properties": fault["properties"], "fault": fault["what"], "attempts": attempts,
            "orders": fault.get("orders", ""), "together": "old" in fault}


def all_controls():
    return [control(name, fault) for name, fault in all_faults().items() if "program" in fault]


def controls():
    for row in all_controls():
        name, properties, what = (text_of(row[key]) for key in ("name", "properties", "fault"))
        attempts = ", ".join(f"{{{text_of(one['program'])}, {text_of(one['searches'])}}}" for one in row["attempts"])
        print(f"{{{name}, {properties}, {what}, {{{attempts}}},")
        print(f" {text_of(row['orders'])}, {str(row['together']).lower()}}},")


def names():
    for name in replacements():
        print(f"{text_of(name)},")


def mutants():
    """What a patch changes is met by the program that convicts it: by a part, or by the whole core."""
    for file in sorted(MUTANTS.glob("*.patch")):
        of_part = any("core=" in program for program in programs_of(of_patch(file)[file.stem]))
        print(("parts/" if of_part else "world/") + file.stem)


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

Made by `model/caiman/faults/faults.py table build/plain/model/caiman-check`, out of the files of `model/caiman/faults/`
and the first lines of the patches of `model/caiman/mutants/`; the test `faults-table` compares.

| fault | what | where | dies in | of |
|---|---|---|---|---|
"""


def rows(check):
    faults = all_faults()
    listed = subprocess.run([check, "list", "--json"], capture_output=True, text=True, check=True)
    if json.loads(listed.stdout)["controls"] != all_controls():
        sys.exit(f"faults.py: the controls of {check} are others: set its build up again")
    for name, fault in faults.items():
        where = fault.get("in", f"order `{fault['orders']}`" if "orders" in fault else "specimen")
        for program in programs_of(fault):
            shown = program.replace("|", "\\|")
            by = f"{fault['properties']}; {fault.get('searches', SEARCHES)}"
            yield name, fault["what"], where, f"`{shown}`", by
    for name, fault in faults.items():
        if "test" in fault:
            yield name, fault["what"], fault["in"], f"`{fault['test']}_test.cpp`", "an assertion"


def table(check, written=""):
    text = HEAD + "".join("| " + " | ".join(row) + " |\n" for row in rows(check))
    if not written:
        print(text, end="")
    elif pathlib.Path(written).read_text() != text:
        sys.exit(f"faults.py: {written} says something else: make it anew")


if __name__ == "__main__":
    what, *given = sys.argv[1:]
    {"core": copy_core, "controls": controls, "mutants": mutants, "names": names, "tests": tests,
     "table": table}[what](*given)
