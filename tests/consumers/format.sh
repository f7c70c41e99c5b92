#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Formats bytes, and into a buffer, with a standard library that has <format>.            |
# | Why: libstdc++ 12 has none, so no other test compiles what bytes.hpp has for it.        |
# | libc++ 19 has one.                                                                      |
# | Relies on: clang++-19, libc++-19-dev.                                                   |
# | Usage: format.sh SOURCE-ROOT                                                            |
# +-----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"

cat >"$work/formats.cpp" <<'END'
#include <caiman/arena.hpp>
#include <cstdio>
#include <format>
#include <iterator>

int main() {
  const auto geometry = caiman::buddy_geometry::exact(4096, 64).value();
  const auto arena = caiman::buddy_arena::builder(geometry).build().value();
  auto b = arena.allocate(64).value();
  std::format_to(std::back_inserter(b), "{}-{:>4}", 42, "ab");
  const caiman::bytes frozen = std::move(b).freeze();
  std::puts(std::format("[{}] [{:>10}] [{:.2}]", frozen, frozen, frozen).c_str());
}
END

# formats INCLUDE-PATH: compiles and runs it, with what is said in the log.
formats() {
  clang++-19 -stdlib=libc++ -std=c++23 -Wall -Wextra -Wpedantic -Werror -I"$1" \
    "$work/formats.cpp" -o "$work/formats" -pthread &&
    "$work/formats"
} >"$work/log" 2>&1

formats "$source_root/core" || fail 'bytes are not formatted'
[[ $(<"$work/log") == '[42-  ab] [   42-  ab] [42]' ]] || fail 'another text'

# Not so without what bytes.hpp and buffer.hpp have for it.
mkdir -p "$work/core"
cp -r "$source_root/core/caiman" "$work/core"
for file in bytes buffer; do
  sed -i '/^}  \/\/ namespace caiman::v0$/,$d' "$work/core/caiman/$file.hpp"
  printf '}\n#endif\n' >>"$work/core/caiman/$file.hpp"
  if formats "$work/core"; then fail "$file.hpp is not needed"; fi
  grep -q 'error:' "$work/log" || fail "another failure without that of $file.hpp"
  cp "$source_root/core/caiman/$file.hpp" "$work/core/caiman"
done
printf 'bytes are formatted, and text is formatted into a buffer\n'
