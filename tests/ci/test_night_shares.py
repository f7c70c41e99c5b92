# SPDX-License-Identifier: MIT
"""Two shares of ./ci/nightly with verdicts of their own: the gallery and the cases for GenMC.

The engine and the programs are stand-ins; what asks them is the real one.
"""

import os
import pathlib
import sys
import types

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import unittest  # noqa: E402
from unittest import mock  # noqa: E402

from test_nightly import CI, Folder, first_of  # noqa: E402

from nightlylib import report, structures  # noqa: E402
from nightlylib.schedule import Part  # noqa: E402

# Stands in for all programs of the gallery: the right one passes, a fault is convicted and shown again, with a page.
STRUCTURE = r"""
case $* in
  *'--page '*) echo 'data race, in arc.cpp' >"${*##*--page }" ;;
esac
case $0 in
  *.0) echo 'no violation in 12 executions of 5 invented scenarios'
    echo '0.1 s, 2 threads'; exit 0 ;;
esac
echo 'data race: thread 0 reads'
echo "replay: $0 replay --state 3"
echo '2 threads, 2 operations, 1 switches; 30 executions in all, 0.1 s'
exit 1
"""
# Stands in for a genmc: convicts whatever is compiled with a weaker order or as a control.
ENGINE = r"""#!/bin/sh
echo 'GenMC v0.10.3 (LLVM 14.0.6)'
case "$*" in
  *-DWEAK=* | *half_fenced* | *_control.cpp*) echo 'Error: Safety violation!'
    echo 'Number of complete executions explored: 2'; exit 42 ;;
esac
echo 'No errors were detected.'
echo 'Number of complete executions explored: 9'
"""


class Shares(Folder):
    def night(self, seed=7):
        return types.SimpleNamespace(build=self.folder / "build", seed=seed, task_seconds=1, folder=self.folder,
                                     root=CI.parent)

    # ---- the gallery -------------------------------------------------------------------------

    def structure(self, right=STRUCTURE, fault=STRUCTURE):
        for number, script in enumerate((right, fault, fault, fault, fault)):
            self.stand_in(f"model/gallery/arc.{number}", script)

    def gallery(self, seed=7):
        part = first_of(structures.gallery(self.night(seed)))
        return self.schedule([part], seconds=0.0).part("gallery")

    def test_a_structure_that_passes_counts_with_its_faults(self):
        self.structure()
        done = self.gallery()
        self.assertEqual(done["failures"], [])
        self.assertEqual(done["counts"], {"structures passed": 1, "faults convicted": 3, "further seeds for faults": 0,
                                          "executions": 102})

    def test_what_one_seed_misses_another_one_may_find(self):
        self.structure(fault='case "$*" in *"--seed 7002 "*) echo "no violation in 12 executions"; exit 0 ;; esac\n'
                       + STRUCTURE)
        done = self.gallery()
        self.assertEqual((done["failures"], done["counts"]["further seeds for faults"]), ([], 3))

    def test_a_right_structure_that_is_convicted_is_a_finding(self):
        self.structure(right="echo 'leak: of an object'; echo \"replay: $0 replay --state 5\"; exit 1")
        found = self.gallery()["failures"][0]
        self.assertIn("arc: the right one does not pass: leak", found["what"])
        self.assertTrue(found["replay"].endswith("arc.0 replay --state 5"), found["replay"])

    def test_a_fault_that_passes_is_a_failure(self):
        self.structure(fault=STRUCTURE.replace("*.0)", "*)"))
        found = self.gallery()["failures"][0]
        self.assertIn("arc.1 is not convicted", found["what"])
        self.assertTrue(found["replay"].endswith("arc.1 verify --seed 1007002 --scenarios 1000"), found["replay"])

    def test_a_fault_whose_page_does_not_tell_of_it_is_a_failure(self):
        for wrong in ("data race, in another.cpp", "in arc.cpp"):
            self.structure(fault=STRUCTURE.replace("data race, in arc.cpp", wrong))
            found = self.gallery()["failures"][0]
            self.assertIn("arc.1: its page does not tell of it", found["what"])
            (self.folder / "night-1.json").unlink()

    def test_a_program_that_says_nothing_or_dies_or_is_not_there_is_a_failure(self):
        for script in ("exit 0", "kill -9 $$", None):
            self.structure(right=script or STRUCTURE)
            if script is None:
                (self.folder / "build/model/gallery/arc.2").unlink()
            self.assertEqual(len(self.gallery()["failures"]), 1, script)
            (self.folder / "night-1.json").unlink()

    def test_every_night_and_every_turn_has_seeds_of_its_own(self):
        names = structures._lines([sys.executable, str(CI.parent / "tests/model/gallery_check.py"), ".", "--list"])
        one, other = (structures.gallery(self.night(seed)) for seed in (7, 8))
        seeds = [part.task(number).name for part in (one, other) for number in (0, len(names))]
        self.assertEqual(len(set(seeds)), 4)
        self.assertEqual({one.task(number).name.split(",")[0] for number in range(len(names))}, set(names))

    # ---- GenMC -------------------------------------------------------------------------------

    def genmc(self, engine=ENGINE, numbers=(0, 1, -1)):
        path = self.folder / "genmc"
        if engine is not None:
            path.write_text(engine)
            path.chmod(0o755)
        with mock.patch.object(structures.shutil, "which", return_value=str(path) if engine else None):
            part = structures.genmc(self.night())
            last = next(number for number in range(1000) if part.task(number + 1) is None)
            chosen = [number % (last + 1) for number in numbers]
            some = Part("genmc", 1, lambda index: part.task(chosen[index]) if index < len(chosen) else None)
            return self.schedule([some])

    def test_the_night_has_the_table_of_executions(self):
        kept = self.genmc()
        part = kept.part("genmc")
        self.assertEqual(part["failures"], [])
        self.assertEqual(part["figures"], {"executions of ledger_await, rc11": 9, "executions of ledger_end, rc11": 9})
        self.assertEqual(part["counts"], {"cases hold": 2, "executions": 18, "controls convicted": 1})
        self.assertEqual(part["notes"], ["GenMC 0.10.3"])
        self.assertIn("executions of ledger_await, rc11", report.page(kept, {}))

    def test_a_control_that_passes_is_a_failure(self):
        part = self.genmc(ENGINE.replace("*-DWEAK=* | *half_fenced* | *_control.cpp*", "nothing")).part("genmc")
        self.assertEqual((len(part["failures"]), part["counts"]["cases hold"]), (1, 2))
        self.assertIn("a control is not convicted", part["failures"][0]["what"])
        self.assertIn("model/genmc/run.py run ", part["failures"][0]["replay"])

    def test_what_is_convicted_or_not_understood_is_a_failure(self):
        for engine in (ENGINE.replace("*-DWEAK=*", "*"), "#!/bin/sh\necho 'ERROR: Invalid call to memset()!'; exit 1\n",
                       "#!/bin/sh\n"):
            part = self.genmc(engine, (0,)).part("genmc")
            self.assertEqual(len(part["failures"]), 1)
            self.assertNotIn("cases hold", part["counts"])
            (self.folder / "night-1.json").unlink()

    def test_not_installed_is_said_and_counts_nothing(self):
        part = self.genmc(None, (0,)).part("genmc")
        self.assertEqual((part["notes"], part["counts"], part["failures"]), (["genmc: not installed"], {}, []))


if __name__ == "__main__":
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    unittest.main()
