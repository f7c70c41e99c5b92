// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// sequential_sync.hpp: the core without atomics
//
// For one thread, or for several behind a lock of theirs; also the baseline that tells what the
// atomics of native_sync cost. Same source, same results.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <atomic>
#include <cstdint>
#include <utility>

#include "caiman/detail/raise.hpp"
#include "caiman/sync.hpp"

namespace caiman::inline v0 {

/// No atomics, one slot, no stacks. For one thread at a time; all is wait-free and O(1).
struct sequential_sync {
  /// The member interface of std::atomic over a bare T.
  template <class T>
  class atomic {
   public:
    constexpr atomic() noexcept = default;
    /// Holds `value`.
    constexpr explicit atomic(T value) noexcept : value_(value) {}
    atomic(const atomic&) = delete;
    atomic& operator=(const atomic&) = delete;
    ~atomic() = default;

    /// As std::atomic's.
    T load(std::memory_order /*order*/) const noexcept { return value_; }
    /// As std::atomic's.
    void store(T value, std::memory_order /*order*/) noexcept { value_ = value; }
    /// As std::atomic's.
    T exchange(T value, std::memory_order /*order*/) noexcept {
      return std::exchange(value_, value);
    }
    /// As std::atomic's.
    T fetch_add(T n, std::memory_order /*order*/) noexcept {
      return std::exchange(value_, value_ + n);
    }
    /// As std::atomic's.
    T fetch_or(T n, std::memory_order /*order*/) noexcept {
      return std::exchange(value_, value_ | n);
    }
    /// As std::atomic's.
    T fetch_and(T n, std::memory_order /*order*/) noexcept {
      return std::exchange(value_, value_ & n);
    }
    /// As std::atomic's; never fails without reason.
    bool compare_exchange_strong(T& expected, T desired, std::memory_order /*success*/,
                                 std::memory_order /*failure*/) noexcept {
      if (value_ != expected) {
        expected = value_;
        return false;
      }
      value_ = desired;
      return true;
    }

   private:
    T value_{};
  };
  /// Nobody looks for races.
  template <class T>
  using plain = T;
  /// A counter.
  using statistic = atomic<std::uint64_t>;

  /// One slot, and one that nobody uses.
  static constexpr unsigned exclusive_slots = 1;
  /// Nothing is ever in motion, so one look more says all.
  static constexpr unsigned look_again_bound = 2;
  // Stacks spare locked instructions, and here are none.
  /// No memory for stacks.
  static constexpr unsigned stack_room = 0;
  /// No stacks.
  static constexpr unsigned stack_depth = 0;
  /// No order has one.
  static constexpr unsigned stack_orders = 0;
  /// Nothing is popped.
  static constexpr bool announced_pop = false;
  /// Nor counted.
  static constexpr unsigned calm_pops = 1;
  /// There is none.
  static bool heavy_fence_works() noexcept { return false; }
  /// Never called.
  static void light_fence() noexcept {}
  /// Never called.
  static void heavy_fence() noexcept {}
  /// Of no effect here.
  static constexpr std::memory_order order(protocol::site at) noexcept {
    return protocol::shipped_order(at);
  }
  /// Nobody hands out slots.
  struct home {};
  /// Always slot 0.
  static unsigned thread_slot(home = {}) noexcept { return 0; }
  /// Nobody has to be asked.
  static constexpr bool is_own(home) noexcept { return true; }
  /// Slots are not far apart.
  static constexpr unsigned slot_scale = 1;
  /// Always slot 0.
  static unsigned scaled_slot() noexcept { return 0; }
  /// Always one.
  static unsigned slots_seen(home = {}) noexcept { return 1; }
  /// Nobody to wait for.
  static void pause(unsigned /*round*/) noexcept {}
  /// The same.
  static void sleep(const atomic<std::uint64_t>& /*cell*/, std::uint64_t /*value*/) noexcept {}
  /// The same.
  static void wake(const atomic<std::uint64_t>& /*cell*/) noexcept {}
  /// The same.
  static void rest(unsigned /*round*/) noexcept {}
  /// As native_sync's.
  static void invariant(bool ok, const char* message) noexcept {
    if (!ok) [[unlikely]]
      detail::abort_for_invariant(message);
  }
  /// As native_sync's.
  [[gnu::__noreturn__]] static void misuse(const char* what, unsigned order,
                                           std::uint64_t index) noexcept {
    detail::abort_for_misuse(what, order, index);
  }
};

}  // namespace caiman::v0

#endif  // CAIMAN_REQUIREMENTS_MET
