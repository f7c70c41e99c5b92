// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// genmc_sync.hpp: the policy under which GenMC explores the core
//
// std::atomic with the orders that ship, as native_sync, but without what such an engine has no use
// for: no pool of slots, no system calls, no output. The harness gives each thread its slot; there
// are two, and the shared one. The fences of announced pops and of returns that are stores are full
// fences on both sides: that much of the system's fence (membarrier) an engine of C++ can say.
//
// One order can be weakened: -DWEAK=claim -DWEAK_TO=relaxed. That is how a harness is shown to
// depend on an order (run.py).
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <cassert>
#include <cstdint>

#include "caiman/sync.hpp"
#include "threads.hpp"

#ifndef WEAK
#define WEAK count_
#endif
#ifndef WEAK_TO
#define WEAK_TO relaxed
#endif

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
  static constexpr unsigned calm_pops = 1;

  static constexpr std::memory_order order(site at) noexcept {
    return at == site::WEAK ? mo::WEAK_TO : shipped_order(at);
  }
  static void light_fence() noexcept {}
  static void heavy_fence() noexcept {}
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

  // Nobody has to sleep for the desk: who asks there leaves a note.
  static void sleep(std::atomic<std::uint64_t>& /*cell*/, std::uint64_t /*value*/) noexcept {
    assert(false);
  }
  static void wake(std::atomic<std::uint64_t>& /*cell*/) noexcept { assert(false); }
  static void rest(unsigned /*round*/) noexcept {}
};
static_assert(sleep_policy<genmc_sync>);

/// The same where a thread has a fence that orders all others: full fences on both sides.
struct fenced_sync : genmc_sync {
  static void light_fence() noexcept { std::atomic_thread_fence(std::memory_order_seq_cst); }
  static void heavy_fence() noexcept { std::atomic_thread_fence(std::memory_order_seq_cst); }
  static bool heavy_fence_works() noexcept { return true; }
};
/// And as if the cheap side had none: a control.
struct half_fenced_sync : fenced_sync {
  static void light_fence() noexcept {}
};
/// For threads that start behind the last fence of a drainer: then the owner has nothing to order
/// by his, which costs nothing natively, and no other order hides behind it.
struct past_fences_sync : half_fenced_sync {};

}  // namespace caiman::genmc
