// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// refusals.hpp: what it costs to be told "no", and how often one is
//
// Arena subjects only; a heap asks the system instead. A full arena is the easy case, a
// checkerboard (half is free, and no two neighbours) the hard one, and then there is what a peer
// has released and still keeps in its own way: the request must take it over or it would be refused
// for nothing. How often requests are refused near a full arena is counted on one thread, so that
// it repeats.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "../subjects/subject.hpp"
#include "churn.hpp"
#include "crew.hpp"

namespace caiman::bench {

/// All min blocks of an arena, lowest first; released when this ends.
template <subject S>
class all_min_blocks {
 public:
  explicit all_min_blocks(S& from) : from_(from) {
    held_.reserve(arena_bytes / min_block_bytes);
    while (void* p = from_.allocate(min_block_bytes)) held_.push_back(p);
    if (held_.size() != arena_bytes / min_block_bytes) throw std::runtime_error("arena not full");
    std::sort(held_.begin(), held_.end());
  }
  all_min_blocks(const all_min_blocks&) = delete;
  all_min_blocks& operator=(const all_min_blocks&) = delete;
  ~all_min_blocks() {
    for (void* p : held_) {
      if (p != nullptr) from_.release(p, min_block_bytes);
    }
  }

  void release(std::size_t i) { from_.release(std::exchange(held_[i], nullptr), min_block_bytes); }
  /// The block is free, if perhaps with a thread that has to be asked for it.
  void take(std::size_t i) {
    spin_until([&] { return (held_[i] = from_.allocate(min_block_bytes)) != nullptr; });
  }
  std::size_t size() const { return held_.size(); }

 private:
  S& from_;
  std::vector<void*> held_;
};

/// ns per request of `bytes`, every one of which must be refused.
template <subject S>
double time_refusals(S& from, std::size_t bytes, clock::duration duration) {
  const auto start = clock::now();
  auto now = start;
  double asked = 0;
  while (now - start < duration) {
    for (unsigned i = 0; i < 16; ++i) {
      void* p = from.allocate(bytes);
      keep(p);
      if (p != nullptr) throw std::runtime_error("a request that cannot be served was served");
    }
    asked += 16;
    now = clock::now();
  }
  return nanoseconds(now - start) / asked;
}

template <subject S>
double refused_when_full(S& from, clock::duration duration) {
  const all_min_blocks<S> all(from);
  return time_refusals(from, min_block_bytes, duration);
}

template <subject S>
double refused_on_checkerboard(S& from, clock::duration duration) {
  all_min_blocks<S> all(from);
  for (std::size_t i = 1; i < all.size(); i += 2) all.release(i);
  time_refusals(from, 2 * min_block_bytes, duration / 4);  // the first one tidies up
  return time_refusals(from, 2 * min_block_bytes, duration);
}

struct takeover_result {
  double ns = 0;  // the median
  double refused = 0;
  distance seen;
};

/// One thread holds all and releases 64 neighbouring min blocks, the other wants them as one block.
/// The time of that one request; the cost of the clock is inside.
template <subject S>
takeover_result take_over(S& from, clock::duration duration) {
  constexpr std::size_t group = 64;
  constexpr std::size_t wanted = group * min_block_bytes;
  meeting both(2);
  std::atomic<bool> ended{false};
  std::vector<double> times;
  double refused = 0;
  const auto giver = [&] {
    all_min_blocks<S> all(from);
    for (std::size_t first = 0;; first = (first + group) % all.size()) {
      for (std::size_t i = first; i < first + group; ++i) all.release(i);
      both.arrive();
      both.arrive();  // the taker has had it and given it back
      for (std::size_t i = first; i < first + group; ++i) all.take(i);
      if (ended.load(std::memory_order_relaxed)) return;
    }
  };
  const auto taker = [&] {
    const auto start = clock::now();
    for (auto now = start;;) {
      both.arrive();
      const auto before = clock::now();
      void* p = from.allocate(wanted);
      keep(p);
      now = clock::now();
      times.push_back(nanoseconds(now - before));
      if (p == nullptr) ++refused;
      if (p != nullptr) from.release(p, wanted);
      const bool enough = times.size() >= 100 && now - start >= duration;
      ended.store(enough, std::memory_order_relaxed);
      both.arrive();
      if (enough) return;
    }
  };
  const distance seen = with_threads(2, [&](unsigned t) { t == 0 ? giver() : taker(); });
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return {*middle, refused, seen};
}

/// Refused requests per 10,000 under churn at `occupancy` (0 to 1). The same seed is the same story
/// on one thread. A reference is not made for threads: its populations take turns on one instead.
template <subject S>
double refused_per_10000(S& from, double occupancy, unsigned threads, bool take_turns,
                         unsigned steps, std::uint64_t seed) {
  const auto share = static_cast<std::size_t>(occupancy * arena_bytes) / threads;
  std::vector<std::unique_ptr<population<S>>> crew(threads);
  const auto build = [&](unsigned t) {
    crew[t] = std::make_unique<population<S>>(from, share, seed + t);
    crew[t]->warm_up();
    crew[t]->forget_refused();
  };
  if (take_turns || threads == 1) {
    for (unsigned t = 0; t < threads; ++t) build(t);
    for (unsigned i = 0; i < steps; ++i) {
      for (const auto& each : crew) each->step();
    }
  } else {
    meeting all(threads);
    with_threads(threads, [&](unsigned t) {
      build(t);
      all.arrive();
      for (unsigned i = 0; i < steps; ++i) crew[t]->step();
      all.arrive();
    });
  }
  double refused = 0;
  for (const auto& each : crew) refused += static_cast<double>(each->refused());
  return refused * 1e4 / steps / threads;
}

}  // namespace caiman::bench
