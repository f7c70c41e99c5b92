// SPDX-License-Identifier: MIT
// Gary L. Peterson: Myths About the Mutual Exclusion Problem, 1981.
// Fault 1: release and acquire in the place of seq_cst.
// Fault 2: the turn is given away before the flag is raised.
#include <array>
#include <atomic>

#include "checked_lock.hpp"

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;

template <template <class> class Atom = std::atomic>
class peterson {
 public:
  void lock(unsigned me) {
    const auto writing = FAULT == 1 ? release : seq_cst;
    const auto reading = FAULT == 1 ? acquire : seq_cst;
    const unsigned other = 1 - me;
    if (FAULT == 2) turn_.store(other, writing);
    wants_[me].store(true, writing);
    if (FAULT != 2) turn_.store(other, writing);
    while (wants_[other].load(reading) && turn_.load(reading) == other) m::this_thread::yield();
  }
  void unlock(unsigned me) { wants_[me].store(false, release); }

 private:
  std::array<Atom<bool>, 2> wants_{};
  Atom<unsigned> turn_{0};
};

int main(int argc, char** argv) {
  return gallery::check_lock_of_two<peterson<m::atomic>>(argc, argv);
}
