// SPDX-License-Identifier: MIT
// The lock of a single word that everybody exchanges until it is free, as in Ada or on the
// System/360. Its loop has no yield, which the checker notes and bears.
// Fault 1: unlock is relaxed.
#include <atomic>
#include <caiman-model/check.hpp>
#include <mutex>

#include "../specs.hpp"

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

struct counter {
  spin_lock<m::atomic> lock;
  m::plain<int> value{0};
  int next() {
    const std::lock_guard held(lock);
    const int v = value;
    value = v + 1;
    return v;
  }
};

int main(int argc, char** argv) {
  using spec = gallery::counter_spec;
  return m::check<counter, spec>(argc, argv, m::operation("next", &counter::next, &spec::next));
}
