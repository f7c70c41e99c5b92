#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Whether all who state a version state the same one.                                     |
# | Why: meson.build cannot read it out of a header, so it stands there once more. Meson    |
# | hands in its own; the header says it to the preprocessor, in four ways, and CMake reads |
# | the header. Each of them is then spoilt in a copy, and that must be seen.               |
# | Relies on: g++, cmake.                                                                  |
# | Usage: version.sh SOURCE-ROOT MESONS-VERSION                                            |
# +-----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"
wanted=$2

# header_agrees ROOT VERSION [HEADER]: numbers and text are this version, and the preprocessor can compare.
header_agrees() {
  local major minor patch
  IFS=. read -r major minor patch <<<"$2"
  g++ -std=c++23 -Wall -Wextra -Wpedantic -Werror -I"$1/core" -fsyntax-only -x c++ - <<CPP
#include <caiman/${3:-version}.hpp>
#include <string_view>
#if CAIMAN_VERSION != $major * 10000 + $minor * 100 + $patch
#error "CAIMAN_VERSION is another one"
#endif
static_assert(CAIMAN_VERSION_MAJOR == $major && CAIMAN_VERSION_MINOR == $minor &&
              CAIMAN_VERSION_PATCH == $patch);
static_assert(std::string_view(CAIMAN_VERSION_STRING) == "$2");
CPP
}

# cmake_agrees ROOT VERSION
cmake_agrees() {
  local build
  build=$(mktemp -d -p "$work")
  cmake -G Ninja -S "$1" -B "$build" || return 1
  grep -qxF "set(PACKAGE_VERSION \"$2\")" "$build/caiman-config-version.cmake" ||
    { grep '^set(PACKAGE_VERSION ' "$build/caiman-config-version.cmake" && return 1; }
}

# asserted COMPILER HEADER VERSION: compiles a program that wants this version.
asserted() {
  echo "#include <caiman/$2.hpp>" |
    "$1" -std=c++23 -Wall -Wextra -Wpedantic -Werror -DCAIMAN_ASSERT_VERSION"$3" -I"$source_root/core" \
      -fsyntax-only -x c++ - >"$work/log" 2>&1
}

# pages_agree ROOT VERSION: what people read says it, too.
pages_agree() {
  grep -q "^\*\*Status:\*\* version ${2//./\\.};" "$1/README.md" || { echo 'README.md says another one' && return 1; }
  [[ $(sed -nE 's/^## \[([0-9.]+)\].*/\1/p' "$1/CHANGELOG.md" | head -n 1) == "$2" ]] ||
    { echo 'CHANGELOG.md begins with another one' && return 1; }
}

[[ $wanted =~ ^[0-9]+\.[0-9]{1,2}\.[0-9]{1,2}$ ]] || fail "meson's version is $wanted"
header_agrees "$source_root" "$wanted" || fail "version.hpp does not say $wanted"
header_agrees "$source_root" "$wanted" caiman || fail 'the umbrella says nothing of the version'
cmake_agrees "$source_root" "$wanted" >"$work/log" 2>&1 ||
  fail "CMake does not say $wanted"

pages_agree "$source_root" "$wanted" >"$work/log" || fail 'the pages say another version'
# A copy with another number in one of them is seen.
for page in README.md CHANGELOG.md; do
  mkdir -p -- "$work/pages"
  cp -- "$source_root"/{README,CHANGELOG}.md "$work/pages"
  sed -i "s/${wanted//./\\.}/0.77.0/" "$work/pages/$page"
  if pages_agree "$work/pages" "$wanted" >"$work/log"; then fail "another number in $page is not seen"; fi
  grep -q "^$page " "$work/log" || fail "another number in $page"
done

# Headers of another version than a program asserts do not compile, and say why.
IFS=. read -r major minor patch <<<"$wanted"
refused_as() {
  if asserted "$@"; then fail "$1: $2.hpp is taken for $3"; fi
  grep -q "these headers are Caiman $wanted, and CAIMAN_ASSERT_VERSION wants another version" "$work/log" ||
    fail "$1 with $3"
}
for compiler in g++ clang++-19; do
  for right in "=$wanted" "=$major.$minor"; do
    asserted "$compiler" version "$right" || fail "$compiler: the headers are not $right"
  done
  for wrong in "=$major.$((minor + 1))" "=$major.$minor.$((patch + 1))" "=$major.$minor.${patch}1" "=$wanted.0" \
    "=$major.${minor}0" '=' ''; do
    refused_as "$compiler" version "$wrong"
  done
done
# So does what a program begins with.
for header in error buddy arena; do refused_as g++ "$header" "=$major.$((minor + 1))"; done

# refused WHICH PATTERN REPLACEMENT TEXT: a copy that was changed so is not taken, with this text.
refused() {
  rm -rf -- "$work/copy"
  mkdir -- "$work/copy"
  cp -r -- "$source_root"/{CMakeLists.txt,core} "$work/copy"
  sed -i -E "s/$2/$3/" "$work/copy/core/caiman/version.hpp"
  ! cmp -s -- {"$source_root","$work/copy"}/core/caiman/version.hpp || fail "no place for $2"
  if "$1_agrees" "$work/copy" "$wanted" >"$work/log" 2>&1; then fail "$1 is taken with $3"; fi
  grep -q "$4" "$work/log" || fail "$1 with $3: $(cat -- "$work/log")"
}
for number in MAJOR MINOR PATCH; do
  refused header "(_$number) [0-9]+\$" '\1 77' 'CAIMAN_VERSION is another one'
  refused cmake "(_$number) [0-9]+\$" '\1 77' 'PACKAGE_VERSION .*77'
done
refused header '(_STRING) .*' '\1 "77"' 'static assertion failed'
refused header ' \* 10000 ' ' * 1000 + 7 ' 'CAIMAN_VERSION is another one'
refused cmake '^#define (CAIMAN_VERSION_PATCH)' '#define  \1' 'has no version'
printf 'version: header, CMake and Meson say %s\n' "$wanted"
