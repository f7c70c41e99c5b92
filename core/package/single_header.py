#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes all headers of Caiman as one, for a place that takes one file: `ninja caiman-single-header`.

What an online compiler or a report of a bug wants is a text to paste, so comments on lines of their own are left
out: they are a third of it. Each header stands where it is first
included, without `#pragma once` and without the guard of requirements.hpp, which stands once around all;
what they include of the standard library is collected on top. An include that is itself under a condition
stays under it, and its header may come twice then, each time behind a guard of its own. The Asio adaptor
is left out: it wants another library. Relies on: Python alone. Exit codes: 0 written, 2 a header that is
not there, a circle, a header that nothing includes, or no place to write to.

    single_header.py CORE-FOLDER OUTPUT
"""

import pathlib
import re
import sys

ROOTS = ("caiman/caiman.hpp", "caiman/heap_picture.hpp")
REQUIREMENTS = "caiman/detail/requirements.hpp"
LEFT_OUT = "caiman/adaptors/"
OPEN, CLOSE = "#if defined(CAIMAN_REQUIREMENTS_MET)", "#endif  // CAIMAN_REQUIREMENTS_MET"
HEAD = """\
// SPDX-License-Identifier: MIT
// Caiman {version}: all headers in one, written by core/package/single_header.py; see there for what it is made of.
#pragma once
"""


class Wrong(Exception):
    """What is the matter with the headers."""


class Writer:
    def __init__(self, core):
        self.core = core
        self.system = set()  # what is on top
        self.done = set()  # headers that stand somewhere without a condition
        self.seen = set()
        self.open = []  # the way to the header that is being written

    def text_of(self, name):
        try:
            return (self.core / name).read_text(encoding="utf-8")
        except OSError as error:
            raise Wrong(error) from error

    def lines_of(self, name, conditional):
        """The lines of one header, and of all that it includes."""
        if name in self.open:
            raise Wrong("a circle of includes: " + " -> ".join([*self.open, name]))
        self.open.append(name)
        self.seen.add(name)
        out = [f"// ---- {name}"]
        guard = "CAIMAN_SINGLE_" + re.sub(r"\W", "_", name).upper()
        if conditional:
            out += [f"#if !defined({guard})", f"#define {guard}"]
        depth = 0
        for line in self.text_of(name).splitlines():
            word = re.match(r"#\s*(if|endif|include|pragma once)?", line)
            if word and word[1] == "pragma once" or line.lstrip().startswith("//") or \
                    name != REQUIREMENTS and line in (OPEN, CLOSE):
                continue
            if word and word[1] in ("if", "endif"):  # #ifdef and #ifndef begin so, too
                depth += 1 if word[1] == "if" else -1
            out += self.included(line, conditional or depth > 0) if word and word[1] == "include" else [line]
        if depth:
            raise Wrong(f"{name}: a condition has no end")
        if conditional:
            out.append("#endif")
        else:
            self.done.add(name)
        self.open.pop()
        return out

    def included(self, line, conditional):
        """What stands in the place of an include."""
        bracket, target = re.match(r'#\s*include\s*([<"])([^>"]+)', line).groups()
        if bracket == "<":
            if conditional:
                return [line]
            self.system.add(target)
            return []
        return [] if target in self.done or target == REQUIREMENTS else self.lines_of(target, conditional)


def single(core):
    """The text of the header."""
    writer = Writer(core)
    first = writer.lines_of(REQUIREMENTS, False)
    body = [line for root in ROOTS for line in writer.included(f'#include "{root}"', False)]
    there = {str(path.relative_to(core)) for path in (core / "caiman").rglob("*.hpp")}
    lacking = sorted(name for name in there - writer.seen if not name.startswith(LEFT_OUT))
    if lacking:
        raise Wrong("nothing includes " + " ".join(lacking))
    version = re.search(r'CAIMAN_VERSION_STRING "([^"]+)"', "\n".join(body))
    if not version:
        raise Wrong("version.hpp has no version")
    top = [f"#include <{name}>" for name in sorted(writer.system)]
    text = "\n".join([HEAD.format(version=version[1]), *first, OPEN, "", *top, "", *body, CLOSE, ""])
    return re.sub(r"\n{3,}", "\n\n", text)


def main():
    if len(sys.argv) != 3:
        print("single_header.py: wants CORE-FOLDER OUTPUT", file=sys.stderr)
        return 2
    core, output = map(pathlib.Path, sys.argv[1:])
    try:
        text = single(core)
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    except (Wrong, OSError) as error:
        print(f"single_header.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
