// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// reference.hpp: what a buddy must do, told in the plainest way
//
// A set of free slots, one flag each; every question about blocks is answered by looking at all of
// them. No words, no runs, no hints, nothing of the core: a slip in its arithmetic is not repeated
// here. A slot is a min block of an arena, or one bit of a word, which is a small arena itself.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace caiman::reference {

/// Some slots, at least one, each free or not. A block of order k is 2^k slots from a multiple of
/// 2^k on; it is maximal if it is free and the block of order k + 1 around it is not, or is not
/// there. O(slots) throughout.
class free_set {
 public:
  explicit free_set(std::size_t slots, bool free) : free_(slots, free) {
    while (std::size_t{2} << max_order_ <= slots) ++max_order_;
  }

  /// The slots of a word: bit i of `bits` is slot i.
  static free_set of_word(unsigned log2_slots, std::uint64_t bits) {
    free_set word(std::size_t{1} << log2_slots, false);
    for (std::size_t i = 0; i < word.free_.size(); ++i) word.free_[i] = (bits >> i & 1) != 0;
    return word;
  }

  /// A row of slots.
  void give_row(std::size_t first, std::size_t count) {
    std::fill_n(free_.begin() + static_cast<std::ptrdiff_t>(first), count, true);
  }
  void give(unsigned order, std::size_t index) { fill(order, index, true); }
  void take(unsigned order, std::size_t index) { fill(order, index, false); }

  bool contains(unsigned order, std::size_t index) const {
    return order <= max_order_ && index < blocks(order);
  }
  bool all_free(unsigned order, std::size_t index) const {
    const auto first = free_.begin() + static_cast<std::ptrdiff_t>(index << order);
    return std::all_of(first, first + (std::ptrdiff_t{1} << order), [](bool f) { return f; });
  }
  bool is_maximal(unsigned order, std::size_t index) const {
    return all_free(order, index) &&
           !(contains(order + 1, index / 2) && all_free(order + 1, index / 2));
  }

  /// Whether a block of `order` is free anywhere.
  bool has_room(unsigned order) const {
    for (std::size_t i = 0; order <= max_order_ && i < blocks(order); ++i) {
      if (all_free(order, i)) return true;
    }
    return false;
  }
  /// How many maximal free blocks of `order` there are.
  std::size_t count(unsigned order) const {
    std::size_t found = 0;
    for (std::size_t i = 0; i < blocks(order); ++i) found += is_maximal(order, i) ? 1 : 0;
    return found;
  }
  /// The order of the smallest maximal free block that has room for `order`.
  std::optional<unsigned> smallest_fit(unsigned order) const {
    for (unsigned k = order; k <= max_order_; ++k) {
      if (count(k) != 0) return k;
    }
    return std::nullopt;
  }
  /// The order of the maximal free block around a slot; nothing if the slot is not free.
  std::optional<unsigned> order_around(std::size_t slot) const {
    for (unsigned k = 0; k <= max_order_; ++k) {
      if (contains(k, slot >> k) && is_maximal(k, slot >> k)) return k;
    }
    return std::nullopt;
  }

  std::optional<unsigned> largest() const {
    for (unsigned k = max_order_ + 1; k-- > 0;) {
      if (has_room(k)) return k;
    }
    return std::nullopt;
  }
  std::size_t size() const {
    return static_cast<std::size_t>(std::count(free_.begin(), free_.end(), true));
  }
  unsigned max_order() const { return max_order_; }
  std::size_t blocks(unsigned order) const { return free_.size() >> order; }

 private:
  void fill(unsigned order, std::size_t index, bool free) {
    const auto first = free_.begin() + static_cast<std::ptrdiff_t>(index << order);
    std::fill(first, first + (std::ptrdiff_t{1} << order), free);
  }

  unsigned max_order_ = 0;
  std::vector<bool> free_;
};

}  // namespace caiman::reference
