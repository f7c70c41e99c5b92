// ---------------------------------------------------------------------------------------------
// gate.hpp: a gate where the threads of a phase meet
//
// std::barrier puts waiters to sleep, and threads that wake one by one do not collide. This one
// spins, and yields when it has spun for long (more threads than processors). It gives up when the
// run is over, so that a thread that saw a failure need not stay to open it.
// Blocking, against the slowest of the threads; everything before it happens-before everything
// after.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <thread>

namespace caiman::stress {

class gate {
 public:
  explicit gate(unsigned threads) : threads_(threads) {}

  /// False when `given_up` became true before all had arrived.
  bool meet(const std::atomic<bool>& given_up) noexcept {
    constexpr unsigned spins_before_yield = 1000;
    const unsigned turn = turn_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
      arrived_.store(0, std::memory_order_relaxed);
      turn_.store(turn + 1, std::memory_order_release);
      return true;
    }
    for (unsigned spins = 0; turn_.load(std::memory_order_acquire) == turn; ++spins) {
      if (given_up.load(std::memory_order_relaxed)) return false;
      if (spins >= spins_before_yield) std::this_thread::yield();
    }
    return true;
  }

 private:
  const unsigned threads_;
  alignas(128) std::atomic<unsigned> arrived_{0};
  alignas(128) std::atomic<unsigned> turn_{0};
};

}  // namespace caiman::stress
