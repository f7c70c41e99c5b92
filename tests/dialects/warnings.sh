#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +----------------------------------------------------------------------------------------+
# | Compiles a program that uses all of Caiman with the warnings that others switch on.    |
# | Why: a user that includes the headers by -I and not by -isystem gets their warnings as |
# | his own, and with -Werror none of his sources compiles. Templates warn where they are  |
# | used, so life.hpp uses them; some warnings need the optimizer, so both -O0 and -O2.    |
# | Controls: a header per handful of flags that must warn.                                |
# | Relies on: g++, clang++-19.                                                            |
# | Usage: warnings.sh SOURCE-ROOT                                                         |
# +----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"

both=(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wswitch-default -Wswitch-enum
  -Wcast-align -Wcast-qual -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast
  -Wnull-dereference -Wdouble-promotion -Wformat=2 -Wundef -Wredundant-decls -Wfloat-equal
  -Wmissing-declarations -Wextra-semi -Wzero-as-null-pointer-constant -Wimplicit-fallthrough
  -Wunused -Weffc++ -Wvla)
of_gcc=(-Wuseless-cast -Wcast-align=strict -Wduplicated-cond -Wduplicated-branches -Wlogical-op
  -Wstrict-null-sentinel -Wcomma-subscript -Wsuggest-override -Wstrict-overflow=2 -Wdate-time
  -Wplacement-new=2 -Warith-conversion -Wcatch-value=3 -Wdeprecated-copy-dtor)
# All there are, but what is no fault: words of C++98, room between members, pointers, a variable of a
# function that has a destructor, and classes whose table is in each unit, as headers have them.
of_clang=(-Weverything -Wno-c++98-compat -Wno-c++98-compat-pedantic -Wno-c++20-compat -Wno-padded
  -Wno-unsafe-buffer-usage -Wno-exit-time-destructors -Wno-global-constructors -Wno-weak-vtables
  -Wno-ctad-maybe-unsupported)

# quiet COMPILER FLAG...: of the program on stdin.
quiet() {
  local compiler=$1 of=("${of_gcc[@]}")
  shift
  [[ $compiler == clang* ]] && of=("${of_clang[@]}")
  "$compiler" -std=c++23 -pthread "${both[@]}" "${of[@]}" -Werror "$@" -I"$source_root/core" \
    -c -x c++ - -o "$work/o" >"$work/log" 2>&1
}

for compiler in g++ clang++-19; do
  for level in -O0 -O2; do
    # What the program itself does is not looked at.
    printf '%s\n' '#include <caiman/caiman.hpp>' '#pragma GCC system_header' >"$work/use.hpp"
    sed '/#include <caiman/d' "$source_root/tests/dialects/life.hpp" >>"$work/use.hpp"
    quiet "$compiler" "$level" -DUNIT=used <<CPP || fail "$compiler $level"
#include <caiman/caiman.hpp>
#include "$work/use.hpp"
bool use();
bool use() { return used::lives(); }
CPP
  done
  while read -r bad; do
    if quiet "$compiler" -O0 <<<"$bad"; then fail "$compiler is quiet about: $bad"; fi
  done <<'BAD'
int f(long n); int f(long n) { return n; }
unsigned f(int n); unsigned f(int n) { return n; }
int f(const int* p); int f(const int* p) { return *(int*)p; }
int f(int n); int f(int n) { switch (n) { case 1: return 2; } return 3; }
struct b { virtual void f(); }; void b::f() {}
bool f(double a, double b); bool f(double a, double b) { return a == b; }
int f() { return 1; }
BAD
done
while read -r bad; do
  if quiet g++ -O0 <<<"$bad"; then fail "g++ is quiet about: $bad"; fi
done <<'BAD'
int f(int n); int f(int n) { return static_cast<int>(n); }
long* f(char* p); long* f(char* p) { return reinterpret_cast<long*>(p); }
BAD
printf '%d warnings of both, %d of g++, all but %d of clang++-19: quiet\n' \
  "${#both[@]}" "${#of_gcc[@]}" "$((${#of_clang[@]} - 1))"
