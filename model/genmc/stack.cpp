// SPDX-License-Identifier: MIT
// An owner stack (7) (8): its owner pops, pushes again and pops, -DPOPS=2 or 3 times, while another
// thread, or two with -DDRAINERS=2, drains what it can. Each of two blocks has one owner at a time
// (S1, S2), and none is lost (S3). With -DANNOUNCED=0 pops are exchanges, with 1 announced: then
// the second pop that finds the flag up takes it down, if no drainer is there, and the third one
// may be announced again. -DSYNC=half_fenced_sync leaves the owner's fence out.
#include "genmc_sync.hpp"
// then the core
#include "caiman/protocol/stacks.hpp"

#ifndef ANNOUNCED
#define ANNOUNCED 1
#endif
#ifndef SYNC
#define SYNC fenced_sync
#endif
#ifndef POPS
#define POPS 2
#endif
#ifndef DRAINERS
#define DRAINERS 1
#endif

using namespace caiman::genmc;

namespace {

struct stack_sync : SYNC {
  static constexpr unsigned stack_room = 2;
  static constexpr unsigned stack_depth = 2;
  static constexpr unsigned stack_orders = 1;
  static constexpr bool announced_pop = ANNOUNCED != 0;
};
using stacks = owner_stacks<stack_sync>;

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): pthreads
alignas(128) std::byte memory[stacks::bytes()];
unsigned payload[2];               // written by each owner of a block
std::size_t popped;                // by the owner, in the end
std::size_t drained[DRAINERS][2];  // by each drainer
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

stacks in_memory() { return stacks(memory); }
std::size_t own(std::size_t block) {
  if (block != stacks::nothing) ++payload[block];
  return block;
}
std::size_t pop() {
  std::size_t block = stacks::nothing;
  if (!in_memory().pop_top(0, block)) block = in_memory().pop_below(0);
  return own(block);
}

void* use(void* /*none*/) {
  for (int i = 1; i < POPS; ++i) {
    const std::size_t back = pop();
    if (back == stacks::nothing) continue;
    (void)own(back);
    const bool fits = in_memory().push_again(0, back) || in_memory().push(0, back);
    assert(fits);
  }
  popped = pop();
  return nullptr;
}
void drain(int mine) {
  const stacks from = in_memory();
  if (!from.any(false)) return;
  if (ANNOUNCED != 0 && !from.raise_flag()) {
    stack_sync::heavy_fence();
    from.pass_fence();
  }
  int count = 0;
  for (std::uint32_t i = from.reach(0, false); i > 0; --i) {
    const std::size_t block = own(from.take(0, i));
    if (block != stacks::nothing) drained[mine][count++] = block;
  }
  if (ANNOUNCED != 0) from.leave_flag();
}

}  // namespace

int main() {
  in_memory().build();
  for (auto& by_one : drained) {
    for (std::size_t& each : by_one) each = stacks::nothing;
  }
  for (std::size_t block = 0; block < 2; ++block) {
    const bool fits = in_memory().push(0, block);
    assert(fits);
  }
  if constexpr (DRAINERS == 1) {
    run(use, calls<drain, 0>);
  } else {
    run(use, calls<drain, 0>, calls<drain, 1>);
  }

  unsigned times[2];
  times[0] = times[1] = 0;
  if (popped != stacks::nothing) ++times[popped];
  for (const auto& by_one : drained) {
    for (const std::size_t each : by_one) {
      if (each != stacks::nothing) ++times[each];
    }
  }
  for (std::size_t left = pop(); left != stacks::nothing; left = pop()) ++times[left];
  assert(times[0] == 1 && times[1] == 1);
  return 0;
}
