// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// total_order.hpp: is there an order of all seq_cst accesses and fences that C++20 asks for?
//
// It need not be that of the execution: what nobody is ordered by may stand the other way round. So
// what must be before what is kept as a relation, and an access may not close a circle in it
// (C++20, [atomics.order] 4). One is before another if
//   - it happens before it;
//   - it is an access that is coherence-ordered before the other's: of a value that the other
//     overwrites or a later one replaces;
//   - the same holds of accesses that happen after it, if it is a fence, and before the other one,
//     if that is a fence.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <bitset>
#include <cstdint>
#include <vector>

#include "machine/memory.hpp"

namespace caiman::model::machine {

/// An access that a thread is about to make: it reads the store at `rank`, or its store is to stand
/// there, or both at once, right after it.
struct touch {
  enum class kind : unsigned char { reads, writes, changes };
  std::uint32_t location = 0;
  std::uint32_t rank = 0;
  kind what = kind::reads;
  bool seq_cst = false;
};

class total_order {
 public:
  static constexpr std::size_t most = 128;

  void clear() noexcept { used_ = 0; }
  /// From now on the order is that of the execution, as it is for who measures time.
  void keep_to_execution(bool yes) noexcept { is_execution_ = yes; }
  /// It is so as well beyond as many as are kept.
  bool is_execution() const noexcept { return is_execution_ || used_ == most; }

  /// Whether a thread that knows this may do it.
  bool allows(memory& of, const view& now, const touch& next) const;
  /// It does; and then its store has a number.
  void done(memory& of, const view& now, unsigned thread, const touch& next);
  void wrote(memory& of, std::uint32_t store);
  void fence(memory& of, const view& now, unsigned thread);

 private:
  using set = std::bitset<most>;
  struct event {
    bool is_fence = false;
    unsigned thread = 0;
    std::uint32_t step = 0;
    std::uint32_t location = 0;  // of an access, and its store
    std::uint32_t store = 0;
    bool writes = false;
    set before;  // what must be before it
    // Of a fence: what is known there, and per location the oldest stores that were read, and that
    // were made, after it.
    std::vector<std::uint32_t> seen;
    std::vector<std::uint32_t> read;
    std::vector<std::uint32_t> made;
  };

  static bool knows(const view& now, const event& e) noexcept {
    return now.steps[e.thread] >= e.step;
  }
  event& add(const view& now, unsigned thread);
  /// What it must be after, and what must be after it.
  set earlier(memory& of, const view& now, const touch& next) const;
  set later(memory& of, const touch& next) const;
  set fences_before(const view& now) const;
  set with_all_before(const set& these) const;
  static bool is_earlier(memory& of, std::uint32_t store, bool writes, const touch& next);
  void note_after_fences(memory& of, const view& now, std::uint32_t location, std::uint32_t store,
                         bool made);

  std::vector<event> events_;
  std::size_t used_ = 0;
  bool is_execution_ = false;
  // Of the last access, whose store had no number yet.
  bool last_is_event_ = false;
  std::uint32_t last_location_ = 0;
  view last_now_;
};

}  // namespace caiman::model::machine
