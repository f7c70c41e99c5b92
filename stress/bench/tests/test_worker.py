# SPDX-License-Identifier: MIT
"""The real worker: every subject does what it claims, and a wrong one is refused.

Called with the worker, the folder of the impostor, and unittest's own arguments. No speed is looked
at, only that there is a figure.
"""

import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchlib import plan, worker  # noqa: E402

WORKER = sys.argv.pop(1)
IMPOSTOR = sys.argv.pop(1)
# Meson puts the impostor's folder there, and so in front of the real library.
os.environ.pop("LD_LIBRARY_PATH", None)

TINY = plan.Pace(rounds=5, w1=1, threads=2, refusing=1, tail_steps=200, room_steps=200)


def refused(subject, preload=""):
    """Exit code and complaint of a check."""
    environment = {**os.environ, "LD_PRELOAD": preload}
    done = subprocess.run([WORKER, "--subject", subject, "--check"], env=environment,
                          capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


class Worker(unittest.TestCase):
    def setUp(self):
        self.subjects = {s["name"]: s for s in worker.listed(WORKER)["subjects"]}

    def test_every_subject_does_what_it_claims(self):
        for subject in self.subjects.values():
            if subject["role"] != "harness":
                with self.subTest(subject["name"]):
                    wanted = subject["preload"] or "libc.so"
                    self.assertTrue(worker.checked(WORKER, subject).startswith(
                        wanted.split(".so")[0]))

    def test_a_subject_that_hands_out_one_address_is_refused(self):
        self.assertEqual(refused("harness"),
                         (1, "bench_worker: harness: two live blocks overlap\n"))

    def test_a_library_that_was_not_loaded_is_refused(self):
        for subject in self.subjects.values():
            if subject["preload"]:
                with self.subTest(subject["name"]):
                    code, complaint = refused(subject["name"])
                    self.assertEqual(code, 3)
                    self.assertIn("malloc is served by 'libc.so.6', not by", complaint)

    def test_another_library_is_refused(self):
        for subject, preload in (("glibc", "libjemalloc.so.2"), ("caiman-tree", "libmimalloc.so.2"),
                                 ("jemalloc", "libtcmalloc_minimal.so.4")):
            with self.subTest(subject):
                self.assertEqual(refused(subject, preload)[0], 3)

    def test_a_library_that_only_has_the_name_is_refused(self):
        code, complaint = refused("jemalloc", str(pathlib.Path(IMPOSTOR) / "libjemalloc.so.2"))
        self.assertEqual(code, 3)
        self.assertIn("does not know a block that malloc gave", complaint)

    def test_every_case_has_its_figures(self):
        for case in (case for case in plan.CASES if not case.trace):
            for name in ("caiman-tree", "glibc", "best-fit"):
                if plan.takes_part(case, self.subjects[name]):
                    with self.subTest(f"{case.name} {name}"):
                        arguments = plan.worker_arguments(case, TINY, 1)
                        run = worker.call(WORKER, ["--subject", name, *arguments])
                        for figure in case.figures:
                            self.assertGreaterEqual(run["figures"][figure.key], 0)

    def test_how_far_apart_two_processors_are(self):
        ns = worker.ping_pong(WORKER)
        if len(os.sched_getaffinity(0)) > 1:
            self.assertGreater(ns, 1)
        else:
            self.assertIsNone(ns)

    def test_same_seed_same_refusals(self):
        arguments = ["--subject", "caiman-tree", "--workload", "refusals", "--occupancy", "1",
                     "--steps", "5000", "--seed", "3"]
        first, second = (worker.call(WORKER, arguments)["figures"] for _ in range(2))
        self.assertEqual(first, second)
        self.assertGreater(first["per_10000"], 0)

    def test_wrong_use(self):
        for arguments in ([], ["--subject", "who", "--check"], ["--subject", "glibc"],
                          ["--subject", "glibc", "--workload", "w9"],
                          ["--subject", "glibc", "--workload", "full"],
                          ["--subject", "glibc", "--workload", "w1", "--size", "0"]):
            with self.subTest(arguments):
                done = subprocess.run([WORKER, *arguments], capture_output=True, text=True,
                                      timeout=60, check=False)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1)
                self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main()
