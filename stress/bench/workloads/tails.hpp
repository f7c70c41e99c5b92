// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// tails.hpp: how long one allocation can take
//
// Every allocation of W3 on two threads is timed by itself. On x86 with the time stamp counter,
// scaled by the steady clock; elsewhere with that clock itself. Times go into a histogram. What two
// looks at the timer cost is measured, and inside every figure.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "../../common/histogram.hpp"
#include "../subjects/subject.hpp"
#include "churn.hpp"
#include "crew.hpp"

namespace caiman::bench {

inline std::uint64_t ticks() noexcept {
#if defined(__x86_64__)
  unsigned processor = 0;
  return __rdtscp(&processor);  // waits for what came before it
#else
  return static_cast<std::uint64_t>(clock::now().time_since_epoch().count());
#endif
}

/// By the steady clock, over 5 ms.
inline double ns_per_tick() {
  const auto from = clock::now();
  const std::uint64_t first = ticks();
  while (clock::now() - from < std::chrono::milliseconds(5)) {
  }
  const std::uint64_t last = ticks();
  return nanoseconds(clock::now() - from) / static_cast<double>(last - first);
}

using stress::histogram;

struct tail_result {
  histogram allocations, timer;  // in ticks
  double ns = 0;                 // of one tick
  distance seen;
};

/// `steps` allocations on each of two threads, at half the arena live.
template <subject S>
tail_result time_tails(S& from, unsigned steps, std::uint64_t seed) {
  constexpr unsigned threads = 2;
  auto result = std::make_unique<tail_result>();
  result->ns = ns_per_tick();
  std::array<std::unique_ptr<histogram>, threads> seen;
  meeting all(threads);
  result->seen = with_threads(threads, [&](unsigned t) {
    auto mine = std::make_unique<histogram>();
    population<S> live(from, arena_bytes / 2 / threads, seed + t);
    live.warm_up();
    all.arrive();
    for (unsigned i = 0; i < steps; ++i) {
      live.step([&](auto&& allocate) {
        const std::uint64_t before = ticks();
        allocate();
        mine->add(ticks() - before);
      });
    }
    seen[t] = std::move(mine);
    all.arrive();
  });
  for (const auto& each : seen) result->allocations.add(*each);
  for (unsigned i = 0; i < 20'000; ++i) {
    const std::uint64_t before = ticks();
    result->timer.add(ticks() - before);
  }
  return *result;
}

}  // namespace caiman::bench
