// SPDX-License-Identifier: MIT
// The desk (12): two wait already. Two threads bring a unit each and ask for a look. Whoever is at
// the desk sees both, at once or in the look that it does for the one that left a note: both who
// wait are served (S7), by one thread at a time (S2).
#include "desk_parts.hpp"

using namespace caiman::genmc;

namespace {

struct shelf {
  std::atomic<std::uint64_t> unit[2];

  answer try_take(unsigned /*order*/) noexcept {
    for (std::uint64_t i = 0; i < 2; ++i) {
      // one thread at a time takes, so a store will do
      if (unit[i].load(std::memory_order_relaxed) != 1) continue;
      unit[i].store(2, std::memory_order_relaxed);
      return answer(i + 1);
    }
    return answer(answer::full);
  }
  void await() noexcept {}
  void await_no_more() noexcept {}
};

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): pthreads
made_late<shelf> home;
made_late<waiting_room<genmc_sync, plain_waiters>> room;
made_late<customer> waits[2];
made_late<wake_list> wakes[3];
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void bring(int i) {
  home->unit[i].store(1, std::memory_order_relaxed);
  room->serve(home.get(), wakes[i].get());
}

}  // namespace

int main() {
  home.make();
  room.make(plain_waiters{});
  for (auto& each : waits) each.make();
  for (auto& each : wakes) each.make();
  for (auto& each : waits) room->enter(home.get(), each.get(), wakes[2].get());
  run(calls<bring, 0>, calls<bring, 1>);
  for (auto& each : waits) assert(each->is_served());
  assert(room->waiting() == 0);
  return 0;
}
