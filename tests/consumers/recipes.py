#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The wrap, the port for vcpkg and the recipe for Conan, as far as they run without their registries.

Meson gets the wrap, whose address leads to a repository made of the tree here. CMake runs the portfile with
stand-ins for vcpkg's functions, which do what vcpkg's documentation says of them; Python the recipe, with a stand-in
for Conan. What each installs is compared with the tree, and a program is compiled against it; all versions with that
of meson.build. Then faults are put in, and must be seen. Relies on: meson, cmake, ninja, git, g++.
"""

import contextlib
import fnmatch
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import types
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PACKAGING = ROOT / "packaging"
VERSION = re.search(r"version: '([0-9.]+)'", (ROOT / "meson.build").read_text(encoding="utf-8"))[1]
STAND_INS = r"""
cmake_minimum_required(VERSION 3.21)
function(vcpkg_from_git)
  cmake_parse_arguments(PARSE_ARGV 0 asked "" "OUT_SOURCE_PATH;URL;REF;HEAD_REF" "")
  if(NOT asked_URL STREQUAL "ADDRESS" OR NOT asked_REF STREQUAL "COMMIT" OR asked_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "vcpkg_from_git: ${ARGV}")
  endif()
  set(${asked_OUT_SOURCE_PATH} "${TREE}" PARENT_SCOPE)
endfunction()
function(vcpkg_cmake_configure)
  cmake_parse_arguments(PARSE_ARGV 0 asked "" "SOURCE_PATH" "OPTIONS")
  execute_process(COMMAND ${CMAKE_COMMAND} -G Ninja -S ${asked_SOURCE_PATH} -B ${WORK}/build ${asked_OPTIONS}
    -DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR} -DCMAKE_INSTALL_LIBDIR=lib COMMAND_ERROR_IS_FATAL ANY)
endfunction()
function(vcpkg_cmake_install)
  execute_process(COMMAND ${CMAKE_COMMAND} --build ${WORK}/build --target install COMMAND_ERROR_IS_FATAL ANY)
endfunction()
function(vcpkg_cmake_config_fixup)
  cmake_parse_arguments(PARSE_ARGV 0 asked "" "PACKAGE_NAME;CONFIG_PATH" "")
  file(COPY ${CURRENT_PACKAGES_DIR}/${asked_CONFIG_PATH}/ DESTINATION ${CURRENT_PACKAGES_DIR}/share/${asked_PACKAGE_NAME})
  file(REMOVE_RECURSE ${CURRENT_PACKAGES_DIR}/${asked_CONFIG_PATH})
endfunction()
function(vcpkg_replace_string file old new)
  file(READ "${file}" text)
  string(REPLACE "${old}" "${new}" changed "${text}")
  if(changed STREQUAL text)
    message(FATAL_ERROR "vcpkg_replace_string: nothing to replace")
  endif()
  file(WRITE "${file}" "${changed}")
endfunction()
function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 asked "" "" "FILE_LIST")
  file(COPY_FILE ${asked_FILE_LIST} ${CURRENT_PACKAGES_DIR}/share/caiman/copyright)
endfunction()
include(${PORTFILE})
"""
USER = """
cmake_minimum_required(VERSION 3.21)
project(user CXX)
find_package(caiman 0.2 CONFIG REQUIRED)
add_executable(user user.cpp)
target_link_libraries(user PRIVATE caiman::caiman)
"""
PROGRAM = '#include <caiman/version.hpp>\n#include <cstdio>\nint main() { std::puts(CAIMAN_VERSION_STRING); }\n'


def run(*command, **more):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=300, **more)
    return done.returncode, done.stdout + done.stderr


def headers(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.hpp"))


def stated(spoilt=None):
    """Who states a version, and which; with a file that says another one, if it is told to."""
    patterns = {"meson/caiman.wrap": r"^revision = v(.*)$", "vcpkg/caiman/portfile.cmake": r"the tag v([0-9.]*[0-9])",
                "vcpkg/caiman/vcpkg.json": r'"version": "(.*)"', "conan/conanfile.py": r'version = "(.*)"',
                "debian/changelog": r"\Acaiman \((.*)-\d+\)"}
    texts = {file: (PACKAGING / file).read_text(encoding="utf-8") for file in patterns}
    if spoilt:
        texts[spoilt] = texts[spoilt].replace(VERSION, "0.0.7")
    return {file: [match[1] for match in re.finditer(patterns[file], texts[file], re.MULTILINE)] for file in patterns}


class Recipes(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.work = pathlib.Path(made.name)

    def copy_of_the_tree(self):
        tree = self.work / "tree"
        for name in ("core", "CMakeLists.txt", "meson.build", "meson_options.txt", "LICENSE"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            tree.mkdir(exist_ok=True)
            copy(ROOT / name, tree / name)
        return tree

    def user(self, text=PROGRAM):
        folder = self.work / "user"
        folder.mkdir()
        (folder / "user.cpp").write_text(text, encoding="utf-8")
        return folder

    def test_all_state_the_same_version(self):
        for file, versions in stated().items():
            self.assertEqual(versions, [VERSION], file)

    def test_another_version_would_be_seen(self):
        for file in stated():
            self.assertEqual(stated(file)[file], ["0.0.7"], file)

    def test_meson_takes_the_wrap(self):
        tree, user = self.copy_of_the_tree(), self.user()
        names = ("-c", "user.name=us", "-c", "user.email=us@localhost")
        for command in (("init", "-q"), ("add", "."), (*names, "commit", "-qm", "a version"), ("tag", f"v{VERSION}")):
            self.assertEqual(run("git", "-C", tree, *command)[0], 0, command)
        (user / "subprojects").mkdir()
        wrap = (PACKAGING / "meson/caiman.wrap").read_text(encoding="utf-8")
        (user / "subprojects/caiman.wrap").write_text(wrap.replace("url = URL", f"url = file://{tree}"), encoding="utf-8")
        (user / "meson.build").write_text(
            "project('user', 'cpp', default_options: ['cpp_std=none'])\nadd_project_arguments('-std=c++23', language: 'cpp')\n"
            "executable('user', 'user.cpp', dependencies: dependency('caiman'))\n", encoding="utf-8")
        setup = ("meson", "setup", user / "build", user, "--wrap-mode=default", "--force-fallback-for=caiman")
        code, text = run(*setup)
        self.assertEqual(code, 0, text)
        code, text = run("ninja", "-C", user / "build")
        self.assertEqual(code, 0, text)
        self.assertEqual(run(user / "build/user"), (0, VERSION + "\n"))
        # The tag is what is taken: one that is not there is no version.
        shutil.rmtree(user / "build")
        shutil.rmtree(user / "subprojects/caiman")
        run("git", "-C", tree, "tag", "-d", f"v{VERSION}")
        self.assertNotEqual(run(*setup)[0], 0)

    def port(self, change=None):
        """What the portfile puts into a package, or what CMake says against it."""
        tree, packages = self.copy_of_the_tree(), self.work / "packages"
        text = (PACKAGING / "vcpkg/caiman/portfile.cmake").read_text(encoding="utf-8")
        if change:
            self.assertIn(change[0], text)
            text = text.replace(*change)
        (self.work / "portfile.cmake").write_text(text, encoding="utf-8")
        (self.work / "run.cmake").write_text(STAND_INS, encoding="utf-8")
        code, said = run("cmake", f"-DTREE={tree}", f"-DWORK={self.work}", f"-DCURRENT_PACKAGES_DIR={packages}",
                         f"-DPORTFILE={self.work}/portfile.cmake", "-P", self.work / "run.cmake")
        return code, said, packages

    def test_vcpkg_runs_the_portfile(self):
        code, said, packages = self.port()
        self.assertEqual(code, 0, said)
        self.assertEqual(headers(packages / "include"), headers(ROOT / "core"))
        self.assertEqual(sorted(path.name for path in packages.iterdir()), ["include", "share"])
        self.assertEqual((packages / "share/caiman/copyright").read_text(), (ROOT / "LICENSE").read_text())
        user = self.user()
        (user / "CMakeLists.txt").write_text(USER, encoding="utf-8")
        code, said = run("cmake", "-G", "Ninja", "-S", user, "-B", user / "build", f"-DCMAKE_PREFIX_PATH={packages}")
        self.assertEqual(code, 0, said)
        code, said = run("cmake", "--build", user / "build")
        self.assertEqual(code, 0, said)
        self.assertEqual(run(user / "build/user"), (0, VERSION + "\n"))
        # Where the package still thinks that it lies deeper, CMake must refuse it.
        config = packages / "share/caiman/caiman-config.cmake"
        config.write_text(config.read_text().replace("DIR}/../../", "DIR}/../../../"))
        self.assertIn("not where they were installed", run("cmake", "--fresh", "-G", "Ninja", "-S", user, "-B",
                                                           user / "build", f"-DCMAKE_PREFIX_PATH={packages}")[1])

    def test_a_wrong_portfile_is_seen(self):
        code, said, _ = self.port(("/LICENSE", "/LICENCE"))
        self.assertNotEqual(code, 0)
        self.assertIn("LICENCE", said)

    def test_the_port_has_what_vcpkg_asks_for(self):
        port = json.loads((PACKAGING / "vcpkg/caiman/vcpkg.json").read_text(encoding="utf-8"))
        self.assertEqual(port["name"], "caiman")
        self.assertEqual(port["license"], "MIT")
        needs = {name["name"] for name in port["dependencies"] if name["host"]}
        text = (PACKAGING / "vcpkg/caiman/portfile.cmake").read_text(encoding="utf-8")
        self.assertEqual(needs, {"vcpkg-cmake-config" if "config" in word else "vcpkg-cmake"
                                 for word in re.findall(r"^vcpkg_cmake_\w+", text, re.MULTILINE)})

    def recipe(self):
        """The recipe's class, with a stand-in for what it takes from Conan."""
        def copy(_, pattern, src, dst):
            found = [path for path in pathlib.Path(src).rglob("*")
                     if path.is_file() and fnmatch.fnmatch(str(path.relative_to(src)), pattern)]
            for path in found:
                to = pathlib.Path(dst) / path.relative_to(src)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, to)
            return found

        class Invalid(Exception):
            pass

        def at_least(recipe, wanted):
            if int(recipe.settings.get_safe("compiler.cppstd").removeprefix("gnu")) < wanted:
                raise Invalid("too old")

        class Base:
            def __init__(self, folder, **settings):
                self.export_sources_folder = self.source_folder = str(folder / "source")
                self.package_folder = str(folder / "package")
                self.settings = types.SimpleNamespace(get_safe=settings.get)
                self.info = types.SimpleNamespace(clear=lambda: None)
                self.properties = {}
                self.cpp_info = types.SimpleNamespace(set_property=self.properties.__setitem__)

        modules = {"conan": {"ConanFile": Base}, "conan.errors": {"ConanInvalidConfiguration": Invalid}, "conan.tools": {},
                   "conan.tools.build": {"check_min_cppstd": at_least}, "conan.tools.files": {"copy": copy}}
        text = (PACKAGING / "conan/conanfile.py").read_text(encoding="utf-8")
        known = {"__file__": str(PACKAGING / "conan/conanfile.py"), "__name__": "conanfile"}
        with contextlib.ExitStack() as after:
            for name, has in modules.items():
                sys.modules[name] = types.ModuleType(name)
                vars(sys.modules[name]).update(has)
                after.callback(sys.modules.pop, name)
            exec(compile(text, "conanfile.py", "exec"), known)  # ours, out of this tree
        return known["CaimanRecipe"], Invalid

    def test_conan_packages_the_headers(self):
        recipe, _ = self.recipe()
        ours = recipe(self.work, os="Linux", **{"compiler.cppstd": "gnu23"})
        ours.export_sources()
        ours.validate()
        ours.package_id()
        ours.package()
        ours.package_info()
        package = self.work / "package"
        self.assertEqual((recipe.name, recipe.version, recipe.license), ("caiman", VERSION, "MIT"))
        self.assertEqual(headers(package / "include"), headers(ROOT / "core"))
        self.assertTrue((package / "licenses/LICENSE").is_file())
        self.assertEqual(ours.properties["cmake_target_name"], "caiman::caiman")
        user = self.user()
        code, said = run("g++", "-std=c++23", "-I", package / "include", user / "user.cpp", "-o", user / "user", "-lpthread")
        self.assertEqual((code, said), (0, ""))
        self.assertEqual(run(user / "user"), (0, VERSION + "\n"))

    def test_conan_refuses_what_caiman_cannot(self):
        recipe, invalid = self.recipe()
        for settings in {"os": "Windows"}, {"os": "Linux", "compiler.cppstd": "20"}:
            with self.assertRaises(invalid):
                recipe(self.work, **settings).validate()


if __name__ == "__main__":
    unittest.main()
