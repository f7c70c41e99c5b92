#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +----------------------------------------------------------------------------------------+
# | Programs without exceptions, without RTTI, without both; and of units of both kinds.   |
# | Why: in one program units of different flags meet, and of an inline function that both |
# | have the linker keeps one body. Each dialect is compiled and run; so is a program of   |
# | two halves, in both orders of linking, whose other half throws and catches. A resource |
# | of one half that the other takes for its own must not link.                            |
# | Controls: a header that says `throw` or `dynamic_cast` is refused, and life.hpp tells a |
# | core that loses a block.                                                               |
# | Relies on: g++, clang++-19.                                                            |
# | Usage: check.sh SOURCE-ROOT                                                            |
# +----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"

flags=(-std=c++23 -O1 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -pthread)

# compiled COMPILER OUTPUT SOURCE FLAG...
compiled() {
  local compiler=$1 output=$2 source=$3
  shift 3
  "$compiler" "${flags[@]}" "$@" -I"$source_root/core" -c "$source" -o "$output"
}

# says TEXT CODE COMMAND...
says() {
  local text=$1 code=$2 said status=0
  shift 2
  said=$("$@" 2>&1) || status=$?
  [[ $status == "$code" && $said == *"$text"* ]] || fail "$*: $status, $said"
}

# What each call throws where nobody catches: the terminate handler comes, and nothing before it.
ends() {
  local call
  for call in order put advance slice resource; do says 'alone: terminated' 42 "$1" "$call"; done
}

# alone COMPILER: each dialect as a program of its own.
alone() {
  local dialect program=$work/alone-$1
  for dialect in -fno-exceptions -fno-rtti '-fno-exceptions -fno-rtti'; do
    # shellcheck disable=SC2086
    compiled "$1" "$program.o" "$here/alone.cpp" -DUNIT=alone $dialect
    "$1" -pthread "$program.o" -o "$program"
    says 'alone: right' 0 "$program"
    ends "$program"
  done
}

# halves COMPILER: what mixed programs are made of.
halves() {
  compiled "$1" "$work/with-$1.o" "$here/unit.cpp" -DUNIT=with
  compiled "$1" "$work/without-$1.o" "$here/unit.cpp" -DUNIT=without -fno-exceptions -fno-rtti
  compiled "$1" "$work/main-$1.o" "$here/mixed.cpp"
}

# mixed COMPILER COMPILER: the units with all by the first, those without by the second.
mixed() {
  local all=("$work/main-$1.o" "$work/with-$1.o" "$work/without-$2.o") program=$work/mixed
  "$1" -pthread "${all[@]}" -o "$program"
  says 'mixed: right' 0 "$program"
  "$1" -pthread "${all[2]}" "${all[1]}" "${all[0]}" -o "$program"
  says 'mixed: right' 0 "$program"
}

# refuses_to_link COMPILER
refuses_to_link() {
  local dir=$work/handed-$1
  mkdir "$dir"
  printf '#include <caiman/resource.hpp>\nvoid take(caiman::buddy_resource& r) { %s; }\n' \
    'r.deallocate(r.allocate(8), 8)' >"$dir/taker.cpp"
  cat >"$dir/giver.cpp" <<'CPP'
#include <caiman/caiman.hpp>
void take(caiman::buddy_resource& r);
int main() {
  caiman::buddy_resource r(
      *caiman::buddy_arena::builder(*caiman::buddy_geometry::exact(4096, 64)).build());
  take(r);
}
CPP
  compiled "$1" "$dir/taker.o" "$dir/taker.cpp" -fno-rtti
  compiled "$1" "$dir/giver.o" "$dir/giver.cpp"
  if "$1" -pthread "$dir/giver.o" "$dir/taker.o" -o "$dir/program" >"$dir/log" 2>&1; then
    fail "$1: a resource with RTTI is taken for one without"
  fi
  grep -q 'undefined reference to' "$dir/log" || fail "another error: $(cat -- "$dir/log")"
  compiled "$1" "$dir/giver.o" "$dir/giver.cpp" -fno-rtti
  "$1" -pthread "$dir/giver.o" "$dir/taker.o" -o "$dir/program"
  says '' 0 "$dir/program"
}

# The controls. A core that says throw, one that asks for RTTI, one whose slices are too long.
spoilt() {
  local dir=$work/spoilt-$1
  mkdir -p "$dir/core"
  cp -r -- "$source_root/core/caiman" "$dir/core"
  sed -i 's/std::__throw_bad_alloc();/throw std::bad_alloc();/' "$dir/core/caiman/detail/raise.hpp"
  if source_root=$dir compiled g++ "$dir/o" "$here/alone.cpp" -DUNIT=alone -fno-exceptions \
    >"$dir/log" 2>&1; then
    fail 'a core that throws is taken'
  fi
  grep -q 'exception handling disabled' "$dir/log" || fail "another error: $(cat -- "$dir/log")"
  cp -- "$source_root/core/caiman/detail/raise.hpp" "$dir/core/caiman"
  sed -i 's/return table == own ?/return dynamic_cast<const buddy_resource*>(\&other) ?/' \
    "$dir/core/caiman/resource.hpp"
  if source_root=$dir compiled g++ "$dir/o" "$here/alone.cpp" -DUNIT=alone -fno-rtti \
    >"$dir/log" 2>&1; then
    fail 'a core with dynamic_cast is taken'
  fi
  grep -q 'dynamic_cast' "$dir/log" || fail "another error: $(cat -- "$dir/log")"
  cp -- "$source_root/core/caiman/resource.hpp" "$dir/core/caiman"
  sed -i 's/return {data_ + offset, length, from_};/return {data_, length, from_};/' \
    "$dir/core/caiman/bytes.hpp"
  source_root=$dir compiled g++ "$dir/o" "$here/alone.cpp" -DUNIT=alone
  g++ -pthread "$dir/o" -o "$dir/program"
  says 'alone: wrong' 1 "$dir/program"
}

for compiler in g++ clang++-19; do
  alone "$compiler"
  halves "$compiler"
  refuses_to_link "$compiler"
done
for one in g++ clang++-19; do
  for other in g++ clang++-19; do mixed "$one" "$other"; done
done
spoilt control
printf '3 dialects and 4 mixed programs, with g++ clang++-19\n'
