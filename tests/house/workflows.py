"""The workflows are YAML, call what is there, and leave no step of ci/test out.

Whoever looks at a green mark must not have to ask what was not run. That GitHub takes a workflow, only GitHub
can say; what is looked at here is what a change of ours may break: names of steps, of commands, of jobs.
Relies on: PyYAML.
"""

import os
import pathlib
import re
import sys

import yaml

import tree

WORKFLOWS = ".github/workflows"
MATRIX = "ci.yml"
CALL = "./ci/test --only ${{ matrix.step }}"


class Strict(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error, as it is for GitHub."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        if len(keys) != len(set(keys)):
            raise yaml.constructor.ConstructorError(None, None, "a key stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def steps_of_ci_test(root):
    stated = re.search(r"^steps=\(([^)]+)\)$", (root / "ci/test").read_text(encoding="utf-8"), re.MULTILINE)
    return stated[1].split() if stated else []


def check_job(root, name, job, jobs):
    for step in job.get("steps") or [{}]:
        if ("run" in step) == ("uses" in step):
            yield f"{name}: a step is one of run and uses"
        if not re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "a/b@v1")):
            yield f"{name}: {step['uses']} has no version"
        for command in re.findall(r"\./([\w/.-]+)", step.get("run", "")):
            if not os.access(root / command, os.X_OK):
                yield f"{name}: there is no {command}"
    if "runs-on" not in job:
        yield f"{name}: runs-on is missing"
    needed = job.get("needs", [])
    for other in [needed] if isinstance(needed, str) else needed:
        if other not in jobs:
            yield f"{name}: there is no job {other}"


def check_matrix(root, jobs):
    """Some job calls ci/test once for each step that it has."""
    wanted = steps_of_ci_test(root)
    if not wanted:
        yield "ci/test: states no steps"
    calling = [job for job in jobs.values() if any(step.get("run") == CALL for step in job.get("steps", []))]
    if len(calling) != 1:
        yield f"{len(calling)} jobs call {CALL}"
        return
    listed = calling[0].get("strategy", {}).get("matrix", {}).get("step", [])
    if sorted(listed) != sorted(wanted):
        yield f"steps {' '.join(sorted(listed))}, but ci/test has {' '.join(sorted(wanted))}"


def check(root):
    root = pathlib.Path(root)
    files = sorted((root / WORKFLOWS).glob("*"))
    wrong = [] if root / WORKFLOWS / MATRIX in files else [f"{MATRIX}: is not there"]
    for file in files:
        try:
            flow = yaml.load(file.read_text(encoding="utf-8"), Loader=Strict)
        except yaml.YAMLError as error:
            wrong.append(f"{file.name}: {error}")
            continue
        # YAML 1.1 reads the key `on` as true.
        if not isinstance(flow, dict) or not {"name", True, "permissions", "jobs"} <= set(flow):
            wrong.append(f"{file.name}: wants name, on, permissions and jobs")
            continue
        jobs = flow["jobs"]
        said = [words for name, job in jobs.items() for words in check_job(root, name, job, jobs)]
        said += check_matrix(root, jobs) if file.name == MATRIX else []
        wrong += [f"{file.name}: {words}" for words in said]
    return wrong


if __name__ == "__main__":
    complaints = check(sys.argv[1] if len(sys.argv) > 1 else tree.ROOT)
    print("\n".join(complaints) or "the workflows are right")
    sys.exit(1 if complaints else 0)
