// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// occupancy.hpp: a picture of the heap
//
// Which parts of an arena are free and which are live, as the fewest aligned blocks that say so;
// from that, one line of text for a terminal. The picture as SVG is in the library
// (heap_picture.hpp).
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <algorithm>
#include <bit>
#include <cstddef>
#include <string>
#include <vector>

#include "caiman/buddy.hpp"

namespace caiman::inline v0 {

/// A stretch of an arena: a maximal free block, or a part of what lies between those. Live blocks
/// that touch cannot be told apart: nothing records where one ends, so their stretch is cut at
/// multiples of its size, as a buddy would.
struct extent {
  unsigned order;     ///< Of its size.
  std::size_t index;  ///< In units of 2^order min blocks
  bool live;          ///< False: a maximal free block.

  /// Member by member.
  friend constexpr bool operator==(const extent&, const extent&) noexcept = default;
};

/// All extents of a buddy's first `units` min blocks, by address. Exact when no other call runs, as
/// all observers. O(min blocks). Throws std::bad_alloc.
template <class Buddy>
[[nodiscard]] std::vector<extent> extents_of(const Buddy& tree, std::size_t units) {
  std::vector<extent> all;
  tree.for_each_free([&](block b) { all.push_back({b.order, b.index, false}); });
  const auto start = [](const extent& e) { return e.index << e.order; };
  std::ranges::sort(all, {}, start);
  std::vector<extent> live;
  const auto fill = [&](std::size_t from, std::size_t to) {
    while (from < to) {
      const auto fits = static_cast<unsigned>(std::bit_width(to - from)) - 1;
      const unsigned order =
          from == 0 ? fits : (std::min)(fits, static_cast<unsigned>(std::countr_zero(from)));
      live.push_back({order, from >> order, true});
      from += std::size_t{1} << order;
    }
  };
  std::size_t at = 0;
  for (const extent& e : all) {
    fill(at, start(e));
    at = start(e) + (std::size_t{1} << e.order);
  }
  fill(at, units);
  all.insert(all.end(), live.begin(), live.end());
  std::ranges::sort(all, {}, start);
  return all;
}

/// One line of `width` characters, at least 1, each standing for an equal part of the arena: '.'
/// free, '#' live, '+' some of both. Throws std::bad_alloc.
[[nodiscard]] inline std::string occupancy_line(const std::vector<extent>& all, std::size_t units,
                                                std::size_t width) {
  width = std::clamp<std::size_t>(width, 1, std::max<std::size_t>(units, 1));
  std::string free_part(width, '\0');
  std::string live_part(width, '\0');
  for (const extent& e : all) {
    const std::size_t first = e.index << e.order;
    const std::size_t last = first + (std::size_t{1} << e.order) - 1;
    // Sizes of arenas are far below 2^64 / width min blocks; see buddy::largest_max_order.
    for (std::size_t i = first * width / units; i <= last * width / units && i < width; ++i) {
      (e.live ? live_part : free_part)[i] = 1;
    }
  }
  std::string line(width, '.');
  for (std::size_t i = 0; i < width; ++i) {
    if (live_part[i] != 0) line[i] = free_part[i] != 0 ? '+' : '#';
  }
  return line;
}

}  // namespace caiman::v0

#endif  // CAIMAN_REQUIREMENTS_MET
