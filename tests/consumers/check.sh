#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Builds three projects of somebody else's against Caiman, and runs them.                 |
# | Why: what an installation lacks is found by its users, unless it is found               |
# | here. Installs into a temporary folder, says whether exactly what belongs there is      |
# | there, then builds with pkg-config and make, with CMake (from a moved copy: the package |
# | must not know where it was) and as a subproject of Meson.                               |
# | Relies on: cc, meson, ninja, make, pkg-config, cmake, python3.                          |
# | Usage: check.sh SOURCE-ROOT                                                             |
# +-----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"

# Shows what the command printed only if it fails.
quietly() { "$@" >"$work/log" 2>&1 || fail "failed: $*"; }

# installed_as_wanted PREFIX: nothing more and nothing less than the headers, two libraries and five files.
installed_as_wanted() {
  diff <(cd -- "$1" && find . -type f | sed -E 's#^\./lib(64|/[^/]*-linux-[^/]*)?/#lib/#; s#^\./##' | sort) \
    <({
      find "$source_root/core/caiman" -name '*.hpp' -printf 'include/caiman/%P\n'
      printf '%s\n' include/caiman/c.h share/caiman/caiman_gdb.py
      printf 'lib/%s\n' pkgconfig/caiman{,-c}.pc cmake/caiman/caiman-config{,-version}.cmake \
        libcaiman-c.{a,so."$version"}
    } | sort)
}
version=$(sed -nE "s/^project\(.*version: '([0-9.]+)'.*/\1/p" "$source_root/meson.build")

# runs NAME PROGRAM
runs() {
  [[ $("$2") == 'consumer: right' ]] || fail "$1: the program is wrong"
  printf '%s: built and right\n' "$1"
}

quietly meson setup "$work/build" "$source_root" --prefix "$work/prefix" -Dtests=false -Dmodel=false
quietly meson install -C "$work/build"
installed_as_wanted "$work/prefix" || fail 'not what should be installed'
touch "$work/prefix/include/caiman/more.hpp"
if installed_as_wanted "$work/prefix" >"$work/log"; then fail 'one file too many was not seen'; fi
rm -- "$work/prefix/include/caiman/more.hpp"

cp -r -- "$source_root/tests/consumers" "$source_root/tests/c" "$work"
cd -- "$work/consumers"

pc=$(dirname -- "$(find "$work/prefix" -name caiman.pc)")
quietly env PKG_CONFIG_PATH="$pc" make -C make
runs pkg-config make/consumer
# C has no use for C++'s flags.
c_flags=$(PKG_CONFIG_PATH="$pc" pkg-config --cflags --libs caiman-c)
# shellcheck disable=SC2086
quietly cc -std=c11 -Wall -Wextra -Wpedantic -Werror ../c/c_interface.c $c_flags -o c_interface
LD_LIBRARY_PATH=${pc%/*} ./c_interface | grep -qx "c: right, $version" || fail 'the program in C is wrong'

mv -- "$work/prefix" "$work/moved"
quietly cmake -G Ninja -S cmake -B cmake/build -DCMAKE_PREFIX_PATH="$work/moved"
quietly cmake --build cmake/build
runs cmake cmake/build/consumer
quietly cmake -G Ninja -S cmake-c -B cmake-c/build -DCMAKE_PREFIX_PATH="$work/moved"
quietly cmake --build cmake-c/build
cmake-c/build/c_interface | grep -qx "c: right, $version" || fail 'cmake: the program in C is wrong'
if cmake -G Ninja -S cmake -B cmake/other -DCMAKE_PREFIX_PATH="$work/moved" -DWANTED=0.3 \
  >"$work/log" 2>&1; then
  fail 'cmake took it for version 0.3'
fi
grep -q 'were considered but not accepted' "$work/log" || fail "cmake"

mkdir meson/subprojects
ln -s -- "$source_root" meson/subprojects/caiman
quietly meson setup meson/build meson --wrap-mode=forcefallback
targets=$(meson introspect --targets meson/build |
  python3 -c 'import json, sys; print(*sorted(t["name"] for t in json.load(sys.stdin)))')
[[ $targets == consumer ]] || fail "a subproject builds: $targets"
quietly ninja -C meson/build
runs meson meson/build/consumer
