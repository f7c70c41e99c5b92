#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Compiles what a program may take for granted of the names and headers that it gets.     |
# | Why: after `using namespace caiman;` a program has the public names, and all others are |
# | its own; and a buddy under a policy without a system must not need that system's        |
# | headers. The names are read from the headers of the inner rooms, so that a new one is   |
# | asked for, too; the headers of Linux are ones that end a compilation. Nor does the port |
# | to other systems need them, or names that they have beyond POSIX.                       |
# | Relies on: g++, clang++-19.                                                             |
# | Usage: names.sh SOURCE-ROOT                                                             |
# +-----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"
core=$source_root/core

# compiles COMPILER [FLAG...]: the input, with what it prints in the log.
compiles() {
  "$1" -std=c++23 -Wall -Wextra -Werror "${@:2}" -I"$core" -fsyntax-only -x c++ - >"$work/log" 2>&1
}

# What stands at the left edge of the headers of protocol/ and detail/, and in orders.hpp.
mapfile -t inner < <(
  cat -- "$core"/caiman/protocol/*.hpp "$core"/caiman/detail/*.hpp "$core"/caiman/detail/*/*.hpp "$core"/caiman/orders.hpp |
    sed -nE 's/^(\[\[.*\]\] )?(class|struct|enum class) (\[\[[^]]*\]\] )?([a-z_]+).*/\4/p' | sort -u
)
((${#inner[@]} > 25)) || fail "the headers of the inner rooms have ${#inner[@]} names"
for known in tree level duty site ledger slot_pool order_row; do
  [[ " ${inner[*]} " == *" $known "* ]] || fail "$known was not found"
done

# own NAME...: a program that calls types of its own so.
own() {
  printf '#include <caiman/caiman.hpp>\n#include <caiman/heap_picture.hpp>\nusing namespace caiman;\n'
  printf 'struct %s { int mine; };\n' "$@"
  for name in "$@"; do printf 'int use_%s() { return %s{1}.mine; }\n' "$name" "$name"; done
}

mkdir -p "$work/none/linux" "$work/none/sys"
for header in linux/futex linux/membarrier sys/mman; do
  echo "#error \"$header.h is not there\"" >"$work/none/$header.h"
done
without_linux() {
  printf '#include <caiman/%s.hpp>\n' "$@"
  echo 'template class caiman::buddy<caiman::sequential_sync>;'
}
mapfile -t protocol < <(cd -- "$core/caiman" && printf '%s\n' protocol/*.hpp | sed 's/\.hpp$//')

for compiler in g++ clang++-19; do
  own "${inner[@]}" slot turn landing place kept orders hint \
    waiter_list parting word_t take_back | compiles "$compiler" ||
    fail "$compiler: a name is taken"
  for public in buffer block buddy_arena; do
    if own "$public" | compiles "$compiler"; then fail "$compiler: $public is not there"; fi
  done
  grep -q ambiguous "$work/log" || fail "another error"

  without_linux "${protocol[@]}" buddy_core sequential_sync | compiles "$compiler" -I"$work/none" ||
    fail "$compiler: Linux is needed"
  if without_linux buddy sequential_sync | compiles "$compiler" -I"$work/none"; then
    fail "$compiler: headers of Linux are not looked for"
  fi
  grep -q 'is not there' "$work/log" || fail "another error"
done
# The port to other systems: none of Linux's headers; and asked for POSIX alone, the C library has
# all that our headers name. What it then lacks for the standard library is not ours.
for header in linux/futex linux/membarrier dlfcn; do
  mkdir -p "$work/posix/${header%/*}"
  echo "#error \"$header.h is not there\"" >"$work/posix/$header.h"
done
ours=/core/caiman/.*error:
posix=(-D_DEFAULT_SOURCE -U_GNU_SOURCE -DCAIMAN_OS_POSIX)
umbrella() { echo '#include <caiman/caiman.hpp>' | compiles g++ -I"$work/posix" "$@" || :; }
umbrella -DCAIMAN_OS_POSIX
[[ ! -s $work/log ]] || fail 'the port to POSIX asks for headers of Linux'
umbrella
grep -q 'futex.h is not there' "$work/log" || fail 'headers of Linux are not looked for'
umbrella "${posix[@]}"
if grep -q "$ours" "$work/log"; then fail 'the port to POSIX names what POSIX has not'; fi
rm -r -- "$work/posix"
umbrella "${posix[@]::2}"
grep -q "$ours" "$work/log" || fail 'what only Linux has is not seen'

printf '%d inner names that a program may use for its own; a buddy without headers of Linux\n' \
  "${#inner[@]}"
