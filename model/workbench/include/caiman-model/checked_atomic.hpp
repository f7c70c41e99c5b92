// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// checked_atomic.hpp: std::atomic's interface, and a plain variable, over Relacy's
//
// Every access is a step that Relacy schedules. While an execution is recorded, each access is also
// an event (recorder.hpp); what a store leaves for loads to read is then the store's event instead
// of its value, so that a load says which store it read and not only what.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "relacy.hpp"
// Relacy first: it must see no macro of ours.
#include "beyond_relacy.hpp"
#include "hooks.hpp"
#include "recorder.hpp"

namespace caiman::model {

inline rl::debug_info info_of(const location& at) {
  return {at.function, at.file, static_cast<unsigned>(at.line)};
}

/// An order that C++ does not allow on a kind of access becomes the strongest weaker one that it
/// does: the audit may ask for any order anywhere.
constexpr std::memory_order for_load(std::memory_order o) noexcept {
  if (o == std::memory_order_release) return std::memory_order_relaxed;
  if (o == std::memory_order_acq_rel) return std::memory_order_acquire;
  return o;
}
constexpr std::memory_order for_store(std::memory_order o) noexcept {
  if (o == std::memory_order_acquire) return std::memory_order_relaxed;
  if (o == std::memory_order_acq_rel) return std::memory_order_release;
  return o;
}
constexpr rl::memory_order to_relacy(std::memory_order o) noexcept {
  return static_cast<rl::memory_order>(o);
}
static_assert(static_cast<int>(rl::mo_acquire) == static_cast<int>(std::memory_order_acquire));
static_assert(static_cast<int>(rl::mo_seq_cst) == static_cast<int>(std::memory_order_seq_cst));

/// An atomic of any trivially copyable type of at most 8 bytes; sums and bit operations are for
/// integers of 4 and 8 bytes.
template <class T>
class checked_atomic {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(std::uint64_t));

 public:
  checked_atomic() : checked_atomic(T{}) {}
  explicit checked_atomic(T value) {
    value_.store(word_of(value), rl::mo_relaxed, info_of(location::here()));
    if (is_recorded()) label(made_by(event_kind::build, std::memory_order_relaxed, {}, value));
  }
  checked_atomic(const checked_atomic&) = delete;
  checked_atomic& operator=(const checked_atomic&) = delete;
  ~checked_atomic() = default;

  T load(std::memory_order o, location at = location::here()) const {
    before_access();
    const std::memory_order order = for_load(order_of(o));
    const word seen = value_.load(to_relacy(order), info_of(at));
    if (!is_recorded()) [[likely]]
      return value_of(seen);
    return value_of(
        static_cast<word>(the_recorder().read(event_kind::load, {this, order, site_of(o), at},
                                              static_cast<std::uint32_t>(seen), newest_)));
  }
  void store(T value, std::memory_order o, location at = location::here()) {
    before_access();
    const std::memory_order order = for_store(order_of(o));
    value_.store(word_of(value), to_relacy(order), info_of(at));
    beyond::start_release_sequence(value_, order);
    newest_is_store_ = true;
    if (is_recorded()) [[unlikely]]
      label(made_by(event_kind::store, with_site_of(o, order), at, value));
  }
  T exchange(T value, std::memory_order o, location at = location::here()) {
    before_access();
    rl::ctx().sched();  // others may go first, and only then can its place be chosen
    T early{};
    if (newest_is_store_ && exchanged_early(value, o, at, early)) return early;
    const word old = value_.exchange(word_of(value), to_relacy(order_of(o)), info_of(at));
    return changed(event_kind::exchange, old, o, at);
  }
  T fetch_add(T n, std::memory_order o, location at = location::here()) requires std::integral<T> {
    before_access();
    return changed(event_kind::fetch_add,
                   value_.fetch_add(operand(n), to_relacy(order_of(o)), info_of(at)), o, at);
  }
  T fetch_or(T n, std::memory_order o, location at = location::here()) requires std::integral<T> {
    before_access();
    return changed(event_kind::fetch_or,
                   value_.fetch_or(operand(n), to_relacy(order_of(o)), info_of(at)), o, at);
  }
  T fetch_and(T n, std::memory_order o, location at = location::here()) requires std::integral<T> {
    before_access();
    return changed(event_kind::fetch_and,
                   value_.fetch_and(operand(n), to_relacy(order_of(o)), info_of(at)), o, at);
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order success,
                               std::memory_order failure, location at = location::here()) {
    return compare_exchange<false>(expected, desired, success, failure, at);
  }
  /// May fail for no reason.
  bool compare_exchange_weak(T& expected, T desired, std::memory_order success,
                             std::memory_order failure, location at = location::here()) {
    return compare_exchange<true>(expected, desired, success, failure, at);
  }

 private:
  // What Relacy sees.
  using word = std::conditional_t<sizeof(T) <= sizeof(std::uint32_t), std::uint32_t, std::uint64_t>;

  template <bool Weak>
  bool compare_exchange(T& expected, T desired, std::memory_order success,
                        std::memory_order failure, const location& at) {
    before_access();
    const std::memory_order won = order_of(success);
    const std::memory_order lost = for_load(order_of(failure));
    word known = word_of(expected);
    // C++17 allows a failure order that the success order does not contain, Relacy does not: take
    // it relaxed and add an acquire fence, which is no weaker.
    const bool allowed = lost == std::memory_order_relaxed || won == std::memory_order_seq_cst ||
                         (lost == std::memory_order_acquire && acquires(won));
    const rl::memory_order taken = allowed ? to_relacy(lost) : rl::mo_relaxed;
    const rl::debug_info place = info_of(at);
    const bool done = Weak ? value_.compare_exchange_weak(known, word_of(desired), to_relacy(won),
                                                          place, taken, place)
                           : value_.compare_exchange_strong(known, word_of(desired), to_relacy(won),
                                                            place, taken, place);
    if (!done && !allowed) rl::atomic_thread_fence(rl::mo_acquire, info_of(at));
    expected = value_of(known);
    if (done) {
      (void)changed(event_kind::cas, known, success, at);
    } else if (is_recorded()) [[unlikely]] {
      (void)the_recorder().read(event_kind::cas_failed, {this, lost, site_of(failure), at}, newest_,
                                newest_);
    }
    return done;
  }

  static word word_of(T value) noexcept {
    word all = 0;
    std::memcpy(&all, &value, sizeof(T));
    return all;
  }
  static T value_of(word all) noexcept {
    T value{};
    std::memcpy(static_cast<void*>(&value), &all, sizeof(T));
    return value;
  }
  static word operand(T n) noexcept {
    static_assert(sizeof(T) == sizeof(word), "sums of smaller integers would not wrap");
    return word_of(n);
  }
  static std::memory_order with_site_of(std::memory_order from, std::memory_order order) noexcept {
    return site_of(from) < 0 ? order : with_site(order, static_cast<std::size_t>(site_of(from)));
  }

  /// After a read-modify-write, which found `old`.
  T changed(event_kind what, word old, std::memory_order o, const location& at) {
    newest_is_store_ = false;
    if (is_recorded()) [[unlikely]] {
      label(the_recorder().change(what, {this, order_of(o), site_of(o), at}, newest_,
                                  value_.debug_value()));
    }
    return value_of(old);
  }
  bool exchanged_early(T value, std::memory_order o, const location& at, T& early) {
    word found = 0;
    if (!is_recorded()) [[likely]] {
      const bool placed = beyond::placed_early(value_, word_of(value), order_of(o), found);
      if (placed) early = value_of(found);
      return placed;
    }
    recorder& log = the_recorder();
    if (!beyond::placed_early(value_, static_cast<word>(log.next()), order_of(o), found)) {
      return false;
    }
    const auto source = static_cast<std::uint32_t>(found);
    early = value_of(static_cast<word>(log.value(source)));
    log.change(event_kind::exchange, {this, order_of(o), site_of(o), at}, source, word_of(value));
    log.say("placed before the newest store");
    return true;
  }

  std::uint32_t made_by(event_kind what, std::memory_order o, const location& at, T value) {
    return the_recorder().write(what, {this, order_of(o), site_of(o), at}, newest_, word_of(value));
  }
  /// The newest store is this event.
  void label(std::uint32_t made) {
    newest_ = made;
    beyond::what_loads_read(value_) = static_cast<word>(made);
  }

  rl::atomic<word> value_;
  std::uint32_t newest_ = no_event;  // while recording: the event that wrote the newest value
  bool newest_is_store_ = true;
};

/// A variable that is not atomic: an access that nothing orders after a conflicting one is a race.
template <class T>
class checked_plain {
 public:
  checked_plain() : checked_plain(T{}) {}
  explicit checked_plain(T value) : value_(value) {
    if (is_recorded()) {
      newest_ = the_recorder().write(event_kind::build, {this, std::memory_order_relaxed, -1, {}},
                                     no_event, number(value));
    }
  }
  checked_plain(const checked_plain&) = delete;
  checked_plain& operator=(const checked_plain&) = delete;
  ~checked_plain() = default;

  T load(location at = location::here()) const {
    if (!is_recorded()) [[likely]]
      return value_(info_of(at)).load();
    // A race never returns: so the event comes first.
    const std::uint32_t id = the_recorder().plain(event_kind::plain_read, this, at, newest_);
    const T value = value_(info_of(at)).load();
    the_recorder().plain_done(id, number(value));
    return value;
  }
  void store(T value, location at = location::here()) {
    if (!is_recorded()) [[likely]] {
      value_(info_of(at)).store(value);
      return;
    }
    const std::uint32_t id = the_recorder().plain(event_kind::plain_write, this, at, newest_);
    value_(info_of(at)).store(value);
    the_recorder().plain_done(id, number(value));
    newest_ = id;
  }

 private:
  static std::uint64_t number(T value) noexcept {
    std::uint64_t all = 0;
    if constexpr (std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(all)) {
      std::memcpy(&all, &value, sizeof(T));
    }
    return all;
  }

  rl::var<T> value_;
  std::uint32_t newest_ = no_event;
};

inline void checked_fence(location at = location::here()) {
  before_access();
  rl::atomic_thread_fence(rl::mo_seq_cst, info_of(at));
  if (is_recorded()) [[unlikely]]
    the_recorder().fence(at);
}
/// What membarrier(2) does: every thread passes a fence. Relacy's orders more than that one, since
/// all threads have seen all that any had before it; so a program is worth checking with both.
inline void checked_system_fence(location at = location::here()) {
  before_access();
  rl::ctx().sched();
  rl::systemwide_fence(info_of(at));
  if (is_recorded()) [[unlikely]]
    the_recorder().fence(at);
}

}  // namespace caiman::model
