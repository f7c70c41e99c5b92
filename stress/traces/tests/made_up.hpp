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
  return {thread, bytes, event_kind::allocation};
}
inline trace_event given_back(std::uint32_t thread, std::uint32_t block) {
  return {thread, block, event_kind::release};
}
inline trace_event shrunk(std::uint32_t thread, std::uint32_t block, std::uint32_t to) {
  return {thread, block, event_kind::shrinking, to};
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

/// The same with blocks that shrink, some more than once, by any thread; these come on top.
inline trace random_shrinking_trace(std::uint32_t threads, std::size_t events, std::uint64_t seed,
                                    std::uint32_t most_bytes = 5000) {
  std::mt19937_64 random(seed);
  trace made = random_trace(threads, events, seed, most_bytes);
  std::vector<std::uint32_t> left;  // by block
  mapped_vector<trace_event> all;
  for (const trace_event& event : made.events) {
    if (event.kind == event_kind::allocation) left.push_back(event.value);
    if (event.kind == event_kind::release) left[event.value] = 0;
    all.push_back(event);
    const auto block = static_cast<std::uint32_t>(random() % left.size());
    if (random() % 3 != 0 || left[block] < 2) continue;
    left[block] = 1 + static_cast<std::uint32_t>(random() % (left[block] - 1));
    all.push_back(shrunk(static_cast<std::uint32_t>(random() % threads), block, left[block]));
  }
  made.events = all;
  return made;
}

}  // namespace caiman::traces
