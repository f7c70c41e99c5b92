# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Where in the core each site of orders.hpp stands, and what kind of access it is.        |
# | Why: `caiman-check list` and the audit speak of sites by file and line, and a list      |
# | kept by hand would be wrong after the next edit.                                        |
# | How: finds each `site::NAME` in the core's headers and the call whose argument it is; a |
# | call of a function of the same file (bump, sum) is followed to the access behind it.    |
# | Relies on: the core's habit of `cell.load(Sync::order(site::NAME))`. A use that it      |
# | cannot follow ends it with an error, and so the build.                                  |
# | Usage: core_sites.py OUT.inc HEADER...                                                  |
# +-----------------------------------------------------------------------------------------+
import pathlib
import re
import sys

ACCESSES = {"load": "load", "store": "store", "exchange": "rmw", "fetch_add": "rmw",
            "fetch_or": "rmw", "fetch_and": "rmw", "fetch_sub": "rmw",
            "compare_exchange_strong": "rmw"}
FAILURE = 3  # the argument of a compare_exchange that is the order of its failing load


def blanked(text):
    """The text with comments blanked, every offset as before."""
    return re.sub(r"//[^\n]*", lambda m: " " * len(m.group()), text)


def enclosing_call(text, at):
    """The name of the call whose argument stands at an offset, where it starts, which argument."""
    depth, argument = 0, 0
    for i in range(at - 1, -1, -1):
        c = text[i]
        if c in ")]}":
            depth += 1
        elif c in "([{" and depth > 0:
            depth -= 1
        elif c in "{;":
            return None, i, 0
        elif c == "," and depth == 0:
            argument += 1
        elif c == "(":
            name = re.search(r"(\w+)\s*$", text[:i])
            return (name.group(1) if name else None), (name.start() if name else i), argument
    return None, 0, 0


def block_after(text, at):
    """The offsets of the braces of the first block that opens at or after an offset."""
    begin = text.index("{", at)
    depth = 0
    for i in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if depth == 0:
            return begin, i + 1
    raise ValueError("a block without an end")


def rest_of_block(text, at):
    depth = 0
    for i in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if depth < 0:
            return at, i
    return at, len(text)


def helper(text, name, argument):
    """The body of a function of this file, and the name of one of its parameters."""
    for m in re.finditer(r"\b%s\(([^()]*)\)\s*(const\s*)?(noexcept\s*)?\{" % name, text):
        names = [re.search(r"(\w+)\s*$", p).group(1) for p in m.group(1).split(",")]
        if argument < len(names):
            return block_after(text, m.end() - 1), names[argument]
    return None, None


def kinds(text, begin, end):
    """The kinds of access that an order standing at begin..end goes to."""
    name, at, argument = enclosing_call(text, begin)
    if name == "order":
        return kinds(text, at, end)
    if name in ACCESSES:
        failing = name == "compare_exchange_strong" and argument == FAILURE
        return {"load" if failing else ACCESSES[name]}
    if name is None:  # const auto order = Sync::order(...);
        variable = re.search(r"(\w+)\s*=\s*[\w:\s]*$", text[:begin])
        span, parameter = rest_of_block(text, end), variable and variable.group(1)
    else:
        span, parameter = helper(text, name, argument)
    if not span or not parameter:
        return set()
    found = set()
    for use in re.finditer(r"\b%s\b" % parameter, text[span[0]:span[1]]):
        if text[span[0] + use.end()] != "(":  # else it is the policy's function of that name
            found |= kinds(text, span[0] + use.start(), span[0] + use.end())
    return found


def main(out, headers):
    rows, lost = [], []
    for path in sorted(map(pathlib.Path, headers)):
        if path.name in ("orders.hpp", "sync.hpp"):
            continue
        text = blanked(path.read_text())
        for m in re.finditer(r"\bsite::(\w+)", text):
            where = "%s:%d" % (str(path)[str(path).rfind("core/caiman/"):], text.count("\n", 0, m.start()) + 1)
            found = kinds(text, m.start(), m.end())
            if not found:
                lost.append("%s: what access is site::%s for?" % (where, m.group(1)))
            for kind in sorted(found):
                rows.append('    {"%s", access_kind::%s, "%s"},' % (m.group(1), kind, where))
    if lost:
        sys.exit("core_sites.py: " + "\n".join(lost))
    pathlib.Path(out).write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
