#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | One program of two units that were compiled with different flags.                       |
# | Why: the linker keeps one body of each inline function, of either unit. If a flag       |
# | changes what such a body does, one unit's arena forbids what the other one's never      |
# | allows again. So nothing that a flag decides may be in one; here every sanitizer meets  |
# | none, and units of two compilers meet, in both link orders.                             |
# | Fails, as it must, with a core whose bodies follow the flag (last lines).               |
# | Relies on: g++ and clang++-19 with their sanitizers.                                    |
# | Usage: mixed.sh SOURCE-ROOT                                                             |
# +-----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"

# unit NAME COMPILER FLAG...: NAME.arena.o and NAME.use.o
unit() {
  local part
  for part in arena use; do
    "$2" -std=c++23 -O1 -g1 -pthread -I"${core:-$source_root/core}" "${@:3}" -c "$here/mixed_$part.cpp" \
      -o "$work/$1.$part.o" >"$work/log" 2>&1 || fail "$1 does not compile"
  done
}

# links PROGRAM COMPILER FLAG OBJECT...
links() {
  "$2" -pthread "$3" "${@:4}" -o "$work/$1" >"$work/log" 2>&1 || fail "$1 does not link"
}

run() { ASAN_OPTIONS=symbolize=0 TSAN_OPTIONS=report_bugs=1 timeout 120 "$@" >"$work/log" 2>&1; }

# meet FLAG COMPILER ONE OTHER: each of the two units makes the arena once, in both link orders.
meet() {
  local a=$3 b=$4 pair order
  for pair in "$a.arena.o $b.use.o" "$b.arena.o $a.use.o"; do
    for order in 1 2; do
      # shellcheck disable=SC2086
      if ((order == 1)); then set -- "$1" "$2" $pair; else set -- "$1" "$2" ${pair#* } ${pair% *}; fi
      (cd -- "$work" && links met "$2" "$1" "$3" "$4") || exit 1
      run "$work/met" || fail "$a and $b: $3 $4"
      [[ $(cat -- "$work/log") == right ]] || fail "$a and $b: $3 $4"
    done
  done
  printf '%s and %s meet: right\n' "$a" "$b"
}

unit plain g++
unit asan g++ -fsanitize=address
unit tsan g++ -fsanitize=thread
unit ubsan g++ -fsanitize=undefined -fno-sanitize-recover=all
unit strict g++ -O3 -DNDEBUG -D_GLIBCXX_ASSERTIONS -fno-gnu-unique
unit clang clang++-19
unit clang-asan clang++-19 -fsanitize=address
meet -fsanitize=address g++ plain asan
meet -fsanitize=thread g++ plain tsan
meet -fsanitize=undefined g++ plain ubsan
meet -O1 g++ plain strict
meet -O1 g++ plain clang
meet -fsanitize=address clang++-19 clang clang-asan
# Also where only one of the two looks, what it looks at is forbidden.
(cd -- "$work" && links seen g++ -fsanitize=address plain.arena.o asan.use.o) || exit 1
if run "$work/seen" misuse || ! grep -q use-after-poison "$work/log"; then fail 'a misuse was not seen'; fi
printf 'a misuse in one of them: seen\n'

# The control: a core in which the flag decides.
cp -r -- "$source_root/core" "$work/core"
awk '/&caiman_asan_poison != nullptr/ {print "#if defined(__SANITIZE_ADDRESS__)"; n = 4}
     {print} n > 0 && --n == 0 {print "#endif"}' "$source_root/core/caiman/detail/diagnostics.hpp" \
  >"$work/core/caiman/detail/diagnostics.hpp"
sed -i 's/if (shows_) \[\[unlikely\]\]/#if defined(__SANITIZE_ADDRESS__)\nif (shows_)\n#else\nif (false)\n#endif/' \
  "$work/core/caiman/detail/arena_state.hpp"
core=$work/core unit odd-plain g++
core=$work/core unit odd-asan g++ -fsanitize=address
seen=no
for pair in 'odd-plain.arena.o odd-asan.use.o' 'odd-asan.arena.o odd-plain.use.o'; do
  for order in "$pair" "${pair#* } ${pair% *}"; do
    # shellcheck disable=SC2086
    (cd -- "$work" && links odd g++ -fsanitize=address $order) || exit 1
    run "$work/odd" || seen=yes
  done
done
[[ $seen == yes ]] || fail 'bodies that follow a flag were taken for right'
printf 'bodies that follow a flag: seen\n'
