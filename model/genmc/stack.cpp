// SPDX-License-Identifier: MIT
// An owner stack (7) (8): its owner pops, pushes again and pops, -DPOPS=2 or 3 times, while another
// thread, or two with -DDRAINERS=2, drains what it can. Each of two blocks has one owner at a time
// (S1, S2), and none is lost (S3). With -DANNOUNCED=0 pops are exchanges, with 1 announced: then
// the second pop that finds the flag up takes it down, if no drainer is there, and the third one
// may be announced again. -DSYNC=half_fenced_sync leaves the owner's fence out.
#include "small_stack.hpp"

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

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): pthreads
small_stack<SYNC, ANNOUNCED != 0> stack;
std::size_t taken[1 + 2 * DRAINERS];  // by the owner in the end, and by each drainer
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void* use(void* /*none*/) {
  for (int i = 1; i < POPS; ++i) {
    const std::size_t back = stack.pop();
    if (back != nothing) stack.push(back);
  }
  taken[0] = stack.pop();
  return nullptr;
}
void drain(int mine) {
  if (!stack.in_memory().any(false)) return;
  stack.come();
  stack.take_and_leave(&taken[1 + 2 * mine]);
}

}  // namespace

int main() {
  stack.build();
  for (std::size_t& each : taken) each = nothing;
  for (std::size_t block = 0; block < 2; ++block) stack.push(block);
  if constexpr (DRAINERS == 1) {
    run(use, calls<drain, 0>);
  } else {
    run(use, calls<drain, 0>, calls<drain, 1>);
  }
  stack.expect_one_owner_each(taken);
  return 0;
}
