// ---------------------------------------------------------------------------------------------
// handover.hpp: W4, one thread allocates and the other releases
//
// What a pipeline does, and what thread caches like least. Addresses go through a ring for one
// producer and one consumer, whose sides keep a stale copy of the other's position, so that the
// ring costs a cache line for many blocks; what it costs alone is the row "harness". Relies on
// crew.hpp.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "../subjects/subject.hpp"
#include "churn.hpp"
#include "crew.hpp"
#include "pairs.hpp"

namespace caiman::bench {

/// A bounded queue for one thread that puts and one that takes.
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

struct handover_result {
  double million_per_second = 0;
  distance seen;
};

/// Pairs a second for `duration`, until the last block is released. A refused request is tried
/// again: the ring holds a quarter of an arena at most, so room will come.
template <subject S>
handover_result hand_over(S& from, clock::duration duration) {
  spsc_ring<void*, 1024> ring;
  meeting both(2);
  std::atomic<bool> ended{false};
  std::uint64_t released = 0;
  clock::time_point start;
  clock::time_point end;
  const auto produce = [&] {
    start = clock::now();
    for (std::size_t i = 0;; ++i) {
      if (i % 256 == 0 && clock::now() - start >= duration) break;
      void* p = nullptr;
      spin_until([&] { return (p = from.allocate(size_cycle[i % size_cycle.size()])) != nullptr; });
      spin_until([&] { return ring.try_put(p); });
    }
    ended.store(true, std::memory_order_release);
  };
  const auto consume = [&] {
    for (bool last = false;;) {
      void* p = nullptr;
      if (ring.try_take(p)) {
        from.release(p, size_cycle[released++ % size_cycle.size()]);
      } else if (last) {
        break;
      } else {
        last = ended.load(std::memory_order_acquire);  // one more look at the ring after that
      }
    }
    end = clock::now();
  };
  const distance seen = with_threads(2, [&](unsigned t) {
    both.arrive();
    t == 0 ? produce() : consume();
    both.arrive();
  });
  return {static_cast<double>(released) / nanoseconds(end - start) * 1e3, seen};
}

}  // namespace caiman::bench
