// SPDX-License-Identifier: MIT
// The tree, a claim against a climb: a release fills a word and takes it up to the root, while
// another thread claims the free bit of that word, or what the root has then. A block is free all
// the time or on its way up, so "full" would be wrong (S6); "contended" is not, if each look meets
// the climb. Each block has one owner (S1, S2), and all is one block in the end (S4). With
// -DCLIMBS=0 the other bit of the word stays live, so nothing climbs, and the claim finds the block
// in its word or nothing.
#include "small_tree.hpp"

#ifndef CLIMBS
#define CLIMBS 1
#endif

using namespace caiman::genmc;

namespace {

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): pthreads
made_late<small_tree> arena;
std::size_t held[2];
std::size_t got;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void* release(void* /*none*/) {
  genmc_sync::slot = 0;
  arena->give(0, held[0]);  // the first of a word that is split anew
  return nullptr;
}
void* claim(void* /*none*/) {
  genmc_sync::slot = 1;
  got = arena->take(0);
  if (CLIMBS != 0) assert(got != full);
  return nullptr;
}

}  // namespace

int main() {
  arena.make();
  genmc_sync::slot = 1;  // the word is where the claiming thread looks first
  for (std::size_t& each : held) each = arena->take(0);
  const std::size_t other = arena->take(1);
  if (CLIMBS != 0) arena->give(0, held[1]);
  run(release, claim);
  if (CLIMBS == 0) arena->give(0, held[1]);
  if (is_block(got)) arena->give(0, got);
  arena->give(1, other);
  const std::size_t whole = arena->take(small_tree::max_order);
  assert(whole == 0);
  return 0;
}
