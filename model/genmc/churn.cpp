// SPDX-License-Identifier: MIT
// The word protocol and "full": of four blocks two are live; two threads take one and give it back,
// and neither may be refused (S1, S2, S6).
#include "genmc_sync.hpp"

using namespace caiman::genmc;

namespace {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): pthreads
small_arena<1, 2> arena;

void take_and_give(unsigned slot) {
  genmc_sync::slot = slot;
  const std::size_t mine = arena.take(0);
  assert(!is_full(mine));
  if (is_block(mine)) arena.give(0, mine);
}
void* first(void* /*none*/) {
  take_and_give(0);
  return nullptr;
}
void* second(void* /*none*/) {
  take_and_give(1);
  return nullptr;
}

}  // namespace

int main() {
  const std::size_t held = arena.take(1);
  run_both(first, second);
  arena.give(1, held);
  const std::size_t whole = arena.take(2);
  assert(is_block(whole));
  return whole == 0 ? 0 : 1;
}
