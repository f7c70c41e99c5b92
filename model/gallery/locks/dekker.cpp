// SPDX-License-Identifier: MIT
// The first mutual exclusion of two threads out of loads and stores.
// Theodorus Dekker, as in Edsger W. Dijkstra: Over de sequentialiteit van procesbeschrijvingen,
// 1962.
// Fault 1: release and acquire in the place of seq_cst, so both may miss the other's flag.
// Fault 2: the flag is taken back relaxed. Until C++17 that store went on with the release of the
// one before it; since C++20 who reads it knows nothing of the critical section before.
#include <array>
#include <atomic>

#include "checked_lock.hpp"

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;

template <template <class> class Atom = std::atomic>
class dekker {
 public:
  void lock(unsigned me) {
    const unsigned other = 1 - me;
    wants_[me].store(true, FAULT == 1 ? release : seq_cst);
    while (wants_[other].load(FAULT == 1 ? acquire : seq_cst)) {
      if (turn_.load(relaxed) != me) {
        wants_[me].store(false, FAULT == 2 ? relaxed : release);
        while (turn_.load(relaxed) != me) m::this_thread::yield();
        wants_[me].store(true, FAULT == 1 ? release : seq_cst);
      } else {
        m::this_thread::yield();
      }
    }
  }
  void unlock(unsigned me) {
    turn_.store(1 - me, relaxed);
    wants_[me].store(false, release);
  }

 private:
  std::array<Atom<bool>, 2> wants_{};
  Atom<unsigned> turn_{0};
};

int main(int argc, char** argv) {
  return gallery::check_lock_of_two<dekker<m::atomic>>(argc, argv);
}
