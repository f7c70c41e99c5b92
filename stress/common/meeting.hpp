// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// meeting.hpp: how threads start together, and how one hands something to another
//
// Both are made to be seen as little as possible: the gate lets threads collide right behind it,
// and the ring orders its two sides by no more than a hand-over needs, so that what the allocator
// must order by itself stays visible to ThreadSanitizer, and costs a cache line for many things.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <thread>

namespace caiman::stress {

/// std::barrier puts waiters to sleep, and threads that wake one by one do not collide. This one
/// spins, and yields when it has spun for long (more threads than processors). Blocking, against
/// the slowest of the threads; everything before it happens-before everything after.
class gate {
 public:
  explicit gate(unsigned threads, unsigned spins_before_yield = 1000)
      : threads_(threads), spins_before_yield_(spins_before_yield) {}

  /// False when `given_up` became true before all had arrived, so that a thread that saw a failure
  /// need not stay to open it.
  bool meet(const std::atomic<bool>* given_up = nullptr) noexcept {
    const unsigned turn = turn_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
      arrived_.store(0, std::memory_order_relaxed);
      turn_.store(turn + 1, std::memory_order_release);
      return true;
    }
    for (unsigned spins = 0; turn_.load(std::memory_order_acquire) == turn; ++spins) {
      if (given_up != nullptr && given_up->load(std::memory_order_relaxed)) return false;
      if (spins >= spins_before_yield_) std::this_thread::yield();
    }
    return true;
  }

 private:
  const unsigned threads_;
  const unsigned spins_before_yield_;
  alignas(128) std::atomic<unsigned> arrived_{0};
  alignas(128) std::atomic<unsigned> turn_{0};
};

/// A bounded queue for one thread that puts and one that takes (they may be other threads once all
/// are joined). Each side keeps a stale copy of the other's position. The release/acquire
/// pairs order the taker after the putter; nothing flows back except the free place. Wait-free on
/// both sides, O(1).
template <class T, std::size_t Capacity>
class spsc_ring {
  static_assert((Capacity & (Capacity - 1)) == 0);

 public:
  bool try_put(T value) noexcept {
    if (put_ - taken_seen_ == Capacity) {
      taken_seen_ = taken_.load(std::memory_order_acquire);
      if (put_ - taken_seen_ == Capacity) return false;
    }
    cells_[put_ % Capacity] = value;
    published_.store(++put_, std::memory_order_release);
    return true;
  }
  bool try_take(T& value) noexcept {
    if (took_ == published_seen_) {
      published_seen_ = published_.load(std::memory_order_acquire);
      if (took_ == published_seen_) return false;
    }
    value = cells_[took_ % Capacity];
    taken_.store(++took_, std::memory_order_release);
    return true;
  }

 private:
  alignas(128) std::size_t put_ = 0;  // the producer's
  std::size_t taken_seen_ = 0;
  alignas(128) std::size_t took_ = 0;  // the consumer's
  std::size_t published_seen_ = 0;
  alignas(128) std::atomic<std::size_t> published_{0};
  alignas(128) std::atomic<std::size_t> taken_{0};
  alignas(128) std::array<T, Capacity> cells_{};
};

}  // namespace caiman::stress
