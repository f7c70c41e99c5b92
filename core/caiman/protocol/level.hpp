// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// level.hpp: one level of the tree in memory
//
// A level is an array of words and, where it has more than one word, a tree of hint nodes over
// them. A node covers 2^Log2Fanout words (or nodes) with one bitmap per run class, side by side in
// one cache line. Neighbouring words lie in different cache lines, so that threads which work on
// neighbouring words do not disturb each other. The sizes are constexpr: the metadata of a buddy is
// known before it is built. Levels hold pointers; the metadata itself holds none.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>

#include "caiman/protocol/word.hpp"
#include "caiman/sync.hpp"

namespace caiman::inline v0::protocol {

/// The largest max_order that levels have room for. Some other checker, which is to see few levels,
/// may say less for the words that it looks at.
template <unsigned Log2Fanout>
inline constexpr unsigned highest_order = 32;

/// How many words and nodes the levels of a buddy have; sizes only, no memory.
template <unsigned Log2Fanout>
struct level_shape {
  /// Slots of a word, and items under a hint node.
  static constexpr unsigned fanout = 1U << Log2Fanout;
  /// Enough levels for every max_order.
  static constexpr unsigned max_levels = highest_order<Log2Fanout> / Log2Fanout + 1;
  /// Enough heights of hint nodes for every max_order.
  static constexpr unsigned max_heights = highest_order<Log2Fanout> / Log2Fanout + 1;
  /// Bitmaps of a node, one per class, padded to a power of two: one line of 64 bytes at
  /// fan-out 64.
  static constexpr std::size_t node_stride = std::bit_ceil(Log2Fanout + 1U);

  /// The level that has the single word at the root. O(1).
  static constexpr unsigned top_level(unsigned max_order) noexcept {
    return max_order <= Log2Fanout ? 0 : (max_order - 1) / Log2Fanout;
  }
  /// Words of a level. O(1).
  static constexpr std::size_t words(unsigned max_order, unsigned level) noexcept {
    const unsigned slots_log2 = max_order - level * Log2Fanout;
    return slots_log2 <= Log2Fanout ? 1 : std::size_t{1} << (slots_log2 - Log2Fanout);
  }
  /// Nodes needed over `items` words or nodes.
  static constexpr std::size_t nodes(std::size_t items) noexcept {
    return (items + fanout - 1) / fanout;
  }
  /// Nodes of all heights over `words` words; none over a single word.
  static constexpr std::size_t all_nodes(std::size_t words) noexcept {
    std::size_t total = 0;
    for (std::size_t items = words; items > 1; items = nodes(items)) total += nodes(items);
    return total;
  }
};

/// One level over memory of the buddy's. Built and ended by one thread; in between its cells may be
/// used by any threads at once, and all functions are O(1).
template <sync_policy Sync, unsigned Log2Fanout>
class level {
 public:
  /// The sizes of all levels.
  using shape = level_shape<Log2Fanout>;
  /// A word, or a bitmap of a hint node.
  using cell = typename Sync::template atomic<word_t>;
  /// Marks of the words below a word.
  using mark_cell = typename Sync::statistic;  // no step of the protocol depends on it
  /// Slots of a word.
  static constexpr unsigned fanout = shape::fanout;

  /// Bytes that a level takes, a multiple of 64.
  static constexpr std::size_t bytes(unsigned max_order, unsigned level) noexcept {
    const std::size_t words = shape::words(max_order, level);
    const std::size_t nodes = words == 1 ? 1 : shape::all_nodes(words);  // build() says why 1
    return lines(words) + lines(nodes * shape::node_stride) + mark_lines(max_order, level);
  }

  level() noexcept = default;
  level(const level&) = delete;
  level& operator=(const level&) = delete;
  ~level() {
    for (std::size_t i = 0; i < word_count_; ++i) words_[i].~cell();
    for (unsigned h = 0; h < shape::max_heights; ++h) {
      for (std::size_t i = 0; i < node_count_[h] * shape::node_stride; ++i) nodes_[h][i].~cell();
    }
    for (std::size_t i = 0; marks_ != nullptr && i < word_count_; ++i) marks_[i].~mark_cell();
  }

  /// Lays this level out at the start of `memory`, all words empty; returns what follows it.
  std::byte* build(std::byte* memory, unsigned max_order, unsigned number) noexcept {
    word_count_ = shape::words(max_order, number);
    // Eight words of 8 bytes share a line: in every 64 words, rows and columns change places, so
    // that a neighbour is a line away. A level of less than 64 words is small enough to be hot as
    // it is.
    if (word_count_ >= 64) spread_ = 7;
    words_ = make<cell>(memory, word_count_, word_t{0});
    std::byte* rest = memory + lines(word_count_);
    for (std::size_t items = word_count_; items > 1; ++heights_) {
      items = shape::nodes(items);
      node_count_[heights_] = items;
      nodes_[heights_] = make<cell>(rest, items * shape::node_stride, word_t{0});
      rest += sizeof(cell) * items * shape::node_stride;
    }
    if (word_count_ == 1) {
      // Nobody searches a single word by hints. A node that is always marked saves the common
      // paths the question whether there are any.
      node_count_[0] = 1;
      nodes_[0] = make<cell>(rest, shape::node_stride, ~word_t{0});
    }
    std::byte* const end = memory + bytes(max_order, number);
    if (number != 0) {
      marks_ = make<mark_cell>(end - mark_lines(max_order, number), word_count_, std::uint64_t{0});
    }
    return end;
  }

  /// How many words there are.
  std::size_t word_count() const noexcept { return word_count_; }
  /// Word `i`.
  cell& word(std::size_t i) const noexcept { return words_[i ^ (i & spread_) << 3]; }

  /// What is cut below word 0, below word 1 and so on, a bit for each word there (layout.hpp). None
  /// in the lowest level.
  mark_cell* marks() const noexcept { return marks_; }

  /// Heights of the hint tree; 0 where a single word needs none.
  unsigned heights() const noexcept { return heights_; }
  /// How many nodes there are at a height.
  std::size_t node_count(unsigned height) const noexcept { return node_count_[height]; }
  /// The bitmap of class `cls` of node `i` at a height.
  cell& node(unsigned height, std::size_t i, unsigned cls) const noexcept {
    return nodes_[height][i * shape::node_stride + cls];
  }
  /// The node over words; there is one over a single word, too.
  cell& leaf(std::size_t i, unsigned cls) const noexcept { return node(0, i, cls); }

 private:
  static constexpr std::size_t lines(std::size_t cells) noexcept {
    return (cells * sizeof(cell) + 63) / 64 * 64;
  }
  static constexpr std::size_t mark_lines(unsigned max_order, unsigned level) noexcept {
    return level == 0 ? 0 : (shape::words(max_order, level) * sizeof(mark_cell) + 63) / 64 * 64;
  }
  template <class Cell, class Value>
  static Cell* make(std::byte* at, std::size_t cells, Value value) noexcept {
    for (std::size_t i = 0; i < cells; ++i) {
      ::new (static_cast<void*>(at + i * sizeof(Cell))) Cell(value);
    }
    return std::launder(static_cast<Cell*>(static_cast<void*>(at)));
  }

  cell* words_ = nullptr;
  std::size_t word_count_ = 0;
  mark_cell* marks_ = nullptr;
  unsigned spread_ = 0;
  unsigned heights_ = 0;
  cell* nodes_[shape::max_heights] = {};
  std::size_t node_count_[shape::max_heights] = {};
};

}  // namespace caiman::v0::protocol

#endif  // CAIMAN_REQUIREMENTS_MET
