// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// cas_pair.hpp: the floor, what any block word that threads share must cost
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <cstdint>

#include "churn.hpp"

namespace caiman::bench {

/// Look, claim a bit, look, give it back: a pair with nothing around it.
inline void cas_pair(std::atomic<std::uint64_t>& word) noexcept {
  std::uint64_t now = word.load(std::memory_order_relaxed);
  const std::uint64_t bit = now & -now;
  bool done = word.compare_exchange_strong(now, now & ~bit, std::memory_order_seq_cst,
                                           std::memory_order_relaxed);
  keep(done);
  now = word.load(std::memory_order_relaxed);
  done = word.compare_exchange_strong(now, now | bit, std::memory_order_seq_cst,
                                      std::memory_order_relaxed);
  keep(done);
}

}  // namespace caiman::bench
