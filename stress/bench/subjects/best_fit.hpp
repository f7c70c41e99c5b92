// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// best_fit.hpp: the reference for refusals
//
// How often must a buddy refuse near a full arena? Some of it is the buddy system's own doing. This
// is the plain sequential buddy: of the free blocks that fit it takes one of the smallest, among
// those the lowest, and merges at once. Fed with the same sizes and the same random numbers as the
// subjects, it says what part of their refusals is no fault of theirs. Never timed. Relies on
// std::set alone, and shares no line with the core.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <expected>
#include <set>
#include <vector>

#include <caiman/buddy.hpp>

namespace caiman::bench {

class best_fit_buddy {
 public:
  explicit best_fit_buddy(unsigned max_order) : free_(max_order + 1) { free_.back().insert(0); }

  std::expected<block, alloc_error> allocate(unsigned order) {
    unsigned found = order;
    while (found < free_.size() && free_[found].empty()) ++found;
    if (found >= free_.size()) return std::unexpected(alloc_error::arena_full);
    std::size_t index = *free_[found].begin();
    free_[found].erase(free_[found].begin());
    for (; found > order; --found) {
      index *= 2;
      free_[found - 1].insert(index + 1);
    }
    return block{order, index};
  }

  void release(block what) {
    while (what.order + 1 < free_.size() && free_[what.order].erase(what.index ^ 1U) != 0) {
      ++what.order;
      what.index /= 2;
    }
    free_[what.order].insert(what.index);
  }

  /// It has no metadata that one would compare.
  static constexpr std::size_t metadata_size(unsigned /*max_order*/) noexcept { return 0; }

 private:
  std::vector<std::set<std::size_t>> free_;  // indices of the free blocks, by order
};

}  // namespace caiman::bench
