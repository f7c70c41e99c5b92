// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// one_thread.hpp: what all policies of this folder have in common
//
// One thread runs, which has a slot of its own. A policy says what its atomics are, what an access
// is told of its site, and which of these members are others there.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <cstdint>

#include "caiman/orders.hpp"
#include "solver/paths.hpp"

namespace caiman::proof {

/// See sync.hpp of the core. `World::here()` is told of the site of an access, and of what must not
/// be.
template <class World>
struct one_thread {
  template <class T>
  using plain = T;
  struct home {};
  static constexpr unsigned exclusive_slots = 2;
  static constexpr unsigned look_again_bound = 1;
  static constexpr unsigned stack_room = 0;
  static constexpr unsigned stack_depth = 0;
  static constexpr unsigned stack_orders = 0;
  static constexpr bool announced_pop = false;
  static constexpr unsigned calm_pops = 1;
  static constexpr unsigned slot_scale = 1;
  static void light_fence() noexcept {}
  static void heavy_fence() noexcept {}
  static bool heavy_fence_works() noexcept { return false; }
  static unsigned thread_slot(home = {}) noexcept { return 0; }
  static bool is_own(home) noexcept { return true; }
  static unsigned scaled_slot() noexcept { return 0; }
  static unsigned slots_seen(home = {}) noexcept { return 2; }
  static void pause(unsigned) noexcept {}
  static std::memory_order order(protocol::site at) noexcept {
    World::here().next_site(at);
    return std::memory_order_seq_cst;
  }
  static void invariant(bool ok, const char* what) noexcept {
    if (!ok) World::here().fail(what);
  }
  [[noreturn]] static void misuse(const char* what, unsigned, std::uint64_t) noexcept {
    World::here().fail(what);
    end_path(path_end::whole);
  }
};

}  // namespace caiman::proof
