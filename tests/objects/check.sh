#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | One arena in several shared objects: a host and its plugins, built in every way that    |
# | decides what they share (visibility, linked or loaded, -rdynamic, unique symbols, two   |
# | compilers, with and without optimisation).                                              |
# | Why: in one program every thread has one slot, whatever the code; here that is to hold  |
# | between objects that know nothing of each other.                                        |
# | Fails, as it must, with two cores that are wrong (last lines).                          |
# | Usage: check.sh SOURCE-ROOT g++ | mixed   (mixed: g++ and clang++-19 in one process)    |
# +-----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"
which=$2

# make NAME COMPILER FLAG...: a plugin NAME.so, or a program if the name begins with host.
make() {
  local name=$1 compiler=$2 core=${core:-$source_root/core} kind=(-fPIC -shared) source=plugin.cpp out=$1.so
  [[ $name != host* ]] || kind=() source=host.cpp out=$1
  shift 2
  "$compiler" -std=c++23 -O1 -pthread -I"$core" "${kind[@]}" "$here/$source" -o "$work/$out" "$@" ||
    fail "$name was not built"
}

# makes: the same for several at once, two at a time: "NAME COMPILER FLAG..." each.
makes() {
  local each pids=()
  for each in "$@"; do
    # shellcheck disable=SC2086
    make $each &
    pids+=($!)
    ((${#pids[@]} < 2)) || { wait "${pids[0]}" && pids=("${pids[@]:1}"); } || exit 1
  done
  for each in "${pids[@]}"; do wait "$each" || exit 1; done
}

setups=0
# right WHAT HOST ARGUMENT...
right() {
  local what=$1 host=$2
  shift 2
  (cd -- "$work" && timeout 300 "./$host" "$@") >"$work/log" 2>&1 ||
    fail "$what: ended with $?"
  printf '%s: %s\n' "$what" "$(cat -- "$work/log")"
  setups=$((setups + 1))
}

# closes_loudly HOST PLUGIN: the object that built an arena is closed while the arena lives.
closes_loudly() {
  local status=0
  # The shell's own word about a program that ended so is left out.
  { (cd -- "$work" && "./$1" close-early "./$2") >"$work/log" 2>&1 || status=$?; } 2>/dev/null
  [[ $status == 134 && $(cat -- "$work/log") == *'a shared object was closed while an arena'* ]] ||
    fail "closing the builder ended with $status"
  printf 'the builder is closed too early: one line, and the end\n'
}

# stays HOST PLUGIN: at the end of the program an arena lives, and that is right.
stays() {
  (cd -- "$work" && "./$1" leave "$2") >"$work/log" 2>&1 || fail "$1 leaves an arena of $2: ended with $?"
  [[ ! -s $work/log ]] || fail "$1 leaves an arena of $2: $(cat -- "$work/log")"
}

# tells WHOM HOST HOW PLUGIN: of what code of the plugin misuses, one line on stderr and then WHOM.
tells() {
  local whom=$1 status=0
  { (cd -- "$work" && "./$2" "$3" "$4") >"$work/log" 2>&1 || status=$?; } 2>/dev/null
  [[ $status == 134 && $(cat -- "$work/log") == 'caiman: release of block '*$'already, wholly or in part'"$whom" ]] ||
    fail "$2 $3 $4 ended with $status"
}
host=$'\nthe host is told' plugin=$'\nthe plugin is told'

hidden=-fvisibility=hidden
if [[ $which == g++ ]]; then
  makes 'host g++' 'host-hidden g++ -fvisibility=hidden' 'default g++' "hidden g++ $hidden" \
    "ununique g++ -fno-gnu-unique $hidden" 'plain g++ -O0 -fno-gnu-unique' 'symbolic g++ -Wl,-Bsymbolic'
  make host-exports g++ -rdynamic
  make host-linked g++ -DLINKED "$work/default.so" '-Wl,-rpath,$ORIGIN'
  make host-linked-hidden g++ -DLINKED $hidden "$work/hidden.so" '-Wl,-rpath,$ORIGIN'
  right 'default flags, loaded' host ./default.so
  right 'a host that exports' host-exports ./default.so
  right 'a hidden plugin' host ./hidden.so
  right 'a hidden host' host-hidden ./default.so
  right 'both hidden' host-hidden ./hidden.so
  right 'no unique symbols' host ./ununique.so
  right 'not optimised, no unique symbols, a host that exports' host-exports ./plain.so
  right 'a plugin that binds its own' host-exports ./symbolic.so
  right 'linked' host-linked
  right 'linked, hidden' host-linked-hidden
  right 'two plugins' host ./default.so ./hidden.so
  right 'two plugins, global' host global ./default.so ./plain.so
  right 'two hidden plugins' host-hidden ./hidden.so ./ununique.so
  right 'one linked, one loaded' host-linked ./plain.so
  closes_loudly host ununique.so
  stays host-linked -
  stays host-linked-hidden -
  stays host ./hidden.so
  stays host-hidden ./ununique.so
  # Needed by what the program needs, and preloaded: there from the beginning, too.
  g++ -shared -o "$work/between.so" -Wl,--no-as-needed "$work/hidden.so" '-Wl,-rpath,$ORIGIN' ||
    fail 'between.so was not built'
  make host-between g++ -Wl,--no-as-needed "$work/between.so" '-Wl,-rpath,$ORIGIN'
  stays host-between ./hidden.so
  LD_PRELOAD=$work/ununique.so stays host ./ununique.so
  # One hook where the linker makes it one, whatever the visibility; else each has its own.
  tells "$host" host-exports hook ./default.so
  tells "$host" host-exports hook ./hidden.so
  tells "$host" host-exports hook ./plain.so
  tells "$plugin" host-exports hooks ./default.so
  tells "$host" host-linked hook -
  tells "$host" host-linked-hidden hook -
  tells '' host hook ./default.so
  tells "$plugin" host hooks ./hidden.so
  printf 'at the end an arena may live\nof a misuse the right one is told\n'
else
  makes 'host g++' 'host-clang clang++-19' "host-clang-hidden clang++-19 $hidden" 'gcc g++' \
    'clang clang++-19' "clang-hidden clang++-19 $hidden" 'plain clang++-19 -O0'
  make host-linked clang++-19 -DLINKED "$work/gcc.so" '-Wl,-rpath,$ORIGIN'
  right 'g++ loads clang' host ./clang.so
  right 'g++ loads clang, hidden' host ./clang-hidden.so
  right 'clang loads g++' host-clang ./gcc.so
  right 'clang loads clang' host-clang ./clang.so
  right 'clang, all hidden' host-clang-hidden ./clang-hidden.so
  right 'clang linked to g++, loads clang' host-linked ./plain.so
  right 'three of two compilers' host ./gcc.so ./clang.so ./clang-hidden.so
  closes_loudly host clang.so
  stays host-linked -
  stays host ./clang.so
  tells "$host" host-linked hook -
  tells '' host hook ./clang-hidden.so
  tells "$plugin" host-clang hooks ./gcc.so
  printf 'at the end an arena may live\nof a misuse the right one is told\n'
  exit 0
fi
((setups >= 10)) || fail "only $setups set-ups"

# faulty FILE TEXT OTHER: the core with another text there.
faulty() {
  rm -rf -- "$work/core"
  cp -r -- "$source_root/core" "$work/core"
  sed -i "s/$2/$3/" "$work/core/caiman/$1"
  ! cmp -s "$work/core/caiman/$1" "$source_root/core/caiman/$1" || fail 'no fault was made'
}

# A control: no object was there when the program began.
faulty detail/closing.hpp 'os::was_linked(this)' false
core=$work/core make hidden g++ -w $hidden
status=0
{ (cd -- "$work" && ./host-linked-hidden leave -) >"$work/log" 2>&1 || status=$?; } 2>/dev/null
[[ $status == 134 ]] || fail "the end of the program, taken for a closing, was taken for right ($status)"
printf 'a closing that is none: seen\n'

# A control: every object takes its own pool for everybody's.
faulty native_sync.hpp 'return of.from_ == &own_slots<Sync>;' 'return \&of != nullptr;'
core=$work/core make host g++ -w
core=$work/core make default g++ -w
status=0
(cd -- "$work" && timeout 300 ./host ./default.so) >"$work/log" 2>&1 || status=$?
[[ $status == 1 && $(cat -- "$work/log") == 'host: two threads have one slot' ]] ||
  fail "objects that do not ask were taken for right ($status)"
printf 'objects that do not ask: seen\n'
