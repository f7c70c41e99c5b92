// ---------------------------------------------------------------------------------------------
// truth.hpp: which min blocks are free, worked out naively
//
// A complete binary tree in an array; a node is free when both halves are. It knows nothing of
// words, hints or laziness, so the allocator's observers can be held against it, and the exact
// quota counted with it. One thread at a time.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <caiman/buddy.hpp>

namespace caiman::stress {

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

}  // namespace caiman::stress
