// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// waits.hpp: arenas that make their callers wait, and coroutines that do
//
// What the tests of this room begin with. Relies on job.hpp for the coroutines.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "../../../stress/common/job.hpp"
#include "caiman/caiman.hpp"

namespace caiman::testing {

constexpr std::size_t unit = 256;

template <class Waiters = caiman::fair_waiters>
caiman::async_buddy_arena arena_of(std::size_t units, Waiters policy = Waiters()) {
  const auto geometry = caiman::buddy_geometry::exact(units * unit, unit).value();
  return caiman::buddy_arena::builder(geometry).build_async_with(std::move(policy)).value();
}

/// All kinds of arena whose requests wait. For the tests that want blocks of one size, `unit`: how
/// one of so many is made, and how one of them is asked for, whatever else the call is given.
struct buddy_kind {
  using arena = async_buddy_arena;
  static auto builder(std::size_t units) {
    return buddy_arena::builder(buddy_geometry::exact(units * unit, unit).value());
  }
  static constexpr auto one = std::tuple(unit);
};
struct fixed_kind {
  using arena = async_fixed_arena;
  static auto builder(std::size_t units) { return fixed_arena::with_slot_capacity(units, unit); }
  static constexpr auto one = std::tuple();
};
/// Memory that goes when the arena has ended.
struct lent_memory {
  struct alignas(unit) piece {
    std::byte all[unit];
  };
  explicit lent_memory(std::size_t units) : pieces(std::make_unique<piece[]>(units)) {}
  std::byte* start() const { return pieces[0].all; }
  region_release release() && {
    return [kept = std::move(pieces)](std::byte* p, std::size_t) mutable {
      if (p == kept[0].all) kept.reset();
    };
  }
  std::unique_ptr<piece[]> pieces;
};
struct lent_buddy_kind : buddy_kind {
  static auto builder(std::size_t units) {
    lent_memory all(units);
    std::byte* const start = all.start();
    return buddy_arena::from_region(start, units * unit, buddy_hint::min_alloc(unit),
                                    std::move(all).release());
  }
};
struct lent_fixed_kind : fixed_kind {
  static auto builder(std::size_t units) {
    lent_memory all(units);
    std::byte* const start = all.start();
    return fixed_arena::from_region(start, units * unit, slot_spec::count(units),
                                    std::move(all).release());
  }
};

template <class Kind, class Waiters = fair_waiters>
struct waits_in {
  using waiters = Waiters;
  using arena_type = typename Kind::arena;
  static arena_type make(std::size_t units) {
    return Kind::builder(units).build_async_with(Waiters()).value();
  }
  template <class... More>
  static auto allocate(const arena_type& arena, More... more) {
    return std::apply([&](auto... size) { return arena.allocate(size..., more...); }, Kind::one);
  }
  static auto try_allocate(const arena_type& arena) {
    return std::apply([&](auto... size) { return arena.try_allocate(size...); }, Kind::one);
  }
  template <class Patience>
  static auto allocate_for(const arena_type& arena, Patience patience) {
    return std::apply([&](auto... size) { return arena.allocate_for(size..., patience); },
                      Kind::one);
  }
  template <class... Stop>
  static auto allocate_wait(const arena_type& arena, Stop... stop) {
    return std::apply([&](auto... size) { return arena.allocate_wait(size..., stop...); },
                      Kind::one);
  }
  /// Every block that there is.
  static std::vector<buffer> take_all(const arena_type& arena) {
    std::vector<buffer> all;
    while (auto got = try_allocate(arena)) all.push_back(std::move(*got));
    return all;
  }
  /// Nothing is live, and nobody waits.
  static bool is_whole(const arena_type& arena) {
    const auto m = arena.metrics();
    return arena.waiting() == 0 && m.allocations_ok == m.frees && m.bytes_live == 0;
  }
};

/// Every kind with each policy.
using all_kinds =
    std::tuple<waits_in<buddy_kind, fair_waiters>, waits_in<buddy_kind, fifo_waiters>,
               waits_in<buddy_kind, stack_waiters>, waits_in<fixed_kind, fair_waiters>,
               waits_in<fixed_kind, fifo_waiters>, waits_in<fixed_kind, stack_waiters>,
               waits_in<lent_buddy_kind>, waits_in<lent_fixed_kind>>;

/// What became of a job.
struct outcome {
  std::optional<caiman::buffer> got;
  std::optional<caiman::alloc_error> error;
  bool over = false;

  void note(std::expected<caiman::buffer, caiman::alloc_error> result) {
    if (result) {
      got = std::move(*result);
    } else {
      error = result.error();
    }
    over = true;
  }
};

/// A job that wants a block of so many bytes, and keeps it.
template <class... More>
caiman::job want(caiman::async_buddy_arena arena, std::size_t len, outcome& out, More... more) {
  out.note(co_await arena.allocate(len, more...));
}
/// The same of an arena of any kind.
template <class In, class... More>
caiman::job want_one(typename In::arena_type arena, outcome& out, More... more) {
  out.note(co_await In::allocate(arena, more...));
}

template <class Condition>
void wait_until(Condition met) {
  while (!met()) std::this_thread::yield();
}

}  // namespace caiman::testing
