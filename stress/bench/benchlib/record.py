# SPDX-License-Identifier: MIT
"""What was measured, as a file: all raw runs, and all it takes to judge them.

Nothing derived is stored: medians, ratios, table and page are made from the raw runs each time, so
an old file can be read with better eyes. The form is checked on reading, since files come from
elsewhere; a change of the form changes SCHEMA.
"""

import datetime
import json
import math
import os
import pathlib
import platform
import subprocess

from .errors import BadInput

SCHEMA = "caiman-bench"
VERSION = 2
# Version 1 had no traces, and no rounds were added for near and far.
READABLE = (1, VERSION)


def _first_value(path, key):
    try:
        for line in pathlib.Path(path).read_text(errors="replace").splitlines():
            name, _, value = line.partition("=" if "=" in line else ":")
            if name.strip() == key:
                return value.strip().strip('"')
    except OSError:
        pass  # not on this system
    return "unknown"


def _answer(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def machine():
    """The machine, as far as it decides figures."""
    return {
        "processor": _first_value("/proc/cpuinfo", "model name"),
        "processors": len(os.sched_getaffinity(0)),
        "virtual": "hypervisor" in _first_value("/proc/cpuinfo", "flags").split(),
        "memory": _first_value("/proc/meminfo", "MemTotal"),
        "system": _first_value("/etc/os-release", "PRETTY_NAME"),
        "kernel": platform.release(),
    }


def load():
    """How many programs wanted a processor in the last minute; None where nobody counts."""
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return None


def package_version(package):
    """Of a Debian package; empty elsewhere."""
    return _answer(["dpkg-query", "-W", "-f", "${Version}", package])


def revision(root):
    """The commit that was measured; empty without git."""
    return _answer(["git", "-C", str(root), "describe", "--always", "--dirty"])


def new(about, subjects, traces, options, command, root):
    """A record without runs. `about` is the worker's list of itself."""
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": machine(),
        "compiler": about["compiler"],
        "revision": revision(root),
        "load_at_start": load(),
        "command": command,
        "options": options,
        "far_from_ns": about["far_from_ns"],
        "arena_bytes": about["arena_bytes"],
        "min_block_bytes": about["min_block_bytes"],
        "subjects": subjects,
        "traces": traces,
        "looks": {"near": 0, "far": 0},
        "finished": False,
        "runs": [],
        "failures": [],
    }


# ---- reading ------------------------------------------------------------------------------------

# A name that ends in ? may be missing or null; ... stands for every name. float is any number.
_FIGURES = {...: float}
_FORM = {
    "date": str, "machine": dict, "compiler": str, "revision": str, "command": str, "options": dict,
    "far_from_ns": float, "arena_bytes": int, "min_block_bytes": int, "load_at_start?": float,
    "subjects": [{"name": str, "role": str, "arena": bool, "metadata_bytes?": float}],
    "finished": bool, "failures": list,
    "runs": [{"round": int, "case": str, "subject": str, "figures": _FIGURES, "floor?": _FIGURES,
              "ping_pong_ns?": (float, float), "extra?": bool}],
}
_SINCE_2 = {
    "traces": [{"name": str, "events": int, "threads": int, "left_out": int, "peak_live_bytes": int}],
    "looks": {"near": int, "far": int},
}


def _is_number(value):
    # bool is an int to Python, and an int has no greatest.
    return (isinstance(value, (int, float)) and not isinstance(value, bool)
            and abs(value) < 1e300 and math.isfinite(value))


def _check(where, thing, form):
    """Raises BadInput unless the thing has the form."""
    wanted = form if isinstance(form, type) else dict if isinstance(form, dict) else list
    if wanted in (int, float) and not _is_number(thing):
        raise BadInput(f"{where} is no number")
    if wanted is not float and not isinstance(thing, wanted):
        raise BadInput(f"{where} is of the wrong kind")
    if isinstance(form, dict):
        for name, kind in form.items():
            for key in thing if name is ... else [name.rstrip("?")]:
                if thing.get(key) is not None or name is ...:
                    _check(f"{where}: '{key}'", thing[key], kind)
                elif not name.endswith("?"):
                    raise BadInput(f"{where}: '{key}' is missing")
    elif isinstance(form, (list, tuple)):
        if isinstance(form, tuple) and len(thing) != len(form):
            raise BadInput(f"{where} has not {len(form)} values")
        for i, each in enumerate(thing):
            _check(f"{where} {i}", each, form[0])


def check(record, where):
    """Raises BadInput, one line beginning with `where`, unless the record has the form."""
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise BadInput(f"{where}: not a result of this benchmark")
    if record.get("version") not in READABLE or isinstance(record["version"], bool):
        raise BadInput(f"{where}: schema version {record.get('version')!r}, this reads "
                       + " and ".join(map(str, READABLE)))
    _check(where, record, _FORM if record["version"] == 1 else {**_FORM, **_SINCE_2})
    names = {subject["name"] for subject in record["subjects"]}
    traces = {trace["name"] for trace in record["traces"]} if record["version"] > 1 else set()
    for i, run in enumerate(record["runs"]):
        if run["subject"] not in names:
            raise BadInput(f"{where}: 'runs' {i}: subject '{run['subject']}' is not among the subjects")
        group, _, trace = run["case"].partition("/")
        if group == "trace" and trace not in traces:
            raise BadInput(f"{where}: 'runs' {i}: trace '{trace}' is not among the traces")


def read(path):
    """The record in a file."""
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8")
        record = json.loads(text)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BadInput(f"{path}: no JSON: {' '.join(str(error).split())}") from error
    check(record, str(path))
    return record


# ---- writing ------------------------------------------------------------------------------------


def check_writable(option, path):
    """Before hours are spent: whether a file can be made there."""
    target = pathlib.Path(path)
    if target.is_dir() or not os.access(target.parent, os.W_OK):
        raise BadInput(f"{option}: cannot write '{path}'")


def write_text(path, text):
    """All of it or nothing: through a file beside it that takes its name at the end."""
    target = pathlib.Path(path)
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise BadInput(f"{path}: {error.strerror}") from error


def write(path, record):
    """One run a line, so that a person can look into the file."""
    head = {key: value for key, value in record.items() if key != "runs"}
    lines = ",\n  ".join(json.dumps(run, sort_keys=True) for run in record["runs"])
    text = json.dumps(head, indent=1)
    write_text(path, f'{text[:-2]},\n "runs": [\n  {lines}\n ]\n}}\n')
