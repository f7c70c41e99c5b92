// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// freezing.hpp: what the library is made for, a buffer that is frozen and dropped
//
// The two calls of every subject say nothing of it. Measured are the arenas of the library alone,
// beside a pair of CAS in the same process: what such a pair costs differs between machines.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <utility>

#include "../subjects/subject.hpp"
#include "cas_pair.hpp"
#include "churn.hpp"
#include "crew.hpp"

namespace caiman::bench {

/// Whether a subject has buffers to freeze.
template <class S>
inline constexpr bool freezes = requires(const S& s) {
  s.blocks();
  s.slots();
};

/// ns per thread for: allocate 256 bytes, freeze them, drop the bytes. The payload is not touched.
template <class Allocate>
crew_result time_freezing(Allocate allocate, unsigned threads, clock::duration duration) {
  struct nothing {};
  return run_crew(
      threads, duration, [](unsigned /*thread*/) { return std::make_unique<nothing>(); },
      [&](nothing& /*mine*/) {
        auto got = allocate();
        if (!got) [[unlikely]]
          std::terminate();  // one block a thread of 262,144
        const auto frozen = std::move(*got).freeze(0, min_block_bytes);
        const std::byte* at = frozen->data();
        keep(at);
      });
}

/// The floor in the same process: a pair of CAS.
inline double two_cas_ns(clock::duration duration) {
  alignas(128) std::atomic<std::uint64_t> word{~std::uint64_t{0}};
  const auto start = clock::now();
  auto now = start;
  std::uint64_t pairs = 0;
  for (; now - start < duration; now = clock::now()) {
    for (unsigned i = 0; i < 256; ++i) cas_pair(word);
    pairs += 256;
  }
  return nanoseconds(now - start) / static_cast<double>(pairs);
}

}  // namespace caiman::bench
