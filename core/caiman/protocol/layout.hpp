// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// layout.hpp: where the blocks of an order lie
//
// The levels of a tree, and per order the level, the class and the number of its blocks. And the
// plain looks at the words of a block that somebody says is live: whether they say so, too. Nothing
// here changes a word after it was built.
//
// Beside the words there are marks, so that such a look need not go up to the root. A word is cut
// while parts of it are free or live by themselves, and else free or live as one, a bit of its
// parent. Who cuts it, or takes it up again, has all of it, and says so before anybody else finds
// it. So to who has a block, the marks of its word and of the words below it stand still.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <bit>
#include <cstddef>
#include <cstdint>

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
    return order < stacks::orders && index < looks_[order].blocks;
  }

  /// The level whose words hold the blocks of an order that there is.
  unsigned level_of(unsigned order) const noexcept { return layouts_[order].level; }
  /// Whether blocks of an order are made of whole words, with words of their own below.
  CAIMAN_HOT bool is_above_words(unsigned order) const noexcept {
    return layouts_[order].level != 0;
  }
  /// Whether no bit of a block is free in its word or above it.
  bool is_taken(unsigned order, std::size_t index) const noexcept {
    const order_layout& p = layouts_[order];
    const std::size_t word = index >> (Log2Fanout - p.cls);
    const word_t run = bits::run(p.cls) << ((index << p.cls) % fanout);
    const word_t now = p.in->word(word).load(Sync::order(site::release_look));
    return (now & run) == 0 && !owned_above(p.level, word);
  }
  /// The same of a block for which is_small, and whether it stands by itself. No branch depends on
  /// where the block lies, so that no processor guesses wrong.
  CAIMAN_HOT bool is_small_taken(unsigned order, std::size_t index) const noexcept {
    const look& p = looks_[order];
    const std::size_t word = index >> p.word_shift;
    const word_t free = p.in->word(word).load(Sync::order(site::release_look));
    const std::uint64_t parts = p.below[word & p.below_words].load(std::memory_order_relaxed);
    const std::uint64_t cut = p.above[word / fanout].load(std::memory_order_relaxed);
    return ((free | parts) >> (index << p.cls) % fanout & p.run) == 0 &&
           (cut >> word % fanout & 1) != 0;
  }
  /// Whether the marks say that a block can be live: its word is cut, and no word below it.
  bool stands_by_itself(unsigned order, std::size_t index) const noexcept {
    const order_layout& p = layouts_[order];
    const std::size_t word = index >> (Log2Fanout - p.cls);
    if (p.level != top_ && !is_cut(p.level, word)) return false;
    if (p.level == 0) return true;
    const std::uint64_t run = ones(p.cls) << (index << p.cls) % fanout;
    return (p.in->marks()[word].load(std::memory_order_relaxed) & run) == 0;
  }
  /// Whether a word below the root is cut.
  bool is_cut(unsigned lv, std::size_t word) const noexcept {
    const std::uint64_t cut =
        levels_[lv + 1].marks()[word / fanout].load(std::memory_order_relaxed);
    return (cut >> word % fanout & 1) != 0;
  }
  /// Marks it as cut, or takes the mark away. Only who has the whole word may.
  void mark_cut(unsigned lv, std::size_t word, bool yes) const noexcept {
    if (is_cut(lv, word) == yes) return;
    const std::uint64_t bit = std::uint64_t{1} << word % fanout;
    levels_[lv + 1].marks()[word / fanout].fetch_add(yes ? bit : 0 - bit,
                                                     std::memory_order_relaxed);
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
    std::size_t blocks = 0;  // how many there are; 0 past max_order
  };
  using mark_cell = typename level_type::mark_cell;
  /// How to look at a block of an order that slots keep at hand. Of 64 bytes, so that to find one
  /// takes a shift.
  struct look {
    const level_type* in = nullptr;
    const mark_cell* above = nullptr;  // marks of the words of its level
    const mark_cell* below = nullptr;  // and of those below
    std::size_t below_words = 0;       // all ones, or 0 where there are none
    std::uint64_t run = 0;             // the bits of block 0
    std::size_t blocks = 0;            // how many have a place in the stacks
    std::size_t cls = 0;
    std::size_t word_shift = 0;  // from an index to its word
  };
  /// Builds the levels at `memory`, all words empty, for the first `units` of 2^root min blocks.
  layout(std::byte* memory, unsigned root, std::size_t units) noexcept
      : max_order_(static_cast<unsigned>(std::bit_width(units)) - 1), top_(shape::top_level(root)) {
    for (unsigned lv = 0; lv <= top_; ++lv) memory = levels_[lv].build(memory, root, lv);
    for (unsigned order = 0; order <= max_order_; ++order) {
      const unsigned lv = order / Log2Fanout < top_ ? order / Log2Fanout : top_;
      const std::size_t blocks = units >> order;
      const unsigned cls = order - lv * Log2Fanout;
      layouts_[order] = {&levels_[lv], lv, cls, blocks};
      if (order >= stacks::orders) continue;
      looks_[order] = {&levels_[lv],
                       lv == top_ ? &all_ : levels_[lv + 1].marks(),
                       lv == 0 ? &none_ : levels_[lv].marks(),
                       lv == 0 ? 0 : ~std::size_t{0},
                       ones(cls),
                       blocks < stacks::indices ? blocks : stacks::indices,
                       cls,
                       Log2Fanout - cls};
    }
  }

  /// Whether an ancestor owns a word, which then reads 0. Asked only of the word of a block that
  /// somebody says is live, so the answer must be no: the ancestors of a live block do not change.
  bool owned_above(unsigned lv, std::size_t word) const noexcept {
    word_t owned = 0;
    for (; lv < top_; ++lv, word /= fanout) {
      owned |= levels_[lv + 1].word(word / fanout).load(Sync::order(site::ancestor_look)) >>
               (word % fanout);
    }
    return (owned & 1) != 0;
  }

  /// As many as a block of class `cls` has bits.
  static constexpr std::uint64_t ones(unsigned cls) noexcept {
    return (std::uint64_t{2} << ((1U << cls) - 1)) - 1;
  }

  unsigned max_order_;
  unsigned top_;
  order_layout layouts_[most_orders] = {};
  look looks_[stacks::orders == 0 ? 1 : stacks::orders] = {};
  mark_cell none_{0};                 // below the lowest level nothing is cut,
  mark_cell all_{~std::uint64_t{0}};  // and the word at the root always is
  level_type levels_[shape::max_levels];
  /// \endcond
};

}  // namespace caiman::v0::protocol

#endif  // CAIMAN_REQUIREMENTS_MET
