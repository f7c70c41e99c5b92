# SPDX-License-Identifier: MIT
"""The part that starts as a newcomer does: ./ci/newcomer, one order of the two commands a task."""

import re
import shlex

from .schedule import Part, Task, failure, result

_ORDERS = ("verify-test", "test-verify")
_MINUTES = 240


def _note(note):
    """A task that does nothing but say so."""
    return Task("none", ["true"], lambda _code, _text: result(note=note), 60)


def newcomer(night):
    """Both orders, if there is time for both; if not, tomorrow the other one."""
    command = str(night.root / "ci/newcomer")

    def task(number):
        if number >= len(_ORDERS):
            return None
        if night.brief:
            return _note("not run: a brief night has no time for ./ci/newcomer") if number == 0 else None
        order = _ORDERS[(night.seed + number) % len(_ORDERS)]
        line = [command, "--no-install", "--order", order, "--limit", str(_MINUTES)]

        def judge(code, text):
            if code == 0 and re.search(r"^newcomer: passed$", text, re.M):
                return result({f"{order} passed": 1})
            why = re.search(r"^newcomer: (not run: .*)$", text, re.M)
            if code == 3 and why:
                return result(note=why.group(1))
            return result({}, failure(f"a newcomer fails, {order} (exit code {code})",
                                      shlex.join(line), text))

        return Task(order, line, judge, _MINUTES * 60 + 600)

    return Part("newcomer", 5, task, "a bare Debian 12, a clone, ./ci/verify and ./ci/test in both orders")
