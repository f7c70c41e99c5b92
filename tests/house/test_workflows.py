"""The workflows are right; and what is wrong in one would be seen. Relies on: PyYAML."""

import pathlib
import shutil
import tempfile
import unittest

import tree
import workflows

# A file of the project, what stands there, what becomes of it, and what must be said.
WRONG = (
    ("ci.yml", "tsan, ", "", "ci.yml: steps asan format nightly plain tidy, but ci/test has asan"),
    ("ci.yml", "[format, ", "[format, other, ", "ci.yml: steps asan format nightly other plain"),
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
    ("ci.yml", "actions/checkout@v4", "actions/checkout", "ci.yml: test: actions/checkout has no version"),
    ("ci.yml", "- run: ./ci", "- walk: ./ci", "ci.yml: test: a step is one of run and uses"),
    ("nightly.yml", "./ci/nightly merge", "./ci/nights merge", "nightly.yml: report: there is no ci/nights"),
    ("nightly.yml", "needs: shard", "needs: shards", "nightly.yml: report: there is no job shards"),
)


class Workflows(unittest.TestCase):
    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.root = pathlib.Path(held.name)
        self.flows = self.root / workflows.WORKFLOWS
        shutil.copytree(tree.ROOT / workflows.WORKFLOWS, self.flows)
        shutil.copytree(tree.ROOT / "ci", self.root / "ci")

    def test_the_project(self):
        self.assertEqual("\n".join(workflows.check(tree.ROOT)), "")

    def test_each_fault_is_seen(self):
        for name, old, new, words in WRONG:
            with self.subTest(old=old, new=new):
                right = (self.flows / name).read_text(encoding="utf-8")
                self.assertIn(old, right)
                (self.flows / name).write_text(right.replace(old, new), encoding="utf-8")
                said = "\n".join(workflows.check(self.root))
                (self.flows / name).write_text(right, encoding="utf-8")
                self.assertIn(words, said)

    def test_a_new_step_is_missed(self):
        test = self.root / "ci/test"
        text = test.read_text(encoding="utf-8")
        test.write_text(text.replace("steps=(format ", "steps=(format msan "), encoding="utf-8")
        self.assertIn("msan", "\n".join(workflows.check(self.root)))
        test.write_text(text.replace("steps=(", "the_steps=("), encoding="utf-8")
        self.assertIn("ci.yml: ci/test: states no steps", workflows.check(self.root))

    def test_a_workflow_that_is_gone_is_missed(self):
        (self.flows / "ci.yml").unlink()
        self.assertEqual(workflows.check(self.root), ["ci.yml: is not there"])


if __name__ == "__main__":
    unittest.main()
