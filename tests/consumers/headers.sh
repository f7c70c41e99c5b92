#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Compiles the headers as other people's programs do.                                     |
# | Why: a header that only compiles behind another one, that warns, or that defines        |
# | something twice is found by others otherwise. Each by itself, and all in two sources of |
# | one program, with g++ and clang. Each check is also run on a header that was spoilt for |
# | it, and must fail there.                                                                |
# | Relies on: g++, clang++-19.                                                             |
# | Usage: headers.sh SOURCE-ROOT                                                           |
# +-----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"

flags=(-std=c++23 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -pthread)
export include=$source_root/core
export flags_text="${flags[*]}"

# alone COMPILER HEADER: run by xargs in a shell of its own.
alone() {
  # shellcheck disable=SC2086
  printf '#include <caiman/%s>\n' "$2" |
    "$1" $flags_text -I"$include" -I"$spoilt" -fsyntax-only -x c++ - ||
    { printf '%s: %s does not compile by itself\n' "$1" "$2" && return 1; }
}
export -f alone

# together COMPILER HEADER...: two sources that include all, in turn and backwards, and are linked.
# What they do then is the input.
together() {
  local compiler=$1 dir
  shift
  dir=$(mktemp -d -p "$work")
  printf '#include <caiman/%s>\n' "$@" >"$dir/one.cpp"
  tac "$dir/one.cpp" >"$dir/other.cpp"
  echo 'int used();' | tee -a "$dir/one.cpp" >>"$dir/other.cpp"
  echo 'int main() { return used(); }' >>"$dir/one.cpp"
  cat >>"$dir/other.cpp"
  "$compiler" "${flags[@]}" -I"$include" -I"$spoilt" "$dir/one.cpp" "$dir/other.cpp" \
    -o "$dir/program" && "$dir/program"
}

export spoilt=$work/spoilt
mkdir -p "$spoilt/caiman"
cat >"$spoilt/caiman/lacks.hpp" <<'CPP'
#pragma once
inline std::size_t lacks(const std::vector<int>& what) { return what.size(); }
CPP
cat >"$spoilt/caiman/warns.hpp" <<'CPP'
#pragma once
inline int warns(long what) { return what; }
CPP
cat >"$spoilt/caiman/twice.hpp" <<'CPP'
#pragma once
int twice();
int twice() { return 2; }
CPP

compilers=(g++ clang++-19)
mapfile -t headers < <(find "$source_root/core/caiman" -name '*.hpp' -printf '%P\n' | sort)
((${#headers[@]} > 20)) || fail 'where are the headers?'
for compiler in "${compilers[@]}"; do
  for bad in lacks warns; do
    if alone "$compiler" "$bad.hpp" >"$work/log" 2>&1; then fail "$compiler takes $bad.hpp"; fi
  done
  if together "$compiler" twice.hpp <<<'int used() { return 0; }' >"$work/log" 2>&1; then
    fail "$compiler takes twice.hpp"
  fi
  grep -q 'multiple definition of' "$work/log" || fail "another error"
  together "$compiler" "${headers[@]}" <<'CPP' || fail "$compiler: not all in two sources"
int used() {
  const auto geometry = caiman::buddy_geometry::exact(4096, 256);
  caiman::buddy_resource resource(*caiman::buddy_arena::builder(*geometry).build());
  resource.deallocate(resource.allocate(100), 100);
  return resource.arena().metrics().frees == 1 ? 0 : 1;
}
CPP
done
for compiler in "${compilers[@]}"; do printf "$compiler\0%s\0" "${headers[@]}"; done |
  xargs -0 -n 2 -P "$(nproc)" bash -c 'alone "$@"' alone
printf '%d headers, each by itself and all twice, with %s\n' "${#headers[@]}" "${compilers[*]}"
