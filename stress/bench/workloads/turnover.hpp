// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// turnover.hpp: W3, random churn beside live blocks
//
// What a program does that has run for a while. Each thread has its share of the live blocks, its
// own random numbers and its own victims; they share the allocator. Relies on churn.hpp for what a
// step is.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "../subjects/subject.hpp"
#include "churn.hpp"
#include "crew.hpp"

namespace caiman::bench {

struct churn_result {
  crew_result rate;
  double refused_per_10000 = 0;
};

/// ns per release + allocate and thread at `occupancy` (0 to 1), and what was refused meanwhile.
template <subject S>
churn_result churn(S& from, unsigned threads, double occupancy, clock::duration duration,
                   std::uint64_t seed) {
  const auto share = static_cast<std::size_t>(occupancy * arena_bytes) / threads;
  std::atomic<std::uint64_t> refused{0};
  struct turner {
    turner(S& taken_from, std::size_t target, std::uint64_t stream, std::atomic<std::uint64_t>& sum)
        : live(taken_from, target, stream), refused_sum(sum) {
      live.warm_up();
      live.forget_refused();
    }
    turner(const turner&) = delete;
    turner& operator=(const turner&) = delete;
    ~turner() { refused_sum += live.refused(); }
    population<S> live;
    std::atomic<std::uint64_t>& refused_sum;
  };
  auto rate = run_crew(
      threads, duration,
      [&](unsigned t) { return std::make_unique<turner>(from, share, seed + t, refused); },
      [](turner& mine) { mine.live.step(); });
  double steps = 0;
  for (const work& each : rate.done) steps += each.steps;
  return {std::move(rate), static_cast<double>(refused) * 1e4 / steps};
}

}  // namespace caiman::bench
