# SPDX-License-Identifier: MIT
"""What ci/test shows of clang-tidy: a finding is never lost behind the lines of the units after it."""

import pathlib
import re
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "ci/test"
FUNCTION = re.search(r"^clang_tidy_all\(\) \{\n.*?^\}\n", SCRIPT.read_text(encoding="utf-8"), re.M | re.S)


class Tidy(unittest.TestCase):
    def of(self, lines, status):
        """Status and lines of the check, of a clang-tidy that prints these."""
        with tempfile.TemporaryDirectory() as made:
            for name, body in {"python3": "exit 0", "run-clang-tidy-19": f"cat {made}/said; exit {status}"}.items():
                tool = pathlib.Path(made, name)
                tool.write_text(f"#!/bin/sh\n{body}\n")
                tool.chmod(0o755)
            pathlib.Path(made, "said").write_text("".join(line + "\n" for line in lines))
            done = subprocess.run(["bash", "-euo", "pipefail", "-c",
                                   f"PATH={made}:$PATH\n{FUNCTION[0]}\nclang_tidy_all"],
                                  capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.splitlines()

    def test_a_finding_stands_in_its_place_and_at_the_end(self):
        finding = "/a.cpp:1:2: error: performing a conversion [some-check]"
        units = [f"[{n}/200] clang-tidy {n}.cpp" for n in range(200)]
        self.assertEqual(self.of([units[0], finding, "    1 | int", *units[1:]], 1),
                         (1, [units[0], finding, "    1 | int", *units[1:], finding]))

    def test_of_units_without_one_nothing_is_repeated(self):
        self.assertEqual(self.of(["[1/1] a.cpp", "12 warnings generated.", "", "1 warning generated."], 0),
                         (0, ["[1/1] a.cpp"]))

    def test_that_it_fails_and_finds_nothing_is_no_pass(self):
        self.assertEqual(self.of(["no such file"], 127), (127, ["no such file"]))


if __name__ == "__main__":
    unittest.main()
