// SPDX-License-Identifier: MIT
// The flag of an owner stack (8): its owner takes it down while a drainer leaves, and then pops by
// a plain load, which must see what the drainer took (S1, S2). main() makes what comes before: a
// drainer is there, past its fence, and the owner saw the flag so once; when he looks again he
// takes it down, if by then the drainer is gone. No fence is left to pass, so on neither side
// one hides what the leaving and the taking down have to order.
#include "small_stack.hpp"

using namespace caiman::genmc;

namespace {

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): pthreads
small_stack<past_fences_sync> stack;
std::size_t taken[4];  // two by the owner, two by the drainer
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void* use(void* /*none*/) {
  taken[0] = stack.pop();
  stack.look();
  taken[1] = stack.pop();
  return nullptr;
}
void* drain(void* /*none*/) {
  stack.take_and_leave(&taken[2]);
  return nullptr;
}

}  // namespace

int main() {
  stack.build();
  for (std::size_t& each : taken) each = nothing;
  for (std::size_t block = 0; block < 2; ++block) stack.push(block);
  stack.come();
  stack.push(stack.pop());
  run(use, drain);
  stack.expect_one_owner_each(taken);
  return 0;
}
