// SPDX-License-Identifier: MIT
// Blocking for lock-free structures: announce, look again, sleep until the count changes.
// David Reed, Rajendra Kanodia: Synchronization with Eventcounts and Sequencers, 1979; in this form
// by Dmitry Vyukov, 2010.
// Fault 1: no fence between what is published and the look for waiters.
// Fault 2: no fence between the announcement and the second look.
// Fault 3: who waits takes the count after the second look, so a change between them is missed.
#include <atomic>
#include <caiman-model/check.hpp>

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;

template <template <class> class Atom = std::atomic>
class eventcount {
 public:
  template <class Condition>
  void await(Condition holds) {
    while (!holds()) {
      waiters_.fetch_add(1, relaxed);
      unsigned seen = count_.load(acquire);
      if (FAULT != 2) m::atomic_thread_fence(seq_cst);
      const bool now = holds();
      if (FAULT == 3) seen = count_.load(acquire);
      if (!now) count_.wait(seen, acquire);
      waiters_.fetch_sub(1, relaxed);
      if (now) return;
    }
  }
  void notify() {
    if (FAULT != 1) m::atomic_thread_fence(seq_cst);
    if (waiters_.load(relaxed) == 0) return;
    count_.fetch_add(1, release);
    count_.notify_all();
  }

 private:
  Atom<unsigned> count_{0};
  Atom<unsigned> waiters_{0};
};

struct run {
  eventcount<m::atomic> event;
  m::atomic<int> items{0};
  void give() {
    items.fetch_add(1, release);
    event.notify();
  }
  void take() {
    event.await([this] {
      int n = items.load(relaxed);
      while (n > 0) {
        if (items.compare_exchange_weak(n, n - 1, acquire, relaxed)) return true;
      }
      return false;
    });
  }
};

int main(int argc, char** argv) {
  return m::check_program<run>(argc, argv, m::thread([](run& r) {
                                 r.give();
                                 r.give();
                               }),
                               m::thread([](run& r) { r.take(); }),
                               m::thread([](run& r) { r.take(); }),
                               m::after([](run& r) { return r.items.load() == 0; }));
}
