#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Builds somebody else's CMake projects against Caiman in each way there is, and runs     |
# | them: a folder of their tree, FetchContent from a folder and from git, and find_package |
# | after `cmake --install`, from a moved copy.                                             |
# | Why: CMakeLists.txt is not what we build with, so nothing else would see it break. What |
# | it must not do is asked, too: warn, change its user's settings, install beside its      |
# | user. Each question is then put to a copy with a fault that it must see.                |
# | Relies on: cmake, ninja, g++, git, meson (whose package must be the same).              |
# | Usage: cmake.sh SOURCE-ROOT                                                             |
# +-----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"

# Shows what the command printed only if it fails.
quietly() {
  "$@" >"$work/log" 2>&1 || fail "failed: $*"
}

# consumer NAME FOLDER ARGUMENT...: configures, without a word of warning, builds with many warnings
# that are errors, and runs. Its build directory is $work/NAME.
consumer() {
  local name=$1 folder=$2 flags='-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wsign-conversion'
  flags+=' -Wold-style-cast -Wuseless-cast -Wnull-dereference -Wduplicated-cond -Werror'
  shift 2
  rm -rf -- "${work:?}/$name"
  # Not -Werror=dev alone: a deprecation is not one of those.
  cmake -G Ninja -S "$consumers/$folder" -B "$work/$name" -Werror=dev -Werror=deprecated \
    -DCMAKE_CXX_FLAGS="$flags" -DCMAKE_INSTALL_PREFIX="$work/$name/prefix" "$@" || return 1
  cmake --build "$work/$name" || return 1
  [[ $("$work/$name/consumer") == 'consumer: right' ]] || { echo 'the program is wrong' && return 1; }
}

right() {
  consumer "$@" >"$work/log" 2>&1 || fail "$1"
  ! grep -i 'warning' "$work/log" || fail "$1: a warning"
  printf '%s: built and right\n' "$1"
}

# wrong TEXT NAME FOLDER ARGUMENT...: it fails, and says so.
faults=0
wrong() {
  local text=$1
  shift
  faults=$((faults + 1))
  if consumer "$@" >"$work/log" 2>&1; then fail "$1 is taken, and must not be"; fi
  grep -q -- "$text" "$work/log" || fail "$1: not \"$text\" but this"
}

# What a user has of us, with no more of the tree than CMake needs.
mkdir -- "$work/caiman"
cp -r -- "$source_root"/{CMakeLists.txt,core} "$work/caiman"
consumers=$work/consumers
cp -r -- "$source_root/tests/consumers" "$consumers"

# --- In the tree ---------------------------------------------------------------------------

right subdirectory cmake-subdirectory -DCAIMAN="$work/caiman"
quietly cmake --install "$work/subdirectory"
[[ ! -e $work/subdirectory/prefix ]] || fail 'Caiman is installed beside its user'
quietly cmake "$work/subdirectory" -DCAIMAN_INSTALL=ON
quietly cmake --install "$work/subdirectory"
[[ -f $work/subdirectory/prefix/include/caiman/caiman.hpp ]] || fail 'CAIMAN_INSTALL installs nothing'

right fetch-folder cmake-fetch -DFETCHCONTENT_SOURCE_DIR_CAIMAN="$work/caiman"
quietly git -C "$work/caiman" init --initial-branch=main
quietly git -C "$work/caiman" add .
quietly git -C "$work/caiman" -c user.name=us -c user.email=us@localhost commit -m 'a version'
quietly git -C "$work/caiman" tag v0
right fetch-git cmake-fetch -DCAIMAN_URL="file://$work/caiman"

# --- Installed -----------------------------------------------------------------------------

# installed_as_wanted FOLDER: nothing more and nothing less than the headers, two libraries and the package.
installed_as_wanted() {
  diff <(find "$1" -type f -printf '%P\n' | sort) <({
    find "$source_root/core/caiman" -name '*.hpp' -printf 'include/caiman/%P\n'
    printf '%s\n' include/caiman/c.h share/caiman/caiman_gdb.py
    printf 'lib/libcaiman-c.%s\n' a so."$version"
    printf 'lib/cmake/caiman/%s\n' caiman-config{,-version}.cmake
  } | sort)
}
dirs=(-DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_INSTALL_INCLUDEDIR=include)
quietly cmake -G Ninja -S "$work/caiman" -B "$work/install" -DCMAKE_INSTALL_PREFIX="$work/prefix" "${dirs[@]}"
quietly cmake --build "$work/install"
quietly cmake --install "$work/install"
version=$(sed -nE 's/^set\(PACKAGE_VERSION "(.*)"\)$/\1/p' "$work/install/caiman-config-version.cmake")
installed_as_wanted "$work/prefix" || fail 'not what should be installed'
touch "$work/prefix/include/caiman/more.hpp"
if installed_as_wanted "$work/prefix" >"$work/log"; then fail 'one file too many was not seen'; fi
rm -- "$work/prefix/include/caiman/more.hpp"

# The package is that which Meson installs, letter by letter.
quietly meson setup "$work/meson" "$source_root" --prefix "$work/meson-prefix" --libdir lib -Dtests=false -Dmodel=false
quietly meson install -C "$work/meson"
same_package() { diff -r "$work/prefix/lib/cmake" "$work/meson-prefix/lib/cmake"; }
same_package || fail 'CMake and Meson install different packages'
echo '# more' >>"$work/meson-prefix/lib/cmake/caiman/caiman-config.cmake"
if same_package >"$work/log"; then fail 'a difference of the packages was not seen'; fi

mv -- "$work/prefix" "$work/moved"
found=(-DCMAKE_PREFIX_PATH="$work/moved")
right find-package cmake "${found[@]}" -DWANTED=
IFS=. read -r major minor patch <<<"$version"
for wanted in "$major" "$major.$minor" "$version" "$version;EXACT" "$major.$minor...$((major + 1))"; do
  quietly cmake -G Ninja -S "$consumers/cmake" -B "$work/asked" "${found[@]}" -DWANTED="$wanted"
done
refused() { wrong 'were considered but not accepted' asked-wrongly cmake "${found[@]}" -DWANTED="$1"; }
refused "$((major + 1))"
refused "$major.$((minor + 1))"
refused "$major.$minor.$((patch + 1))"
refused "$major.$minor.$((patch + 1));EXACT"
refused "$major.$((minor + 1))...$((major + 1))"

# With a place that is no part of the prefix.
quietly cmake "$work/install" -DCMAKE_INSTALL_INCLUDEDIR="$work/headers"
quietly cmake --install "$work/install" --prefix "$work/other"
right elsewhere cmake -DCMAKE_PREFIX_PATH="$work/other" -DWANTED=
mv -- "$work/headers" "$work/gone"
wrong 'the headers are not where they were installed' headers-gone cmake -DCMAKE_PREFIX_PATH="$work/other" \
  -DWANTED=

# --- What must be seen ---------------------------------------------------------------------

# spoilt NAME EXPRESSION TEXT: a copy whose CMakeLists.txt sed changed is refused, with this text.
spoilt() {
  local copy=$work/spoilt
  rm -rf -- "$copy"
  mkdir -- "$copy"
  cp -r -- "$source_root"/{CMakeLists.txt,core} "$copy"
  sed -i -E "$2" "$copy/CMakeLists.txt"
  ! cmp -s -- "$copy/CMakeLists.txt" "$source_root/CMakeLists.txt" || fail "$1: nothing to spoil"
  wrong "$3" "$1" cmake-subdirectory -DCAIMAN="$copy"
}
spoilt no-headers 's#^(target_include_directories.*)/core"#\1/nowhere"#' 'caiman/caiman.hpp: No such file'
spoilt no-standard '/^target_compile_features/d' 'Caiman needs C..23'
spoilt no-target 's/caiman::caiman/caiman::other/' 'caiman::caiman'
# What sed appends is no variable.
# shellcheck disable=SC2016
spoilt cache '$aset(CMAKE_CXX_EXTENSIONS OFF CACHE BOOL "")' 'leaves variables behind: CMAKE_CXX_EXTENSIONS'
# shellcheck disable=SC2016
spoilt parent '$aset(BUILD_TESTING OFF PARENT_SCOPE)' 'leaves variables behind: BUILD_TESTING'
# shellcheck disable=SC2016
spoilt warns '$amessage(AUTHOR_WARNING "a word")' 'a word'
# The flags are those that warnings come from: a warning of the program's own ends the build.
sed -i 's/^int main() {/&\n  int unused;/' "$consumers/consumer.cpp"
wrong 'unused' warning cmake-subdirectory -DCAIMAN="$work/caiman"
printf 'cmake: %d faults are seen\n' "$faults"
