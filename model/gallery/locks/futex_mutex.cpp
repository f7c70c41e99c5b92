// SPDX-License-Identifier: MIT
// A mutex of one word that sleeps: 0 free, 1 taken, 2 taken and perhaps awaited.
// Ulrich Drepper: Futexes Are Tricky, 2004, the second mutex and its third.
// Fault 1: unlock is relaxed.
// Fault 2: who has slept takes the lock as 1, so those who sleep still are never woken.
// Fault 3: unlock wakes nobody when the word says 2 (it compares with 1).
#include <atomic>

#include "checked_lock.hpp"

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;

template <template <class> class Atom = std::atomic>
class mutex {
 public:
  void lock() {
    int seen = 0;
    if (word_.compare_exchange_strong(seen, 1, acquire, relaxed)) return;
    if (FAULT == 2) {
      do {
        word_.compare_exchange_strong(seen, 2, relaxed, relaxed);
        if (seen != 0) word_.wait(2, relaxed);
        seen = 0;
      } while (!word_.compare_exchange_strong(seen, 1, acquire, relaxed));
      return;
    }
    while (word_.exchange(2, acquire) != 0) word_.wait(2, relaxed);
  }
  void unlock() {
    if (word_.exchange(0, FAULT == 1 ? relaxed : release) == (FAULT == 3 ? 1 : 2)) {
      word_.notify_one();
    }
  }

 private:
  Atom<int> word_{0};
};

int main(int argc, char** argv) { return gallery::check_lock<mutex<m::atomic>>(argc, argv); }
