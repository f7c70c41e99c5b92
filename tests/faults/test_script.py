# SPDX-License-Identifier: MIT
"""faults.py puts each fault where its author meant it, or nowhere; with a core of one line."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "model/caiman/faults/faults.py"


class Replacements(unittest.TestCase):
    def copy(self, *changes):
        """What comes of the one line, or why there is no copy."""
        with tempfile.TemporaryDirectory() as held:
            folder = pathlib.Path(held)
            (folder / "core/caiman").mkdir(parents=True)
            (folder / "core/caiman/a.hpp").write_text("one = two + two;")
            (folder / "faults").mkdir()
            shutil.copy2(SCRIPT, folder / "faults")
            (folder / "faults/a.toml").write_text("".join(
                f'[fault-{n}]\nwhat = "w"\nin = "a.hpp"\nold = "{old}"\nnew = "{new}"\ntest = "t"\n'
                for n, (old, new) in enumerate(changes)))
            done = subprocess.run([sys.executable, folder / "faults/faults.py", "core", folder / "core",
                                   folder / "copy", folder / "stamp"], capture_output=True, text=True, check=False)
            return (folder / "copy/core/caiman/a.hpp").read_text() if done.returncode == 0 else done.stderr

    def test_each_is_off_until_it_is_named(self):
        self.assertEqual(self.copy(("one", "FAULT ? 1 : one"), ("= two", "= FAULT ? 2 : two")),
                         'caiman_fault("fault-0") ? 1 : one = caiman_fault("fault-1") ? 2 : two + two;')

    def test_what_is_not_there_or_twice_is_refused(self):
        self.assertIn("[fault-0]: what it replaces stands in core/ 0 times", self.copy(("three", "FAULT")))
        self.assertIn("[fault-0]: what it replaces stands in core/ 2 times", self.copy(("two", "FAULT")))

    def test_no_fault_leans_on_another_or_undoes_it(self):
        self.assertIn("[fault-1]: what it replaces stands in core/ 0 times",
                      self.copy(("one", "FAULT ? 1 : one"), ("? 1", "? 3")))
        self.assertIn("[fault-1]: what it replaces stands in the copy with the faults before it 0 times",
                      self.copy(("one =", "FAULT"), ("one", "FAULT")))

    def test_each_file_is_known_to_the_build(self):
        """Of what it does not know, nothing is built anew when it changes."""
        known = (SCRIPT.parents[1] / "meson.build").read_text(encoding="utf-8")
        files = {file.name for file in SCRIPT.parent.glob("*.toml")}
        self.assertGreater(len(files), 5)
        self.assertEqual({name for name in files if f"'faults/{name}'" in known}, files)


if __name__ == "__main__":
    unittest.main()
