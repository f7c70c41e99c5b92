// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// pairs.hpp: W2, threads that allocate a block and release it at once
//
// Counted is what T threads do together while they cycle sizes, beside blocks that are held or in
// an empty arena. The payload is never touched. Relies on crew.hpp to start and stop the threads.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>

#include "../subjects/subject.hpp"
#include "churn.hpp"
#include "crew.hpp"

namespace caiman::bench {

inline constexpr std::array<std::size_t, 8> size_cycle{192,   768,  2048, 6144,
                                                       12288, 3072, 512,  16384};

/// One pair; false if it was refused.
template <subject S>
inline bool pair(S& from, std::size_t bytes) noexcept {
  void* p = from.allocate(bytes);
  keep(p);
  if (p == nullptr) [[unlikely]]
    return false;
  from.release(p, bytes);
  return true;
}

/// Million pairs a second, all threads together, while `held` (0 to 1) of the arena is live.
template <subject S>
crew_result cycle_pairs(S& from, unsigned threads, double held, clock::duration duration,
                        std::uint64_t seed) {
  population<S> live(from, static_cast<std::size_t>(held * arena_bytes), seed);
  live.warm_up();
  struct cycler {
    std::size_t next = 0;
    std::uint64_t refused = 0;
  };
  std::atomic<std::uint64_t> refused{0};
  auto result = run_crew(
      threads, duration,
      [&](unsigned t) {
        const auto add_up = [&refused](cycler* c) {
          refused += c->refused;
          delete c;  // NOLINT(cppcoreguidelines-owning-memory): the deleter of a unique_ptr
        };
        return std::unique_ptr<cycler, decltype(add_up)>(new cycler{t}, add_up);
      },
      [&](cycler& mine) {
        if (!pair(from, size_cycle[mine.next % size_cycle.size()])) ++mine.refused;
        ++mine.next;
      });
  if (refused != 0) throw std::runtime_error("a request of W2 was refused");
  return result;
}

}  // namespace caiman::bench
