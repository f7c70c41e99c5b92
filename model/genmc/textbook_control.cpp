// SPDX-License-Identifier: MIT
// A control: the engine must convict it. Two buddies are released by whoever first tests the
// other's bit and then sets its own, the textbook way: both test, both set, and nobody merges them.
#include <atomic>
#include <cassert>

#include "threads.hpp"

using namespace caiman::genmc;

namespace {

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): pthreads
std::atomic<unsigned> bits{0};
std::atomic<unsigned> merged{0};
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void release(unsigned bit, unsigned buddy) {
  if ((bits.load(std::memory_order_acquire) & buddy) != 0) {
    bits.fetch_and(~buddy, std::memory_order_acq_rel);
    merged.store(1, std::memory_order_release);
  } else {
    bits.fetch_or(bit, std::memory_order_release);
  }
}

}  // namespace

int main() {
  run(calls<release, 1U, 2U>, calls<release, 2U, 1U>);
  assert(merged.load(std::memory_order_acquire) == 1);
}
