// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// tails.hpp: a live block gives back its end
//
// A block of 2^order min blocks whose owner needs only the first `keep` of them. What is cut off is
// a row of smaller blocks, each of them live until now as a part of the large one, and to give such
// a part back is an ordinary release: its bits appear in a word that its owner has taken, and no
// word becomes full by it, since the part that stays lies beside it or below. So there is no new
// state of the tree, no climb, and no move between words; where all pieces lie in one word they
// appear by one CAS.
//
//   a block of one word       one word: the bits behind those that stay
//   a block of whole words    in each level from its own down, the bits behind the one that the
//                             border goes through; and that one's word below, which read 0 while
//                             the block was whole, holds its part. At the level where the border
//                             lies between two bits it ends.
//
// What stays goes back later as the aligned blocks that it consists of, by the release that all
// blocks have (pieces).
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <bit>
#include <cstddef>

#include "caiman/protocol/tree.hpp"

namespace caiman::inline v0::protocol {

/// Calls `f(order, first)` for the fewest aligned blocks that `count` min blocks from `first` on
/// consist of, from left to right. O(orders) calls.
template <class F>
constexpr void for_each_piece(std::size_t first, std::size_t count,
                              F f) noexcept(noexcept(f(0U, first))) {
  while (count != 0) {
    auto order = static_cast<unsigned>(std::bit_width(count)) - 1;
    if (first != 0 && static_cast<unsigned>(std::countr_zero(first)) < order) {
      order = static_cast<unsigned>(std::countr_zero(first));
    }
    f(order, first);
    first += std::size_t{1} << order;
    count -= std::size_t{1} << order;
  }
}

/// How many those are. O(orders).
constexpr unsigned piece_count(std::size_t first, std::size_t count) noexcept {
  unsigned pieces = 0;
  for_each_piece(first, count, [&](unsigned, std::size_t) noexcept { ++pieces; });
  return pieces;
}

/// The end of a live block, as functions on the tree: no state.
template <sync_policy Sync, unsigned Log2Fanout>
class tails {
 public:
  /// What the tails are of.
  using tree_type = tree<Sync, Log2Fanout>;

  /// Gives all but the first `keep` min blocks of a live block back; 0 < keep < 2^order. False if
  /// the block is free, wholly or in part, and then changes nothing, unless its owner or somebody
  /// else gives parts of it back meanwhile. Lock-free: one CAS per level of words that the border
  /// goes through.
  [[nodiscard]] static bool release(const tree_type& in, slot_ref<Sync> me, unsigned order,
                                    std::size_t index, std::size_t keep) noexcept {
    if (!in.is_taken(order, index)) return false;
    if (in.is_above_words(order) && !in.is_taken_below(order, index)) return false;
    const std::size_t first = index << order;
    const std::size_t count = std::size_t{1} << order;
    unsigned lv = in.level_of(order);
    me.count_splits(piece_count(first, keep) + piece_count(first + keep, count - keep) - 1);
    cut(in, order, first + keep);
    // From the top down, the part of each level: `from` is the first min block that goes back,
    // `end` where the word's share of the block ends.
    const std::size_t from = first + keep;
    std::size_t end = first + count;
    for (;; --lv) {
      const std::size_t size = std::size_t{1} << (lv * Log2Fanout);  // min blocks of a bit
      const std::size_t whole = (from + size - 1) / size;            // the first bit that goes back
      if (whole * size != end && !put(in, me, lv, whole, end / size)) return false;
      if (whole * size == from) break;
      end = whole * size;
    }
    me.count_release();  // (5) last: a thread that reads it finds the blocks
    return true;
  }

  /// The words below a live block that its new end goes through are no part of a larger one any
  /// more.
  static void cut(const tree_type& in, unsigned order, std::size_t end) noexcept {
    for (unsigned lv = in.level_of(order); lv-- > 0;) {
      const unsigned word = (lv + 1) * Log2Fanout;  // the order of a word
      if ((end & ((std::size_t{1} << word) - 1)) == 0) return;
      in.mark_cut(lv, end >> word, true);
    }
  }

 private:
  using bits = word_bits<Log2Fanout>;
  using hint = hints<Sync, Log2Fanout>;
  static constexpr std::size_t fanout = level_shape<Log2Fanout>::fanout;

  /// The bits `from` to `end` of a level, all of one word, become free.
  static bool put(const tree_type& in, slot_ref<Sync> me, unsigned lv, std::size_t from,
                  std::size_t end) noexcept {
    const std::size_t word = from / fanout;
    const word_t mask = first_bits(end - word * fanout) & ~first_bits(from - word * fanout);
    auto& cell = in.at(lv).word(word);
    word_t now = cell.load(Sync::order(site::release_look));
    do {
      if ((now & mask) != 0) [[unlikely]]
        return false;
    } while (!cell.compare_exchange_strong(now, now | mask, Sync::order(site::release),  // (1) (2)
                                           Sync::order(site::release_look)));
    hint::set(in.at(lv), me, word, bits::largest_class(now | mask));
    // What came back merges with what is there; its pieces count as merged already.
    const std::size_t inside = end - from - piece_count(from % fanout, end - from);
    me.count_coalesces(bits::merges(now, now | mask) - static_cast<unsigned>(inside));
    return true;
  }

  static constexpr word_t first_bits(std::size_t count) noexcept {
    return count == 64 ? ~word_t{0} : (word_t{1} << count) - 1;
  }
};

}  // namespace caiman::v0::protocol

#endif  // CAIMAN_REQUIREMENTS_MET
