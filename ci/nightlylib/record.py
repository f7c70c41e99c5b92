# SPDX-License-Identifier: MIT
"""A night as a file, and several as one.

Written after every task, whole and then renamed, so that a night that is cut off can be read and
resumed. Files come from other machines too, so their form is checked.
"""

import json
import os
import pathlib

SCHEMA = "caiman-nightly"
VERSION = 1


class BadInput(Exception):
    """One line for the person who gave it."""


class Record:
    """What was done. Counts add up per part; failures are kept whole."""

    def __init__(self, path, about):
        self.path = pathlib.Path(path)
        self.data = {"schema": SCHEMA, "version": VERSION, "finished": False, "seconds": 0.0,
                     **about, "parts": {}}

    @staticmethod
    def read(path):
        try:
            data = json.loads(pathlib.Path(path).read_text())
        except (OSError, ValueError, RecursionError) as wrong:
            raise BadInput(f"cannot read '{path}': {wrong}") from None
        parts = data.get("parts") if isinstance(data, dict) else None
        if parts is None or data.get("schema") != SCHEMA or data.get("version") != VERSION:
            raise BadInput(f"'{path}' is no record of a night")
        form = {"started": int, "cut_off": list, "tasks": int, "seconds": (int, float), "counts": dict,
                "figures": dict, "notes": list, "failures": list}
        for name, part in parts.items():
            if any(not isinstance(part.get(key), kind) for key, kind in form.items()):
                raise BadInput(f"'{path}': part '{name}' lacks something")
        record = Record(path, {})
        record.data = data
        return record

    def part(self, name):
        return self.data["parts"].setdefault(
            name, {"started": 0, "cut_off": [], "tasks": 0, "seconds": 0.0, "counts": {}, "figures": {},
                   "notes": [], "failures": []})

    @property
    def seconds(self):
        return self.data["seconds"]

    def used(self, name):
        return self.part(name)["seconds"]

    def started(self, name):
        return self.part(name)["started"]

    def next_of(self, name):
        """Which task of this shard's is next: one that was cut off, or the first that nobody began."""
        part = self.part(name)
        return part["cut_off"][0] if part["cut_off"] else part["started"]

    def begin(self, name):
        part = self.part(name)
        if part["cut_off"]:
            part["cut_off"].pop(0)
        else:
            part["started"] += 1

    def forget(self, name, index):
        """It was begun and cut off: to be done again."""
        self.part(name)["cut_off"].append(index)

    def end(self, name, number, task, took, outcome):
        part = self.part(name)
        part["tasks"] += 1
        part["seconds"] += took
        for what, count in outcome["counts"].items():
            part["counts"][what] = part["counts"].get(what, 0) + count
        part["figures"].update(outcome["figures"])
        if outcome["note"] and outcome["note"] not in part["notes"]:
            part["notes"].append(outcome["note"])
        if outcome["failure"]:
            part["failures"].append({"task": task, "number": number, **outcome["failure"]})

    def tasks(self):
        return sum(part["tasks"] for part in self.data["parts"].values())

    def failed(self):
        return sum(len(part["failures"]) for part in self.data["parts"].values())

    def save(self, seconds=None):
        if seconds is not None:
            self.data["seconds"] = seconds
        temporary = self.path.with_suffix(".part")
        temporary.write_text(json.dumps(self.data, indent=1))
        os.replace(temporary, self.path)


def nights_in(folder):
    """The records below a folder, the newest last."""
    found = []
    for path in sorted(pathlib.Path(folder).glob("night-*/night.json")):
        try:
            found.append(Record.read(path))
        except BadInput:
            continue  # of another version, or cut off by a full disk
    return sorted(found, key=lambda r: r.data.get("date", ""))


def merged(records, path):
    """One record of several shards. Fails on two of one shard: their counts would be taken twice."""
    shards = [tuple(r.data.get("shard", (1, 1))) for r in records]
    nights = {(r.data.get("seed"), shard) for r, shard in zip(records, shards)}
    if len(nights) != len(records):
        raise BadInput("two of the records are of one shard of one night")
    whole = Record(path, {key: records[0].data.get(key) for key in ("date", "revision", "seed")})
    whole.data["shards"] = [list(shard) for shard in shards]
    whole.data["finished"] = all(r.data["finished"] for r in records)
    missing = sorted(set(range(1, shards[0][1] + 1)) - {shard[0] for shard in shards})
    whole.data["missing_shards"] = missing
    for record in records:
        whole.data["seconds"] += record.seconds
        for name, theirs in record.data["parts"].items():
            part = whole.part(name)
            for key in ("started", "tasks", "seconds"):
                part[key] += theirs[key]
            for what, count in theirs["counts"].items():
                part["counts"][what] = part["counts"].get(what, 0) + count
            part["figures"].update(theirs["figures"])
            part["notes"] += [n for n in theirs["notes"] if n not in part["notes"]]
            part["failures"] += theirs["failures"]
    return whole
