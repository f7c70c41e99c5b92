// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// checks.hpp: what must hold when nothing runs
//
// All threads are joined (or held at a gate), so the allocator's observers are exact, and the posts
// say what is live. Held against each other, at every stop of a run, with part of the arena live,
// all of it, or nothing:
//   S3  free + live = all min blocks;
//   S4  free blocks are merged as far as they go: counts per order, largest order, is_free;
//   S5  what is free can be had: a request of the largest free order succeeds, through the hints;
//   S6  one order more is refused, with `arena_full` (nobody is in the middle of anything, so
//       `contended` would be wrong), one above max_order with `request_too_large`;
//   and live blocks + maximal free blocks = 1 + splits - coalesces.
// An observer may tidy up what releases left for later, and a request must succeed without that; so
// the requests come first, before the observers and, once more, after them.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "crew.hpp"

namespace caiman::stress {

/// Which min blocks are free, worked out naively: a complete binary tree in an array; a node is
/// free when both halves are. It knows nothing of words, hints or laziness, so the allocator's
/// observers can be held against it, and the exact quota counted with it. One thread at a time.
class free_map {
 public:
  /// All free. 2^(max_order + 1) bytes.
  explicit free_map(unsigned max_order);

  /// Marks a block as live; false when it lies outside or part of it was live already.
  bool occupy(block what);
  /// To be called after the last occupy(). O(2^max_order).
  void settle();

  // After settle():
  bool is_maximal(block what) const;  // free, and its parent is not
  /// Free aligned runs of `order`, those inside larger free runs as well.
  std::uint64_t free_runs(unsigned order) const { return runs_[order]; }
  std::uint64_t maximal_count(unsigned order) const { return maximal_[order]; }
  std::uint64_t maximal_count() const;
  std::optional<unsigned> largest_order() const;
  unsigned max_order() const { return max_order_; }

 private:
  std::size_t node(block what) const {
    return (std::size_t{1} << (max_order_ - what.order)) + what.index;
  }

  unsigned max_order_;
  std::vector<unsigned char> free_;  // node 1 is the whole arena, 2n and 2n + 1 the halves of n
  std::vector<std::uint64_t> runs_;
  std::vector<std::uint64_t> maximal_;
};

/// What is free by the posts' own account: held and parked blocks are live, nothing is on its way.
/// Reports blocks that overlap. O(2^max_order).
free_map map_of(crew& with, std::string_view when);

/// All checks above; the requests it makes are released again. O(2^max_order).
void check_quiescent(crew& with, std::string_view when);

/// The cheap part of them for the two states in which the truth needs no map: all live, all free.
/// It makes its requests before any observer has had a chance to tidy up.
void check_all_live(crew& with, std::string_view when);
void check_all_free(crew& with, std::string_view when);

}  // namespace caiman::stress
