# SPDX-License-Identifier: MIT
"""./ci/verify: what it makes of two verdicts, that of the proof and that of the model. Both are made up."""

import unittest

from test_newcomer import Machine, executable


class Verify(Machine):
    def setUp(self):
        super().setUp()
        self.copy("ci")
        (self.tree / "meson.build").write_text("project('nothing')\n")
        self.solver = self.folder / "z3++.h"
        self.solver.write_text("")
        self.change("ci/lib.sh", ("/usr/include/z3++.h", str(self.solver)))
        executable(self.programs / "ninja", "echo 1.11.1")  # builds nothing, but meson asks which it is
        (self.tree / "build/plain/model").mkdir(parents=True)

    def verify(self, *options, proof=0, model=0):
        """Exit code and lines; of the model's last line the exit code says enough."""
        executable(self.tree / "ci/prove", f'echo "$@"\necho a check\necho its end\nexit {proof}')
        executable(self.tree / "build/plain/model/caiman-check", f'echo "model $*"\nexit {model}')
        done = self.run_here("ci/verify", "--no-install", *options)
        return done.returncode, done.stdout.splitlines()

    def test_all_is_well(self):
        code, said = self.verify()
        self.assertEqual((code, said[-1]), (0, "model verify"))
        self.assertTrue(said[0].startswith("proof: a check its end ("), said)

    def test_neither_verdict_is_lost(self):
        for proof, model, both in ((1, 0, 1), (0, 1, 1), (1, 1, 1), (2, 0, 2), (0, 2, 2), (2, 1, 1), (1, 2, 1)):
            code, said = self.verify(proof=proof, model=model)
            self.assertEqual(code, both, (proof, model))
            self.assertIn("model verify", said)
            self.assertEqual(said[-1] == "FAIL: the proof, see above", proof != 0, said)

    def test_a_part_is_the_model_alone(self):
        code, said = self.verify("--only", "a", proof=1)
        self.assertEqual((code, said), (0, ["model verify --only a"]))

    def must_say_that_there_is_no_proof(self):
        code, said = self.verify(proof=1)
        self.assertEqual((code, said[0], said[-1]), (0, "proof: not run, needs libz3-dev and x86-64", "model verify"))

    def test_that_there_is_no_solver_is_said(self):
        self.solver.unlink()
        self.must_say_that_there_is_no_proof()

    def test_that_this_is_another_processor_is_said(self):
        executable(self.programs / "uname", "echo aarch64")
        self.must_say_that_there_is_no_proof()


if __name__ == "__main__":
    unittest.main()
