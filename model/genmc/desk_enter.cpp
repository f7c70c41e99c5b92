// SPDX-License-Identifier: MIT
// The desk and who registers there (11) (12): one waiter enters while the only unit comes back. The
// look behind the mark finds the unit, or the return meets the mark and asks for a look of its own:
// the waiter is served (S7), and by somebody who has seen what it wants (S2).
#include "desk_parts.hpp"
// then the core
#include "caiman/detail/ledger.hpp"

using namespace caiman::genmc;

namespace {

struct arena {
  ledger<genmc_sync> books{genmc_sync::home{}};
  std::atomic<std::uint64_t> unit{0};

  answer try_take(unsigned /*order*/) noexcept {
    std::uint64_t there = 1;
    return unit.compare_exchange_strong(there, 0, std::memory_order_relaxed,
                                        std::memory_order_relaxed)
               ? answer(1)
               : answer(answer::full);
  }
  void await() noexcept { books.await(); }
  void await_no_more() noexcept { books.await_no_more(); }
};

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): pthreads
made_late<arena> home;
made_late<waiting_room<genmc_sync, plain_waiters>> room;
made_late<customer> waits;
made_late<wake_list> wakes[2];
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void* wait(void* /*none*/) {
  genmc_sync::slot = 0;
  room->enter(home.get(), waits.get(), wakes[0].get());
  return nullptr;
}
void* give(void* /*none*/) {
  genmc_sync::slot = 1;
  home->unit.store(1, std::memory_order_relaxed);
  if (home->books.gave() == duty::serve) {
    room->serve(home.get(), wakes[1].get());
    const duty next = home->books.served();
    assert(next == duty::none);  // there is a handle
  }
  return nullptr;
}

}  // namespace

int main() {
  home.make();
  room.make(plain_waiters{});
  waits.make();
  for (auto& each : wakes) each.make();
  home->books.took();
  run(wait, give);
  assert(waits->is_served());
  return 0;
}
