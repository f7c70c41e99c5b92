#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Uses caiman-c from C, with both libraries that the build made, and from Python.         |
# | Why: c.h is for compilers and languages that nothing else here is compiled with. The    |
# | program is built as C11 with warnings as errors, by two compilers, also against the     |
# | source with AddressSanitizer; the header is read by C++. Then calls are spoilt in a     |
# | copy of the source, and each time a program must see it. Misuse ends with its line.     |
# | Relies on: cc, g++, clang-19, python3.                                                  |
# | Usage: check.sh SOURCE-ROOT SHARED-LIBRARY STATIC-LIBRARY                               |
# +-----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"
shared=$(readlink -f -- "$2")
static=$(readlink -f -- "$3")
include=(-I"$source_root/core/c/include")
strict=(-std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Werror)
program=$source_root/tests/c/c_interface.c

# quietly COMMAND...: shows what it said only if it fails.
quietly() { "$@" >"$work/log" 2>&1 || fail "failed: $*"; }
# right NAME PROGRAM
right() {
  "$2" >"$work/log" 2>&1 || fail "$1"
  grep -qx 'c: right, [0-9.]*' "$work/log" || fail "$1: another line"
}

for compiler in cc clang-19; do
  quietly "$compiler" "${strict[@]}" "${include[@]}" "$program" "$shared" -Wl,-rpath,"${shared%/*}" -o "$work/linked"
  right "$compiler, shared" "$work/linked"
  quietly "$compiler" "${strict[@]}" "${include[@]}" "$program" "$static" -lstdc++ -pthread -o "$work/whole"
  right "$compiler, static" "$work/whole"
done
echo '#include <caiman/c.h>' | quietly g++ -Wall -Wextra -Werror "${include[@]}" -fsyntax-only -x c++ -

# What the page shows.
awk '/^```c$/ { f = 1; next } /^```/ { f = 0 } f' "$source_root/docs/c.md" >"$work/page.c"
grep -q caiman_buffer_put "$work/page.c" || fail 'docs/c.md has no program'
quietly cc "${strict[@]}" -Wno-missing-prototypes "${include[@]}" -fsyntax-only "$work/page.c"

# Nothing but what c.h names is anybody's.
nm -D --defined-only "$shared" | awk '$2 == "T" {print $3}' | sort >"$work/has"
grep -o 'caiman_[a-z_]*(' "$source_root/core/c/include/caiman/c.h" | tr -d '(' | sort -u >"$work/says"
diff "$work/has" "$work/says" >"$work/log" || fail 'the library has other names than c.h'

quietly python3 "$source_root/tests/c/ctypes_interface.py" "$shared"
grep -q '^Ran 4 tests' "$work/log" || fail 'Python: not all tests'

quietly clang-19 "${strict[@]}" "${include[@]}" -fsanitize=address,undefined -c "$program" -o "$work/c.o"
# sanitized SOURCE: the program with this source, in $work/sanitized.
sanitized() {
  clang++-19 -std=c++23 -I"$source_root/core" "${include[@]}" -fsanitize=address,undefined \
    -fno-sanitize-recover=all "$1" "$work/c.o" -pthread -o "$work/sanitized"
}
quietly sanitized "$source_root/core/c/caiman_c.cpp"
right 'with AddressSanitizer' "$work/sanitized"

faults=0
while IFS=@ read -r what expression; do
  sed -E "$expression" "$source_root/core/c/caiman_c.cpp" >"$work/spoilt.cpp"
  ! cmp -s "$work/spoilt.cpp" "$source_root/core/c/caiman_c.cpp" || fail "$what: nothing is spoilt"
  quietly sanitized "$work/spoilt.cpp"
  if "$work/sanitized" >"$work/log" 2>&1; then fail "not seen: $what"; fi
  faults=$((faults + 1))
done <<'FAULTS'
a slice is not looked at@s/offset > size \|\| length > size - offset/offset > size/
a dropped buffer keeps its block@s/\.data\(\) != nullptr\) std::move/.data() == nullptr) std::move/
the region goes unreleased@s/if \(release == nullptr\) return/if (release != nullptr) return/
FAULTS

cat >"$work/misuse.c" <<'END'
#include <caiman/c.h>
int main(void) {
  caiman_arena* arena;
  char* memory;
  if (caiman_arena_create(4096, 64, NULL, &arena) != 0) return 2;
  memory = caiman_arena_take(arena, 128, 1);
  caiman_arena_give(arena, memory + 64, 64, 1);
  return 0;
}
END
quietly cc "${strict[@]}" "${include[@]}" "$work/misuse.c" "$shared" -Wl,-rpath,"${shared%/*}" -o "$work/misuse"
if (ulimit -c 0 && "$work/misuse") >"$work/log" 2>&1; then fail 'misuse is not seen'; fi
grep -q 'it points into a block of 128 bytes' "$work/log" || fail 'misuse: another line'
printf 'C and Python: right, %d faults are seen\n' "$faults"
