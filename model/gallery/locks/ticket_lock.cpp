// SPDX-License-Identifier: MIT
// The lock that serves in the order of tickets.
// John Mellor-Crummey, Michael Scott: Algorithms for Scalable Synchronization on Shared-Memory
// Multiprocessors, 1991, section 2.2.
// Fault 1: unlock calls the next ticket relaxed. Fault 2: who waits looks relaxed.
#include <atomic>

#include "checked_lock.hpp"

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;

template <template <class> class Atom = std::atomic>
class ticket_lock {
 public:
  void lock() {
    const unsigned mine = next_.fetch_add(1, relaxed);
    while (serving_.load(FAULT == 2 ? relaxed : acquire) != mine) m::this_thread::yield();
  }
  void unlock() {
    const unsigned now = serving_.load(relaxed);
    serving_.store(now + 1, FAULT == 1 ? relaxed : release);
  }

 private:
  Atom<unsigned> next_{0};
  Atom<unsigned> serving_{0};
};

int main(int argc, char** argv) { return gallery::check_lock<ticket_lock<m::atomic>>(argc, argv); }
