#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Compiles and runs programs with all headers as one, as `ninja caiman-single-header`     |
# | writes them.                                                                            |
# | Why: that header is what people paste into an online compiler, and nothing else would   |
# | see it break. It must compile without a warning under g++ and clang, in two units of a  |
# | program as well, and do what the headers of the tree do: a program that prints what it  |
# | sees prints the same with both. Then trees that are wrong are refused.                  |
# | Relies on: g++, clang++-19, python3.                                                    |
# | Usage: single.sh SOURCE-ROOT                                                            |
# +-----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"
flags=(-std=c++23 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -pthread)
write=$source_root/core/package/single_header.py

python3 "$write" "$source_root/core" "$work/single/caiman.hpp" || fail 'it is not written'
! grep -n '#include "' "$work/single/caiman.hpp" || fail 'it wants other headers of ours'

# The consumer of all the other packages, with the one header in the place of two.
sed -E 's#<caiman/caiman.hpp>#"caiman.hpp"#; /heap_picture.hpp/d' "$source_root/tests/consumers/consumer.cpp" \
  >"$work/consumer.cpp"
cat >"$work/prints.cpp" <<'CPP'
#include HEADERS
#ifdef MORE
#include MORE
#endif
#include <cstdio>
#include <vector>

int second_unit();

int main() {
  const auto geometry = caiman::buddy_geometry::exact(1 << 16, 64).value();
  const auto arena = caiman::buddy_arena::builder(geometry).init(caiman::init_policy::zero).build().value();
  std::vector<caiman::bytes> kept;
  for (std::size_t size = 1; size < 20'000; size = size * 3 + 1) {
    auto got = arena.allocate(size);
    if (!got) {
      std::printf("%zu: %s\n", size, make_error_code(got.error()).message().c_str());
      continue;
    }
    got->fill(std::byte{'x'}, size / 2);
    std::printf("%zu at %zu of %zu\n", size, got->offset(), got->capacity());
    if (size % 2 == 0) kept.push_back(std::move(*got).freeze());
  }
  std::puts(caiman::to_json(arena.metrics()).c_str());
  std::puts(caiman::heap_picture(arena.occupancy(), {.title = "a page"}).c_str());
  std::printf("%s %d\n", CAIMAN_VERSION_STRING, second_unit());
}
CPP
cat >"$work/second.cpp" <<'CPP'
#include HEADERS
int second_unit() {
  caiman::buddy<> blocks(6);
  return blocks.allocate(3) ? static_cast<int>(blocks.free_min_blocks()) : -1;
}
CPP
prints() { # COMPILER NAME FLAG...
  "$1" "${flags[@]}" "${@:3}" "$work/prints.cpp" "$work/second.cpp" -o "$work/$2" >"$work/log" 2>&1 ||
    fail "$1: $2 does not compile"
  "$work/$2" >"$work/$2.txt" || fail "$1: $2 fails"
  [[ $(wc -l <"$work/$2.txt") -gt 10 ]] || fail "$2 prints nothing"
}
tree=(-I"$source_root/core" -DHEADERS='<caiman/caiman.hpp>' -DMORE='<caiman/heap_picture.hpp>')
prints g++ tree "${tree[@]}"
for compiler in g++ clang++-19; do
  prints "$compiler" one -I"$work/single" -DHEADERS='"caiman.hpp"'
  diff "$work/tree.txt" "$work/one.txt" || fail "$compiler: with the one header it does something else"
done
clang++-19 "${flags[@]}" -I"$work/single" "$work/consumer.cpp" -o "$work/consumer" >"$work/log" 2>&1 ||
  fail 'the consumer does not compile'
[[ $("$work/consumer") == 'consumer: right' ]] || fail 'the consumer is wrong'
echo 'int second_unit() { return -1; }' >"$work/second.cpp"
prints g++ other -I"$work/single" -DHEADERS='"caiman.hpp"'
! diff "$work/tree.txt" "$work/other.txt" >"$work/log" || fail 'another program prints the same'

# What it wants is said by it, too.
if echo '#include "caiman.hpp"' | g++ -std=c++20 -I"$work/single" -fsyntax-only -x c++ - 2>"$work/log"; then
  fail 'C++20 is taken'
fi
[[ $(grep -c 'error: ' "$work/log") == 1 ]] || fail 'not one error below C++23'

# refused TEXT FILE EXPRESSION: a tree whose file sed has changed is not written, or does not compile.
refused() {
  rm -rf -- "$work/core"
  cp -r -- "$source_root/core" "$work/core"
  touch -- "$work/core/$2"
  sed -i -E "$3" "$work/core/$2"
  if python3 "$write" "$work/core" "$work/spoilt.hpp" 2>"$work/log"; then fail "$1: it is written"; fi
  [[ $(wc -l <"$work/log") == 1 ]] && grep -q "^single_header.py: .*$1" "$work/log" || fail "not: $1"
}
refused 'nothing includes caiman/lonely.hpp' caiman/lonely.hpp ''
refused 'No such file.*caiman/nowhere.hpp' caiman/arena.hpp 's#"caiman/buffer.hpp"#"caiman/nowhere.hpp"#'
refused 'a circle of includes: .*caiman/arena.hpp' caiman/error.hpp 's#"caiman/version.hpp"#"caiman/arena.hpp"#'
refused 'a condition has no end' caiman/version.hpp '/^#endif$/d'
# An include under a condition stays there, and what it brings is there without it, too.
cp -r -- "$source_root/core/." "$work/core"
sed -i -E 's@^#include "caiman/version.hpp"@#if defined(ASKED)\n&\n#endif\n@' "$work/core/caiman/error.hpp"
python3 "$write" "$work/core" "$work/conditional/caiman.hpp" || fail 'an include under a condition is not taken'
printf '#include "caiman.hpp"\nint v = CAIMAN_VERSION;\n' >"$work/asks.cpp"
for asked in -UASKED -DASKED; do
  g++ "${flags[@]}" "$asked" -I"$work/conditional" -fsyntax-only "$work/asks.cpp" || fail "under a condition, $asked"
done
printf 'single header: %d lines, the same with g++ and clang\n' "$(wc -l <"$work/single/caiman.hpp")"
