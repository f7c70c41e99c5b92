// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// books_sync.hpp: the policy under which the ledger and shares run here
//
// Every access goes to the world of its kind. Fences order nothing, since accesses happen one after
// the other; whether the heavy one works says how returns are counted.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "caiman/protocol/sum_type.hpp"
#include "caiman/sync.hpp"
#include "ledger/books_world.hpp"
#include "ledger/shares_world.hpp"
#include "one_thread.hpp"

namespace caiman::proof {

static_assert(std::is_same_v<protocol::sum_t, integer<64>>, "another header names what sums are");

/// Where the cells of the ledger at hand are.
struct books_cells {
  std::map<const void*, book_cell> places;
  const book_cell& of(const void* cell) const {
    const auto found = places.find(cell);
    if (found == places.end()) throw std::logic_error("a cell that is none of the ledger");
    return found->second;
  }
  static books_cells& here() {
    static books_cells one;
    return one;
  }
};

/// See sync.hpp of the core.
struct books_sync : one_thread<books_world> {
  template <class T>
  class atomic;
  /// Any value may be read.
  class statistic {
   public:
    constexpr explicit statistic(std::uint64_t) noexcept {}
    std::uint64_t load(std::memory_order) const noexcept { return books_world::here().touch(), 0; }
    void store(std::uint64_t, std::memory_order) noexcept { books_world::here().touch(); }
    std::uint64_t fetch_add(std::uint64_t, std::memory_order) noexcept {
      return books_world::here().touch(), 0;
    }
  };
  static constexpr unsigned exclusive_slots = line_count - 1;
  static std::memory_order order(protocol::site at) noexcept {
    shares_world::here().next_site(at);
    return one_thread::order(at);
  }
  static bool heavy_fence_works() noexcept {
    return books_world::here().how() == returns::by_stores;
  }
  static unsigned thread_slot(home = {}) noexcept { return scaled_slot(); }
  static bool is_own(home) noexcept { return books_world::here().has_own_line(); }
  static unsigned scaled_slot() noexcept { return is_own({}) ? 0 : exclusive_slots; }
  static unsigned slots_seen(home = {}) noexcept { return 1; }
};

/// A counter that decides who ends the arena.
template <>
class books_sync::atomic<protocol::sum_t> {
  using sum = protocol::sum_t;

 public:
  explicit atomic(sum first) : first_(std::move(first)) {}
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;
  /// What it holds in a new ledger.
  const term& first() const { return first_.as_term(); }

  sum load(std::memory_order) const noexcept { return sum(books_world::here().load(place())); }
  void store(const sum& value, std::memory_order) noexcept { write("store", value_of, value); }
  sum exchange(const sum& value, std::memory_order) noexcept {
    return write("exchange", value_of, value);
  }
  sum fetch_add(const sum& value, std::memory_order) noexcept {
    return write(
        "fetch_add", [](const term& a, const term& b) { return a + b; }, value);
  }
  sum fetch_or(const sum& value, std::memory_order) noexcept {
    return write(
        "fetch_or", [](const term& a, const term& b) { return a | b; }, value);
  }
  sum fetch_and(const sum& value, std::memory_order) noexcept {
    return write(
        "fetch_and", [](const term& a, const term& b) { return a & b; }, value);
  }

 private:
  static term value_of(const term&, const term& operand) { return operand; }
  const book_cell& place() const { return books_cells::here().of(this); }
  sum write(const char* kind, books_world::change how, const sum& value) {
    return sum(books_world::here().write(kind, place(), how, value.as_term()));
  }

  sum first_;
};

/// How many share a block.
template <>
class books_sync::atomic<protocol::shares_t> {
  using count = protocol::shares_t;

 public:
  explicit atomic(count first) : first_(std::move(first)) {}
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;
  /// What it holds to begin with.
  const term& first() const { return first_.as_term(); }

  count load(std::memory_order) const noexcept { return count(shares_world::here().load()); }
  void store(const count& value, std::memory_order) noexcept {
    shares_world::here().write("store", value.as_term(), false);
  }
  count fetch_add(const count& value, std::memory_order) noexcept {
    return count(shares_world::here().write("fetch_add", value.as_term(), true));
  }

 private:
  count first_;
};

/// What else the core's concept asks for, and neither has.
template <class T>
class books_sync::atomic {
 public:
  T load(std::memory_order) const noexcept { return T{}; }
  void store(T, std::memory_order) noexcept {}
  T exchange(T, std::memory_order) noexcept { return T{}; }
  T fetch_or(T, std::memory_order) noexcept { return T{}; }
  bool compare_exchange_strong(T&, T, std::memory_order, std::memory_order) noexcept {
    return false;
  }
};

}  // namespace caiman::proof
