// SPDX-License-Identifier: MIT
// The tree, a release against a release: two buddies come back at once, and are one block
// afterwards (S4). At fan-out 2 that fills a word, so exactly one of the two takes the word up to
// the root. One of the threads asks for that block at once: if it is there, it has seen the last
// owner of both (S2).
#include "small_tree.hpp"

using namespace caiman::genmc;

namespace {

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): pthreads
made_late<small_tree> arena;
std::size_t held[2];
std::size_t merged;  // unless the other one is still to come
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void* release_first(void* /*none*/) {
  genmc_sync::slot = 0;
  arena->give(0, held[0]);
  return nullptr;
}
void* release_second(void* /*none*/) {
  genmc_sync::slot = 1;
  arena->give(0, held[1]);
  merged = arena->take(1);
  return nullptr;
}

}  // namespace

int main() {
  arena.make();
  genmc_sync::slot = 2;
  for (std::size_t& each : held) each = arena->take(0);
  assert(held[0] / 2 == held[1] / 2);  // buddies
  const std::size_t other = arena->take(1);
  run(release_first, release_second);
  if (is_block(merged)) arena->give(1, merged);
  arena->give(1, other);
  const std::size_t whole = arena->take(small_tree::max_order);
  assert(whole == 0);
  return 0;
}
