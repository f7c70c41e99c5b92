# SPDX-License-Identifier: MIT
"""What clang-tidy looks at, and what ci/test shows of it: no source and no finding is lost."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "ci/test"
FUNCTION = re.search(r"^clang_tidy_all\(\) \{\n.*?^\}\n", SCRIPT.read_text(encoding="utf-8"), re.M | re.S)
UNITS = SCRIPT.with_name("tidy_units.py")


class Units(unittest.TestCase):
    def units(self, sources, **more):
        """The sources of each unit, by where it lies; each source is a target of its own."""
        with tempfile.TemporaryDirectory() as made:
            root = pathlib.Path(made).resolve()
            for name, text in {**sources, **more}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            (root / "build/plain/meson-info").mkdir(parents=True)
            (root / "build/plain/meson-info/intro-targets.json").write_text(json.dumps([
                {"id": name, "defined_in": "meson.build", "target_sources": [
                    {"language": "cpp", "compiler": ["c++"], "parameters": [], "sources": [str(root / name)],
                     "generated_sources": []}]} for name in sources]))
            subprocess.run([sys.executable, UNITS], cwd=root, check=True)
            found = {}
            for each in json.loads((root / "build/tidy/compile_commands.json").read_text()):
                file = pathlib.Path(each["file"])
                inside = re.findall(rf'#include "{root}/(.*?)"', file.read_text()) or [str(file.relative_to(root))]
                settings = next(folder for folder in file.parents if (folder / ".clang-tidy").exists())
                found[tuple(sorted(inside))] = (settings / ".clang-tidy").read_text()
        return found

    def test_what_changes_its_neighbours_stands_alone(self):
        alone = {"opens": "namespace a {}", "refuses": "#ifdef A\n#error\n#endif", "defines": "#define A",
                 "replaces": "void* operator new(std::size_t);", "fits": "template <>", "c": 'extern "C" {}'}
        sources = {f"tests/{name}.cpp": text + "\n" for name, text in alone.items()}
        together = {"tests/one.cpp": "namespace m = a;\n", "tests/other.cpp": "#define FAULT 0\n"}
        self.assertEqual(set(self.units({**sources, **together}, **{".clang-tidy": ""})),
                         {(name,) for name in sources} | {tuple(together)})

    def test_a_unit_is_judged_as_its_sources_are(self):
        names = [f"model/gallery/{name}.cpp" for name in ("a", "locks/b")] + ["tests/a.cpp", "tests/b.cpp"]
        found = self.units(dict.fromkeys(names, ""), **{".clang-tidy": "all", "model/gallery/.clang-tidy": "less"})
        self.assertEqual(found, {tuple(names[:2]): "less", tuple(names[2:]): "all"})


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
