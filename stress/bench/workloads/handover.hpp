// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// handover.hpp: W4, one thread allocates and the other releases
//
// What a pipeline does, and what thread caches like least. Addresses go through a ring; what that
// costs alone is the row "harness". Relies on crew.hpp and on the ring of ../../common/meeting.hpp.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "../../common/meeting.hpp"
#include "../subjects/subject.hpp"
#include "churn.hpp"
#include "crew.hpp"
#include "pairs.hpp"

namespace caiman::bench {

struct handover_result {
  double million_per_second = 0;
  distance seen;
};

/// Pairs a second for `duration`, until the last block is released. A refused request is tried
/// again: the ring holds a quarter of an arena at most, so room will come.
template <subject S>
handover_result hand_over(S& from, clock::duration duration) {
  stress::spsc_ring<void*, 1024> ring;
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
