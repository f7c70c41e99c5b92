#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `cost` says of a structure's accesses is what g++ makes of them, on x86-64 and on AArch64 with LSE.

The command has a table and no compiler; here is one, for each cell. Usage: cost_check.py PROGRAMS SOURCES G++...:
the folders of the gallery, and compilers, of which one for AArch64 has that in its name. Relies on: those compilers.
"""

import pathlib
import re
import subprocess
import sys

# Together they have each kind of access.
STRUCTURES = {"arc": "arc.cpp", "chase_lev": "chase_lev.cpp", "spin_lock": "locks/spin_lock.cpp"}
ANY = ("relaxed", "acquire", "release", "acq_rel", "seq_cst")
LOADS = ("relaxed", "acquire", "seq_cst")
# Kind, how it looks in the program of the rows, the orders that it has, and what it is as a function.
KINDS = (("load", ".load(", LOADS, "int {name}(word& x) {{ return x.load({order}); }}"),
         ("store", ".store(", ("relaxed", "release", "seq_cst"), "void {name}(word& x) {{ x.store(1, {order}); }}"),
         ("exchange", ".exchange(", ANY, "int {name}(word& x) {{ return x.exchange(1, {order}); }}"),
         ("add", ".fetch_add(", ANY, "int {name}(word& x) {{ return x.fetch_add(1, {order}); }}"),
         ("cas", ".compare_exchange_strong(", ANY,
          "bool {name}(word& x, int e) {{ return x.compare_exchange_strong(e, 1, {order}, std::memory_order_relaxed); }}"),
         ("fail", None, LOADS,
          "bool {name}(word& x, int e) {{ return x.compare_exchange_strong(e, 1, std::memory_order_seq_cst, {order}); }}"),
         ("fence", "atomic_thread_fence(", ANY, "void {name}(word&) {{ std::atomic_thread_fence({order}); }}"))


def code_of(compiler):
    """The instructions of each kind and order."""
    text = '#include <atomic>\nusing word = std::atomic<int>;\nextern "C" {\n'
    for kind, _, orders, body in KINDS:
        for order in orders:
            text += body.format(name=f"{kind}_{order}", order=f"std::memory_order_{order}") + "\n"
    lse = ["-march=armv8.1-a"] if "aarch64" in compiler else []
    made = subprocess.run([compiler, "-std=c++20", "-O2", *lse, "-S", "-x", "c++", "-", "-o", "-"], input=text + "}\n",
                          capture_output=True, text=True, check=True).stdout
    found, name = {}, None
    for line in made.splitlines():
        if label := re.match(r"([a-z]\w+):", line):
            name = label[1]
            found[name] = []
        elif name and re.match(r"\s+[a-z]", line):
            found[name].append(re.sub(r"\s+", " ", line.strip()))
    return found


def cell_of(kind, order, code):
    """What the table should say, from the instruction that touches the word, or is a fence."""
    mine = code[f"{kind}_{order}"]
    if kind == "fail" and all(mine == code[f"fail_{other}"] for other in LOADS):
        return "none of its own"
    wanted = r"lock or|mfence|dmb" if kind == "fence" else r".*(\(%rdi\)|\[x0\])"
    touching = [line for line in mine if re.match(wanted, line)]
    if not touching:
        return "none"
    if touching[0].startswith("dmb"):
        return touching[0]
    if touching[0].startswith("lock"):
        return "lock or" if kind == "fence" else "lock"
    word = touching[0].split()[0]
    return re.sub("^ldadd", "ld<op>", re.sub("^(mov|xchg)l$", r"\1", word))


def rows(programs, sources):
    """Kind, order, and what the two processors are said to have."""
    for name, source in STRUCTURES.items():
        lines = (sources / source).read_text(encoding="utf-8").splitlines()
        said = subprocess.run([programs / f"{name}.0", "cost"], capture_output=True, text=True, check=True).stdout
        for line in said.splitlines():
            if row := re.match(r"\w+\.cpp:(\d+)(:fail)? +(\w+) +(.*?) {2,}(.*?) *( <- written)?$", line):
                code = lines[int(row[1]) - 1].replace(".fetch_sub(", ".fetch_add(")
                kind = "fail" if row[2] else next(name for name, look, _, _ in KINDS if look and look in code)
                yield kind, row[3], row[4], row[5]


def wrong_cells(told, compilers):
    for compiler in compilers:
        code, column = code_of(compiler), 3 if "aarch64" in compiler else 2
        for row in told:
            right = cell_of(row[0], row[1], code)
            if row[column] != right:
                yield f"{row[0]}, {row[1]}: '{row[column]}', and {compiler} makes '{right}' of it"


def main(programs, sources, compilers):
    told = sorted(set(rows(pathlib.Path(programs), pathlib.Path(sources))))
    if [row[:2] for row in told] != sorted((kind, order) for kind, _, orders, _ in KINDS for order in orders):
        sys.exit(f"cost_check.py: not each kind with each order, once: {told}")
    for line in (wrong := list(wrong_cells(told, compilers))):
        print("cost_check.py:", line, file=sys.stderr)
    # A table in which each row has the cells of the next is wrong for every compiler.
    for compiler in compilers:
        shifted = [(*row[:2], *following[2:]) for row, following in zip(told, told[1:] + told[:1])]
        if not list(wrong_cells(shifted, [compiler])):
            sys.exit(f"cost_check.py: a wrong table is taken for {compiler}'s")
    print(f"{len(told)} rows, {len(compilers)} compilers, {len(wrong)} cells wrong")
    return 1 if wrong or not compilers else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
