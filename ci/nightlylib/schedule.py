# SPDX-License-Identifier: MIT
"""Tasks, and what runs them until the time is up.

A part of the night (soak, model, fuzzing, ...) is a row of tasks, endless or not, each a process of
some seconds. Whichever part has had least of its share goes next, so that all get on together; the
first task of every part runs even if the time is up, so that a short night leaves nothing out. Tasks
are numbered from 0; shard I of N does those whose number is I - 1 modulo N, so shards are disjoint
and their union is the whole. Nothing is lost when it is interrupted: what ended is kept, and
--resume goes on behind it.
"""

import dataclasses
import os
import pathlib
import signal
import subprocess
import sys
import time


@dataclasses.dataclass
class Task:
    """One process. `judge` makes a result of its exit code and output; see `result`."""

    name: str
    command: list
    judge: object
    timeout: float
    alone: bool = False  # it measures, so nothing else may run
    env: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Part:
    """`task(number)` gives the number-th task of the whole, or None past the last one."""

    name: str
    share: float
    task: object
    about: str = ""


def result(counts=None, failure=None, figures=None, note=""):
    """Of a task. `counts` add up over tasks; `failure` has what, replay and perhaps link."""
    return {"counts": counts or {}, "failure": failure, "figures": figures or {}, "note": note}


def failure(what, replay, text="", link=""):
    return {"what": what, "replay": replay, "text": text[-4000:], "link": link}


class Interrupted(Exception):
    """Somebody pressed a key or sent a signal; what was done is in the record."""


class _Running:
    def __init__(self, part, number, task, logs):
        self.part, self.number, self.task = part, number, task
        self.start = time.monotonic()
        self.path = logs / f"{part.name}-{number}.txt"
        with self.path.open("wb") as out:
            self.process = subprocess.Popen(
                task.command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                env={**os.environ, **task.env}, start_new_session=True)

    def end(self):
        """The whole group: a task may have started others."""
        for how in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, how)
                self.process.wait(timeout=5)
                return
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue

    def outcome(self):
        """None while it runs."""
        code = self.process.poll()
        late = time.monotonic() - self.start > self.task.timeout
        if code is None and not late:
            return None
        if code is None:
            self.end()
        text = self.path.read_text(errors="replace")
        if code is None:
            replay = " ".join(self.task.command)
            return result(failure=failure(f"no end within {self.task.timeout:.0f} s", replay, text))
        try:
            return self.task.judge(code, text)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as wrong:
            what = f"exit code {code}, and an answer that cannot be read ({wrong!r})"
            return result(failure=failure(what, " ".join(self.task.command), text))


class Schedule:
    """Runs parts for `seconds`. `record` is what a night is written as; see record.py."""

    def __init__(self, parts, seconds, jobs, shard, record, folder):
        self.parts, self.seconds, self.jobs, self.shard = parts, seconds, jobs, shard
        self.record, self.logs = record, pathlib.Path(folder) / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.running = []
        self.start = time.monotonic() - record.seconds
        self.ended = set()

    def left(self):
        return self.seconds - (time.monotonic() - self.start)

    def _next(self):
        """The part that is furthest behind its share, and the number of its next task."""
        def behind(part):
            now = sum(time.monotonic() - r.start for r in self.running if r.part is part)
            return (self.record.used(part.name) + now) / part.share

        for part in sorted((p for p in self.parts if p.name not in self.ended), key=behind):
            index = self.record.next_of(part.name)
            if self.left() <= 0 and self.record.started(part.name) > 0:
                continue
            number = index * self.shard[1] + self.shard[0] - 1
            task = part.task(number)
            if task is None:
                self.ended.add(part.name)
                continue
            return part, number, task
        return None

    def _start_what_fits(self):
        while len(self.running) < self.jobs and not any(r.task.alone for r in self.running):
            found = self._next()
            if found is None:
                return
            part, number, task = found
            if task.alone and self.running:
                return
            self.record.begin(part.name)
            self.running.append(_Running(part, number, task, self.logs))

    def _collect(self):
        for run in list(self.running):
            outcome = run.outcome()
            if outcome is None:
                continue
            self.running.remove(run)
            took = time.monotonic() - run.start
            self.record.end(run.part.name, run.number, run.task.name, took, outcome)
            if outcome["failure"]:
                print(f"\r\033[K{run.part.name}: {run.task.name}: {outcome['failure']['what']}\n"
                      f"  again: {outcome['failure']['replay']}", file=sys.stderr)
            else:
                run.path.unlink(missing_ok=True)
            self.record.save(time.monotonic() - self.start)

    def _show(self):
        if not sys.stderr.isatty():
            return
        left = max(0, int(self.left()))
        doing = ", ".join(f"{r.part.name} {r.task.name}" for r in self.running)
        text = f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02} left, " \
               f"{self.record.tasks()} done, {self.record.failed()} failed: {doing}"
        print(f"\r\033[K{text[:150]}", end="", file=sys.stderr, flush=True)

    def run(self):
        """Until the time is up and all that runs has ended. Raises Interrupted."""
        def stop(_signal, _frame):
            raise Interrupted

        before = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
        shown = 0.0
        try:
            while True:
                self._start_what_fits()
                if not self.running:
                    break
                self._collect()
                if time.monotonic() - shown > 1:
                    shown = time.monotonic()
                    self._show()
                time.sleep(0.05)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            for run in self.running:
                run.end()
                self.record.forget(run.part.name, (run.number - self.shard[0] + 1) // self.shard[1])
            self.record.save(time.monotonic() - self.start)
            if sys.stderr.isatty():
                print("\r\033[K", end="", file=sys.stderr)
