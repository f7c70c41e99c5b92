// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// made_up.hpp: traces for the tests
//
// Small ones by hand, and random ones of any length that are right by construction. The seed fixes
// them. Relies on events.hpp.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <vector>

#include "../events.hpp"

namespace caiman::traces {

inline trace_event taken(std::uint32_t thread, std::uint32_t bytes) {
  return {thread, bytes, false};
}
inline trace_event given_back(std::uint32_t thread, std::uint32_t block) {
  return {thread, block, true};
}

inline trace trace_of(std::uint32_t threads, std::initializer_list<trace_event> events) {
  trace made;
  made.name = "by-hand";
  made.threads = threads;
  made.events.assign(events.begin(), events.end());
  return made;
}

/// Half of the releases are by any thread, so foreign most of the time; some blocks stay live.
inline trace random_trace(std::uint32_t threads, std::size_t events, std::uint64_t seed,
                          std::uint32_t most_bytes = 5000) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::size_t end) { return static_cast<std::uint32_t>(random() % end); };
  struct live_block {
    std::uint32_t number, thread;
  };
  std::vector<live_block> live;
  trace made;
  made.name = "random";
  made.threads = threads;
  std::uint32_t blocks = 0;
  for (std::size_t i = 0; i < events; ++i) {
    // The first events see to it that every thread has one.
    const std::uint32_t thread = i < threads ? static_cast<std::uint32_t>(i) : below(threads);
    if (i < threads || live.empty() || below(2) == 0) {
      live.push_back({blocks++, thread});
      made.events.push_back(taken(thread, 1 + below(most_bytes)));
      continue;
    }
    std::swap(live[below(live.size())], live.back());
    const live_block chosen = live.back();
    live.pop_back();
    made.events.push_back(given_back(below(2) == 0 ? thread : chosen.thread, chosen.number));
  }
  return made;
}

}  // namespace caiman::traces
