# SPDX-License-Identifier: MIT
# Caiman for vcpkg: `vcpkg install caiman --overlay-ports=packaging/vcpkg`, with the address of the repository in the
# place of ADDRESS and the commit of the tag v0.2.1 in that of COMMIT. The test `recipes` runs it with stand-ins for vcpkg.
vcpkg_from_git(OUT_SOURCE_PATH source
  URL "ADDRESS"
  REF "COMMIT")

# Headers alone: one configuration is enough, and no library is left.
set(VCPKG_BUILD_TYPE release)
vcpkg_cmake_configure(SOURCE_PATH "${source}" OPTIONS -DCAIMAN_INSTALL=ON -DCAIMAN_C=OFF)
vcpkg_cmake_install()

# The package lies in share/caiman then, one folder less deep than where it was installed.
vcpkg_cmake_config_fixup(PACKAGE_NAME caiman CONFIG_PATH lib/cmake/caiman)
vcpkg_replace_string("${CURRENT_PACKAGES_DIR}/share/caiman/caiman-config.cmake"
  "\${CMAKE_CURRENT_LIST_DIR}/../../../" "\${CMAKE_CURRENT_LIST_DIR}/../../")

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/lib")
vcpkg_install_copyright(FILE_LIST "${source}/LICENSE")
