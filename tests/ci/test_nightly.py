# SPDX-License-Identifier: MIT
"""./ci/nightly by itself: what it runs, what it says of failures, shards, interruptions.

The programs that it calls are stand-ins here; the brief night of ci/test calls the real ones.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import types
import unittest

CI = pathlib.Path(__file__).resolve().parents[2] / "ci"
sys.path.insert(0, str(CI))
sys.dont_write_bytecode = True

from nightlylib import coverage, fuzzing, newcomer, parts, record, report  # noqa: E402
from nightlylib.schedule import Part, Schedule, Task, failure, result  # noqa: E402

DRIVER = CI / "nightlylib/nightly.py"


class Folder(unittest.TestCase):
    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name)

    def stand_in(self, path, script):
        """A program of a build."""
        program = self.folder / "build" / path
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text("#!/bin/sh\n" + script)
        program.chmod(0o755)

    def command(self, *arguments, out="out"):
        return [sys.executable, str(DRIVER), "--build", str(self.folder / "build"), "--out",
                str(self.folder / out), *arguments]

    def nightly(self, *arguments, out="out"):
        return subprocess.run(self.command(*arguments, out=out), capture_output=True, text=True,
                              check=False)

    def record(self, out="out"):
        return record.nights_in(self.folder / out)[-1]

    def schedule(self, made, shard=(1, 1), seconds=60.0, jobs=2):
        kept = record.Record(self.folder / f"night-{shard[0]}.json", {"shard": list(shard), "seed": 1})
        Schedule(made, seconds, jobs, shard, kept, self.folder).run()
        kept.data["finished"] = True
        return kept


def counting(done, most=10, judge=None, command=("true",), timeout=60.0):
    def task(number):
        if number >= most:
            return None
        done.append(number)
        return Task(str(number), list(command), judge or (lambda _c, _t: result({"tasks": 1})), timeout)

    return Part("counting", 1, task)


def first_of(part):
    """The same with one task."""
    return Part(part.name, 1, lambda number: part.task(0) if number == 0 else None)


# Stands in for a libFuzzer program that finds something, and makes it shorter when it is asked to.
FUZZER = r"""
for word in "$@"; do
  case $word in
    -artifact_prefix=*) prefix=${word#*=} ;;
    -exact_artifact_path=*) printf x > "${word#*=}"; exit 0 ;;
  esac
done
printf 'a long input' > "${prefix}crash-1"
echo 'fuzz target: handed out twice (buddy_target.cpp, line 1)'
exit 77
"""

# Stands in for a caiman-check that convicts whatever it is given.
CHECKER = r"""
command=$1
last=
for word in "$@"; do
  case $last in
    --trace-out) echo '{}' > "$word" ;;
    -o | --page) printf 'as a page' > "$word" ;;
  esac
  last=$word
done
case $command in
  --help) echo '  audit   of orders' ;;
  list) printf 'scenarios\n  one S2\n  fanout=2 : ; A0 | A0\ncontrols\n' ;;
  show) [ $# -gt 2 ] || echo 'as text' ;;
  run) echo '[{"executions": 3, "exhausted": false, "convicted": true, "property": "S2",'
    echo '"text": "data race", "search": "random:9@shipped", "state": "4 "}]'
    exit 1 ;;
esac
"""


class Tasks(Folder):
    def test_shards_are_disjoint_and_their_union_is_the_whole(self):
        seen = []
        for shard in range(1, 4):
            done = []
            self.schedule([counting(done)], (shard, 3))
            seen.append(done)
        self.assertEqual(sorted(seen[0] + seen[1] + seen[2]), list(range(10)))
        self.assertEqual(seen[0], [0, 3, 6, 9])

    def test_every_part_runs_once_even_in_no_time(self):
        done = []
        kept = self.schedule([counting(done), Part("other", 9, counting(done).task)], seconds=0.0)
        self.assertEqual([kept.part(n)["tasks"] for n in ("counting", "other")], [1, 1])

    def test_an_answer_that_cannot_be_read_is_a_failure(self):
        kept = self.schedule([counting([], 1, lambda _c, text: json.loads(text))])
        self.assertIn("cannot be read", kept.part("counting")["failures"][0]["what"])

    def test_a_task_without_an_end_is_a_failure(self):
        kept = self.schedule([counting([], 1, command=("sleep", "60"), timeout=0.2)])
        self.assertIn("no end", kept.part("counting")["failures"][0]["what"])

    def test_what_is_alone_runs_alone(self):
        times = self.folder / "times"
        script = f"date +%s%N >> {times}; sleep 0.3; date +%s%N >> {times}"

        def task(number):
            if number > 2:
                return None
            return Task(str(number), ["sh", "-c", script], lambda _c, _t: result(), 60, alone=True)

        self.schedule([Part("alone", 1, task)], jobs=4)
        stamps = [int(line) for line in times.read_text().split()]
        self.assertEqual(stamps, sorted(stamps))
        self.assertEqual(len(stamps), 6)


class Judging(Folder):
    def night(self):
        return types.SimpleNamespace(build=self.folder / "build", tsan=self.folder, tsan_prefix=[],
                                     seed=7, task_seconds=1, folder=self.folder, root=CI.parent,
                                     seconds=60)

    def test_a_conviction_by_the_model_has_a_replay_line(self):
        text = json.dumps([{"executions": 5, "exhausted": True, "convicted": False},
                           {"executions": 3, "exhausted": False, "convicted": True, "property": "S2",
                            "text": "data race", "search": "random:9@shipped", "state": "4 ",
                            "trace": {"caiman_trace": 1}}])
        nothing = self.folder / "no trace"
        found = parts.judge_searches("check", "fanout=2 : ; A0 | A0", [], nothing)(1, text)
        self.assertEqual(found["counts"]["executions"], 8)
        self.assertEqual(found["failure"]["replay"],
                         "check run --trace --program 'fanout=2 : ; A0 | A0' --searches "
                         "random:9@shipped --state '4 '")

    def test_a_crash_of_the_model_is_a_failure(self):
        judge = parts.judge_searches("check", "p", ["check"], self.folder / "no trace")
        self.assertIsNotNone(judge(-11, "")["failure"])

    def test_a_program_that_convicts_is_named(self):
        judge = parts.programs(self.night()).task(0).judge
        found = judge(1, "S4\n./ci/verify --program 'fanout=2 order=1 : ; A0 | A0'\n")
        self.assertIn("./ci/verify --program 'fanout=2", found["failure"]["replay"])
        self.assertIsNotNone(judge(0, "No tests ran")["failure"])  # an empty run is none

    def test_a_conviction_is_shown(self):
        self.stand_in("model/caiman-check", CHECKER)
        kept = self.schedule([first_of(parts.model(self.night()))])
        found = kept.part("model")["failures"][0]
        self.assertEqual(found["what"], "S2: data race")
        self.assertEqual(found["text"], "as text\n")
        self.assertEqual(found["link"], "pages/7-model-0.html")
        self.assertEqual((self.folder / found["link"]).read_text(), "as a page")
        self.assertIn('<a href="pages/7-model-0.html">', report.page(kept, {}))

    def test_a_program_that_convicts_is_shown(self):
        self.stand_in("model/caiman-check", CHECKER)
        judge = parts.programs(self.night()).task(4).judge
        found = judge(1, "S4: lost\nbound1:9@shipped, execution 3; to run it again:\n"
                         "./ci/verify --program 'fanout=2 order=1 : ; A0 | A0'\n")["failure"]
        self.assertEqual((self.folder / found["link"]).read_text(), "as a page")

    def test_a_page_that_cannot_be_made_is_no_link(self):
        self.stand_in("model/caiman-check", CHECKER.replace("printf 'as a page'", "exit 2"))
        found = self.schedule([first_of(parts.model(self.night()))]).part("model")["failures"][0]
        self.assertEqual((found["what"], found["link"]), ("S2: data race", ""))

    def test_the_audit_has_a_page(self):
        self.stand_in("model/caiman-check", CHECKER)
        for seed, code in ((7, 0), (8, 1)):
            night = self.night()
            night.seed = seed
            task = parts.audit(night).task(0)
            self.assertEqual(subprocess.run(task.command, check=False).returncode, 0)
            done = task.judge(code, "")
            self.assertEqual(done["figures"], {"page": f"pages/{seed}-audit.html"})
            self.assertEqual(done["failure"] is None, code == 0)
            self.assertEqual((self.folder / done["figures"]["page"]).read_text(), "as a page")

    def test_what_a_fuzzer_finds_is_kept_made_shorter_and_can_be_run_again(self):
        self.stand_in("tests/fuzz/buddy", FUZZER)
        self.stand_in("tests/fuzz/corpus/buddy/input", "")
        night = self.night()
        night.out = self.folder / "out"
        kept = self.schedule([first_of(fuzzing.fuzz(night))])
        found = kept.part("fuzz")["failures"][0]
        self.assertIn("handed out twice", found["what"])
        shorter = self.folder / "out/found/buddy/crash-1.min"
        self.assertEqual(shorter.read_text(), "x")
        self.assertTrue(found["replay"].endswith(str(shorter)))

    def test_a_corpus_that_was_not_unpacked_is_a_failure(self):
        self.stand_in("tests/fuzz/buddy", "exit 0")
        night = self.night()
        night.out = self.folder / "out"
        (night.build / "tests/fuzz/corpus/buddy").mkdir(parents=True)
        failures = self.schedule([first_of(fuzzing.fuzz(night))]).part("fuzz")["failures"]
        self.assertIn("has no inputs", failures[0]["what"])

    def test_numbers_make_the_same_run_everywhere(self):
        tasks = [parts.soak(self.night()).task(n).command for n in (3, 3, 4)]
        self.assertEqual(tasks[0], tasks[1])
        self.assertNotEqual(tasks[0], tasks[2])

    def test_freezing_has_an_end(self):
        part = parts.freeze(self.night())
        self.assertIsNotNone(part.task(19))
        self.assertIsNone(part.task(20))


class Newcomers(Folder):
    """./ci/newcomer as a part; test_newcomer.py has its own tests."""

    def part(self, said, code, brief=False):
        (self.folder / "ci").mkdir(exist_ok=True)
        command = self.folder / "ci/newcomer"
        command.write_text(f"#!/bin/sh\necho \"$@\" >> {self.folder}/called\necho '{said}'\nexit {code}\n")
        command.chmod(0o755)
        night = types.SimpleNamespace(root=self.folder, brief=brief, seed=7)
        return self.schedule([newcomer.newcomer(night)]).part("newcomer")

    def test_both_orders_pass(self):
        part = self.part("newcomer: passed", 0)
        self.assertEqual(part["counts"], {"verify-test passed": 1, "test-verify passed": 1})
        self.assertEqual((part["failures"], part["notes"]), ([], []))

    def test_tomorrow_the_other_order_comes_first(self):
        # As they are handed out: two that run at once may begin in any order.
        nights = [types.SimpleNamespace(root=self.folder, brief=False, seed=seed) for seed in (7, 8)]
        for number in (0, 1):
            orders = {newcomer.newcomer(night).task(number).command[3] for night in nights}
            self.assertEqual(orders, {"verify-test", "test-verify"})

    def test_what_fails_or_says_nothing_is_a_failure(self):
        for said, code in (("newcomer: 1 FAILED", 1), ("", 0), ("newcomer: passed", 1), ("no", 3), ("no", 2)):
            part = self.part(said, code)
            self.assertEqual(len(part["failures"]), 2, (said, code))
            self.assertEqual(part["counts"], {})
            (self.folder / "night-1.json").unlink()

    def test_not_run_is_said_and_counts_nothing(self):
        part = self.part("newcomer: not run: no debootstrap here", 3)
        self.assertEqual(part["notes"], ["not run: no debootstrap here"])
        self.assertEqual((part["counts"], part["failures"]), ({}, []))

    def test_a_brief_night_says_that_it_does_not(self):
        part = self.part("newcomer: passed", 0, brief=True)
        self.assertEqual(part["counts"], {})
        self.assertIn("not run: a brief night", part["notes"][0])
        self.assertFalse((self.folder / "called").exists())


class Nights(Folder):
    def test_nothing_failed(self):
        self.stand_in("stress/hammer/hammer", "exit 0")
        done = self.nightly("--minutes", "0.05", "--only", "soak")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines()[-2], "nothing failed")
        self.assertGreater(self.record().part("soak")["counts"]["runs"], 0)

    def test_a_failure_comes_first_and_can_be_run_again(self):
        self.stand_in("stress/hammer/hammer", 'echo "<script>overlap</script>"; exit 1')
        done = self.nightly("--minutes", "0.05", "--only", "soak")
        self.assertEqual(done.returncode, 1)
        first = done.stdout.splitlines()[:2]
        self.assertTrue(first[0].startswith("FAILED soak: seed "))
        self.assertIn("stress/hammer/hammer --mode", first[1])
        page = (self.record().path.parent / "report.html").read_text()
        self.assertLess(page.index("soak: seed"), page.index("<table>"))
        self.assertIn("&lt;script&gt;overlap", page)
        self.assertNotIn("<script", page)
        self.assertNotIn("http", page)

    def test_interrupted_it_reports_and_goes_on(self):
        self.stand_in("stress/hammer/hammer", "sleep 0.2")
        night = subprocess.Popen(self.command("--hours", "1", "--only", "soak"),
                                 stdout=subprocess.PIPE, text=True)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            found = record.nights_in(self.folder / "out")
            if found and found[-1].tasks() > 0:
                break
            time.sleep(0.05)
        night.send_signal(signal.SIGINT)
        said, _ = night.communicate(timeout=60)
        self.assertEqual(night.returncode, 130)
        self.assertIn("interrupted", said)
        before = self.record()
        self.assertFalse(before.data["finished"])
        before.data["asked_seconds"] = before.data["seconds"] + 1
        before.save()
        self.assertEqual(self.nightly("--resume").returncode, 0)
        after = self.record()
        self.assertTrue(after.data["finished"])
        self.assertGreater(after.tasks(), before.tasks())
        self.assertEqual(after.part("soak")["tasks"], after.part("soak")["started"])

    def test_bad_input_is_one_line(self):
        for wrong in (["--shard", "3/2"], ["--shard", "0/1"], ["--hours", "x"], ["--hours", "0"],
                      ["--only", "sleep"], ["--bogus"], ["--resume"],
                      ["--hours", "1", "--minutes", "1"]):
            done = self.nightly(*wrong)
            self.assertEqual(done.returncode, 2, wrong)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertTrue(done.stderr.startswith("ci/nightly: "))


class Merging(Folder):
    def shard(self, number, of=2, failed=False, out="out"):
        folder = self.folder / out / f"night-{number}of{of}"
        folder.mkdir(parents=True)
        kept = record.Record(folder / "night.json", {"date": "2026-01-01", "seed": 1,
                                                     "shard": [number, of], "revision": "abc"})
        kept.begin("soak")
        wrong = failure("wrong", "do it again") if failed else None
        kept.end("soak", number, "seed", 1.0, result({"runs": 2}, wrong))
        kept.data["finished"] = True
        kept.save()
        return str(folder)

    def merge(self, *folders):
        return subprocess.run([sys.executable, str(DRIVER), "merge", *folders, "--out",
                               str(self.folder / "merged")], capture_output=True, text=True,
                              check=False)

    def test_counts_add_up(self):
        done = self.merge(self.shard(1), self.shard(2))
        self.assertEqual(done.returncode, 0, done.stderr)
        whole = record.Record.read(self.folder / "merged/night.json")
        self.assertEqual(whole.part("soak")["counts"], {"runs": 4})

    def test_a_failure_of_one_is_a_failure(self):
        done = self.merge(self.shard(1), self.shard(2, failed=True))
        self.assertEqual(done.returncode, 1)
        self.assertIn("do it again", done.stdout.splitlines()[1])

    def test_pages_come_along(self):
        one, other = self.shard(1), self.shard(2, failed=True)
        (pathlib.Path(other) / "pages").mkdir()
        (pathlib.Path(other) / "pages/1-model-1.html").write_text("as a page")
        self.merge(one, other)
        self.assertEqual((self.folder / "merged/pages/1-model-1.html").read_text(), "as a page")

    def test_a_shard_that_is_missing_is_no_good_night(self):
        done = self.merge(self.shard(1))
        self.assertEqual(done.returncode, 1)
        self.assertIn("missing", done.stdout)

    def test_one_shard_twice_is_refused(self):
        one = self.shard(1)
        self.assertEqual(self.merge(one, one).returncode, 2)

    def test_what_is_no_record_is_refused(self):
        for text in ("", "[]", "{}", '{"parts": {}}', "[" * 99999):
            folder = self.folder / "odd"
            folder.mkdir(exist_ok=True)
            (folder / "night.json").write_text(text)
            done = self.merge(str(folder))
            self.assertEqual(done.returncode, 2, text)
            self.assertEqual(len(done.stderr.splitlines()), 1)


class Coverage(unittest.TestCase):
    GOOD = {"line_percent": 99.0, "branch_percent": 96.0}

    def test_a_line_needs_a_test_or_a_reason(self):
        line = ("core/caiman/a.hpp", 7, "return 1;")
        self.assertEqual(len(coverage.complaints(self.GOOD, [line], {}, False)), 1)
        known = {("core/caiman/a.hpp", "return 1;"): "why"}
        self.assertEqual(coverage.complaints(self.GOOD, [line], known, False), [])

    def test_a_reason_needs_its_line(self):
        known = {("core/caiman/a.hpp", "return 1;"): "why"}
        self.assertEqual(len(coverage.complaints(self.GOOD, [], known, False)), 1)
        known = {("core/caiman/a.hpp", "return 1;"): "at times: why"}
        self.assertEqual(coverage.complaints(self.GOOD, [], known, False), [])

    def test_the_targets_hold(self):
        low = {"line_percent": 97.9, "branch_percent": 94.9}
        self.assertEqual(len(coverage.complaints(low, [], {}, False)), 2)

    def test_reasons_can_be_read(self):
        for (file, text), why in coverage.reasons().items():
            self.assertTrue((CI.parent / file).exists(), file)
            self.assertTrue(text and why)


class Pages(unittest.TestCase):
    def test_hostile_words_stay_words(self):
        kept = record.Record("x", {"date": "<b>", "seed": 1, "shard": [1, 1], "revision": '"><i>'})
        kept.begin("fuzz")
        wrong = failure("<img src=x>", "a & b", "<style>", "javascript:alert(1)")
        kept.end("fuzz", 0, "<u>", 1.0, result({"<s>": 1}, wrong, {"<q>": "<p>"}, "<h1>"))
        page = report.page(kept, {})
        for tag in ("<b>", "<i>", "<img", "<u>", "<s>", "<q>", "javascript"):
            self.assertNotIn(tag, page)


if __name__ == "__main__":
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    unittest.main()
