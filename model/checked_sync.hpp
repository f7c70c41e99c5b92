// ---------------------------------------------------------------------------------------------
// checked_sync.hpp: the policy under which Relacy sees every access of the core
//
// A thin wrapper gives rl::atomic the member interface of std::atomic, so that the core writes the
// same line for both. The memory order of a site comes from a table that the engine sets per run.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "relacy.hpp"
// Relacy first: it must see no macro of ours, and the core must see none of Relacy's.
#include "beyond_relacy.hpp"
#include "caiman/slots.hpp"
#include "caiman/sync.hpp"
#include "world.hpp"

namespace caiman::model {

/// Where in the core an access stands, taken by default arguments.
struct location {
  const char* function;
  const char* file;
  int line;
  static constexpr location here(const char* function = __builtin_FUNCTION(),
                                 const char* file = __builtin_FILE(),
                                 int line = __builtin_LINE()) noexcept {
    return {function, file, line};
  }
  rl::debug_info info() const { return {function, file, static_cast<unsigned>(line)}; }
};

/// An order that C++ does not allow on a kind of access becomes the strongest weaker one that it
/// does: the audit may ask for any order anywhere.
constexpr rl::memory_order for_load(std::memory_order o) noexcept {
  if (o == std::memory_order_release) return rl::mo_relaxed;
  if (o == std::memory_order_acq_rel) return rl::mo_acquire;
  return static_cast<rl::memory_order>(o);
}
constexpr rl::memory_order for_store(std::memory_order o) noexcept {
  if (o == std::memory_order_acquire) return rl::mo_relaxed;
  if (o == std::memory_order_acq_rel) return rl::mo_release;
  return static_cast<rl::memory_order>(o);
}
static_assert(static_cast<int>(rl::mo_acquire) == static_cast<int>(std::memory_order_acquire));
static_assert(static_cast<int>(rl::mo_seq_cst) == static_cast<int>(std::memory_order_seq_cst));

template <class T>
class checked_atomic {
 public:
  checked_atomic() : checked_atomic(T{}) {}
  explicit checked_atomic(T value) { value_.store(value, rl::mo_relaxed, location::here().info()); }
  checked_atomic(const checked_atomic&) = delete;
  checked_atomic& operator=(const checked_atomic&) = delete;
  ~checked_atomic() = default;

  T load(std::memory_order o, location at = location::here()) const {
    before_access();
    return value_.load(for_load(o), at.info());
  }
  void store(T value, std::memory_order o, location at = location::here()) {
    before_access();
    value_.store(value, for_store(o), at.info());
    beyond::start_release_sequence(value_, o);
    newest_is_store_ = true;
  }
  T exchange(T value, std::memory_order o, location at = location::here()) {
    before_access();
    T early{};
    rl::ctx().sched();  // others may go first, and only then can its place be chosen
    if (newest_is_store_ && beyond::placed_early(value_, value, o, early)) {
      if (rl::ctx().collecting_history()) {
        rl::ctx().exec_log_msg(at.info(), "exchange, placed before the newest store");
      }
      return early;
    }
    return changed(value_.exchange(value, static_cast<rl::memory_order>(o), at.info()));
  }
  T fetch_add(T n, std::memory_order o, location at = location::here()) {
    before_access();
    return changed(value_.fetch_add(n, static_cast<rl::memory_order>(o), at.info()));
  }
  T fetch_or(T n, std::memory_order o, location at = location::here()) {
    before_access();
    return changed(value_.fetch_or(n, static_cast<rl::memory_order>(o), at.info()));
  }
  T fetch_and(T n, std::memory_order o, location at = location::here()) {
    before_access();
    return changed(value_.fetch_and(n, static_cast<rl::memory_order>(o), at.info()));
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order success,
                               std::memory_order failure, location at = location::here()) {
    before_access();
    const auto ok = static_cast<rl::memory_order>(success);
    const rl::memory_order lost = for_load(failure);
    if (lost == rl::mo_relaxed || ok == rl::mo_seq_cst ||
        (lost == rl::mo_acquire && (ok == rl::mo_acquire || ok == rl::mo_acq_rel))) {
      const bool done =
          value_.compare_exchange_strong(expected, desired, ok, at.info(), lost, at.info());
      newest_is_store_ = newest_is_store_ && !done;
      return done;
    }
    // C++17 allows a failure order that the success order does not contain, Relacy does not: take
    // it relaxed and add an acquire fence, which is no weaker.
    const bool done =
        value_.compare_exchange_strong(expected, desired, ok, at.info(), rl::mo_relaxed, at.info());
    if (!done) rl::atomic_thread_fence(rl::mo_acquire, at.info());
    newest_is_store_ = newest_is_store_ && !done;
    return done;
  }

 private:
  /// After a read-modify-write.
  T changed(T old) noexcept {
    newest_is_store_ = false;
    return old;
  }

  rl::atomic<T> value_;
  bool newest_is_store_ = true;
};

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

struct checked_sync {
  template <class T>
  using atomic = checked_atomic<T>;
  template <class T>
  using plain = rl::var<T>;
  using statistic = checked_statistic;

  static constexpr unsigned exclusive_slots = model_slots;
  // Properties of the run:
  static inline unsigned& look_again_bound = looks_in_force;
  static inline unsigned& stack_depth = stacks_in_force;
  static inline bool& announced_pop = announced_in_force;
  static constexpr unsigned stack_room = model_stack_room;
  static constexpr unsigned stack_orders = model_stack_orders;

  static std::memory_order order(site at) noexcept {
    sites_touched |= std::uint64_t{1} << static_cast<unsigned>(at);
    return orders_in_force[static_cast<std::size_t>(at)];
  }
  // Relacy knows no asymmetric fence: a full one on either side, which promises the owner no more.
  static void light_fence() { full_fence(); }
  static void heavy_fence() { full_fence(); }
  static bool heavy_fence_works() noexcept { return true; }
  static void full_fence(location at = location::here()) {
    before_access();
    rl::atomic_thread_fence(rl::mo_seq_cst, at.info());
  }

  static unsigned thread_slot() noexcept { return slot_of_current_thread(); }
  static unsigned slot_at_hand() noexcept { return slot_of_current_thread(); }
  static unsigned slots_seen() noexcept { return slots_in_use(); }
  static void pause(unsigned round) { pause_between_looks(round); }
  static void check(bool ok, const char* message) {
    if (!ok) report_broken_invariant(message);
  }
  [[noreturn]] static void misuse(const char* what, unsigned order, std::uint64_t index) {
    report_misuse(what, order, index);
  }
};

}  // namespace caiman::model
