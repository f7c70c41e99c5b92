// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// stack_sync.hpp: the policy under which the stacks run here
//
// Flags, heads and entries go to the world, wherever they lie. What the tree gets goes there, too:
// a word of it reads 0, as if others had taken everything at once. Everything else that threads
// share is of no matter here and keeps what is stored into it. What an owner remembers of his flag
// may be anything, since no clause speaks of it: as many pops as make him look or not, and how
// often drainers came, the number that he sees or another one. Tags read 0.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "caiman/protocol/word.hpp"
#include "caiman/sync.hpp"
#include "one_thread.hpp"
#include "stack_world.hpp"

namespace caiman::proof {

static_assert(std::is_same_v<protocol::flag_t, word>, "another header names what flags are");

/// Where the cells at hand are, and who the thread is.
struct stack_cells {
  using span = std::pair<const void*, const void*>;   // first and last byte
  std::unordered_map<const void*, stack_spot> spots;  ///< Empty while they are built.
  std::unordered_map<const void*, unsigned> words;    ///< Of the tree.
  std::unordered_set<const void*> pops;               ///< See owner_stacks.
  std::unordered_set<const void*> seen;               ///< See owner_stacks.
  unsigned slots = 1;                                 ///< That were ever used.
  unsigned my_slot = 0;
  span whole;                ///< The memory that there is.
  std::vector<span> stacks;  ///< Where nothing else lies.
  const stack_spot* find(const void* cell) const {
    const auto found = spots.find(cell);
    if (found != spots.end()) return &found->second;
    bool is_one = !is_in(whole, cell);
    for (const auto& each : stacks) is_one = is_one || is_in(each, cell);
    if (is_one && !spots.empty()) stack_world::here().fail_outside();
    return nullptr;
  }
  static bool is_in(const span& all, const void* cell) {
    return !std::less<>()(cell, all.first) && !std::less<>()(all.second, cell);
  }
  static stack_cells& here() {
    static stack_cells one;
    return one;
  }
};

/// What an owner remembers; a counter or a tag, which nothing reads back.
class stack_statistic {
 public:
  static constexpr unsigned calm_pops = 2;
  constexpr explicit stack_statistic(std::uint64_t) noexcept {}
  std::uint64_t load(std::memory_order) const noexcept {
    const stack_cells& all = stack_cells::here();
    if (all.pops.contains(this)) return std::uint64_t{choose(2)} * calm_pops;
    if (!all.seen.contains(this)) return 0;
    // One number stands for any: nothing else is known of how often drainers came.
    const std::uint64_t remembered[] = {0, 5U << 1, 5U << 1 | 1};
    return remembered[choose(3)] << 32;
  }
  template <class Value>
  void store(const Value& /*value*/, std::memory_order) noexcept {}
  template <class Value>
  std::uint64_t fetch_add(const Value& /*value*/, std::memory_order) noexcept {
    return 0;
  }
};

/// A flag, a word of the tree, or a hint.
class stack_word_cell {
 public:
  explicit stack_word_cell(const word& value) noexcept : value_(value) {}
  stack_word_cell(const stack_word_cell&) = delete;
  stack_word_cell& operator=(const stack_word_cell&) = delete;

  word load(std::memory_order) const noexcept {
    if (const auto* at = flag()) return stack_world::here().load_flag(*at);
    return is_of_tree() ? word(0) : value_;
  }
  void store(const word& value, std::memory_order) noexcept {
    if (const auto* at = flag()) return stack_world::here().store_flag(*at, value);
    value_ = value;
  }
  bool compare_exchange_strong(word& expected, const word& desired, std::memory_order,
                               std::memory_order) noexcept {
    if (const auto* at = flag())
      return stack_world::here().compare_exchange_flag(*at, expected, desired);
    if (!is_of_tree()) stack_world::here().fail("a hint is compared");
    // The blocks that it sets free: of one order, since nothing merges with 0.
    const std::uint64_t given = desired.value();
    const auto order = static_cast<unsigned>(
        std::countr_zero(std::bit_floor(static_cast<unsigned>(std::popcount(given)))));
    stack_world::here().give_to_tree(order,
                                     static_cast<std::size_t>(std::countr_zero(given)) >> order);
    return true;
  }
  word fetch_or(const word& mask, std::memory_order) noexcept {
    if (const auto* at = flag()) return stack_world::here().set_in_flag(*at, mask);
    return value_;
  }
  word fetch_and(const word&, std::memory_order) noexcept { return value_; }
  word fetch_add(const word& value, std::memory_order) noexcept {
    if (const auto* at = flag()) return stack_world::here().add_to_flag(*at, value);
    stack_world::here().fail("a word is counted");
    return value_;
  }

 private:
  const stack_spot* flag() const noexcept { return stack_cells::here().find(this); }
  bool is_of_tree() const noexcept { return stack_cells::here().words.contains(this); }
  word value_;
};

/// A head or an entry, by its size; else a counter, or a thread's hint of a word.
template <class T>
class stack_number_cell {
 public:
  explicit stack_number_cell(T value) noexcept : value_(value) {}
  stack_number_cell(const stack_number_cell&) = delete;
  stack_number_cell& operator=(const stack_number_cell&) = delete;

  T load(std::memory_order) const noexcept {
    const auto* at = spot();
    if (at == nullptr) return value_;
    call_state state;
    CAIMAN_PROOF_TAKE_STATE(state);
    stack_world& all = stack_world::here();
    return at->is == stack_spot::kind::head ? static_cast<T>(all.load_head(*at, state))
                                            : static_cast<T>(all.load_entry(*at, state));
  }
  void store(T value, std::memory_order) noexcept {
    const auto* at = spot();
    stack_world& all = stack_world::here();
    if (at == nullptr) {
      value_ = value;
    } else if (at->is == stack_spot::kind::head) {
      all.store_head(*at, value);
    } else {
      all.store_entry(*at, static_cast<std::uint32_t>(value));
    }
  }
  T exchange(T value, std::memory_order) noexcept {
    const auto* at = spot();
    if (at == nullptr) return std::exchange(value_, value);
    if (at->is != stack_spot::kind::entry) stack_world::here().fail("a head is exchanged");
    return stack_world::here().exchange_entry(*at, static_cast<std::uint32_t>(value));
  }
  T fetch_add(T value, std::memory_order) noexcept { return std::exchange(value_, value_ + value); }
  T fetch_or(T mask, std::memory_order) noexcept { return std::exchange(value_, value_ | mask); }
  T fetch_and(T mask, std::memory_order) noexcept { return std::exchange(value_, value_ & mask); }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order,
                               std::memory_order) noexcept {
    if (spot() != nullptr) stack_world::here().fail("a head or an entry is compared");
    if (value_ == expected) {
      value_ = desired;
      return true;
    }
    expected = value_;
    return false;
  }
  /// What was built there.
  T built() const noexcept { return value_; }

 private:
  const stack_spot* spot() const noexcept { return stack_cells::here().find(this); }
  T value_;
};

/// Which cell is of what.
template <class T>
struct stack_cell_of {
  using type = stack_number_cell<T>;
};
template <>
struct stack_cell_of<word> {
  using type = stack_word_cell;
};

/// See sync.hpp of the core.
template <unsigned Depth, unsigned Orders, bool Announces, bool FencesWork>
struct stack_sync : one_thread<stack_world> {
  using home = typename one_thread<stack_world>::home;
  template <class T>
  using atomic = typename stack_cell_of<T>::type;
  using statistic = stack_statistic;
  static constexpr unsigned stack_room = Depth;
  static constexpr unsigned stack_depth = Depth;
  static constexpr unsigned stack_orders = Orders;
  static constexpr bool announced_pop = Announces;
  static constexpr unsigned calm_pops = stack_statistic::calm_pops;
  static void heavy_fence() noexcept { stack_world::here().heavy_fence(); }
  static bool heavy_fence_works() noexcept { return FencesWork; }
  static unsigned thread_slot(home = {}) noexcept { return stack_cells::here().my_slot; }
  static unsigned scaled_slot() noexcept { return thread_slot(); }
  static unsigned slots_seen(home = {}) noexcept { return stack_cells::here().slots; }
};

}  // namespace caiman::proof
