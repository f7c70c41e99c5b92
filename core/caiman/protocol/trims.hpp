// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// trims.hpp: free blocks that leave the tree for a moment
//
// Somebody has to do with memory that is free, such as give its pages back to the system, and
// nobody may be handed it meanwhile. So the block is claimed as any other, by the one CAS that all
// claims are, but a certain one instead of the best that fits; and afterwards it is put back, past
// the stacks. From before the claim until after the putting back a bracket is open (slots.hpp): it
// is a move from a place to the same, and a search that misses the block looks again instead of
// saying full.
//
//   claim   where the block's own word has it, as it is or as a part of a larger run; else where a
//           bit above it is free, which is split down to it as the tree's own split does.
//   large   blocks are claimed piece by piece, so that what is away is never more than a piece.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <bit>
#include <cstddef>

#include "caiman/protocol/tree.hpp"

namespace caiman::inline v0::protocol {

/// Functions on the tree: no state. All may be called by any threads at once.
template <sync_policy Sync, unsigned Log2Fanout>
class trims {
 public:
  /// What the blocks are of.
  using tree_type = tree<Sync, Log2Fanout>;

  /// For every free block, or where it is of an order above `most` for each piece of that order:
  /// asks `wanted(order, index)`, and if so claims it, calls `use(order, index)`, and puts it back.
  /// What another thread takes before it is claimed is left out, and so is what comes back behind.
  /// The least blocks come first. Neither function may ask for blocks of the tree. Lock-free but
  /// for what they do; O(words + pieces), and a drain and a sweep.
  template <class Wanted, class Use>
  static void each(tree_type& in, unsigned most, Wanted wanted, Use use) {
    const slot_ref<Sync> me = in.lanes().mine();
    in.drain(me);
    in.sweep(me, in.top());
    for (unsigned lv = 0; lv <= in.top(); ++lv) {
      for (std::size_t word = 0; word < in.at(lv).word_count(); ++word) {
        word_t left = in.at(lv).word(word).load(Sync::order(site::observe));
        while (left != 0) {
          const auto pos = static_cast<unsigned>(countr_zero(left));
          const unsigned cls = bits::merged_class(left, pos);
          left &= ~(bits::run(cls) << pos);
          each_piece(in, me, {lv * Log2Fanout + cls, (word * fanout + pos) >> cls}, most, wanted,
                     use);
        }
      }
    }
  }

 private:
  using bits = word_bits<Log2Fanout>;
  using hint = hints<Sync, Log2Fanout>;
  static constexpr std::size_t fanout = level_shape<Log2Fanout>::fanout;

  struct piece {
    unsigned order;
    std::size_t index;
  };
  /// A run in a word.
  struct place {
    unsigned lv;
    std::size_t word;
    unsigned pos;
    unsigned cls;
  };

  template <class Wanted, class Use>
  static void each_piece(tree_type& in, slot_ref<Sync> me, piece whole, unsigned most,
                         Wanted& wanted, Use& use) {
    const unsigned order = whole.order < most ? whole.order : most;
    const std::size_t first = whole.index << (whole.order - order);
    const std::size_t end = (whole.index + 1) << (whole.order - order);
    for (std::size_t index = first; index < end; ++index) {
      if (!wanted(order, index)) continue;
      const place at = place_of(in, order, index);
      move_bracket<Sync> move(me);
      if (!claim(in, me, move, at)) continue;
      use(order, index);
      Sync::invariant(in.put_back(me, at.lv, at.word, at.pos, at.cls),
                      "a block that was claimed for a moment was free");
    }
  }

  static place place_of(const tree_type& in, unsigned order, std::size_t index) noexcept {
    const unsigned lv = in.level_of(order);
    const unsigned cls = order - lv * Log2Fanout;
    const std::size_t bit = index << cls;
    return {lv, bit / fanout, static_cast<unsigned>(bit % fanout), cls};
  }

  /// A certain block, in its own word or out of a bit above; false if it is not free.
  static bool claim(tree_type& in, slot_ref<Sync> me, move_bracket<Sync>& move, place at) noexcept {
    if (claim_in_word(in, me, move, at)) return true;
    std::size_t bit = at.word;
    for (unsigned lv = at.lv + 1; lv <= in.top(); ++lv, bit /= fanout) {
      if (!claim_in_word(in, me, move,
                         {lv, bit / fanout, static_cast<unsigned>(bit % fanout), 0})) {
        continue;
      }
      split_down(in, me, lv, at);
      return true;
    }
    return false;
  }

  static bool claim_in_word(tree_type& in, slot_ref<Sync> me, move_bracket<Sync>& move,
                            place at) noexcept {
    auto& cell = in.at(at.lv).word(at.word);
    const word_t run = bits::run(at.cls) << at.pos;
    word_t now = cell.load(Sync::order(site::search_word));  // (4)
    while ((now & run) == run) {
      const unsigned from = bits::merged_class(now, at.pos);
      move.open();  // (4) begun before the block disappears, ended when it is back
      if (cell.compare_exchange_strong(now, now & ~run, Sync::order(site::claim),  // (1) (4)
                                       Sync::order(site::search_word))) {
        if (from != at.cls) {
          hint::set(in.at(at.lv), me, at.word, from - 1);
          me.count_splits(from - at.cls);
        }
        return true;
      }
    }
    return false;
  }

  /// What is left of a bit of level `lv` that was claimed shows in the words between it and `at`.
  static void split_down(tree_type& in, slot_ref<Sync> me, unsigned lv, place at) noexcept {
    while (lv-- > at.lv) {
      std::size_t bit = at.word;  // where `at` lies in this level
      for (unsigned i = at.lv + 1; i < lv; ++i) bit /= fanout;
      const std::size_t word = lv == at.lv ? bit : bit / fanout;
      const unsigned pos = lv == at.lv ? at.pos : static_cast<unsigned>(bit % fanout);
      const unsigned cls = lv == at.lv ? at.cls : 0;
      in.mark_cut(lv, word, true);
      in.at(lv).word(word).store(bits::full & ~(bits::run(cls) << pos),
                                 Sync::order(site::publish_child));  // (1) (2)
      hint::set(in.at(lv), me, word, bits::full_class - 1);
      me.count_splits(bits::full_class - cls);
    }
  }
};

}  // namespace caiman::v0::protocol

#endif  // CAIMAN_REQUIREMENTS_MET
