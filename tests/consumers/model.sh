#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Checks a structure of somebody else's with the installed caiman-model.                  |
# | Why: the shim, the engine and the traces are for other structures too, and what an      |
# | installation lacks is found by its users, unless it is found here. The stack            |
# | of model/examples must be convicted, its trace must replay, and the repair must pass.   |
# | Relies on: meson, pkg-config, relacy-dev, a built tree.                                 |
# | Usage: model.sh SOURCE-ROOT BUILD-ROOT COMPILER..., which may begin with a cache         |
# +-----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"
build_root=$2 compiler=("${@:3}")

meson install -C "$build_root" --no-rebuild --tags devel --destdir "$work" >"$work/log" 2>&1 ||
  fail "it does not install"
pc=$(find "$work" -name caiman-model.pc)
[[ -n $pc ]] || fail 'no caiman-model.pc'
export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$work
headers=$(find "$work" -path '*/caiman-model/*.hpp' -printf '%f\n' | sort | tr '\n' ' ')
wanted='beyond_relacy.hpp checked_atomic.hpp client.hpp hooks.hpp part.hpp program.hpp recorder.hpp recording.hpp relacy.hpp sites.hpp structure.hpp world.hpp '
[[ $headers == "$wanted" ]] || fail "installed headers: $headers"

# Each by itself, and by the shorter name, too.
# shellcheck disable=SC2046
for header in $wanted; do
  printf '#include <caiman-model/%s>\n#include "%s"\n' "$header" "$header" |
    "${compiler[@]}" -std=c++23 -fsyntax-only -Wall -Wextra -Werror $(pkg-config --cflags caiman-model) \
      -x c++ - || fail "$header does not compile"
done

cp -- "$source_root"/model/examples/*.{hpp,cpp} "$work"
cd -- "$work"
# Flags are many words, and the sysroot has no spaces.
# shellcheck disable=SC2046
for name in treiber treiber_counted; do
  "${compiler[@]}" -std=c++23 -O1 $(pkg-config --cflags caiman-model) "$name.cpp" -o "$name" \
    $(pkg-config --libs caiman-model) || fail "$name does not build"
done

code=0
./treiber run --trace-out aba.json >run.txt || code=$?
[[ $code == 1 ]] || fail "the faulty stack: $code, $(cat run.txt)"
grep -q '^S1 violated: ' run.txt || fail "the faulty stack: $(cat run.txt)"
grep -q '^found again with context bound 1' run.txt || fail "the faulty stack: $(cat run.txt)"
./treiber replay --times 10 aba.json | grep -q '^the same 10 times of 10$' || fail 'no replay'
./treiber show aba.json | grep -q 'cas head 1 -> 2' || fail "$(./treiber show aba.json)"
./treiber_counted run >passed.txt || fail "the repaired stack: $(cat passed.txt)"
grep -q 'bound 2, .*exhausted' passed.txt || fail "the repaired stack: $(cat passed.txt)"
if ./treiber_counted run --orders publish=relaxed >weak.txt; then fail 'a relaxed publish passes'; fi
grep -q '^S2 violated: DATA RACE' weak.txt || fail "$(cat weak.txt)"
printf 'caiman-model: built, convicted, repaired\n'
