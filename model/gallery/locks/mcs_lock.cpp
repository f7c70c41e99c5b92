// SPDX-License-Identifier: MIT
// The queue of waiting threads, each at a word of its own.
// John Mellor-Crummey, Michael Scott: Algorithms for Scalable Synchronization on Shared-Memory
// Multiprocessors, 1991.
// Fault 1: the lock is handed over relaxed.
// Fault 2: unlock does not wait for a successor that is in the queue and has not linked itself.
// Fault 3: the exchange does not release, so the link may be lost under the clearing of `next`.
#include <array>
#include <atomic>

#include "checked_lock.hpp"

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;

template <template <class> class Atom = std::atomic>
class mcs_lock {
  struct node {
    Atom<node*> next{nullptr};
    Atom<bool> waits{false};
  };

 public:
  void lock() {
    node& mine = nodes_[m::this_thread::index()];
    mine.next.store(nullptr, relaxed);
    mine.waits.store(true, relaxed);
    node* const before = tail_.exchange(&mine, FAULT == 3 ? acquire : acq_rel);
    if (before == nullptr) return;
    before->next.store(&mine, release);
    while (mine.waits.load(acquire)) m::this_thread::yield();
  }
  void unlock() {
    node& mine = nodes_[m::this_thread::index()];
    node* next = mine.next.load(acquire);
    if (next == nullptr) {
      node* expected = &mine;
      if (tail_.compare_exchange_strong(expected, nullptr, release, relaxed)) return;
      if (FAULT == 2) return;
      while ((next = mine.next.load(acquire)) == nullptr) m::this_thread::yield();
    }
    next->waits.store(false, FAULT == 1 ? relaxed : release);
  }

 private:
  Atom<node*> tail_{nullptr};
  std::array<node, 6> nodes_;
};

int main(int argc, char** argv) { return gallery::check_lock<mcs_lock<m::atomic>>(argc, argv); }
