# SPDX-License-Identifier: MIT
"""Starts the worker: one process per measurement, with the library that the subject names.

LD_PRELOAD is set for the worker alone and to what its own list says; an LD_PRELOAD of the person who
runs this is taken away, or it would stand behind every subject. Whether the library really is in
force the worker finds out itself.
"""

import json
import os
import signal
import subprocess

from .errors import BadInput

TIMEOUT_SECONDS = 120


class WorkerFailed(Exception):
    """Its text is what the worker said, one line."""


def _environment(preload):
    environment = dict(os.environ)
    environment.pop("LD_PRELOAD", None)
    if preload:
        environment["LD_PRELOAD"] = preload
    return environment


def call(program, arguments, preload=""):
    """The object that the worker prints."""
    try:
        # In a session of its own: Ctrl-C reaches the driver alone, and run() ends the worker then.
        done = subprocess.run([program, *arguments], env=_environment(preload), text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, start_new_session=True,
                              timeout=TIMEOUT_SECONDS, check=False)
    except OSError as error:
        raise BadInput(f"{program}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise WorkerFailed(f"no result after {TIMEOUT_SECONDS} s") from error
    if done.returncode != 0:
        raise WorkerFailed(_what_went_wrong(done.returncode, done.stderr))
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise WorkerFailed("its answer is no JSON") from error


def _what_went_wrong(code, complaint):
    lines = [line for line in complaint.splitlines() if line.strip()]
    if code < 0:
        lines.append(f"ended by {signal.Signals(-code).name}")
    return lines[-1] if lines else f"exit code {code}"


def listed(program):
    """What the worker says of itself: subjects, compiler, arena, where "far" begins."""
    try:
        return call(program, ["--list"])
    except WorkerFailed as error:
        raise BadInput(f"{program}: {error}") from error


def ping_pong(program):
    """The round trip of two processors now, in ns; None where there is one only."""
    answer = call(program, ["--ping-pong"])
    ns = answer.get("ping_pong_ns", "nothing") if isinstance(answer, dict) else "nothing"
    if ns is not None and (isinstance(ns, bool) or not isinstance(ns, (int, float))):
        raise WorkerFailed("its answer has no distance")
    return ns


def checked(program, subject):
    """The file behind malloc, after the subject has shown that it does what it claims."""
    try:
        return call(program, ["--subject", subject["name"], "--check"], subject["preload"])["malloc"]
    except WorkerFailed as error:
        hint = f" (package {subject['package']})" if subject["preload"] else ""
        raise BadInput(f"{error}{hint}; --subjects leaves a subject out") from error
