#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | What AddressSanitizer and Valgrind see of an arena's blocks.                            |
# | Why: to both tools an arena is one live piece of memory, unless it tells them more      |
# | (diagnostics.hpp). Each misuse must end with the tool's own words, and a program        |
# | without any must be clean. With a header that tells nothing, the same checks must fail. |
# | Relies on: clang++-19 with its sanitizers, g++, valgrind and its headers.               |
# | Usage: check.sh SOURCE-ROOT asan|valgrind                                               |
# +-----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"
tool=$2

flags=(-std=c++23 -O1 -g1 -Wall -Wextra -Werror -pthread)
case $tool in
  asan)
    build=(clang++-19 -fsanitize=address -fno-sanitize-recover=all "${flags[@]}")
    run=(env ASAN_OPTIONS=symbolize=0)
    forbidden='AddressSanitizer: use-after-poison' undecided=''
    ;;
  valgrind)
    # The code of clang++-19 has debug information that Debian 12's valgrind does not know.
    build=(g++ "${flags[@]}")
    run=(valgrind -q --error-exitcode=9)
    forbidden='Invalid read of size 1' undecided='depends on uninitialised value'
    ;;
  *) printf 'check.sh: asan or valgrind, not %s\n' "$tool" >&2 && exit 2 ;;
esac

# sees PROGRAM WAY WORDS: whether the tool ends the program, with these words.
sees() {
  local status=0
  "${run[@]}" "$1" "$2" >"$work/log" 2>&1 || status=$?
  ((status != 0)) && grep -qF -- "$3" "$work/log"
}

build_with() {
  "${build[@]}" "${@:2}" -I"$source_root/core" "$source_root/tests/diagnostics/misuse.cpp" -o "$1" \
    >"$work/log" 2>&1 || fail 'does not compile'
}

build_with "$work/misuse"
ways=(after-release after-last-bytes after-slot after-deallocate after-trim past-capacity past-block)
for way in "${ways[@]}"; do
  sees "$work/misuse" "$way" "$forbidden" || fail "$way is not seen"
done
if [[ -n $undecided ]]; then
  for way in uninitialised left-behind; do
    sees "$work/misuse" "$way" "$undecided" || fail "$way is not seen"
    ways+=("$way")
  done
fi
innocent=(clean)
[[ $tool != asan ]] || innocent+=(border)
for way in "${innocent[@]}"; do
  "${run[@]}" "$work/misuse" "$way" >"$work/log" 2>&1 || fail "$way is no misuse"
  [[ ! -s $work/log ]] || fail "$way is no misuse"
done

# The control: an arena that tells nothing.
mkdir -p "$work/deaf/caiman/detail"
sed -E 's/&caiman_asan_poison != nullptr|ask_valgrind\(.*\) != 0/false/' \
  "$source_root/core/caiman/detail/diagnostics.hpp" >"$work/deaf/caiman/detail/diagnostics.hpp"
build_with "$work/deaf-misuse" -I"$work/deaf" -Wno-unused
for way in "${ways[@]:0:1}" "${ways[@]: -1}"; do
  if sees "$work/deaf-misuse" "$way" ''; then fail "$way is seen, but not by what the arena says"; fi
done
printf '%s: sees %s; and nothing in %s\n' "$tool" "${ways[*]}" "${innocent[*]}"
