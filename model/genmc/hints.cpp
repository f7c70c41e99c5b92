// SPDX-License-Identifier: MIT
// The hints: a search that clears a stale class of a word against a release that sets one there. At
// quiescence no hint hides the free block (S5, S6): a request must find it.
#include "genmc_sync.hpp"

using namespace caiman::genmc;

namespace {

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): pthreads
small_arena<1, 2> arena;
std::size_t held[4];
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

// Nothing is free when it begins, so it looks at whatever is marked and clears it.
void* search(void* /*none*/) {
  genmc_sync::slot = 0;
  const std::size_t mine = arena.take(0);
  if (is_block(mine)) arena.give(0, mine);
  return nullptr;
}
void* release(void* /*none*/) {
  genmc_sync::slot = 1;
  arena.give(0, held[3]);
  return nullptr;
}

}  // namespace

int main() {
  for (std::size_t& each : held) each = arena.take(0);
  run_both(search, release);
  const std::size_t again = arena.take(0);
  assert(is_block(again));
  return is_block(again) ? 0 : 1;
}
