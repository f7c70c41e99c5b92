// SPDX-License-Identifier: MIT
// An owner stack that is filled anew (7): an announced pop has left its block behind in the lowest
// entry. Its owner pushes the other block there and this one on top, and announces that he may take
// it, while a drainer comes. A drainer that reads the height with the announcement must find the
// entry below as it is now; of the old one a block had two owners (S1).
#include "small_stack.hpp"

using namespace caiman::genmc;

namespace {

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): pthreads
small_stack<fenced_sync> stack;
std::size_t taken[3];  // one by the owner, two by the drainer
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void* use(void* /*none*/) {
  stack.push(1);
  stack.push(0);
  taken[0] = stack.pop();
  return nullptr;
}
void* drain(void* /*none*/) {
  stack.come();
  stack.take_and_leave(&taken[1]);
  return nullptr;
}

}  // namespace

int main() {
  stack.build();
  for (std::size_t& each : taken) each = nothing;
  stack.push(0);
  const std::size_t block = stack.pop();
  assert(block == 0);
  run(use, drain);
  stack.expect_one_owner_each(taken);
  return 0;
}
