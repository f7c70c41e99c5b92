#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Looks at a small program in gdb, and compares what the printers say.                    |
# | Why: they read members by name, which nothing else here does: who renames one, or moves |
# | a share count, hears it from this test. Spoilt printers, and a core whose members have  |
# | other names, must fail.                                                                 |
# | Relies on: gdb, which must be allowed to trace; g++, clang++-19.                        |
# | Usage: check.sh SOURCE-ROOT                                                             |
# +-----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"
names=(arena any no_arena slots waits written no_buffer cut spilled whole part alone on_heap literal no_bytes)

cat >"$work/wanted" <<'END'
arena = an arena of 256 min blocks of 256 bytes at 0x…, spills
any = an arena of 390 min blocks of 256 bytes at 0x…, caps, zeroes
no_arena = an arena that is empty
slots = an arena of 3 min blocks of 100 bytes at 0x…
waits = an arena of 64 min blocks of 64 bytes at 0x…, waits
written = a buffer of 19 of 1024 bytes, at offset N of an arena, in 4 min blocks: "two\nlines \"quoted\"\377"
no_buffer = a buffer of 0 of 0 bytes, nowhere: ""
cut = a buffer of 600 of 768 bytes, at offset N of an arena, in 3 min blocks: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"...
spilled = a buffer of 300 of 512 bytes, on the heap: "ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss"...
whole = 11 bytes, shared by 2, at offset N of an arena, in 1 min block: "hello world"
part = 5 bytes, shared by 2, at offset N of an arena, in 1 min block: "world"
alone = 5 bytes, shared by 1, at offset N of an arena, in 1 min block: "alone"
on_heap = 4 bytes, shared by 1, on the heap: "heap"
literal = 6 bytes, in static storage: "static"
no_bytes = 0 bytes, nowhere: ""
END

# shown CORE PRINTERS COMPILER FLAG...: what gdb prints of each, without numbers that differ.
shown() {
  local core=$1 printers=$2 look=(-ex run -ex up)
  "${@:3}" -std=c++23 -g -I"$core" "$source_root/tests/gdb/shown.cpp" -pthread -o "$work/shown" || return
  for name in "${names[@]}"; do look+=(-ex "printf \"%s = \", \"$name\"" -ex "output $name" -ex 'echo \n'); done
  gdb -nx -batch -ex "source $printers" -ex 'break stop_here' "${look[@]}" "$work/shown" >"$work/all" 2>&1
  if ! grep -q 'Breakpoint 1, ' "$work/all"; then
    cat "$work/all" && echo 'gdb did not get to the breakpoint: may it trace here?' && return 1
  fi
  sed -nE "s/0x[0-9a-f]+/0x…/g; s/at offset [0-9]+/at offset N/g; /^[a-z_]+ = /p" "$work/all"
}
compared() { shown "$@" >"$work/got" && diff "$work/wanted" "$work/got"; }

printers=$source_root/core/gdb/caiman_gdb.py
for compiler in g++ clang++-19; do
  compared "$source_root/core" "$printers" "$compiler" -O0 >"$work/log" 2>&1 || fail "$compiler"
done

# The offsets, too: that of `part` is where its bytes lie.
gdb -nx -batch -ex "source $printers" -ex 'break stop_here' -ex run -ex up -ex 'output part' -ex 'echo \n' \
  -ex 'output part.data_ - arena.home_.state_->base_' "$work/shown" >"$work/log" 2>&1
offset=$(sed -nE 's/.*at offset ([0-9]+).*/\1/p' "$work/log")
[[ -n $offset && $(tail -n 1 "$work/log") == "$offset" ]] || fail 'another offset'

faults=0
# seen WHAT CORE PRINTERS
seen() {
  if compared "$2" "$3" g++ -O0 >"$work/log" 2>&1; then fail "not seen: $1"; fi
  faults=$((faults + 1))
}
sed 's/ON_HEAP, PARTS = 62, 64/ON_HEAP, PARTS = 61, 64/' "$printers" >"$work/spoilt.py"
seen 'another number for the heap' "$source_root/core" "$work/spoilt.py"
sed 's/min_block \* 2531/min_block * 2533/' "$printers" >"$work/spoilt.py"
seen 'another place of the share counts' "$source_root/core" "$work/spoilt.py"
cp -r "$source_root/core" "$work/core"
sed -i 's/\bfirst_\b/place_/g' "$work/core/caiman/detail/lease.hpp"
seen 'a member with another name' "$work/core" "$printers"
printf '%d values as they should be, with g++ and clang++-19; %d faults are seen\n' "${#names[@]}" "$faults"
