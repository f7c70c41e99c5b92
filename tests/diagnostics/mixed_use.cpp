// SPDX-License-Identifier: MIT
// The other unit: it takes, writes and gives back, and lets the first unit do so, too. With an
// argument it reads a block that the first unit has given back.
#include <caiman/caiman.hpp>
#include <cstddef>
#include <cstdio>
#include <utility>

caiman::buddy_arena make_arena();
std::size_t sevens_in(const caiman::buffer& text);
caiman::buffer from(const caiman::buddy_arena& arena);
void give_back(caiman::buffer text);

namespace {

std::size_t fill(caiman::buffer& text) {
  for (std::byte& b : text.spare()) b = std::byte{7};
  text.advance(text.remaining());
  return text.size();
}

}  // namespace

int main(int argc, char**) {
  const caiman::buddy_arena arena = make_arena();
  for (int i = 0; i < 100; ++i) {
    caiman::buffer ours = arena.allocate(1000).value();
    caiman::buffer theirs = from(arena);
    if (fill(ours) != sevens_in(ours) || fill(theirs) != sevens_in(theirs)) return 1;
    give_back(std::move(ours));
  }
  caiman::buffer last = arena.allocate(1000).value();
  const volatile std::byte* const seen = last.spare().data();
  give_back(std::move(last));
  if (argc > 1 && *seen == std::byte{7}) std::puts("seven");
  std::puts("right");
  return 0;
}
