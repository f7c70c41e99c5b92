# SPDX-License-Identifier: MIT
"""What ci/matrix calls failed: a compiler that is not there or refuses, a program that dies or says the wrong thing.

The real script, with cells whose compilers are stand-ins: scripts that write the program they are asked for.
Relies on: Python, sh.
"""

import contextlib
import dataclasses
import importlib.machinery
import importlib.util
import io
import os
import pathlib
import tempfile
import unittest
import unittest.mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOADER = importlib.machinery.SourceFileLoader("matrix", str(ROOT / "ci/matrix"))
matrix = importlib.util.module_from_spec(importlib.util.spec_from_loader("matrix", LOADER))
LOADER.exec_module(matrix)
Cell = matrix.matrix_cells.Cell

# Writes a script that runs the words into what is named behind -o.
COMPILER = """#!/bin/sh
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\n%s\\n' '{words}' >"$2"
chmod +x "$2"
"""


class Matrix(unittest.TestCase):
    def run_cells(self, *arguments, **compilers):
        """The exit code and what is said, with cells whose programs run these words."""
        with tempfile.TemporaryDirectory() as folder:
            cells = []
            for name, words in compilers.items():
                compiler = pathlib.Path(folder, name + "-compiler")
                if words is not None:
                    compiler.write_text(COMPILER.format(words=words), encoding="utf-8")
                    os.chmod(compiler, 0o755)
                cells.append(Cell(name, (str(compiler),), parts=("consumers",)))
            return self.run_table(cells, folder, *arguments)

    def run_table(self, cells, folder, *arguments):
        said = io.StringIO()
        with unittest.mock.patch.object(matrix.matrix_cells, "CELLS", tuple(cells)):
            try:
                with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                    code = matrix.main(["--out", folder + "/out", *arguments])
            except SystemExit as end:
                code = end.code
        return code, said.getvalue()

    def test_what_is_right_ran(self):
        code, said = self.run_cells(good='echo "consumer: right, alone: right"')
        self.assertEqual(code, 0)
        self.assertIn("1 of 1 cells", said)

    def test_what_is_wrong_failed(self):
        for words, why in (('echo "consumer: wrong"', "did not say"), ("exit 3", "exit code 3"),
                           ("kill -9 $$", "exit code -9"), ("", "did not say"), (None, "there is no")):
            with self.subTest(words=words):
                code, said = self.run_cells(good='echo "consumer: right, alone: right"', bad=words)
                self.assertEqual(code, 1)
                self.assertIn("FAILED  bad", said)
                self.assertIn(why, said)
                self.assertIn("1 of 2 cells", said)

    def test_packages_are_unpacked_beside(self):
        """With stand-ins for apt-get and dpkg: what comes of them is used, and a failure of theirs is the cell's."""
        compiler = COMPILER.format(words='echo "consumer: right, alone: right"').replace("'", "'\\''")
        right = {"apt-get": 'case "$*" in *download*) touch thing.deb ;; esac',
                 "dpkg": f"mkdir -p \"$3/bin\"; printf '%s' '{compiler}' >\"$3/bin/cc\"; chmod +x \"$3/bin/cc\""}
        for spoilt, why in ((None, "1 of 1 cells"), ("apt-get", "exit code 7: apt-get"), ("dpkg", "exit code 7: dpkg")):
            with self.subTest(spoilt=spoilt), tempfile.TemporaryDirectory() as folder:
                for name, words in right.items():
                    tool = pathlib.Path(folder, name)
                    tool.write_text("#!/bin/sh\n" + ("exit 7" if name == spoilt else words) + "\n", encoding="utf-8")
                    os.chmod(tool, 0o755)
                cell = Cell("apart", ("UNPACKED/bin/cc",), parts=("consumers",), packages=("thing",), processor="none")
                with unittest.mock.patch.dict(os.environ, {"PATH": f"{folder}:{os.environ['PATH']}"}):
                    code, said = self.run_table([cell], folder)
                    self.assertEqual(code, 1 if spoilt else 0, said)
                    self.assertIn(why, said)
                    # Who does not need them does not ask for them.
                    code, said = self.run_table([dataclasses.replace(cell, compiler=("true",))], folder)
                    self.assertNotIn("exit code 7", said)

    def test_nothing_is_not_well(self):
        code, said = self.run_cells("--part", "unit", good="")
        self.assertEqual(code, 1)
        self.assertIn("nothing good", said)

    def test_wrong_use(self):
        for arguments, why in ((["other"], "there is no cell 'other'"), (["--part", "all"], "invalid choice")):
            code, said = self.run_cells(*arguments, good="")
            self.assertEqual(code, 2)
            self.assertIn("ci/matrix: error:", said)
            self.assertIn(why, said)

    def test_the_tenth_is_of_the_table(self):
        names = [cell.name for cell in matrix.matrix_cells.CELLS]
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual(set(matrix.matrix_cells.TENTH), set(names))
        self.assertLessEqual(len(matrix.matrix_cells.TENTH), len(names) / 8 + 1)


if __name__ == "__main__":
    unittest.main()
