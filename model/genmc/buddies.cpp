// SPDX-License-Identifier: MIT
// The word protocol: two buddies are released at once, and are one block afterwards (S2, S4).
// Fan-out 2: the merge crosses words, and must happen once.
#include "genmc_sync.hpp"

using namespace caiman::genmc;

namespace {

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): pthreads
small_arena<1, 2> arena;
std::size_t held[4];
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void* release_first(void* /*none*/) {
  genmc_sync::slot = 0;
  arena.give(0, held[0]);
  return nullptr;
}
void* release_second(void* /*none*/) {
  genmc_sync::slot = 1;
  arena.give(0, held[1]);
  return nullptr;
}

}  // namespace

int main() {
  for (std::size_t& each : held) each = arena.take(0);
  run_both(release_first, release_second);
  arena.give(0, held[2]);
  arena.give(0, held[3]);
  const std::size_t whole = arena.take(2);
  assert(is_block(whole));
  return whole == 0 ? 0 : 1;
}
