// SPDX-License-Identifier: MIT
// A barrier that is used again and again, by a sense that turns over.
// Debra Hensgen, Raphael Finkel, Udi Manber: Two Algorithms for Barrier Synchronization, 1988.
// Fault 1: who arrives does not release what it wrote. Fault 2: who is let go does not acquire it.
// Fault 3: the last one turns the sense before it has set the count back.
#include <array>
#include <atomic>
#include <caiman-model/check.hpp>

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;

template <unsigned Threads, template <class> class Atom = std::atomic>
class barrier {
 public:
  void arrive_and_wait() {
    const bool sense = sense_.load(relaxed);
    if (missing_.fetch_sub(1, FAULT == 1 ? acquire : acq_rel) != 1) {
      while (sense_.load(FAULT == 2 ? relaxed : acquire) == sense) m::this_thread::yield();
      return;
    }
    if (FAULT == 3) sense_.store(!sense, release);
    missing_.store(Threads, relaxed);
    if (FAULT != 3) sense_.store(!sense, release);
  }

 private:
  Atom<unsigned> missing_{Threads};
  Atom<bool> sense_{false};
};

struct run {
  barrier<2, m::atomic> meet;
  std::array<m::plain<int>, 2> values;
  void rounds(unsigned me) {
    for (int round = 1; round <= 2; ++round) {
      values[me] = round;
      meet.arrive_and_wait();
      m::require(values[1 - me] == round, "the other one is in the same round");
      meet.arrive_and_wait();
    }
  }
};

int main(int argc, char** argv) {
  return m::check_program<run>(argc, argv, m::thread([](run& r) { r.rounds(0); }),
                               m::thread([](run& r) { r.rounds(1); }));
}
