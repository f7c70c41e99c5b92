// SPDX-License-Identifier: MIT
// The lock of a single word that everybody exchanges until it is free, as in Ada or on the
// System/360. Its loop has no yield, which the checker notes and bears.
// Fault 1: unlock is relaxed.
#include <atomic>

#include "checked_lock.hpp"

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;

template <template <class> class Atom = std::atomic>
class spin_lock {
 public:
  void lock() {
    while (taken_.exchange(true, acquire)) {
    }
  }
  void unlock() { taken_.store(false, FAULT == 1 ? relaxed : release); }

 private:
  Atom<bool> taken_{false};
};

int main(int argc, char** argv) { return gallery::check_lock<spin_lock<m::atomic>>(argc, argv); }
