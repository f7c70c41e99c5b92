// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// hints.hpp: where to look first
//
// Over the words of a level lies, per run class, a bitmap: "this word may hold a maximal run of
// exactly this class", and over the bitmap a tree of bitmaps. Hints find, they never decide. A hint
// may promise too much, never too little: at quiescence a word whose largest run has class c is
// marked in c or in a larger class, at every height.
//
//   set    after a run appeared in a word: mark the word, if it is not marked already, and then
//          what is above it. One that finds the mark looks no further up, though the parents may
//          still be missing: the one who sets a mark does it inside a bracket (slots.hpp), so a
//          search that misses the word knows that it must look again.
//   clear  after a search found less in a word than its mark promised: mark what is there, take
//          the mark away, look again, mark what is there now.
//
// Both are a store followed by a look at what the other one stores, (2) word and hint, (3) node and
// parent: in a total order of the four accesses one of the two sees the other.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <cstddef>

#include "caiman/detail/attributes.hpp"
#include "caiman/protocol/level.hpp"
#include "caiman/protocol/slots.hpp"

namespace caiman::inline v0::protocol {

/// The hints of one level, as functions on it: no state. All may be called by any threads at once.
template <sync_policy Sync, unsigned Log2Fanout>
class hints {
 public:
  /// The level that the hints lie over.
  using level_type = level<Sync, Log2Fanout>;
  /// Arithmetic on its words.
  using bits = word_bits<Log2Fanout>;
  /// What `next` says when there is no such word.
  static constexpr std::size_t none = ~std::size_t{0};

  /// Marks `word` in class `cls`. Wait-free: one load in the steady state, else at most one
  /// read-modify-write per height.
  CAIMAN_HOT static void set(const level_type& in, slot_ref<Sync> me, std::size_t word,
                             unsigned cls) noexcept {
    const word_t node = in.leaf(word / fanout, cls).load(Sync::order(site::hint_look));  // (2)
    if ((node >> (word % fanout) & 1) == 0) [[unlikely]]
      set_new(in, me, word, cls);
  }

  /// The first word from `from` on that is marked in class `cls`, or `none`. Clears marks over
  /// nodes that it finds empty. Lock-free.
  static std::size_t next(const level_type& in, slot_ref<Sync> me, unsigned cls,
                          std::size_t from) noexcept {
    while (from < in.word_count()) {
      unsigned height = 0;
      std::size_t at = first_marked(in, cls, from, height);
      while (at != none && height > 0) {
        const word_t below = look(in, height - 1, at, cls);
        if (below == 0) break;
        --height;
        at = at * fanout + static_cast<std::size_t>(countr_zero(below));
      }
      if (at == none || height == 0) return at;
      move_bracket<Sync> move(me);
      clear_above(in, move, height - 1, at, cls);
      from = (at + 1) << (Log2Fanout * height);  // the first word past the empty node
    }
    return none;
  }

  /// `word` is marked in class `cls` and a search found no such run in it. Lock-free.
  static void clear(const level_type& in, slot_ref<Sync> me, std::size_t word,
                    unsigned cls) noexcept {
    const word_t before = in.word(word).load(Sync::order(site::clear_look));
    if (before != 0 && bits::largest_class(before) >= cls) return;  // it came back
    move_bracket<Sync> move(me);
    move.open();  // the window between clearing and looking again hides what is released in it
    if (before != 0) set(in, me, word, bits::largest_class(before));
    const word_t left = take(in, 0, word, cls);
    // Mark whatever is there now, even what was there before: the mark set above may have been
    // cleared meanwhile by a peer that saw the word empty.
    const word_t now = in.word(word).load(Sync::order(site::word_again));  // (2)
    if (now != 0) set(in, me, word, bits::largest_class(now));
    if (left == 0) clear_above(in, move, 0, word / fanout, cls);
  }

 private:
  static constexpr std::size_t fanout = level_type::fanout;

  static word_t look(const level_type& in, unsigned height, std::size_t node,
                     unsigned cls) noexcept {
    return in.node(height, node, cls).load(Sync::order(site::search_hint));  // (4)
  }

  CAIMAN_COLD static void set_new(const level_type& in, slot_ref<Sync> me, std::size_t word,
                                  unsigned cls) noexcept {
    move_bracket<Sync> move(me);
    move.open();  // (4) begun before the mark shows, ended when its parents show, too
    in.leaf(word / fanout, cls)
        .fetch_or(word_t{1} << (word % fanout), Sync::order(site::hint_set));  // (3)
    set_from(in, 1, word / fanout, cls);
  }

  static void set_from(const level_type& in, unsigned height, std::size_t item,
                       unsigned cls) noexcept {
    for (; height < in.heights(); ++height, item /= fanout) {
      auto& node = in.node(height, item / fanout, cls);
      const word_t mark = word_t{1} << (item % fanout);
      if ((node.load(Sync::order(site::hint_look)) & mark) == 0) {  // (3)
        node.fetch_or(mark, Sync::order(site::hint_set));           // (3)
      }
    }
  }

  /// Takes the mark of `item` at `height` away; returns what is left in its node.
  static word_t take(const level_type& in, unsigned height, std::size_t item,
                     unsigned cls) noexcept {
    const word_t mark = word_t{1} << (item % fanout);
    auto& node = in.node(height, item / fanout, cls);
    return node.fetch_and(~mark, Sync::order(site::hint_clear)) & ~mark;  // (2) (3) (4)
  }

  /// The node `item` at `height` was seen empty: clears the mark over it, and so on upwards.
  static void clear_above(const level_type& in, move_bracket<Sync>& move, unsigned height,
                          std::size_t item, unsigned cls) noexcept {
    for (; height + 1 < in.heights(); ++height, item /= fanout) {
      move.open();
      const word_t left = take(in, height + 1, item, cls);
      if (in.node(height, item, cls).load(Sync::order(site::node_again)) != 0) {  // (3)
        set_from(in, height + 1, item, cls);
        return;
      }
      if (left != 0) return;
    }
  }

  /// Walks up from word `from` until a node has a mark at or right of it. Returns the marked item,
  /// of the height that it stores in `height`, or `none`.
  static std::size_t first_marked(const level_type& in, unsigned cls, std::size_t from,
                                  unsigned& height) noexcept {
    std::size_t item = from;
    for (height = 0; height < in.heights(); ++height) {
      const std::size_t node = item / fanout;
      if (node >= in.node_count(height)) return none;
      const word_t right = look(in, height, node, cls) & (~word_t{0} << (item % fanout));
      if (right != 0) return node * fanout + static_cast<std::size_t>(countr_zero(right));
      item = node + 1;
    }
    return none;
  }
};

}  // namespace caiman::v0::protocol

#endif  // CAIMAN_REQUIREMENTS_MET
