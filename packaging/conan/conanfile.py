# SPDX-License-Identifier: MIT
"""Caiman for Conan 2: `conan create packaging/conan` from a checkout, headers alone.

The test `recipes` runs it with a stand-in for Conan, which no test of ours has.
"""

import os

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


class CaimanRecipe(ConanFile):
    name = "caiman"
    version = "0.2.1"
    license = "MIT"
    description = "A lock-free buddy allocator in C++23: arenas, buffers, shared bytes, or indices alone"
    topics = ("allocator", "lock-free", "buddy", "arena", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    no_copy_source = True

    def export_sources(self):
        copy(self, "LICENSE", ROOT, self.export_sources_folder)
        copy(self, "caiman/*.hpp", os.path.join(ROOT, "core"), os.path.join(self.export_sources_folder, "core"))

    def validate(self):
        if self.settings.get_safe("os") != "Linux":
            raise ConanInvalidConfiguration("Caiman needs Linux")
        if self.settings.get_safe("compiler.cppstd"):
            check_min_cppstd(self, 23)

    def package_id(self):
        self.info.clear()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        copy(self, "*.hpp", os.path.join(self.source_folder, "core"), os.path.join(self.package_folder, "include"))

    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.system_libs = ["pthread"]
        self.cpp_info.set_property("cmake_file_name", "caiman")
        self.cpp_info.set_property("cmake_target_name", "caiman::caiman")
        self.cpp_info.set_property("pkg_config_name", "caiman")
