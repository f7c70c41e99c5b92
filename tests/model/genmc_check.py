#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | The harnesses for GenMC are of the form that it takes, where there is none to ask.      |
# | Why: a harness that it refuses is found out by nobody until somebody has a genmc. So    |
# | each is compiled as it would compile it, and its LLVM assembly is looked through for    |
# | what it refuses: code behind main(), memcpy and memset, one object in several sizes,    |
# | structs by value, functions that it does not know. Each of these is convicted in a      |
# | seeded harness, every time. And each harness runs natively, some dozens of times.       |
# | Relies on: clang 19 (opaque pointers); the programs that meson built.                   |
# | Usage: genmc_check.py RUN.PY CLANG HARNESS...                                           |
# +-----------------------------------------------------------------------------------------+
"""What of the harnesses in model/genmc a genmc would refuse."""

import importlib.util
import pathlib
import re
import subprocess
import sys
import tempfile

SIZES = {"ptr": 64, "float": 32, "double": 64}
KNOWN = re.compile(r"@(pthread_create|pthread_join|__assert_fail|__VERIFIER_\w+|llvm\.(?!mem)[\w.]+|_ZTW\w+|_ZTH\w+)$")
ACCESS = re.compile(r"= (?:load|atomicrmw)|^\s*store|= cmpxchg")
TIMES = 50


def split_types(text):
    """The members of a struct, which may be structs."""
    parts, depth, at = [], 0, 0
    for i, letter in enumerate(text):
        depth += (letter in "{[<(") - (letter in "}])>")
        if letter == "," and depth == 0:
            parts.append(text[at:i].strip())
            at = i + 1
    return [part for part in [*parts, text[at:].strip()] if part]


class Assembly:
    """The types of one LLVM module, as far as accesses need them."""

    def __init__(self, text):
        self.text = text
        self.structs = {name: body for name, body in re.findall(r"^(%[^ ]+) = type (.*)$", text, re.M)}
        self.globals = {name: kind for name, kind in re.findall(
            r'^(@[\w.$"]+) = .*?\b(?:global|constant) ([^,@]*?(?:\{.*?\}|\[.*?\]|%[\w.":]+|\w+)) ', text, re.M)}

    def size(self, kind):
        """In bits; None of what is no scalar."""
        number = re.fullmatch(r"i(\d+)", kind)
        return (int(number[1]) + 7) // 8 * 8 if number else SIZES.get(kind)

    def first(self, kind):
        """The scalar that lies at the start of a type; "" where that says nothing."""
        kind = self.structs.get(kind, kind).strip()
        if kind.startswith(("{", "<{")):
            members = split_types(kind.strip("<{ }>"))
            return self.first(members[0]) if members else ""
        array = re.match(r"\[\d+ x (.*)\]$", kind)
        if array:
            return "" if array[1] == "i8" else self.first(array[1])  # bytes are memory for anything
        return kind if self.size(kind) else ""

    def at(self, kind, indices):
        """The type that is found there, after the index over whole objects."""
        for index in indices[1:]:
            kind = self.structs.get(kind, kind).strip()
            array = re.match(r"\[\d+ x (.*)\]$", kind)
            if array:
                kind = array[1]
                continue
            members = split_types(kind.strip("<{ }>"))
            if not index.isdigit() or int(index) >= len(members):
                return ""
            kind = members[int(index)]
        return kind


def types_of(module, body):
    """What each pointer of a function points at, as far as it says."""
    known = dict(module.globals)
    for name, kind in re.findall(r"^\s*(%[\w.]+) = alloca ([^,\n]+)", body, re.M):
        known[name] = kind
    for name, kind, rest in re.findall(
            r"^\s*(%[\w.]+) = getelementptr (?:inbounds )?(?:nuw )?([^,\n]+|\{.*?\}), ptr [^,\n]+, (.*)$", body, re.M):
        indices = [re.sub(r"^i\d+ ", "", part) for part in split_types(re.sub(r", !.*", "", rest))]
        known[name] = "" if kind == "i8" else module.at(kind, indices)
    return known


def accesses(body):
    """(type, pointer) of each load, store and read-modify-write."""
    for line in body.splitlines():
        if ACCESS.search(line):
            found = (re.search(r"= load (?:atomic )?(?:volatile )?(.+?), ptr ([%@][\w.$\"]+)", line)
                     or re.search(r"store (?:atomic )?(?:volatile )?(.+?) [^ ,]+, ptr ([%@][\w.$\"]+)", line))
            other = re.search(r"(?:cmpxchg|atomicrmw)(?: weak)?(?: volatile)? (?:\w+ )?ptr ([%@][\w.$\"]+), (\w+) ", line)
            if found:
                yield found[1], found[2]
            elif other:
                yield other[2], other[1]


def refused(text):
    """What GenMC does not take of this assembly: a line for each."""
    module = Assembly(text)
    wrong = []
    if re.search(r"__dso_handle|__cxa_atexit", text):
        wrong.append("code behind main(): __dso_handle")
    for what in sorted(set(re.findall(r"call [^\n]*@(?:llvm\.)?(memcpy|memset|memmove)\b", text))):
        wrong.append(f"calls {what}")
    if re.search(r"\binvoke\b|\blandingpad\b", text):
        wrong.append("exceptions")
    if re.search(r"\bbyval\(", text):
        wrong.append("a struct is passed by value: byval")
    for name in sorted(set(re.findall(r"^declare [^@\n]*(@[\w.$]+)", text, re.M))):
        if not KNOWN.match(name) and not name.startswith("@llvm.mem"):
            wrong.append(f"a function that it does not know: {name}")
    for name, body in re.findall(r"^define [^@\n]*(@[\w.$\"]+)\(.*?\{\n(.*?)^\}", text, re.M | re.S):
        known = types_of(module, body)
        for kind, pointer in accesses(body):
            size, whole = module.size(kind), module.first(known.get(pointer, ""))
            if size is None and re.match(r"[<\[{%]", kind):
                wrong.append(f"{name}: a struct or a vector is one access: {kind}")
            elif size and whole and module.size(whole) != size:
                wrong.append(f"{name}: one object in several sizes: {kind} of {known[pointer]}")
            elif size and size > 64:
                wrong.append(f"{name}: an access of {size} bits")
    return list(dict.fromkeys(wrong))


BEGIN = '#include "genmc_sync.hpp"\nusing namespace caiman::genmc;\n'
WORDS = "struct three { std::uint64_t a; std::uint32_t b, c; };\n"
# Each has one thing that is refused, and the words that it must be convicted with.
SEEDED = {
    "__dso_handle": "struct ends { ~ends() { pthread_join(0, nullptr); } };\n"
                    "[[clang::always_destroy]] ends at_last;\nint main() {}\n",
    "calls memcpy": "struct big { std::uint64_t of[9]; } one, other;\nint main() { one = other; }\n",
    "calls memset": "struct big { std::uint64_t of[9]; } one;\nint main() { one = big{}; }\n",
    "one object in several sizes": "std::uint64_t word;\nint main() {\n"
                                   "  return *reinterpret_cast<volatile std::uint32_t*>(&word) == 0 ? 0 : 1; }\n",
    "a struct or a vector is one access": f"{WORDS}three one;\n"
        "[[gnu::noinline]] three get() { return one; }\nint main() { return get().b == 0 ? 0 : 1; }\n",
    "byval": "struct big { std::uint64_t of[3]; } one;\n"
             "[[gnu::noinline]] int use(big of) { return of.of[1] == 0 ? 0 : 1; }\nint main() { return use(one); }\n",
    "a function that it does not know": "extern \"C\" int sched_yield();\nint main() { return sched_yield(); }\n",
    "an access of 128 bits": "__int128 wide;\nint main() { wide = wide + 1; }\n",
}


def assembly(clang, flags, source):
    done = subprocess.run([clang, *flags, "-S", "-emit-llvm", "-o", "-", str(source)], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise SystemExit(f"genmc_check.py: {source}: {clang} says: {done.stderr[:600]}")
    return done.stdout


def seeded(clang, run):
    """What is not convicted of the seeded harnesses."""
    with tempfile.TemporaryDirectory() as folder:
        for wanted, text in SEEDED.items():
            source = pathlib.Path(folder) / "seeded.cpp"
            source.write_text(BEGIN + text)
            found = refused(assembly(clang, (*run.FLAGS, *run.PLAIN), source))
            if not any(wanted in line for line in found):
                yield f"a seeded harness is not convicted of '{wanted}': {found}"


def native(programs):
    """Which programs fail, of many runs."""
    for program in programs:
        for _ in range(TIMES):
            done = subprocess.run([program], capture_output=True, text=True, timeout=60, check=False)
            if done.returncode != 0:
                yield f"{program}: exit code {done.returncode}: {done.stderr[:300]}"
                break


def main(given):
    if len(given) < 3:
        print("genmc_check.py: want RUN.PY CLANG HARNESS...", file=sys.stderr)
        return 2
    spec = importlib.util.spec_from_file_location("run", given[0])
    run = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    sys.modules["run"] = run
    spec.loader.exec_module(run)
    wrong = list(seeded(given[1], run))
    cases = [case for case in run.CASES if case.holds or not case.defines]
    for case in cases:
        text = assembly(given[1], run.flags_of(case), run.HERE / f"{case.harness}.cpp")
        wrong += [f"{case.name}: {line}" for line in refused(text)]
    missing = {path.stem for path in run.HERE.glob("*.cpp")} - {case.harness for case in run.CASES}
    wrong += [f"{name}.cpp is in no case of run.py" for name in sorted(missing)]
    if not list(native(["false"])):
        wrong.append("a program that fails is not convicted")
    wrong += native(given[2:])
    for line in wrong:
        print(f"genmc_check.py: {line}", file=sys.stderr)
    if not wrong:
        print(f"{len(cases)} cases are of the form that GenMC takes, {len(SEEDED)} seeded ones are not, "
              f"{len(given) - 2} programs ran {TIMES} times each")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
