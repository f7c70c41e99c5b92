# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# +-----------------------------------------------------------------------------------------+
# | What the project takes from Debian 12; sourced by lib.sh, never run.                    |
# | Why: ci/setup installs from these lists, and a build directory is set up again when     |
# | what they name has come, gone or changed. One list serves both.                         |
# | Relies on: nothing.                                                                     |
# +-----------------------------------------------------------------------------------------+

# Their headers and libraries go into our programs, so that another version makes what is built stale.
compiled_in=(g++ relacy-dev librapidcheck-dev catch2 libcli11-dev libfmt-dev libzstd-dev
  nlohmann-json3-dev libbenchmark-dev libboost-context-dev)
compiled_in_later=(libasio-dev liburing-dev libvulkan-dev libz3-dev)

base=("${compiled_in[@]}" meson ninja-build pkg-config cmake patch)
bench=("${base[@]}" libasio-dev liburing-dev libjemalloc2 libmimalloc2.0 libtcmalloc-minimal4 libtbbmalloc2)
prove=("${base[@]}" libz3-dev)
docs=(doxygen doxygen-awesome-css python3)
newcomer=(debootstrap git python3)
night=("${bench[@]}" "${newcomer[@]}" libz3-dev clang-19 libclang-rt-19-dev llvm-19 gcovr afl++)
# Other processors, on the one that has the cross compilers; there, too, musl.
others=(musl-tools)
[[ $(uname -m) != x86_64 ]] || others+=(g++-aarch64-linux-gnu g++-riscv64-linux-gnu qemu-user)
house=("${night[@]}" "${compiled_in_later[@]}" "${others[@]}" clang-format clang-tidy-19 cppcheck "${docs[@]}"
  libc++-19-dev libc++abi-19-dev gdb make mesa-vulkan-drivers valgrind chromium nodejs npm python3-yaml
  debhelper dpkg-dev fakeroot lintian)
# From elsewhere these are as good, and Debian's npm does not go with another's nodejs.
declare -A as_good=([chromium]=chromium [nodejs]=node [npm]=npm)

# What the build files look for, and do without where it is not there.
looked_for=(aarch64-linux-gnu-g++ bash chromium clang++-19 dh lintian node npm python3 sh valgrind)
