// SPDX-License-Identifier: MIT
// One fence for all drainers of an owner stack (8): one raises the flag, passes the fence and
// leaves; another one that finds the flag up with this fence needs none, and must see the height
// of a pop that found the flag down. The owner pops, announced. The block has one owner (S1, S2).
#include "small_stack.hpp"

using namespace caiman::genmc;

namespace {

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): pthreads
small_stack<fenced_sync> stack;
std::size_t taken[3];  // by main(), the owner, the drainer
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void* use(void* /*none*/) {
  taken[1] = stack.pop();
  return nullptr;
}
void* raise(void* /*none*/) {
  stack.come();
  return nullptr;
}
void* drain(void* /*none*/) {
  stack.come();
  stack.take_and_leave(&taken[2]);
  return nullptr;
}

}  // namespace

int main() {
  stack.build();
  for (std::size_t& each : taken) each = nothing;
  taken[0] = 1;
  stack.push(0);
  run(use, drain, raise);
  stack.expect_one_owner_each(taken);
  return 0;
}
