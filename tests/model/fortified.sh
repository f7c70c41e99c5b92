#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Runs a program of two threads on Relacy as packages compile it, with _FORTIFY_SOURCE.   |
# | Why: the jumps between the stacks of its threads then end the program, unless what       |
# | includes Relacy sees to it. That they would is seen first, without it.                  |
# | Relies on: a compiler, Relacy.                                                          |
# | Usage: fortified.sh SOURCE-ROOT COMPILER...                                             |
# +-----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"
compiler=("${@:2}")

cat >"$work/two.cpp" <<'EOF'
#include RELACY
struct two : rl::test_suite<two, 2> {
  void before() { word($).store(0, rl::mo_relaxed); }
  void thread(unsigned) { word($).fetch_add(1, rl::mo_relaxed); }
  void after() { RL_ASSERT(word($).load(rl::mo_relaxed) == 2); }
  rl::atomic<int> word;
};
int main() {
  rl::test_params all;
  all.search_type = rl::fair_full_search_scheduler_type;
  return rl::simulate<two>(all) ? 0 : 1;
}
EOF

# with HEADER [FLAG...]: builds it over this header; $work/two is the program.
with() {
  "${compiler[@]}" -std=c++23 -O1 -w -pthread -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -DRELACY="<$1>" "${@:2}" \
    -I "$source_root/model/workbench/include" "$work/two.cpp" -o "$work/two" >"$work/log" 2>&1 || fail "does not build: $1"
}

with relacy/relacy.hpp -include sstream
if (ulimit -c 0 && "$work/two") >"$work/log" 2>&1; then fail 'Relacy alone is not ended, so this shows nothing'; fi
grep -q 'longjmp causes uninitialized stack frame' "$work/log" || fail 'Relacy alone is ended by something else'

with caiman-model/relacy.hpp
"$work/two" >"$work/log" 2>&1 || fail 'a fortified program is ended'
printf 'fortified: runs\n'
