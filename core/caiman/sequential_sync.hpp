// ---------------------------------------------------------------------------------------------
// sequential_sync.hpp: the core without atomics
//
// For one thread, or for several behind a lock of theirs; also the baseline that tells what the
// atomics of native_sync cost. Same source, same results.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "caiman/native_sync.hpp"

namespace caiman {

struct sequential_sync {
  /// The member interface of std::atomic over a bare T.
  template <class T>
  class atomic {
   public:
    constexpr atomic() noexcept = default;
    constexpr explicit atomic(T value) noexcept : value_(value) {}
    atomic(const atomic&) = delete;
    atomic& operator=(const atomic&) = delete;
    ~atomic() = default;

    T load(std::memory_order /*order*/) const noexcept { return value_; }
    void store(T value, std::memory_order /*order*/) noexcept { value_ = value; }
    T exchange(T value, std::memory_order /*order*/) noexcept {
      return std::exchange(value_, value);
    }
    T fetch_add(T n, std::memory_order /*order*/) noexcept {
      return std::exchange(value_, value_ + n);
    }
    T fetch_or(T n, std::memory_order /*order*/) noexcept {
      return std::exchange(value_, value_ | n);
    }
    T fetch_and(T n, std::memory_order /*order*/) noexcept {
      return std::exchange(value_, value_ & n);
    }
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
  template <class T>
  using plain = T;
  using statistic = atomic<std::uint64_t>;

  static constexpr unsigned exclusive_slots = 1;
  static constexpr unsigned look_again_bound = 2;
  // Stacks spare locked instructions, and here are none.
  static constexpr unsigned stack_room = 0;
  static constexpr unsigned stack_depth = 0;
  static constexpr unsigned stack_orders = 0;
  static constexpr bool announced_pop = false;
  static bool heavy_fence_works() noexcept { return false; }
  static void light_fence() noexcept {}
  static void heavy_fence() noexcept {}
  static constexpr std::memory_order order(site at) noexcept { return shipped_order(at); }
  static unsigned thread_slot() noexcept { return 0; }
  static unsigned slot_at_hand() noexcept { return 0; }
  static unsigned slots_seen() noexcept { return 1; }
  static void pause(unsigned /*round*/) noexcept {}
  static void check(bool ok, const char* message) noexcept { native_sync::check(ok, message); }
  [[noreturn]] static void misuse(const char* what, unsigned order, std::uint64_t index) noexcept {
    native_sync::misuse(what, order, index);
  }
};

}  // namespace caiman
