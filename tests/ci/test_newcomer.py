# SPDX-License-Identifier: MIT
"""A machine on which the commands of ci/ install, set up and build for the first time, with stand-ins.

What is looked at is a copy of the project, its own build files included; nothing is compiled. PATH is
one folder with links to all programs of this machine but those that a newcomer does not have yet.
./ci/newcomer does the same for real, in a bare Debian, for an hour; here its verdicts are tested.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LATER = ("chromium", "node", "npm", "clang++-19", "debootstrap", "dpkg-query")


def executable(path, script):
    """A program of a line or two."""
    path.unlink(missing_ok=True)
    path.write_text("#!/bin/sh\n" + script + "\n")
    path.chmod(0o755)


class Machine(unittest.TestCase):
    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name)
        self.tree = self.folder / "tree"
        self.programs = self.folder / "programs"
        self.programs.mkdir()
        self.link_programs()
        self.installed(("libfmt-dev", "9.1.0"))

    def link_programs(self):
        taken = set(LATER)
        for folder in os.environ["PATH"].split(":"):
            for path in pathlib.Path(folder).glob("*"):
                # A compiler that is ccache looks for itself in PATH, and would find nothing else.
                cached = path.name != "ccache" and path.resolve().name == "ccache"
                if path.name not in taken and not cached and os.access(path, os.X_OK):
                    taken.add(path.name)
                    (self.programs / path.name).symlink_to(path)

    def copy(self, *names):
        for name in names:
            here, there = ROOT / name, self.tree / name
            there.parent.mkdir(parents=True, exist_ok=True)
            if here.is_dir():
                shutil.copytree(here, there, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(here, there)

    def change(self, name, *pairs):
        """In the copy, where a number or a place is not the newcomer's."""
        path = self.tree / name
        text = path.read_text()
        for before, after in pairs:
            self.assertTrue(before in text, f"no '{before}' in {name}: this test must change with it")
            text = text.replace(before, after)
        path.write_text(text)

    def installed(self, *packages):
        """What the list of packages says."""
        lines = "\n".join(f"{name} {version}" for name, version in packages)
        executable(self.programs / "dpkg-query", f"""
          while read -r name version; do
            case $3 in
              *built*) echo "installed built with $name $version" ;;
              *Package}}*db:Status*) echo "$name installed" ;;
              *) echo "installed $name" ;;
            esac
          done <<'END'\n{lines}\nEND""")

    def run_here(self, *command, **more):
        return subprocess.run(command, cwd=self.tree, capture_output=True, text=True, check=False, timeout=300,
                              env={**os.environ, "PATH": str(self.programs), **more})


class BuildDirectory(Machine):
    """build/plain as ci/lib.sh sets it up."""

    def configure(self, *options, before=""):
        done = self.run_here("bash", "-euc", f'source ci/lib.sh; {before} configure "$@"', "ci/test",
                             "plain", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def mark(self):
        """Something that was built."""
        (self.tree / "build/plain/built").write_text("")

    def marked(self):
        return (self.tree / "build/plain/built").exists()

    def set_ups(self):
        """When meson was run last."""
        return (self.tree / "build/plain/ci-logs/setup.txt").stat().st_mtime_ns


class Building(BuildDirectory):
    """It adapts to what was installed since."""

    def setUp(self):
        super().setUp()
        self.copy("ci", "core", "docs", "examples", "model", "stress", "tests", "meson.build",
                  "meson_options.txt", "README.md")

    def defined(self, build="build/plain"):
        """Whether there are the browser tests, and the fuzzers."""
        about = self.tree / build / "meson-info"
        tests = {test["name"] for test in json.loads((about / "intro-tests.json").read_text())}
        targets = {target["name"] for target in json.loads((about / "intro-targets.json").read_text())}
        self.assertIn("buddy", tests)
        self.assertEqual("fuzz-buddy" in targets, "fuzz buddy finds sweep-left-out" in tests)
        return "viewer" in tests, "fuzz-buddy" in targets

    def install_later(self):
        for name in ("chromium", "node", "npm", "clang++-19"):
            executable(self.programs / name, "exit 0")

    def test_what_is_installed_later_is_found(self):
        self.configure()
        self.assertEqual(self.defined(), (False, False))
        self.mark()
        self.install_later()
        self.assertEqual(self.configure(), "")
        self.assertEqual(self.defined(), (True, True))
        self.assertTrue(self.marked())
        last = self.set_ups()
        self.configure()
        self.assertEqual(self.set_ups(), last)  # nothing has come since

    def test_without_a_look_at_what_is_here_it_would_not_be(self):
        blind = "what_is_here() { echo the same as ever; };"
        self.configure(before=blind)
        self.install_later()
        self.configure(before=blind)
        self.assertEqual(self.defined(), (False, False))

    def test_what_was_set_up_otherwise_is_set_up_again_and_kept(self):
        self.configure()
        (self.tree / "build/plain/ci-setup.txt").unlink()  # as by hand, or by an earlier ci/lib.sh
        self.mark()
        self.install_later()
        self.configure()
        self.assertEqual(self.defined(), (True, True))
        self.assertTrue(self.marked())

    def test_ninja_alone_looks_again_when_packages_change(self):
        packages = self.folder / "status"
        packages.write_text("")
        self.change("meson.build", ("/var/lib/dpkg/status", str(packages)))
        self.assertEqual(self.run_here("meson", "setup", "by-hand").returncode, 0)
        self.install_later()
        os.utime(packages, (time.time() + 1,) * 2)
        time.sleep(1.1)  # ninja takes a file of the future for one that changes all the time
        done = self.run_here("ninja", "-C", "by-hand", "build.ninja")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.defined("by-hand"), (True, True))

    def test_no_build_file_asks_a_compiler_for_what_may_come_later(self):
        asked = re.compile(r"\.((?:has_\w+|check_header|compiles|links|run|sizeof|get_define)\(.*)")
        found = [line for path in self.tree.rglob("meson.build") for line in asked.findall(path.read_text())]
        # Without which the set-up fails, and of one that fails meson remembers nothing.
        self.assertEqual(found, ["has_header('relacy/relacy.hpp')"])


class Keeping(BuildDirectory):
    """It keeps what was built for as long as that is right; a project of nothing will do."""

    def setUp(self):
        super().setUp()
        self.copy("ci")
        (self.tree / "meson.build").write_text("project('nothing')\nfind_program('later')\n")
        (self.tree / "meson_options.txt").write_text("option('model', type: 'boolean')\n")
        executable(self.programs / "later", "exit 0")

    def test_what_goes_into_programs_is_never_of_two_versions(self):
        self.configure()
        self.mark()
        self.installed(("libfmt-dev", "9.1.0"), ("catch2", "2.13"), ("doxygen", "1.9"))
        self.assertEqual(self.configure(), "")
        self.assertTrue(self.marked())
        compiler = (self.programs / "c++").readlink()  # no cache, which would find its caller in PATH, for ever
        for change in (lambda: self.installed(("libfmt-dev", "10"), ("catch2", "2.13")),
                       lambda: self.installed(("libfmt-dev", "10")),
                       lambda: executable(self.programs / "c++", f'[ "$1" != --version ] || echo "c++ (new) 13"\n'
                                                                 f'exec {compiler} "$@"')):
            self.mark()
            change()
            self.assertIn("set up anew", self.configure())
            self.assertFalse(self.marked())

    def test_other_options_make_another_directory(self):
        self.configure()
        self.mark()
        self.assertIn("built with options", self.configure("-Dmodel=false"))
        self.assertFalse(self.marked())

    def test_a_folder_may_be_called_as_a_program_was(self):
        self.configure()
        (self.tree / "build/plain/hammer").write_text("a program")
        (self.tree / "hammer").mkdir()
        (self.tree / "hammer/meson.build").write_text("")
        (self.tree / "meson.build").write_text("project('nothing')\nfind_program('later')\nsubdir('hammer')\n")
        self.assertIn("set up anew", self.configure())
        self.mark()
        self.assertEqual(self.configure(), "")
        self.assertTrue(self.marked())

    def test_what_lies_in_a_folder_that_has_gone_is_deleted(self):
        self.test_a_folder_may_be_called_as_a_program_was()
        shutil.rmtree(self.tree / "hammer")
        (self.tree / "meson.build").write_text("project('nothing')\nfind_program('later')\n")
        self.assertIn("built in ./hammer", self.configure())
        self.assertFalse(self.marked())

    def test_a_set_up_that_failed_is_tried_again(self):
        (self.programs / "later").unlink()
        done = self.run_here("bash", "-euc", "source ci/lib.sh; configure plain")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("set up build/plain: failed", done.stderr)
        executable(self.programs / "later", "exit 0")
        self.assertEqual(self.configure(), "")


HELD = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (unattended-upgr)"
# What it says when it has waited for a moment.
STILL_HELD = "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?"


class Installing(Machine):
    """ci/setup waits for the process that holds the database of packages, and for nothing else."""

    def setUp(self):
        super().setUp()
        self.copy("ci")
        (self.folder / "os-release").write_text("ID=debian\nVERSION_ID=12\n")
        self.change("ci/setup", ("/etc/os-release", str(self.folder / "os-release")), ("sleep 2", "sleep 0.1"))
        executable(self.programs / "sudo", '[ "$1" != -v ] || exit 0\nexec "$@"')

    def setup(self, script):
        """What ci/setup says, and how apt-get was called; $n is the number of the call."""
        calls = self.folder / "calls"
        calls.write_text("")
        executable(self.programs / "apt-get", f'echo "$@" >>{calls}\nn=$(wc -l <{calls})\n{script}')
        done = self.run_here("ci/setup", "base", TMPDIR=str(self.folder))
        return done, calls.read_text().splitlines()

    def test_a_lock_is_waited_for(self):
        done, calls = self.setup(f'case $n in 1 | 2) echo "{HELD}"; exit 100 ;;\n'
                                 f'4) echo "{STILL_HELD}" >&2; exit 100 ;; esac')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([[word for word in call.split() if word in ("update", "install")] for call in calls],
                         [["update"]] * 3 + [["install"]] * 2)
        for call in calls:
            self.assertIn("-o DPkg::Lock::Timeout=10", call)
        self.assertEqual(done.stderr.splitlines(), [f"ci/setup: waits: {HELD}", f"ci/setup: waits: {STILL_HELD}"])

    def test_what_is_no_lock_is_said_at_once(self):
        for words in ("E: Failed to fetch", "E: Could not open lock file /var/lib/apt/lists/lock",
                      "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?"):
            done, calls = self.setup(f'echo "{words}"; exit 100')
            self.assertEqual((done.returncode, len(calls)), (1, 1))
            self.assertIn(words, done.stderr)

    def test_patience_ends(self):
        self.change("ci/setup", ("patience=1200", "patience=0"))
        done, calls = self.setup(f'echo "{HELD}"; exit 100')
        self.assertEqual((done.returncode, len(calls)), (1, 1))
        self.assertIn("held by process 7", done.stderr)


class Newcomer(Machine):
    """./ci/newcomer: what it calls passed, failed and not run. The bare tree and what it says are made up."""

    WAITS = "".join(f"ci/setup: waits: {words}\n" for words in (HELD, STILL_HELD))
    GOOD = {"verify": WAITS + "PASS (1 s)", "test": WAITS + "9 passed, 0 failed"}

    def setUp(self):
        super().setUp()
        self.copy("ci")
        self.change("ci/newcomer", ("((EUID == 0))", "true"), ("needed_gb=16", "needed_gb=0"))
        self.change("ci/newcomer", ("time.sleep(3)", "pass"))
        for words in (["init", "-q"], ["add", "ci"], ["-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", "n"]):
            self.assertEqual(self.run_here("git", *words).returncode, 0)
        executable(self.programs / "debootstrap", """
          for tree in "$@"; do case $tree in */base) break ;; esac; done
          mkdir -p "$tree/var/lib/apt/lists" "$tree/var/lib/dpkg" "$tree/etc/apt/apt.conf.d" "$tree/srv\"""")
        executable(self.programs / "apt-get", 'echo "deb http://a bookworm main"')
        executable(self.programs / "apt-config", "exit 0")
        # What would need root: each runs what it is given.
        executable(self.programs / "unshare", 'while case $1 in -* | private) ;; *) false ;; esac; do shift; done; exec "$@"')
        executable(self.programs / "mount", "exit 0")
        executable(self.programs / "chroot", f"""
          case $* in
            *ci/verify) cat {self.folder}/verify; exit $(cat {self.folder}/code) ;;
            *ci/test*) cat {self.folder}/test ;;
          esac""")

    def newcomer(self, *options, code=0, **said):
        (self.folder / "code").write_text(str(code))
        for name, words in {**self.GOOD, **said}.items():
            (self.folder / name).write_text(words + "\n")
        return self.run_here("ci/newcomer", "--no-install", *options)

    def test_both_orders_pass(self):
        done = self.newcomer()
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (0, "newcomer: passed"), done.stderr)
        rows = [line.split()[:3] for line in done.stdout.splitlines() if line.startswith(("verify-", "test-"))]
        self.assertEqual(rows, [[order, what, "ok"] for order, steps in (
            ("verify-test", ("clone", "verify", "test")), ("test-verify", ("clone", "test", "verify")))
            for what in steps])
        self.assertEqual([path.name for path in (self.tree / "build/newcomer").iterdir() if path.is_dir()], ["logs"])

    def test_what_is_not_right_fails(self):
        waits, once = self.WAITS, self.WAITS.splitlines()[0] + "\n"
        for wrong in ({"code": 1}, {"verify": waits + "FAIL"}, {"verify": "PASS"}, {"verify": once + "PASS"},
                      {"test": "0 passed, 0 failed"}, {"test": "3 passed, 1 failed"}, {"test": ""},
                      {"test": "browser tests: not run, missing: node\n9 passed, 0 failed"}):
            with self.subTest(wrong):
                done = self.newcomer("--order", "verify-test", **wrong)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertRegex(done.stdout, r"(?m)^newcomer: [1-9] FAILED$")

    def test_interrupted_it_leaves_nothing(self):
        executable(self.programs / "chroot", f"""
          case $* in *ci/verify) echo $$ >{self.folder}/new; mv {self.folder}/new {self.folder}/pid; exec sleep 600 ;; esac""")
        run = subprocess.Popen(["ci/newcomer", "--no-install"], cwd=self.tree, stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "PATH": str(self.programs)})
        self.addCleanup(run.kill)
        pid = self.folder / "pid"
        self.assertTrue(self.soon(pid.exists))
        run.terminate()
        said, _ = run.communicate(timeout=60)
        self.assertEqual((run.returncode, said.splitlines()[-1]), (130, "newcomer: interrupted"))
        running = pathlib.Path("/proc") / pid.read_text().strip()
        self.assertTrue(self.soon(lambda: not running.exists()))
        self.assertEqual([path.name for path in (self.tree / "build/newcomer").iterdir() if path.is_dir()], ["logs"])

    @staticmethod
    def soon(holds):
        until = time.monotonic() + 60
        while not holds() and time.monotonic() < until:
            time.sleep(0.05)
        return holds()

    def test_not_run_has_a_name(self):
        (self.programs / "debootstrap").unlink()
        done = self.newcomer()
        self.assertEqual((done.returncode, done.stdout), (3, "newcomer: not run: no debootstrap here\n"))

    def test_where_nothing_may_be_mounted_it_is_not_run(self):
        executable(self.programs / "unshare", "exit 1")
        done = self.newcomer()
        self.assertEqual((done.returncode, done.stdout), (3, "newcomer: not run: nothing may be mounted here\n"))

    def test_bad_input_is_one_line(self):
        for wrong in (["--order", "no"], ["--limit", "x"], ["--limit", "0"], ["--bogus"], ["--bogus", "1"],
                      ["--order"], ["--revision", "none"]):
            done = self.newcomer(*wrong)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), (wrong, done.stderr))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main()
