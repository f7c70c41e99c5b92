// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// textbook.hpp: the obvious protocol, to compare with
//
// One bitmap per order, a summary of its words that are not empty, and one word of the orders that
// are not empty; a release tests its buddy's bit, then sets its own, order by order. The model
// checker convicts it of lost merges (docs/checking.md); here it only shows what sharing costs.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace caiman::scale {

/// Over atomics of somebody's. All but the constructor may be called by any threads at once.
template <template <class> class Atomic>
class textbook {
 public:
  explicit textbook(std::size_t min_blocks)
      : max_order_(static_cast<unsigned>(std::bit_width(min_blocks)) - 1), top_(1) {
    for (unsigned order = 0; order <= max_order_; ++order) {
      const std::size_t words = ((min_blocks >> order) + 63) / 64;
      free_.emplace_back(lines_of(words));
      some_.emplace_back(lines_of((words + 63) / 64));
      words_.push_back(words);
    }
    for (std::size_t left = min_blocks; left != 0;) {
      const auto order = static_cast<unsigned>(std::bit_width(left)) - 1;
      publish(order, (min_blocks - left) >> order);
      left -= std::size_t{1} << order;
    }
  }

  bool take(unsigned order, std::size_t& index) {
    for (unsigned tries = 0; tries < 1000; ++tries) {
      const std::uint64_t orders = cell(top_, 0).load(relaxed) & (~std::uint64_t{0} << order);
      if (orders == 0) return false;
      const auto from = static_cast<unsigned>(std::countr_zero(orders));
      if (!claim_any(from, index)) continue;
      for (unsigned k = from; k > order; --k) {  // split: the upper half goes back
        index *= 2;
        publish(k - 1, index + 1);
      }
      return true;
    }
    return false;
  }

  void give(unsigned order, std::size_t index) {
    for (; order < max_order_; ++order, index /= 2) {
      const std::size_t buddy = index ^ 1;
      if (buddy / 64 >= words_[order]) break;
      auto& word = cell(free_[order], buddy / 64);
      const std::uint64_t bit = std::uint64_t{1} << (buddy % 64);
      if ((word.load(relaxed) & bit) == 0) break;  // tests ...
      const std::uint64_t before = word.fetch_and(~bit, relaxed);
      if (before == bit) clear(order, buddy / 64);
      if ((before & bit) == 0) break;
    }
    publish(order, index);  // ... and then sets
  }

 private:
  using word_type = Atomic<std::uint64_t>;
  struct alignas(64) line {
    word_type words[8]{};
  };
  using cells = std::vector<line>;
  static constexpr auto relaxed = std::memory_order_relaxed;  // here nobody looks at orders
  static std::size_t lines_of(std::size_t words) { return (words + 7) / 8; }
  static word_type& cell(cells& in, std::size_t i) { return in[i / 8].words[i % 8]; }

  /// Sets a bit that is not set.
  static void mark(word_type& word, std::size_t at) {
    const std::uint64_t bit = std::uint64_t{1} << (at % 64);
    if ((word.load(relaxed) & bit) == 0) word.fetch_or(bit, relaxed);
  }
  void publish(unsigned order, std::size_t index) {
    cell(free_[order], index / 64).fetch_or(std::uint64_t{1} << (index % 64), relaxed);
    mark(cell(some_[order], index / 4096), index / 64);
    mark(cell(top_, 0), order);
  }
  /// A word was seen empty.
  void clear(unsigned order, std::size_t word) {
    auto& summary = cell(some_[order], word / 64);
    const std::uint64_t bit = std::uint64_t{1} << (word % 64);
    const std::uint64_t left = summary.fetch_and(~bit, relaxed) & ~bit;
    if (cell(free_[order], word).load(relaxed) != 0) return mark_again(order, word);
    if (left == 0) clear_order(order);
  }
  /// No word of it is marked, perhaps.
  void clear_order(unsigned order) {
    if (has_marks(order)) return;
    cell(top_, 0).fetch_and(~(std::uint64_t{1} << order), relaxed);
    if (has_marks(order)) mark(cell(top_, 0), order);
  }
  bool has_marks(unsigned order) {
    for (std::size_t i = 0; i < (words_[order] + 63) / 64; ++i) {
      if (cell(some_[order], i).load(relaxed) != 0) return true;
    }
    return false;
  }
  void mark_again(unsigned order, std::size_t word) {
    mark(cell(some_[order], word / 64), word);
    mark(cell(top_, 0), order);
  }

  bool claim_any(unsigned order, std::size_t& index) {
    for (std::size_t i = 0; i < (words_[order] + 63) / 64; ++i) {
      const std::uint64_t marks = cell(some_[order], i).load(relaxed);
      if (marks == 0) continue;
      const std::size_t at = i * 64 + static_cast<std::size_t>(std::countr_zero(marks));
      auto& word = cell(free_[order], at);
      std::uint64_t bits = word.load(relaxed);
      while (bits != 0) {
        const std::uint64_t bit = bits & (~bits + 1);
        if (!word.compare_exchange_strong(bits, bits & ~bit, relaxed, relaxed)) continue;
        index = at * 64 + static_cast<std::size_t>(std::countr_zero(bit));
        if (bits == bit) clear(order, at);
        return true;
      }
      clear(order, at);
      return false;
    }
    clear_order(order);
    return false;
  }

  unsigned max_order_;
  std::vector<std::size_t> words_;
  std::vector<cells> free_;  // a bit per block
  std::vector<cells> some_;  // a bit per word of those
  cells top_;                // a bit per order
};

}  // namespace caiman::scale
