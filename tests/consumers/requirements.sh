#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | What a program hears whose compiler, library or system lacks what Caiman needs.         |
# | Why: below C++23 the headers are hundreds of errors, of which the first is seldom the   |
# | one that helps. Every header, by itself, is to give one error and nothing else, and      |
# | that one says what is missing; where only the text is another, the umbrella is asked. A |
# | header that is not empty then is put in as a control, and must be seen.                 |
# | Relies on: g++, clang++-19. No 32-bit library: the error comes before any header of the |
# | system. What a library lacks is played by an empty <version>.                           |
# | Usage: requirements.sh SOURCE-ROOT                                                      |
# +-----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"

# one_error INCLUDE-FOLDER COMPILER TEXT HEADER FLAG...: that there is this #error and nothing more.
one_error() {
  local include=$1 compiler=$2 text=$3 header=$4 said
  shift 4
  if said=$(printf '#include <caiman/%s>\n' "$header" |
    "$compiler" "$@" -I"$include" -fsyntax-only -x c++ - 2>&1); then
    printf '%s %s takes %s\n' "$compiler" "$*" "$header"
    return 1
  fi
  # The compiler repeats the line of the source; what is counted is what it says itself.
  if [[ $(grep -Ec '(error|warning): ' <<<"$said") != 1 ]] ||
    ! grep -Eq "error: .*$text" <<<"$said"; then
    printf '%s %s, %s: not one error with "%s" but:\n%s\n' \
      "$compiler" "$*" "$header" "$text" "$said"
    return 1
  fi
}

mkdir -p "$work/library" "$work/spoilt/caiman"
touch "$work/library/version"
cp -r -- "$source_root"/core/caiman/. "$work/spoilt/caiman"
sed -i -E '/CAIMAN_REQUIREMENTS_MET/d' "$work/spoilt/caiman/fixed_arena.hpp"

mapfile -t headers < <(find "$source_root/core/caiman" -name '*.hpp' -printf '%P\n' | sort)
((${#headers[@]} > 20)) || fail 'where are the headers?'
count=0
for compiler in g++ clang++-19; do
  while IFS='|' read -r whose text flags; do
    read -ra flags <<<"$flags"
    asked=(caiman.hpp)
    [[ $whose != all ]] || asked=("${headers[@]}")
    for header in "${asked[@]}"; do
      one_error "$source_root/core" "$compiler" "$text" "$header" "${flags[@]}" || exit 1
    done
    if one_error "$work/spoilt" "$compiler" "$text" fixed_arena.hpp "${flags[@]}" >"$work/log"; then
      fail "$compiler ${flags[*]}: a header that is not empty was not seen"
    fi
    if one_error "$source_root/core" "$compiler" 'something else' caiman.hpp "${flags[@]}" \
      >"$work/log"; then
      fail "$compiler ${flags[*]}: the text is not looked at"
    fi
    ((count += 1))
  done <<LACKS
all|needs C\+\+23|-std=c++17
umbrella|needs C\+\+23|-std=c++20
all|needs a 64-bit target|-std=c++23 -m32
umbrella|needs a 64-bit target|-std=c++20 -m32
umbrella|needs Linux or another POSIX system|-std=c++23 -U__linux__ -U__unix__
umbrella|needs <expected>|-std=c++23 -I$work/library
LACKS
  # And all is there where all is there.
  if one_error "$source_root/core" "$compiler" needs caiman.hpp -std=c++23 >"$work/log"; then
    fail "$compiler does not take the headers"
  fi
  grep -q 'takes caiman.hpp' "$work/log" || fail "$compiler"
done
printf '%d headers, %d lacks: one error, that says what is missing\n' "${#headers[@]}" "$count"
