// SPDX-License-Identifier: MIT
// The queue of waiting threads, each at the word of the one before it.
// Travis Craig, 1993; Anders Landin, Erik Hagersten: Queue Locks on Cache Coherent Multiprocessors,
// 1994.
// Fault 1: unlock is relaxed. Fault 2: the exchange is relaxed.
// Fault 3: a thread keeps its own node instead of taking that of the one before it, and so comes to
// wait for itself.
#include <array>
#include <atomic>

#include "checked_lock.hpp"

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;

template <template <class> class Atom = std::atomic>
class clh_lock {
  struct node {
    Atom<bool> held{false};
  };

 public:
  void lock() {
    unsigned& mine = mine_[m::this_thread::index()];
    nodes_[mine].held.store(true, relaxed);
    const unsigned before = tail_.exchange(mine, FAULT == 2 ? relaxed : acq_rel);
    while (nodes_[before].held.load(acquire)) m::this_thread::yield();
    owner_ = mine;
    if (FAULT != 3) mine = before;
  }
  void unlock() { nodes_[owner_].held.store(false, FAULT == 1 ? relaxed : release); }

 private:
  static constexpr unsigned threads = 6;
  std::array<node, threads + 1> nodes_;
  std::array<unsigned, threads> mine_{0, 1, 2, 3, 4, 5};
  Atom<unsigned> tail_{threads};
  m::plain<unsigned> owner_{0};
};

int main(int argc, char** argv) { return gallery::check_lock<clh_lock<m::atomic>>(argc, argv); }
