# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | caiman-check as people call it: by name, with children that fail, with wrong requests.  |
# | Why: a command that judges must say so when it could not. Each promise is shown on a    |
# | call that would break it.                                                               |
# | Relies on: caiman-check, its mutants claim-by-store and faults, a client of tests.     |
# | Usage: command_check.py CAIMAN-CHECK STACK                                              |
# +-----------------------------------------------------------------------------------------+
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = STACK = None
RACE = ("--program", "fanout=2 order=2 : 0A1 ; M0 | M0", "--orders", "claim=relaxed")


def call(*arguments, program=None, **more):
    return subprocess.run([program or PROGRAM, *arguments], capture_output=True, text=True,
                          timeout=300, check=False, **more)


class ByName(unittest.TestCase):
    """The shell finds it in PATH; its children must be found, too."""

    def called(self, *arguments):
        path = str(pathlib.Path(PROGRAM).parent) + ":" + os.environ["PATH"]
        with tempfile.TemporaryDirectory() as folder:
            return subprocess.run(["sh", "-c", 'caiman-check "$@"', "sh", *arguments], cwd=folder,
                                  env={**os.environ, "PATH": path}, capture_output=True, text=True,
                                  timeout=300, check=False)

    def test_run(self):
        ended = self.called("run", "shares-2", "--executions", "200")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        self.assertIn("no violation in 200 executions", ended.stdout)

    def test_verify(self):
        ended = self.called("verify", "--only", "shares-2")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        self.assertIn("no violation", ended.stdout)

    def test_audit(self):
        ended = self.called("audit", "--quick", "--only", "share_look", "--scenario", "shares-2",
                            "--scenario", "buddies-again-f2")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        self.assertNotIn("in 0 executions\n", ended.stdout)


class Passing(unittest.TestCase):
    """An execution that is asked for is shown, though nothing is wrong with it."""

    def test_shown_and_replayed(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        file = folder / "trace.json"
        for search, state in (("random:1@shipped", "3"), ("pct2:1@seq_cst", "7"), ("bound1:1@shipped", "1 0")):
            ended = call("run", "buddies-f2", "--searches", search, "--state", state, "--trace",
                         "--trace-out", str(file))
            self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
            self.assertRegex(ended.stdout, r"\* +(\| +)?cas level 0 word 1 ")
            self.assertIn("all threads have ended", ended.stdout)
            trace = json.loads(file.read_text())
            self.assertEqual(trace["property"], {"id": "no violation", "text": "", "event": None})
            again = call("replay", str(file))
            self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
            self.assertRegex(again.stdout, r"^reproduced: no violation; all \d+ events are the same")
            self.assertTrue(call("show", str(file)).stdout.startswith("buddies-f2: no violation\n"))
            trace["events"][-2]["thread"] = 1 - trace["events"][-2]["thread"]
            file.write_text(json.dumps(trace))
            self.assertEqual(call("replay", str(file)).returncode, 1)

    def test_not_what_would_convict(self):
        file = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "trace.json"
        call("run", *RACE, "--trace-out", str(file))
        trace = json.loads(file.read_text())
        trace["property"] = {"id": "no violation", "text": "", "event": None}
        file.write_text(json.dumps(trace))
        again = call("replay", str(file))
        self.assertEqual(again.returncode, 1, again.stdout)
        self.assertIn("not reproduced: S6 violated", again.stdout)


class Children(unittest.TestCase):
    """A program whose file is gone calls what its first argument names: a child of our making."""

    # What it does, and what the line about it says.
    WAYS = {"kill -9 $$": "signal 9", "exit 0": "the job printed no result",
            "exit 3": "exit code 3", "echo '[]'": "less than was asked for",
            "echo '{'": "the job printed no result", None: "could not be started"}

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def called(self, child, *arguments):
        copy, name = self.folder / "copy", self.folder / "child"
        shutil.copy(PROGRAM, copy)
        name.unlink(missing_ok=True)
        if child is not None:
            name.write_text(f"#!/bin/sh\n{child}\n")
            name.chmod(0o755)
        file = os.open(copy, os.O_RDONLY)
        copy.unlink()
        try:
            return subprocess.run([str(name), *arguments], executable=f"/proc/self/fd/{file}",
                                  pass_fds=(file,), capture_output=True, text=True, timeout=300,
                                  check=False)
        finally:
            os.close(file)

    def assert_broken(self, *arguments):
        for child, why in self.WAYS.items():
            ended = self.called(child, *arguments)
            told = f"{child}: {ended.stdout}{ended.stderr}"
            self.assertEqual(ended.returncode, 2, told)
            self.assertEqual(ended.stderr.count("\n"), 1, told)
            self.assertIn(why, ended.stderr, told)
            self.assertNotRegex(ended.stdout, r"survives|PASS|in 0 executions", told)
            self.assertNotIn(" violated: ", ended.stdout, told)

    def test_run(self):
        self.assert_broken("run", "shares-2", "buddies-f2")
        self.assert_broken("run", "shares-2", "--json")

    def test_verify(self):
        self.assert_broken("verify", "--only", "shares-2")

    def test_audit(self):
        self.assert_broken("audit", "--quick", "--only", "share_look", "--scenario", "shares-2")

    def test_replay(self):
        trace = self.folder / "trace.json"
        call("run", *RACE, "--trace-out", str(trace))
        for child, why in {**self.WAYS, "exit 0": "says nothing"}.items():
            if child is not None and "echo" in child:
                continue  # whatever it says is what is shown
            ended = self.called(child, "replay", "--times", "3", str(trace))
            self.assertEqual((ended.returncode, ended.stdout), (2, ""), ended.stderr)
            self.assertEqual(ended.stderr.count("\n"), 1, ended.stderr)
            self.assertIn(why, ended.stderr)

    def test_mutant_that_is_not_built(self):
        copy = self.folder / "caiman-check"
        shutil.copy(PROGRAM, copy)
        ended = call("verify", "--only", "claim-by-store", program=str(copy))
        self.assertEqual((ended.returncode, ended.stderr.count("\n")), (2, 1), ended.stdout)
        self.assertIn("could not be started", ended.stderr)

    def test_a_crash_is_a_verdict(self):
        ended = self.called("kill -SEGV $$", "run", "shares-2")
        self.assertEqual((ended.returncode, ended.stderr), (1, ""))
        self.assertIn("X1 violated: SIGSEGV", ended.stdout)


class Orders(unittest.TestCase):
    """An order that means nothing where it is asked for is refused, not run as another one."""

    def test_refused(self):
        for orders, why in {"share_look=release": "release means nothing for 'share_look', which only loads",
                            "share_look=acq_rel": "which only loads",
                            "claim_failed=release": "which only loads",
                            "publish_child=acquire": "acquire means nothing for 'publish_child', which only stores",
                            "publish_child=acq_rel": "which only stores",
                            "claim=relaxed,claim=acquire": "'claim' stands there twice",
                            "claim=relaxed,claim=relaxed": "'claim' stands there twice",
                            "claim=relaxed,": "one is missing",
                            "claim=consume": "no memory order 'consume'"}.items():
            for command in (["run", *RACE[:2]], ["run", "shares-2"], ["audit", "--quick"]):
                ended = call(*command, "--orders", orders)
                self.assertEqual((ended.returncode, ended.stdout), (2, ""), (command, orders))
                self.assertEqual(ended.stderr.count("\n"), 1, ended.stderr)
                self.assertIn(why, ended.stderr)

    def test_not_refused(self):
        # The last has a read-modify-write beside a store; of the structure nobody knows what it does.
        for orders in ("claim=release", "share_look=seq_cst", "publish_child=relaxed", "move_end=acquire"):
            ended = call("run", "shares-2", "--orders", orders, "--executions", "10")
            self.assertEqual((ended.returncode, ended.stderr), (0, ""), orders)
        ended = call("run", "--orders", "look=release", "--executions", "1", program=STACK)
        self.assertIn(ended.returncode, (0, 1), ended.stderr)


class Coverage(unittest.TestCase):
    """An order that is never in force convicts nothing, and says nothing by that."""

    def test_never_came_by(self):
        missed = "the threads never came by claim: what was changed there was never in force"
        few = ("--orders", "claim=relaxed", "--executions", "50")
        ended = call("run", "shares-2", *few)
        self.assertIn("shares-2: " + missed, ended.stdout)
        ended = call("run", "--program", "core=shares : 0H>1 ; D | D", *few)
        self.assertIn("\n" + missed, ended.stdout)
        ended = call("run", "shares-2", "--orders", "share_drop=seq_cst", "--executions", "50")
        self.assertNotIn("never came by", ended.stdout)
        ended = call("run", *RACE)
        self.assertNotIn("never came by", ended.stdout)

    def test_of_a_stranger(self):
        ended = call("run", "--orders", "link=seq_cst", "--program", "core=structure : ; C0 | C0",
                     program=STACK)
        self.assertIn("the threads never came by link", ended.stdout)
        ended = call("run", "--orders", "take=seq_cst", "--program", "core=structure : ; C0 | C0", "--sites",
                     program=STACK)
        self.assertNotIn("never came by", ended.stdout)
        self.assertRegex(ended.stdout, r"\nthe threads came by 3 of 5 sites: look, take, next\n")

    def test_all_sites(self):
        ended = call("run", "shares-2", "--sites", "--executions", "50")
        self.assertRegex(ended.stdout, r"shares-2: the threads came by 2 of \d+ sites: share_look, share_drop\n")

    def test_audit(self):
        ended = call("audit", "--quick", "--scenario", "shares-2", "--scenario", "buddies-again-f2",
                     "--only", "share_look", "--only", "slot_take")
        self.assertEqual(ended.returncode, 1)
        self.assertRegex(ended.stdout, r"slot_take +relaxed +not run +no program comes by it\n")
        self.assertRegex(ended.stdout, r"hardly any program comes by\n  slot_take +0 of 2 programs\n"
                                       r"  share_look +1 of 2 programs: shares-2\n")
        self.assertIn("complaint: slot_take: none of these programs comes by it", ended.stdout)


class Shorter(unittest.TestCase):
    """What convicts is told before a shorter execution is looked for, and whatever becomes of that."""

    # Few switches do not show it, and to find that out takes ten seconds.
    FAULT = "next-without-bracket"
    SEARCH = ("--program", "fanout=2 order=3 : 0A0 0A0 1A1 0A0 0A0 0A0 0A0 0X0 0F2 0A0 ; X0F7F4F0A0A0 | A0",
              "--searches", "pct5:60000@seq_cst")

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.trace = self.folder / "trace.json"
        faults = pathlib.Path(PROGRAM).parent / "caiman/mutants/faults"
        self.command = [faults, "--fault", self.FAULT, "run", *self.SEARCH, "--trace-out", self.trace]

    def test_told_before_and_not_lost(self):
        for sent in (signal.SIGINT, signal.SIGTERM):
            self.trace.unlink(missing_ok=True)
            with subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True) as running:
                first = [running.stdout.readline() for _ in range(2)]
                self.assertIn("S6 violated: ", first[0])
                self.assertIn("replay: ", first[1])
                self.assertEqual(json.loads(self.trace.read_text())["property"]["id"], "S6")
                running.send_signal(sent)
                rest = running.communicate(timeout=60)[0]
            self.assertEqual(running.returncode, 1)
            self.assertIn(", where it was interrupted; what random search found is shown\n", rest)

    def test_no_longer_than_was_given(self):
        ended = call(*self.command[1:], "--seconds", "0.5", program=self.command[0])
        self.assertEqual(ended.returncode, 1)
        self.assertIn(" and 0.5 s, not all there are;", ended.stdout)

    def test_a_fault_in_force_is_in_force_in_jobs(self):
        ended = call(*self.command[1:2], "took-uncounted", "run", "end-handle-block", "--bound", "0",
                     program=self.command[0])
        self.assertEqual(ended.returncode, 1, ended.stdout)
        self.assertIn("replay: faults --fault took-uncounted run ", ended.stdout)

    def test_a_job_is_heard_out(self):
        command = [PROGRAM, "verify", "--only", self.FAULT, "--control-traces"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as running:
            time.sleep(2)
            os.killpg(running.pid, signal.SIGINT)
            told = running.communicate(timeout=60)[0]
        self.assertEqual(running.returncode, 1)
        self.assertIn("interrupted", told)
        self.assertRegex(told, self.FAULT + r" +S6 +pct 5 +1215 ")


class Names(unittest.TestCase):
    """A message says who speaks."""

    def test_of_a_stranger(self):
        for arguments in (["run", "--program", "x"], ["run", "--orders", "x=relaxed"], ["replay", "/nonexistent"],
                          ["show", "/nonexistent"], ["nosuch"], ["run", "--bound", "x"]):
            ended = call(*arguments, program=STACK)
            self.assertEqual((ended.returncode, ended.stdout), (2, ""), arguments)
            self.assertRegex(ended.stderr, r"^stack_client: [^\n]+\n$")
            self.assertNotIn("caiman-check", ended.stderr)

    def test_under_another_name(self):
        with tempfile.TemporaryDirectory() as folder:
            other = pathlib.Path(folder) / "other-check"
            shutil.copy(PROGRAM, other)
            for arguments in (["verify", "--only", "nosuch"], ["verify", "--program", "x"],
                              ["verify", "--page", "/nonexistent/x"], ["run", "nosuch"],
                              ["audit", "--only", "nosuch"]):
                ended = call(*arguments, program=str(other))
                self.assertEqual((ended.returncode, ended.stdout), (2, ""), arguments)
                self.assertRegex(ended.stderr, r"^other-check: [^\n]+\n$")
                self.assertNotIn("caiman-check", ended.stderr)


class Parts(unittest.TestCase):
    """A verdict on a part is not to be taken for one on all."""

    def test_verify(self):
        ended = call("verify", "--only", "shares-2")
        self.assertRegex(ended.stdout, r"\nPASS: 1 of \d{3} scenarios, 0 of \d{3} controls\n$")
        ended = call("verify", "--program", "fanout=2 order=1 : ; A0 | A0")
        self.assertRegex(ended.stdout, r"\nPASS: 0 of \d{3} scenarios, 0 of \d{3} controls\n$")

    def test_audit(self):
        ended = call("audit", "--quick", "--only", "share_look", "--scenario", "shares-2",
                     "--scenario", "buddies-again-f2")
        self.assertRegex(ended.stdout, r"\nPASS: 1 of \d\d sites, 2 of \d{3} programs\n$")


if __name__ == "__main__":
    PROGRAM, STACK = (str(pathlib.Path(sys.argv.pop(1)).resolve()) for _ in range(2))
    unittest.main(verbosity=2)
