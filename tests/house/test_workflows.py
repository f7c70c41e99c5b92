# SPDX-License-Identifier: MIT
"""The workflows are YAML, call what is there, and leave no step of ci/test out.

A reader of a green mark must not have to ask what was not run. That GitHub takes a workflow, only GitHub can
say; what is looked at here is what a change of ours may break: names of steps, of commands, of jobs. And what
is wrong in one would be seen. Relies on: PyYAML.
"""

import os
import re
import unittest

import tree
import yaml

FOLDER = ".github/workflows/"
MATRIX = "ci.yml"
CALL = "./ci/test --only ${{ matrix.step }}"


class Strict(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error, as it is for GitHub."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        if len(keys) != len(set(keys)):
            raise yaml.constructor.ConstructorError(None, None, "a key stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def check_job(job, jobs):
    steps, needed = job.get("steps") or [{}], job.get("needs", [])
    called = [command for step in steps for command in re.findall(r"\./([\w/.-]+)", step.get("run", ""))]
    used = [step["uses"] for step in steps if "uses" in step]
    return (["a step is one of run and uses" for step in steps if ("run" in step) == ("uses" in step)]
            + [f"{action} has no version" for action in used if not re.fullmatch(r"[\w-]+(/[\w-]+)+@v\d+", action)]
            + [f"there is no {command}" for command in called if not os.access(tree.ROOT / command, os.X_OK)]
            + ["runs-on is missing"] * ("runs-on" not in job)
            + [f"there is no job {other}" for other in ([needed] if isinstance(needed, str) else needed)
               if other not in jobs])


def check_matrix(jobs, ci_test):
    """Some job calls ci/test once for each step that it has."""
    stated = re.search(r"^steps=\(([^)]+)\)$", ci_test, re.MULTILINE)
    calling = [job for job in jobs.values() if any(step.get("run") == CALL for step in job.get("steps", []))]
    if not stated:
        return ["ci/test: states no steps"]
    if len(calling) != 1:
        return [f"{len(calling)} jobs call {CALL}"]
    listed = calling[0].get("strategy", {}).get("matrix", {}).get("step", [])
    here, there = (" ".join(sorted(steps)) for steps in (listed, stated[1].split()))
    return [f"steps {here}, but ci/test has {there}"] * (here != there)


def check_flow(name, text, ci_test):
    try:
        flow = yaml.load(text, Loader=Strict)
    except yaml.YAMLError as error:
        return [str(error)]
    # YAML 1.1 reads the key `on` as true.
    if not isinstance(flow, dict) or not {"name", True, "permissions", "jobs"} <= set(flow):
        return ["wants name, on, permissions and jobs"]
    jobs = flow["jobs"]
    return ([f"{job}: {words}" for job in jobs for words in check_job(jobs[job], jobs)]
            + (check_matrix(jobs, ci_test) if name == MATRIX else []))


def check(files):
    flows = {file.removeprefix(FOLDER): text for file, text in files.items() if file.startswith(FOLDER)}
    wrong = [f"{name}: {words}" for name, text in flows.items() for words in check_flow(name, text, files["ci/test"])]
    return wrong + [f"{MATRIX}: is not there"] * (MATRIX not in flows)


# A workflow, what stands there, what becomes of it, and what must be said.
WRONG = (
    ("ci.yml", "tsan, ", "", "ci.yml: steps asan format matrix nightly plain tidy, but ci/test has asan"),
    ("ci.yml", "[format, ", "[format, other, ", "ci.yml: steps asan format matrix nightly other plain"),
    ("ci.yml", "[format, ", "[format, format, ", "ci.yml: steps asan format format"),
    ("ci.yml", "        step: [", "        steps: [", "ci.yml: steps , but ci/test has"),
    ("ci.yml", "--only ${{ matrix.step }}", "--only plain", "ci.yml: 0 jobs call ./ci/test"),
    ("ci.yml", "./ci/test", "./ci/tests", "ci.yml: test: there is no ci/tests"),
    ("ci.yml", "jobs:\n", "jobs: [\n", "ci.yml: while parsing"),
    ("ci.yml", "    runs-on:", "    \truns-on:", "ci.yml: while scanning"),
    ("ci.yml", "    container: debian:12\n", "    container: debian:12\n    container: debian:13\n",
     "ci.yml: a key stands twice"),
    ("ci.yml", "permissions:\n  contents: read\n", "", "ci.yml: wants name, on, permissions and jobs"),
    ("ci.yml", "    runs-on: ubuntu-latest\n", "", "ci.yml: test: runs-on is missing"),
    ("fuzz.yml", "run_fuzzers@v1", "run_fuzzers", "fuzz.yml: change: google/clusterfuzzlite/actions/run_fuzzers has no version"),
    ("ci.yml", "actions/checkout@v4", "actions/checkout", "ci.yml: test: actions/checkout has no version"),
    ("ci.yml", "- run: ./ci", "- walk: ./ci", "ci.yml: test: a step is one of run and uses"),
    ("nightly.yml", "./ci/nightly merge", "./ci/nights merge", "nightly.yml: report: there is no ci/nights"),
    ("nightly.yml", "needs: shard", "needs: shards", "nightly.yml: report: there is no job shards"),
)


class Workflows(unittest.TestCase):
    maxDiff = None  # all complaints
    project = tree.read()

    def said_with(self, file, old, new):
        """What is said of the project with something else in a file."""
        self.assertIn(old, self.project[file])
        return "\n".join(check(self.project | {file: self.project[file].replace(old, new)}))

    def test_the_project(self):
        self.assertEqual("\n".join(check(self.project)), "")

    def test_each_fault_is_seen(self):
        for name, old, new, words in WRONG:
            with self.subTest(old=old, new=new):
                self.assertIn(words, self.said_with(FOLDER + name, old, new))

    def test_a_new_step_is_missed(self):
        self.assertIn("msan", self.said_with("ci/test", "steps=(format ", "steps=(format msan "))
        self.assertIn("ci.yml: ci/test: states no steps", self.said_with("ci/test", "steps=(", "the_steps=("))

    def test_a_workflow_that_is_gone_is_missed(self):
        there = {file: text for file, text in self.project.items() if file != FOLDER + "ci.yml"}
        self.assertEqual(check(there), ["ci.yml: is not there"])
