# SPDX-License-Identifier: MIT
"""The real replay: every row of the benchmark replays a trace, and on nothing but its own library.

Called with trace_replay, bench_worker, the folder of the benchmark's impostor, and unittest's own
arguments. No speed is looked at, only that the figures are there and can be true.
"""

import os
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "bench"))

from benchlib import plan, stats, traces, worker  # noqa: E402

REPLAY, WORKER, IMPOSTOR = (sys.argv.pop(1) for _ in range(3))
# Meson puts the impostor's folder there, and so in front of the real library.
os.environ.pop("LD_LIBRARY_PATH", None)

FOLDER = HERE.parent
THREADED = "rsyslogd"
CASE = plan.BY_NAME[f"trace/{THREADED}"]
BUFFERS = plan.BY_NAME["trace/fan_out"]
# These keep the tail of a block that the program does not need any more.
KEEP_TAILS = ("pmr-pool",)


class Rows(unittest.TestCase):
    def setUp(self):
        self.subjects = worker.listed(WORKER)["subjects"]
        self.replay = traces.Replay(REPLAY, FOLDER)

    def test_every_row_that_takes_part_replays_all_of_it(self):
        live = self.replay.about(THREADED)["peak_live_bytes"] / 2**20
        for subject in self.subjects:
            if not plan.takes_part(CASE, subject):
                continue
            with self.subTest(subject["name"]):
                run = self.replay.call(THREADED, subject)
                self.assertGreater(run["figures"]["ms"], 0)
                self.assertEqual(run["figures"]["refused"], 0)
                # What is asked for at once must be somewhere; the harness has one block per thread.
                if subject["role"] != "harness":
                    self.assertGreater(run["figures"]["mib"], live / 2)
                if len(os.sched_getaffinity(0)) > 1:
                    self.assertEqual(len(run["ping_pong_ns"]), 2)
                    self.assertIn(stats.distance_of(run["ping_pong_ns"], 250), ("near", "far", None))

    def test_every_row_replays_buffers_and_shrinks_them(self):
        asked = self.replay.about(BUFFERS.trace)
        for subject in self.subjects:
            if not plan.takes_part(BUFFERS, subject):
                continue
            with self.subTest(subject["name"]):
                run = self.replay.call(BUFFERS.trace, subject, BUFFERS.arguments)
                self.assertEqual(run["figures"]["refused"], 0)
                if subject["role"] != "harness":
                    self.assertGreater(run["figures"]["mib"], asked["peak_live_bytes"] / 2**20 / 2)
                said = worker.call(REPLAY, ["--trace", str(FOLDER / "fan_out.trace.zst"), "--subject",
                                            subject["name"], "--buffers"], subject["preload"])
                self.assertEqual(said["shrinkings"],
                                 0 if subject["name"] in KEEP_TAILS else said["events"] // 3)

    def test_a_trace_of_one_thread_has_no_distance(self):
        subject = next(s for s in self.subjects if s["name"] == "caiman")
        self.assertIsNone(self.replay.call("sqlite3", subject)["ping_pong_ns"])

    def test_a_row_that_does_not_take_part_is_refused(self):
        for subject in self.subjects:
            if not plan.takes_part(CASE, subject):
                with self.assertRaisesRegex(worker.WorkerFailed, "not in"):
                    self.replay.call(THREADED, subject)

    def refused(self, subject, preload):
        """Exit code and complaint; whatever is wrong with the library is said before the file is
        read."""
        done = subprocess.run([REPLAY, "--trace", "none", "--subject", subject],
                              env={**os.environ, "LD_PRELOAD": preload}, capture_output=True,
                              text=True, timeout=60, check=False)
        return done.returncode, done.stderr

    def test_another_library_is_refused(self):
        for subject, preload in (("glibc", "libjemalloc.so.2"), ("caiman", "libmimalloc.so.2"),
                                 ("jemalloc", "libtcmalloc_minimal.so.4"), ("tbbmalloc", "")):
            with self.subTest(subject):
                code, complaint = self.refused(subject, preload)
                self.assertEqual(code, 2)
                self.assertIn("malloc is served by", complaint)

    def test_a_library_that_only_has_the_name_is_refused(self):
        code, complaint = self.refused("jemalloc", str(pathlib.Path(IMPOSTOR) / "libjemalloc.so.2"))
        self.assertEqual(code, 2)
        self.assertIn("does not know a block that malloc gave", complaint)


if __name__ == "__main__":
    unittest.main()
