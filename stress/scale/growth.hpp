// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// growth.hpp: what grows with the arena, and with the slots that threads have
//
// Accesses of single calls, counted, and bytes of metadata; and what docs/scale.md says of each: a
// bound that a row may not pass.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "subjects.hpp"

namespace caiman::scale {

/// Accesses, but for the first three. `slots` counts the shared one in, which the 64th thread has.
struct growth_row {
  unsigned max_order = 0;
  unsigned slots = 1;  ///< Threads that have called.
  std::size_t metadata = 0;
  std::uint64_t first = 0;      ///< The first request of all, for a min block.
  std::uint64_t refused = 0;    ///< A request for a min block in an arena that is one live block.
  std::uint64_t checkered = 0;  ///< For two of them where every other one is live; 0: not looked at
  std::uint64_t taken_over = 0;     ///< A request that drains 16 blocks of each of the other slots.
  std::uint64_t free_blocks = 0;    ///< free_min_blocks() of the arena that is one live block.
  std::uint64_t largest_order = 0;  ///< largest_free_order() of the same: it looks for each order.
};

/// Of the shipped core. `slots` from 1 to 64; of max_order 10 or more where they are more than 4.
growth_row growth_of(unsigned max_order, unsigned slots, fault with = fault::none);

/// Where it passes what docs/scale.md says: "max_order 20, 1 slots: a refused request: 900, at most
/// 100".
std::vector<std::string> beyond_bounds(const growth_row& row);

}  // namespace caiman::scale
