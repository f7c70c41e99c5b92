#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Makes Debian packages of the tree as it is, unpacks them into a throw-away root, and    |
# | builds somebody else's program against what is there, with pkg-config and with CMake.   |
# | Why: what a package lacks is found by its users, unless it is found here. Without `all` |
# | it is the headers' package alone, in which nothing is compiled; that takes seconds.     |
# | A package without its copyright is then refused.                                        |
# | Relies on: dpkg-dev, debhelper, fakeroot, lintian, pkg-config, cmake.                   |
# | Usage: debian.sh SOURCE-ROOT [all]                                                      |
# +-----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"
source_root=$(readlink -f -- "$source_root")
all=${2-headers}
version=$(sed -nE "s/^project\(.*version: '([0-9.]+)'.*/\1/p" "$source_root/meson.build")
what=(--headers)
wanted='libcaiman-dev'
[[ $all != all ]] || what=() wanted='caiman-check libcaiman-c-dev libcaiman-c0.2 libcaiman-dev libcaiman-model-dev'

# Not what the build of this project sets.
unset CXX CXXFLAGS CPPFLAGS LDFLAGS DEB_BUILD_OPTIONS DEB_BUILD_PROFILES
"$source_root/packaging/deb" "${what[@]}" "$work/out" >"$work/log" 2>&1 || fail 'packaging/deb'
cat -- "$work/log"
! grep -q '^[EW]: ' "$work/log" || fail 'lintian is not content'
made=$(cd -- "$work/out" && for file in *.deb; do dpkg-deb -f "$file" Package; done | grep -v -e '-dbgsym$' | sort | tr '\n' ' ')
[[ $made == "$wanted " ]] || fail "made: $made"

mkdir -- "$work/unpacked"
for file in "$work"/out/*.deb; do
  [[ $(dpkg-deb -f "$file" Version) == "$version"-* ]] || fail "$file is of another version"
  dpkg-deb -x "$file" "$work/unpacked"
done
lib=$(dirname -- "$(find "$work/unpacked" -path '*/pkgconfig/caiman.pc')")
diff <(cd -- "$source_root/core/caiman" && find . -name '*.hpp' | sort) \
  <(cd -- "$work/unpacked/usr/include/caiman" && find . -name '*.hpp' | sort) || fail 'not all headers, or others'

# As one would with the package installed, except for where it lies.
export PKG_CONFIG_PATH=$lib PKG_CONFIG_SYSROOT_DIR=$work/unpacked
cp -r -- "$source_root/tests/consumers" "$source_root/tests/c" "$work"
cd -- "$work/consumers"
# -I of a place that is the system's own is left out by pkg-config; here it is none.
export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
make -C make >"$work/log" 2>&1 || fail 'pkg-config and make'
[[ $(make/consumer) == 'consumer: right' ]] || fail 'the program is wrong'
cmake -G Ninja -S cmake -B cmake/build -DCMAKE_PREFIX_PATH="$work/unpacked/usr" >"$work/log" 2>&1 || fail 'CMake finds nothing'
grep -q "^caiman_DIR:PATH=$work/unpacked/usr/lib" cmake/build/CMakeCache.txt || fail 'CMake finds another one'

if [[ $all == all ]]; then
  # shellcheck disable=SC2046
  cc -std=c11 ../c/c_interface.c $(pkg-config --cflags --libs caiman-c) -o c_interface >"$work/log" 2>&1 || fail 'C'
  LD_LIBRARY_PATH=${lib%/*} ./c_interface | grep -qx "c: right, $version" || fail 'the program in C is wrong'
  # shellcheck disable=SC2046
  g++ -std=c++23 $(pkg-config --cflags caiman-model) "$source_root/model/examples/queue.cpp" -o queue \
    $(pkg-config --libs caiman-model) >"$work/log" 2>&1 || fail 'a structure under the checks'
  ./queue verify --scenarios 10 | grep -q '^no violation in ' || fail 'the queue'
  check=$work/unpacked/usr/bin/caiman-check
  "$check" run buddies-f2 >"$work/log" 2>&1 || fail 'caiman-check'
  zcat "$work"/unpacked/usr/share/man/man1/caiman-check.1.gz >"$work/caiman-check.1"
  python3 "$source_root/tests/model/man_check.py" "$check" "$work/caiman-check.1" "$version" >"$work/log" 2>&1 ||
    fail 'the page for man'
fi

# What lintian is asked for, it says: a package from which the copyright is gone.
dpkg-deb -R "$work"/out/libcaiman-dev_*.deb "$work/spoilt"
rm -- "$work/spoilt/usr/share/doc/libcaiman-dev/copyright"
fakeroot dpkg-deb -b "$work/spoilt" "$work/spoilt.deb" >"$work/log"
if "$source_root/packaging/deb" --lint "$work/spoilt.deb" >"$work/log" 2>&1; then fail 'no copyright, and lintian is content'; fi
grep -q 'E: libcaiman-dev: no-copyright-file' "$work/log" || fail 'another error than that of the copyright'
printf 'debian: made, unpacked, used: %s\n' "$made"
