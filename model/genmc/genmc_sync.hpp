// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// genmc_sync.hpp: the policy under which GenMC explores the core
//
// std::atomic with the orders that ship, as native_sync, but without what such an engine has no use
// for: no pool of slots, no system calls, no output. The harness gives each thread its slot; there
// are two, and the shared one. Loads and stores of words, few globals, pthreads.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "caiman/protocol/tree.hpp"
#include "caiman/sync.hpp"
#include "two_threads.hpp"

namespace caiman::genmc {

using namespace protocol;  // What is checked are the insides.

struct genmc_sync {
  template <class T>
  using atomic = std::atomic<T>;
  template <class T>
  using plain = T;
  using statistic = std::atomic<std::uint64_t>;

  static constexpr unsigned exclusive_slots = 2;
  static constexpr unsigned look_again_bound = 2;
  static constexpr unsigned stack_room = 0;
  static constexpr unsigned stack_depth = 0;
  static constexpr unsigned stack_orders = 0;
  static constexpr bool announced_pop = false;

  static constexpr std::memory_order order(site at) noexcept { return shipped_order(at); }
  static void light_fence() noexcept {}
  static void heavy_fence() noexcept {}
  static void closing_fence() noexcept {}
  static bool heavy_fence_works() noexcept { return false; }

  // NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): one per thread
  static inline thread_local unsigned slot = 0;
  struct home {};
  static constexpr bool is_own(home) noexcept { return true; }
  static constexpr unsigned slot_scale = 1;
  static unsigned scaled_slot() noexcept { return slot; }
  static unsigned thread_slot(home = {}) noexcept { return slot; }
  static unsigned slots_seen(home = {}) noexcept { return exclusive_slots; }

  static void pause(unsigned /*round*/) noexcept {}
  static void invariant(bool ok, const char* /*message*/) noexcept { assert(ok); }
  [[noreturn]] static void misuse(const char* /*what*/, unsigned /*order*/,
                                  std::uint64_t /*index*/) noexcept {
    assert(false);
    __builtin_unreachable();
  }
};
static_assert(sync_policy<genmc_sync>);

/// What small_arena::take gives instead of an index.
inline constexpr std::size_t full = ~std::size_t{0};
inline constexpr std::size_t contended = full - 1;

/// A tree over a global: 2^MaxOrder min blocks, 2^Log2Fanout to a word. And a plain cell per min
/// block, written by its owner, so that a missing edge is a data race.
template <unsigned Log2Fanout, unsigned MaxOrder>
class small_arena {
 public:
  using tree_type = tree<genmc_sync, Log2Fanout>;

  small_arena() noexcept : tree_(memory_, MaxOrder, std::size_t{1} << MaxOrder) {}

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

 private:
  void touch(unsigned order, std::size_t index) noexcept {
    for (std::size_t i = index << order; i < (index + 1) << order; ++i) ++payload_[i];
  }

  alignas(128) std::byte memory_[tree_type::bytes(MaxOrder)] = {};
  unsigned payload_[std::size_t{1} << MaxOrder] = {};
  tree_type tree_;
};

/// What take() says.
inline bool is_block(std::size_t answer) noexcept { return answer < contended; }
inline bool is_full(std::size_t answer) noexcept { return answer == full; }

}  // namespace caiman::genmc
