// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// small_tree.hpp: the tree as small as it has two levels
//
// The tree of the core at fan-out 2 over four min blocks: two words, and the root above them. Room
// for more levels would be so many stores before the first thread starts, each of them an event of
// every execution. Beside it lies a plain cell per min block, written by its owner, so that a
// missing edge is a data race. With a policy that has owner stacks it has these, too.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "genmc_sync.hpp"
// then the core
#include "caiman/protocol/level.hpp"

namespace caiman::inline v0::protocol {
/// Levels for four min blocks, and no more.
template <>
inline constexpr unsigned highest_order<1> = 2;
}  // namespace caiman::inline v0::protocol

#include "caiman/protocol/tree.hpp"

namespace caiman::genmc {

/// What take() gives instead of an index.
inline constexpr std::size_t full = ~std::size_t{0};
inline constexpr std::size_t contended = full - 1;

/// Four min blocks, all free or the first ones.
template <class Sync>
class tree_of_four {
 public:
  using tree_type = tree<Sync, 1>;
  static constexpr unsigned max_order = 2;
  static constexpr std::size_t blocks = 4;

  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): built in it, and written by owners
  tree_of_four() noexcept : tree_(memory_, max_order, blocks) {}
  /// The others are never free.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): as above
  explicit tree_of_four(std::size_t free) noexcept : tree_(memory_, max_order, free) {}

  /// The index of a block, or `full`, or `contended`.
  std::size_t take(unsigned order) noexcept {
    const auto me = tree_.lanes().mine();
    std::size_t try_last = 0;
    search_result got = tree_.claim_at_once(order, me, try_last);
    if (!got.ok()) got = tree_.find(order, me, try_last);
    if (!got.ok()) return got.how == search_result::end::full ? full : contended;
    touch(order, got.index);
    return got.index;
  }
  void give(unsigned order, std::size_t index) noexcept {
    touch(order, index);
    const bool right = tree_.release(tree_.lanes().mine(), order, index);
    assert(right);
    (void)right;
  }

  // ---- with owner stacks ----

  /// Out of the caller's own stack; `full` if there is nothing.
  std::size_t pop(unsigned order) noexcept {
    const auto stacks = tree_.lanes().mine().stacks();
    std::size_t index = 0;
    if (!stacks.pop_top(order, index)) index = stacks.pop_below(order);
    if (index == stacks.nothing) return full;
    touch(order, index);
    return index;
  }
  void push(unsigned order, std::size_t index) noexcept {
    touch(order, index);
    const auto stacks = tree_.lanes().mine().stacks();
    const bool fits = stacks.push(order, index);
    assert(fits);
    (void)fits;
    stacks.look_at_times();
  }
  void drain() noexcept { tree_.drain(tree_.lanes().mine()); }
  /// Before any thread starts: as if a drainer had been there, so that nobody needs a fence.
  void raise_flag(unsigned slot) noexcept {
    const auto stacks = tree_.lanes().stacks(slot);
    (void)stacks.raise_flag();
    stacks.pass_fence();
    stacks.leave_flag();
  }

 private:
  void touch(unsigned order, std::size_t index) noexcept {
    for (std::size_t i = index << order; i < (index + 1) << order; ++i) payload_[i] = 1;
  }

  alignas(128) std::byte memory_[tree_type::bytes(max_order)];
  unsigned payload_[blocks];
  tree_type tree_;
};
using small_tree = tree_of_four<genmc_sync>;

/// What take() says.
inline bool is_block(std::size_t answer) noexcept { return answer < contended; }

}  // namespace caiman::genmc
