// SPDX-License-Identifier: MIT
// Mutual exclusion of any number of threads by tickets that two may draw alike.
// Leslie Lamport: A New Solution of Dijkstra's Concurrent Programming Problem, 1974.
// Fault 1: release and acquire in the place of seq_cst.
// Fault 2: nobody says that he is choosing, so a ticket that is late comes before one that is
// served.
#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

#include "checked_lock.hpp"

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;

template <unsigned Threads, template <class> class Atom = std::atomic>
class bakery {
  const std::memory_order writing_ = FAULT == 1 ? release : seq_cst;
  const std::memory_order reading_ = FAULT == 1 ? acquire : seq_cst;

 public:
  void lock(unsigned me) {
    if (FAULT != 2) choosing_[me].store(true, writing_);
    unsigned highest = 0;
    for (const auto& t : ticket_) highest = std::max(highest, t.load(reading_));
    const unsigned mine = highest + 1;
    ticket_[me].store(mine, writing_);
    choosing_[me].store(false, writing_);
    for (unsigned other = 0; other < Threads; ++other) {
      if (other == me) continue;
      while (choosing_[other].load(reading_)) m::this_thread::yield();
      for (;;) {
        const unsigned theirs = ticket_[other].load(reading_);
        if (theirs == 0 || std::pair(mine, me) < std::pair(theirs, other)) break;
        m::this_thread::yield();
      }
    }
  }
  void unlock(unsigned me) { ticket_[me].store(0, release); }

 private:
  std::array<Atom<bool>, Threads> choosing_{};
  std::array<Atom<unsigned>, Threads> ticket_{};
};

int main(int argc, char** argv) {
  return gallery::check_lock_of_two<bakery<2, m::atomic>>(argc, argv);
}
