// SPDX-License-Identifier: MIT
// A control: the engine must convict it. The waiter counts itself and then looks at the units; the
// releaser publishes a unit and then looks whether anybody waits. A store-buffer pair: both may
// miss the other, and the waiter sleeps beside a free unit.
#include <atomic>
#include <cassert>

#include "threads.hpp"

namespace {

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): pthreads
std::atomic<unsigned> units{0};
std::atomic<unsigned> waiting{0};
bool found;  // by who waits
bool met;    // by who releases
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void* wait(void* /*none*/) {
  waiting.fetch_add(1, std::memory_order_release);
  found = units.load(std::memory_order_acquire) != 0;
  return nullptr;
}
void* release(void* /*none*/) {
  units.fetch_or(1, std::memory_order_release);
  met = waiting.load(std::memory_order_acquire) != 0;
  return nullptr;
}

}  // namespace

int main() {
  caiman::genmc::run(wait, release);
  assert(found || met);
}
