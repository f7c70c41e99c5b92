// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// layout.hpp: where the blocks of an order lie
//
// The levels of a tree, and per order the level, the class and the number of its blocks. And the
// plain looks at the words of a block that somebody says is live: whether they say so, too. Nothing
// here changes a word after it was built.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <bit>
#include <cstddef>

#include "caiman/detail/attributes.hpp"
#include "caiman/protocol/level.hpp"
#include "caiman/protocol/slots.hpp"
#include "caiman/protocol/stacks.hpp"
#include "caiman/protocol/word.hpp"

namespace caiman::inline v0::protocol {

/// What lies where; the base of the tree. Built and ended by one thread; all else may be called by
/// any threads at once, and is wait-free and O(1) unless it says otherwise.
template <sync_policy Sync, unsigned Log2Fanout>
class layout {
 public:
  using shape = level_shape<Log2Fanout>;       ///< The sizes of all levels.
  using level_type = level<Sync, Log2Fanout>;  ///< One level.

  /// Order of the largest block that there is. O(1).
  unsigned max_order() const noexcept { return max_order_; }
  /// The level of the root. O(1).
  unsigned top() const noexcept { return top_; }
  /// A level. O(1).
  const level_type& at(unsigned lv) const noexcept { return levels_[lv]; }
  /// Whether there is such a block.
  bool has(unsigned order, std::size_t index) const noexcept {
    return order < most_orders && index < layouts_[order].blocks;
  }
  /// Whether there is such a block and slots may keep it at hand.
  CAIMAN_HOT bool is_small(unsigned order, std::size_t index) const noexcept {
    return order < most_orders && index < layouts_[order].stackable;
  }

  /// The level whose words hold the blocks of an order that there is.
  unsigned level_of(unsigned order) const noexcept { return layouts_[order].level; }
  /// Whether blocks of an order are made of whole words, with words of their own below.
  CAIMAN_HOT bool is_above_words(unsigned order) const noexcept {
    return layouts_[order].level != 0;
  }
  /// Whether no bit of a block is free in its word or above it.
  CAIMAN_HOT bool is_taken(unsigned order, std::size_t index) const noexcept {
    const order_layout& p = layouts_[order];
    const std::size_t word = index >> (Log2Fanout - p.cls);
    const word_t run = bits::run(p.cls) << ((index << p.cls) % fanout);
    const word_t now = p.in->word(word).load(Sync::order(site::release_look));
    return (now & run) == 0 && !owned_above(p.level, word);
  }
  /// Whether no bit of a block of whole words is free in the words right below it, which read 0
  /// while it is live: a part of it that came back by itself, or a second release that was kept
  /// full down there, shows here. Both together see all that release() could.
  CAIMAN_COLD bool is_taken_below(unsigned order, std::size_t index) const noexcept {
    const order_layout& p = layouts_[order];
    const level_type& below = levels_[p.level - 1];
    const std::size_t first = index << p.cls;
    for (std::size_t word = first; word < first + (std::size_t{1} << p.cls); ++word) {
      if (below.word(word).load(Sync::order(site::child_look)) != 0) return false;
    }
    return true;
  }

 protected:
  /// \cond
  using stacks = owner_stacks<Sync>;
  using bits = word_bits<Log2Fanout>;
  static constexpr std::size_t fanout = shape::fanout;
  static constexpr unsigned most_orders = highest_order<Log2Fanout> + 1;

  /// Where the blocks of an order live.
  struct order_layout {
    const level_type* in = nullptr;
    unsigned level = 0;
    unsigned cls = 0;
    std::size_t blocks = 0;     // how many there are; 0 past max_order
    std::size_t stackable = 0;  // how many of these have a place in the stacks
  };
  /// Builds the levels at `memory`, all words empty, for the first `units` of 2^root min blocks.
  layout(std::byte* memory, unsigned root, std::size_t units) noexcept
      : max_order_(static_cast<unsigned>(std::bit_width(units)) - 1), top_(shape::top_level(root)) {
    for (unsigned lv = 0; lv <= top_; ++lv) memory = levels_[lv].build(memory, root, lv);
    for (unsigned order = 0; order <= max_order_; ++order) {
      const unsigned lv = order / Log2Fanout < top_ ? order / Log2Fanout : top_;
      const std::size_t blocks = units >> order;
      const std::size_t kept =
          order < stacks::orders ? (blocks < stacks::indices ? blocks : stacks::indices) : 0;
      layouts_[order] = {&levels_[lv], lv, order - lv * Log2Fanout, blocks, kept};
    }
  }

  /// Whether an ancestor owns a word, which then reads 0. Asked only of the word of a block that
  /// somebody says is live, so the answer must be no: the ancestors of a live block do not change.
  /// Looks all the way up and at any word: of a live block every answer is the same, so no
  /// processor guesses wrong.
  CAIMAN_HOT bool owned_above(unsigned lv, std::size_t word) const noexcept {
    word_t owned = 0;
    for (; lv < top_; ++lv, word /= fanout) {
      owned |= levels_[lv + 1].word(word / fanout).load(Sync::order(site::ancestor_look)) >>
               (word % fanout);
    }
    return (owned & 1) != 0;
  }

  unsigned max_order_;
  unsigned top_;
  order_layout layouts_[most_orders] = {};
  level_type levels_[shape::max_levels];
  /// \endcond
};

}  // namespace caiman::v0::protocol

#endif  // CAIMAN_REQUIREMENTS_MET
