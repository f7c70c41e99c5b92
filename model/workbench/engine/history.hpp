// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// history.hpp: can the answers of one execution be explained? (S6)
//
// Every operation of the threads with its answer, and which operations came before which: under
// the shipped orders by happens-before (an answer may ignore what nothing ordered before it), with
// all orders seq_cst by real time. The answers are right if the operations can be put in one
// sequence that respects that order and in which every request that said "full" finds no room at
// its place, every grant is of free blocks, every release of live ones. What is free depends only
// on the set of operations that already took their place, so this is a search over sets.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "caiman-model/world.hpp"

namespace caiman::model {

using record_set = std::uint64_t;

struct record {
  enum class kind : unsigned char { granted, refused, released };
  kind what;
  unsigned order;
  block_set blocks;    // granted or released
  record_set earlier;  // the records that came before this one
};

class history {
 public:
  static constexpr std::size_t most = 48;

  /// `root_order`: of the smallest block that has room for all min blocks.
  void clear(block_set free_at_start, unsigned root_order) noexcept;
  /// Records beyond `most` make the history unexplainable to us: `overflown()`.
  void add(const record& r) noexcept;
  bool overflown() const noexcept { return overflown_; }
  bool any_refused() const noexcept { return any_refused_; }
  std::size_t size() const noexcept { return size_; }
  record& operator[](std::size_t i) noexcept { return records_[i]; }

  bool explainable() const;

 private:
  std::array<record, most> records_{};
  std::size_t size_ = 0;
  block_set free_ = 0;
  unsigned root_order_ = 0;
  bool overflown_ = false;
  bool any_refused_ = false;
};

}  // namespace caiman::model
