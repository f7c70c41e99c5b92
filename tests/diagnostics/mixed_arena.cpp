// SPDX-License-Identifier: MIT
// One of the two units of mixed.sh: it makes the arena, and reads what the other one wrote.
#include <caiman/caiman.hpp>
#include <cstddef>

caiman::buddy_arena make_arena() {
  return caiman::buddy_arena::builder(caiman::buddy_geometry::exact(1 << 16, 256).value())
      .build()
      .value();
}

std::size_t sevens_in(const caiman::buffer& text) {
  std::size_t found = 0;
  for (const std::byte b : text.written()) found += b == std::byte{7};
  return found;
}

caiman::buffer from(const caiman::buddy_arena& arena) { return arena.allocate(64).value(); }

void give_back(caiman::buffer text) { std::move(text).abandon(); }
