// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// word.hpp: bit arithmetic on one word of the tree
//
// A word has 2^Log2Fanout bits, and a bit is 1 where it is free. An aligned run of 2^c ones is a
// free block of class c. Inside a word, splitting and coalescing are nothing but clearing and
// setting such runs, so all that the tree needs is here: find the run to take, and tell which class
// a run has after its neighbours have merged with it. No atomics, no state, everything constexpr;
// the tests compare every function with a naive one for every value of the narrow words.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include "caiman/protocol/word_type.hpp"

namespace caiman::inline v0::protocol {

/// Functions on a word of 2^Log2Fanout bits. All are wait-free and O(Log2Fanout) at most.
template <unsigned Log2Fanout>
struct word_bits {
  static_assert(Log2Fanout >= 1 && Log2Fanout <= 6, "a word has 2 to 64 bits");

  /// Bits of a word.
  static constexpr unsigned width = 1U << Log2Fanout;
  /// Class of a word that is free as a whole.
  static constexpr unsigned full_class = Log2Fanout;

  /// The run of class `cls` (at most 6) at bit 0.
  static constexpr word_t run(unsigned cls) noexcept { return table.runs[cls]; }

  /// A word that is free as a whole.
  static constexpr word_t full = width == 64 ? ~word_t{0} : (word_t{1} << (width % 64)) - 1;

  /// A run that can be claimed: `mask` is 0 when there is none. `from` is the class of the maximal
  /// run that `mask` is cut from, so `from` minus the class asked for is the number of splits.
  struct fit {
    word_t mask;    ///< The run's bits.
    count_t pos;    ///< Its first bit.
    unsigned from;  ///< See above.
  };

  /// Buddy best fit: the first run of class `cls` in the smallest maximal run of `free` that has
  /// room for it. At most Log2Fanout steps.
  static constexpr fit best_fit(word_t free, unsigned cls) noexcept {
    if (free == full) return {run(cls), 0, full_class};
    word_t tops = free_groups(free, cls);
    if (tops == 0) return {0, 0, 0};
    unsigned from = cls;
    for (; from < full_class; ++from) {
      const word_t larger = free_groups(free, from + 1);
      const word_t maximal = tops & ~(larger | larger >> (1U << from));
      if (maximal != 0) {
        tops = maximal;
        break;
      }
      tops = larger;  // every group of this class lies inside a larger one
    }
    const count_t pos = static_cast<count_t>(countr_zero(tops)) + 1U - (1U << from);
    return {run(cls) << pos, pos, from};
  }

  /// Class of the largest free run; `free` must not be 0.
  static constexpr unsigned largest_class(word_t free) noexcept {
    unsigned cls = 0;
    while (cls < full_class && free_groups(free, cls + 1) != 0) ++cls;
    return cls;
  }

  /// Class of the maximal free run that holds bit `pos`, which must be free. The nearest used
  /// bit on either side decides: a used bit u and `pos` part at bit floor(log2(u xor pos)).
  static constexpr unsigned merged_class(word_t free, unsigned pos) noexcept {
    if (free == full) return full_class;
    const word_t used = ~free & full;
    const word_t above = used & (~word_t{0} << pos);
    const word_t below = used & ~(~word_t{0} << pos);
    const count_t up = above != 0 ? static_cast<count_t>(countr_zero(above)) ^ pos : width;
    const count_t down =
        below != 0 ? (63U - static_cast<count_t>(countl_zero(below))) ^ pos : width;
    return static_cast<unsigned>(31 - countl_zero(up < down ? up : down));
  }

  /// How many pairs of buddies became one, of those in a word that was `before` and is `after`,
  /// with some bits more: each group of two bits or more that is free as a whole is such a pair.
  static constexpr count_t merges(word_t before, word_t after) noexcept {
    count_t found = 0;
    for (unsigned cls = 1; cls <= full_class; ++cls) {
      const word_t more = free_groups(after, cls) & ~free_groups(before, cls);
      if (more == 0) break;  // no larger one either
      found = found + static_cast<count_t>(popcount(more));
    }
    return found;
  }

 private:
  struct tables {
    word_t runs[8];
    word_t below_top[8];  // per class: all but the top bit of every group
  };

  static constexpr tables make_tables() noexcept {
    tables t{};
    for (unsigned cls = 0; cls < 8; ++cls) {
      const unsigned size = 1U << (cls < 6 ? cls : 6);
      t.runs[cls] = size == 64 ? ~word_t{0} : (word_t{1} << size) - 1;
      for (unsigned bit = 0; bit < 64; ++bit) {
        if (bit % size != size - 1) t.below_top[cls] |= word_t{1} << bit;
      }
    }
    return t;
  }
  static constexpr tables table = make_tables();

  /// The top bit of every aligned group of 2^cls bits that is free as a whole. One carry per
  /// group: adding the mask to the used bits below the top overflows into the top if any is used.
  /// The test for a zero byte of Warren's Hacker's Delight (6-1), for groups of any size.
  static constexpr word_t free_groups(word_t free, unsigned cls) noexcept {
    const word_t used = ~free;
    const word_t mask = table.below_top[cls];
    return ~(((used & mask) + mask) | used | mask);
  }
};

}  // namespace caiman::v0::protocol

#endif  // CAIMAN_REQUIREMENTS_MET
