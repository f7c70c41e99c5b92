// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// checked_sync.hpp: the policy under which Relacy sees every access of the core
//
// The accesses are checked_atomic's. The memory order of a site comes from a table that the engine
// sets per run.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman-model/checked_atomic.hpp"
// Relacy first: it must see no macro of ours, and the core must see none of Relacy's.
#include "caiman-model/world.hpp"
#include "caiman/protocol/slots.hpp"
#include "caiman/sync.hpp"

namespace caiman::model {

using namespace protocol;  // What is checked are the insides.

/// A number that no step of the protocol depends on: no step of the search either.
class checked_statistic {
 public:
  explicit checked_statistic(std::uint64_t value) noexcept : value_(value) {}
  std::uint64_t load(std::memory_order /*order*/) const noexcept { return value_; }
  void store(std::uint64_t value, std::memory_order /*order*/) noexcept { value_ = value; }
  std::uint64_t fetch_add(std::uint64_t n, std::memory_order /*order*/) noexcept {
    return std::exchange(value_, value_ + n);
  }

 private:
  std::uint64_t value_;
};

/// The orders that its owner stacks keep: 0 and 1.
inline constexpr unsigned model_stack_orders = 2;

struct checked_sync {
  template <class T>
  using atomic = checked_atomic<T>;
  template <class T>
  using plain = checked_plain<T>;
  using statistic = checked_statistic;

  static constexpr unsigned exclusive_slots = turned_slots;
  // Properties of the run:
  static inline unsigned& look_again_bound = settings.looks;
  static inline unsigned& stack_depth = settings.stack_depth;
  static inline bool& announced_pop = settings.announced;
  /// 1 where stacks are at most 2 deep, else 2: with 1 an owner looks at its flag in every pop.
  static constexpr struct {
    operator unsigned() const noexcept { return (settings.stack_depth + 1) / 2; }
  } calm_pops{};
  static constexpr unsigned stack_room = model_stack_room;
  static constexpr unsigned stack_orders = model_stack_orders;

  static std::memory_order order(site at) noexcept {
    const auto row = static_cast<std::size_t>(at);
    sites_touched.set(row);
    return with_site(settings.orders[row], row);
  }
  // The asymmetric fence, in two ways of which neither is all that the system's is: a full fence on
  // either side, which lets two owners see each other's stores; or none on the owner's, and one of
  // all threads at once, which lets all of them see what any has done before.
  static void light_fence() {
    if (!settings.one_sided) full_fence();
  }
  static void heavy_fence(location at = location::here()) {
    settings.one_sided ? checked_system_fence(at) : checked_fence(at);
  }
  static bool heavy_fence_works() noexcept { return true; }
  static void full_fence(location at = location::here()) { checked_fence(at); }

  /// Of all buddies the same: which object's code a thread runs is the program's to say.
  struct home {};
  static bool is_own(home) noexcept { return !current_thread_must_ask(); }
  static constexpr unsigned slot_scale = 1;
  static unsigned scaled_slot() noexcept { return slot_at_hand_of_current_thread(); }
  static unsigned thread_slot(home = {}) noexcept { return slot_of_current_thread(); }
  static unsigned slots_seen(home = {}) noexcept { return slots_in_use(); }
  static void pause(unsigned round) { pause_between_looks(round); }
  /// Looks by a read-modify-write, which reads the newest value as the kernel does, and orders
  /// nothing: what a sleeper knows of the others it has from the core's own accesses.
  template <class Cell>
  static void sleep(Cell& cell, std::uint64_t value, location at = location::here()) {
    std::uint64_t now = value;
    constexpr auto relaxed = std::memory_order_relaxed;
    if (cell.compare_exchange_strong(now, value, relaxed, relaxed, at)) sleep_at(&cell);
  }
  template <class Cell>
  static void wake(Cell& cell) {
    wake_one_at(&cell);
  }
  static void rest(unsigned /*round*/) { let_others_run(); }
  static void invariant(bool ok, const char* message) {
    if (!ok) report_broken_invariant(message);
  }
  [[noreturn]] static void misuse(const char* what, unsigned order, std::uint64_t index) {
    report_misuse(what, order, index);
  }
};

}  // namespace caiman::model
