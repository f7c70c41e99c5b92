# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | caiman-check audit, list and run: what they must complain of, and what they must say.   |
# | Why: an audit that passes everything is worth nothing, so each complaint is shown on a  |
# | table that deserves it, and an interrupted audit must lose nothing.                     |
# | Relies on: git, for --changed; g++ and objdump, for --cost.                             |
# | Usage: audit_check.py CAIMAN-CHECK SOURCE-ROOT                                          |
# +-----------------------------------------------------------------------------------------+
import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = SOURCE = None
# Enough for the shares and for the controls of an audit.
FEW = ("--scenario", "shares-2", "--scenario", "shares-add", "--scenario", "buddies-again-f2")


def call(*arguments, cwd=None):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, cwd=cwd,
                          timeout=120, check=False)


def quick(*arguments, cwd=None):
    """A quick audit; its exit code, its result, what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "audit.json"
        ended = call("audit", "--quick", "--json", str(out), *arguments, cwd=cwd)
        result = json.loads(out.read_text()) if out.exists() else None
    return ended.returncode, result, ended.stdout + ended.stderr


def row(result, site, order):
    return next(r for r in result["matrix"] if (r["site"], r["order"]) == (site, order))


class Reasons(unittest.TestCase):
    def test_stronger_without_reason(self):
        code, result, _ = quick(*FEW, "--orders", "share_add=acquire", "--only", "share_add")
        self.assertEqual(code, 1)
        self.assertEqual(len(result["complaints"]), 1)
        self.assertIn("share_add ships acquire, nothing convicts relaxed", result["complaints"][0])
        self.assertEqual(row(result, "share_add", "relaxed")["result"], "survives")

    def test_stronger_with_reason(self):
        code, result, text = quick(*FEW, "--orders", "share_add=acquire", "--only", "share_add",
                                   "--kept", "share_add=measured, and faster")
        self.assertEqual((code, result["verdict"]), (0, "pass"), text)
        self.assertIn("share_add       ships acquire, the checks ask for relaxed: measured", text)

    def test_nothing_convicts_it(self):
        # These programs come by the site, and none of them can show what it is for.
        code, result, text = quick("--only", "slot_take", "--scenario", "slot-hand-over-f2",
                                   "--scenario", "buddies-again-f2")
        self.assertEqual(code, 1, text)
        self.assertIn("slot_take ships acquire, nothing convicts relaxed", result["complaints"][0])

    def test_reason_out_of_date(self):
        code, result, _ = quick(*FEW, "--only", "share_drop", "--kept", "share_drop=to be safe")
        self.assertEqual(code, 1)
        self.assertIn("out of date", result["complaints"][0])

    def test_weakened_too_far(self):
        # No order is weaker than relaxed: it is the site as it is that must be judged.
        code, result, text = quick("--orders", "sweep_take=release", "--only", "sweep_take",
                                   "--scenario", "sweep-again-f4", "--scenario", "buddies-f2")
        self.assertEqual(code, 1)
        self.assertIn("sweep_take ships release, which is convicted: S2 in sweep-again-f4",
                      result["complaints"][0], text)

    def test_table_itself_is_convicted(self):
        code, result, _ = quick(*FEW, "--orders", "share_drop=relaxed", "--only", "share_drop")
        self.assertEqual(code, 1)
        said = result["complaints"][0]
        self.assertRegex(said, r"^the table itself is convicted, with share_drop=relaxed: S2 in shares-\S+ "
                               r"\(DATA RACE\), random:100@shipped, execution \d+; replay: caiman-check run ")
        self.assertIn(" --program 'core=shares ", said)
        line = said[said.index("run --trace"):]
        again = subprocess.run(["sh", "-c", f'"$0" {line}', PROGRAM], capture_output=True, text=True,
                               timeout=120, check=False)
        self.assertEqual(again.returncode, 1, again.stderr)
        self.assertIn("S2 violated: DATA RACE", again.stdout)


class Findings(unittest.TestCase):
    def test_masked(self):
        code, result, text = quick("--orders", "claim_look=acquire", "--only", "claim",
                                   "--only", "claim_look", "--scenario", "buddies-again-f2")
        self.assertEqual(code, 1)
        masked = row(result, "claim", "release")
        self.assertEqual((masked["result"], masked["by"], masked["property"]),
                         ("masked", ["claim_look=relaxed"], "S2"), text)
        self.assertEqual([p["result"] for p in result["pairs"]], ["convicted"])
        minimal = {r["site"]: r["order"] for r in result["minimal"]}
        self.assertEqual((minimal["claim_look"], minimal["claim"]), ("relaxed", "acq_rel"))

    def test_convicted_and_controls(self):
        code, result, text = quick(*FEW, "--only", "share_look", "--only", "share_drop")
        self.assertEqual(code, 0, text)
        self.assertEqual({(r["site"], r["order"], r["result"], r["property"])
                          for r in result["matrix"]},
                         {("share_look", "relaxed", "convicted", "S2")} |
                         {("share_drop", o, "convicted", "S2")
                          for o in ("relaxed", "acquire", "release")})
        self.assertEqual([(c["must"], c["held"]) for c in result["controls"]],
                         [("die", True), ("live", True), ("die", True)])
        self.assertEqual({u["order"] for u in result["upward"]}, {"seq_cst"})

    def test_page(self):
        with tempfile.TemporaryDirectory() as folder:
            page = pathlib.Path(folder) / "audit.html"
            quick(*FEW, "--only", "share_look", "--page", str(page))
            text = page.read_text()
        self.assertTrue(text.lower().startswith("<!doctype html>"))
        self.assertIn('"caiman_audit"', text)
        ended = call("audit", "--quick", *FEW, "--page", "/nonexistent/audit.html")
        self.assertEqual((ended.returncode, ended.stderr.count("\n")), (2, 1))

    def test_control_that_does_not_die(self):
        # No program of these comes by a release that anybody else then takes.
        code, result, _ = quick("--only", "share_look", "--scenario", "shares-2")
        self.assertEqual(code, 1)
        self.assertIn("control release=relaxed must die and did not", result["complaints"])


class Changed(unittest.TestCase):
    def test_exactly_the_sites_that_differ(self):
        header = pathlib.Path(SOURCE) / "core/caiman/orders.hpp"
        with tempfile.TemporaryDirectory() as folder:
            old = pathlib.Path(folder) / "core/caiman/orders.hpp"
            old.parent.mkdir(parents=True)
            text = header.read_text()
            before = text.replace('"share_look", mo::acquire', '"share_look", mo::seq_cst')
            self.assertNotEqual(before, text)
            git = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-C", folder]
            subprocess.run([*git, "init", "-q"], check=True)
            for content in (before, text):
                old.write_text(content)
                subprocess.run([*git, "add", "."], check=True)
                subprocess.run([*git, "commit", "-qm", "orders"], check=True)
            code, result, text = quick(*FEW, "--changed", "--since", "HEAD~1", cwd=folder)
            self.assertEqual(code, 0, text)
            self.assertEqual({r["site"] for r in result["matrix"]}, {"share_look"})
            code, result, text = quick("--changed", cwd=folder)
            self.assertEqual((code, result), (0, None))
            self.assertIn("no order differs from HEAD", text)
            code, _, text = quick("--changed", "--since", "nosuch", cwd=folder)
            self.assertEqual(code, 2, text)


    def test_code_that_differs_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            core = pathlib.Path(folder) / "core/caiman"
            shutil.copytree(pathlib.Path(SOURCE) / "core/caiman", core)
            git = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-C", folder]
            for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "core"]):
                subprocess.run([*git, *command], check=True)
            hints, orders, stacks = (core / name for name in ("protocol/hints.hpp", "orders.hpp",
                                                              "protocol/stacks.hpp"))
            # Where two lines of code follow each other they change places: two stores of a push, say.
            lines = stacks.read_text().splitlines(keepends=True)
            place = next(i for i, line in enumerate(lines) if ".store(" in line and ".store(" in lines[i + 1])
            swapped = "".join([*lines[:place], lines[place + 1], lines[place], *lines[place + 2:]])
            wrongs = {hints: hints.read_text().replace("if (now != 0) set(", "if (now == now + 1) set("),
                      stacks: swapped,
                      orders: orders.read_text() + "\nstatic_assert(true);\n",
                      core / "protocol/new.hpp": "int more;\n"}
            for file, wrong in wrongs.items():
                right = file.read_text() if file.exists() else None
                file.write_text(wrong)
                for cwd in (folder, core / "protocol"):
                    ended = call("audit", "--quick", "--changed", cwd=cwd)
                    self.assertEqual((ended.returncode, ended.stdout), (2, ""), file)
                    self.assertEqual(ended.stderr.count("\n"), 1, ended.stderr)
                    self.assertIn(f"but code, in {file.relative_to(folder)}: run verify", ended.stderr)
                if right is None:
                    file.unlink()
                else:
                    file.write_text(right)
            # What is not built yet is not what would be audited.
            right = orders.read_text()
            other = right.replace('"share_look", mo::acquire', '"share_look", mo::seq_cst')
            orders.write_text(other)
            ended = call("audit", "--quick", "--changed", cwd=folder)
            self.assertEqual((ended.returncode, ended.stderr.count("\n")), (2, 1), ended.stderr)
            self.assertIn("build it again", ended.stderr)
            # A comment is no code, and the texts of a row go with its order.
            subprocess.run([*git, "commit", "-qam", "another order"], check=True)
            said = right.replace('\n     "', '\n     "said otherwise: ', 1)
            self.assertNotEqual(said, right)
            orders.write_text(said)
            hints.write_text("// Said otherwise.\n" + hints.read_text().replace("\n\n", "\n\n\n"))
            code, result, text = quick(*FEW, "--changed", cwd=folder)
            self.assertEqual(code, 0, text)
            self.assertEqual({r["site"] for r in result["matrix"]}, {"share_look"})


class Resumed(unittest.TestCase):
    def test_goes_on_where_it_ended(self):
        with tempfile.TemporaryDirectory() as folder:
            arguments = [PROGRAM, "audit", "--quick", "--jobs", "1", "--out", folder,
                         "--only", "share_look", "--only", "ledger_rest"]
            state = pathlib.Path(folder) / "audit.state"
            running = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       text=True)
            while running.poll() is None and (
                    not state.exists() or state.read_text().count("\n") < 10):
                time.sleep(0.005)
            running.send_signal(signal.SIGTERM)
            text = running.communicate()[0]
            self.assertEqual(running.returncode, 1)
            self.assertIn("interrupted", text)
            cut = json.loads((pathlib.Path(folder) / "audit.json").read_text())
            self.assertEqual(cut["verdict"], "interrupted")
            done = self.keys(state)
            self.assertGreaterEqual(len(done), 9)
            ended = call(*arguments[1:], "--resume")
            self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
            all_keys = self.keys(state)
            self.assertEqual(all_keys[:len(done)], done)  # kept,
            self.assertEqual(len(all_keys), len(set(all_keys)))  # and none of them run again
            self.assertGreater(len(all_keys), len(done))
            ended = call(*arguments[1:], "--resume", "--seed", "7")
            self.assertEqual(ended.returncode, 2)
            self.assertIn("another build, table or seed", ended.stderr)

    @staticmethod
    def keys(state):
        lines = state.read_text().splitlines()[1:]
        return [json.loads(line)["key"] for line in lines]


class BadInput(unittest.TestCase):
    def test_one_line_and_exit_code_2(self):
        for arguments in (["audit", "--only", "nosuch"],
                          ["audit", "--scenario", "nosuch"],
                          ["audit", "--orders", "claim=strong"],
                          ["audit", "--orders", "nosuch=relaxed"],
                          ["audit", "--kept", "claim"],
                          ["audit", "--changed", "--since", "--help"],
                          ["audit", "--since", "HEAD"],
                          ["audit", "--resume"],
                          ["audit", "--resume", "--out", "/dev/null/folder"],
                          ["audit", "--json", "/dev/null/file.json"],
                          ["audit", "--jobs", "0"],
                          ["run"],
                          ["run", "nosuch"],
                          ["run", "shares-2", "--program", "x"],
                          ["run", "shares-2", "--searches", "random:1", "--bound", "2"],
                          ["run", "shares-2", "--scheduler", "nosuch"]):
            ended = call(*arguments)
            self.assertEqual(ended.returncode, 2, arguments)
            self.assertEqual(ended.stdout, "", arguments)
            self.assertEqual(ended.stderr.count("\n"), 1, ended.stderr)


class ListAndRun(unittest.TestCase):
    def test_sites_stand_where_the_list_says(self):
        listed = json.loads(call("list", "--json").stdout)
        rows = re.findall(r"\{site::(\w+), \"\w+\", mo::(\w+)",
                          (pathlib.Path(SOURCE) / "core/caiman/orders.hpp").read_text())
        self.assertEqual([(s["name"], s["order"]) for s in listed["sites"]], rows)
        for site in listed["sites"]:
            self.assertTrue(site["uses"], site["name"])
            for use in site["uses"]:
                file, line = use["at"].split(":")
                text = (pathlib.Path(SOURCE) / file).read_text().splitlines()[int(line) - 1]
                self.assertIn("site::" + site["name"], text)
                self.assertIn(use["access"], ("load", "store", "rmw"))
        by_name = {s["name"]: s for s in listed["sites"]}
        kinds = {n: {u["access"] for u in by_name[n]["uses"]} for n in by_name}
        self.assertEqual(kinds["claim"], {"rmw"})
        self.assertEqual(kinds["claim_failed"], {"load"})
        self.assertEqual(kinds["move_end"], {"store", "rmw"})  # through bump() and add()
        self.assertEqual(kinds["own_count"], {"load"})
        self.assertEqual(by_name["hint_look"]["weaker"], ["relaxed", "acquire"])
        shares = next(s for s in listed["scenarios"] if s["name"] == "shares-2")
        self.assertEqual((shares["threads"], shares["blocks"]), (2, None))

    def test_scenarios_by_name(self):
        ended = call("run", "shares-2", "buddies-f2/x", "--scheduler", "bound", "--bound", "1",
                     "--executions", "500")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertEqual([line.split(":")[0] for line in ended.stdout.splitlines()],
                         ["shares-2", "buddies-f2/x"])
        self.assertIn("bound 1", ended.stdout)
        ended = call("run", "shares-2", "cold-neighbours", "--orders", "share_drop=relaxed",
                     "--json")
        self.assertEqual(ended.returncode, 1)
        rows = json.loads(ended.stdout)
        self.assertEqual([(r["scenario"], r["results"][-1]["convicted"]) for r in rows],
                         [("shares-2", True), ("cold-neighbours", False)])

    def test_seconds_end_a_search(self):
        begin = time.monotonic()
        ended = call("run", "churn-f2", "--seconds", "0.2")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        executions = int(re.search(r"in (\d+) executions", ended.stdout).group(1))
        self.assertLess(executions, 1_000_000_000)
        self.assertLess(time.monotonic() - begin, 60)


class Cost(unittest.TestCase):
    def test_instructions_of_one_site(self):
        _, result, text = quick("--only", "share_look", "--scenario", "shares-2", "--cost")
        cost = result["cost"]
        self.assertTrue(cost["complete"])
        for name in ("g++", "objdump"):
            self.assertTrue(shutil.which(name))
        rows = {r["order"]: r for r in cost["rows"]}
        self.assertEqual(set(rows), {"relaxed", "seq_cst"}, text)
        targets = {t["target"]: t["change"] for t in rows["relaxed"]["targets"]}
        if "x86-64" in targets:  # a load is a load
            self.assertEqual(targets["x86-64"], {})
        cross = shutil.which("aarch64-linux-gnu-g++")
        self.assertEqual(cross is None, any("AArch64 armv8-a" in m for m in cost["missing"]), text)
        if cross:
            for name in ("AArch64 armv8-a", "AArch64 armv8.1-a"):
                self.assertEqual((targets[name]["ldar"], targets[name]["ldr"]), (-2, 2), text)
        else:
            print("audit_check: aarch64-linux-gnu-g++ is not installed, its half was not checked")

    def test_probe_is_a_program(self):
        # What is timed, where the instructions differ; here that it follows the core, not how fast.
        with tempfile.TemporaryDirectory() as folder:
            program = str(pathlib.Path(folder) / "probe")
            subprocess.run(["g++", "-std=c++23", "-O1", "-w", "-DPROBE_MAIN", "-DPROBE_SITE=claim",
                            "-DPROBE_ORDER=acq_rel", f"-I{SOURCE}/core",
                            f"{SOURCE}/model/caiman/cost_probe.cpp", "-o", program], check=True)
            printed = subprocess.run([program, "1000"], capture_output=True, text=True, check=True)
        self.assertEqual({line.split()[0] for line in printed.stdout.splitlines()},
                         {"stacks", "announced", "tree", "ledger", "handle", "share"})


if __name__ == "__main__":
    PROGRAM, SOURCE = (str(pathlib.Path(sys.argv.pop(1)).resolve()) for _ in range(2))
    unittest.main(verbosity=2)
