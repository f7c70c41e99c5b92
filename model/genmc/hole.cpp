// SPDX-License-Identifier: MIT
// The tree with owner stacks, a hole against the move that made it (4): the only block lies in its
// owner's stack, and a drainer moves it into the tree. Somebody asks for it meanwhile. It is in the
// stack, on its way, or in the tree, so "full" would be wrong (S6). Who finds the hole must see
// that a move began: with -DASKS=owner its owner, who pops and then searches, with -DASKS=stranger
// one who looks into all stacks. With -DASKS=third the owner only pops, while a third one asks: he
// may find a height that was lowered over the hole (7). A flag that is up stays up, so that no
// fence hides an order. With -DANNOUNCED=0 pops are exchanges.
#include "small_tree.hpp"

#ifndef ASKS
#define ASKS owner
#endif
#ifndef ANNOUNCED
#define ANNOUNCED 1
#endif

using namespace caiman::genmc;

namespace {

struct stacked_sync : past_fences_sync {
  static constexpr unsigned stack_room = 1;
  static constexpr unsigned stack_depth = 1;
  static constexpr unsigned stack_orders = 1;
  static constexpr bool announced_pop = ANNOUNCED != 0;
};
enum class who : unsigned char { owner, stranger, third };
constexpr who asks = who::ASKS;

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): pthreads
made_late<tree_of_four<stacked_sync>> arena;
std::size_t popped;
std::size_t got;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void* own(void* /*none*/) {
  genmc_sync::slot = 0;
  popped = arena->pop(0);
  if (asks == who::owner && popped == full) got = arena->take(0);
  return nullptr;
}
void* drain(void* /*none*/) {
  genmc_sync::slot = 1;
  arena->drain();
  return nullptr;
}
void* ask(void* /*none*/) {
  genmc_sync::slot = 2;  // the shared one
  got = arena->take(0);
  return nullptr;
}

}  // namespace

int main() {
  arena.make(std::size_t{1});
  genmc_sync::slot = 0;
  arena->push(0, arena->take(0));
  arena->raise_flag(0);
  popped = full;
  if constexpr (asks == who::owner) run(own, drain);
  if constexpr (asks == who::stranger) run(ask, drain);
  if constexpr (asks == who::third) run(own, drain, ask);
  assert(popped != full || got != full);
  return 0;
}
