// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// arena_sync.hpp: a policy under which every access is a touch of something that can end
//
// Whoever ends an arena, or returns a block, must come after all that anybody did with it, and
// nobody may touch it afterwards. So each access first reads one plain variable, and the one who
// ends writes it: a touch that nothing orders before the end, or one after it, is a data race.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "checked_sync.hpp"
// then the core
#include "caiman-model/part.hpp"

namespace caiman::model {

/// What can end: the variable, and who still has something of it.
template <unsigned Number>
class mortal_body {
 public:
  mortal_body() noexcept { in_force() = this; }
  mortal_body(const mortal_body&) = delete;
  mortal_body& operator=(const mortal_body&) = delete;
  ~mortal_body() = default;

  static void touch(location at = location::here()) { (void)in_force()->body_.load(at); }

  void took() noexcept { ++outstanding_; }
  /// Before the call that gives it up.
  void gives_up() noexcept { --outstanding_; }
  /// By the one who was told to end it.
  void end(location at = location::here()) {
    if (outstanding_ != 0) report_fault("R1", "it ends while somebody has something of it");
    if (ended_) report_fault("R1", "it ends twice");
    ended_ = true;
    body_.store(0, at);
  }
  bool ended() const noexcept { return ended_; }
  finding fault() const noexcept {
    if (!ended_ && outstanding_ == 0) return {"R1", "all is given up, and nobody ends it"};
    return {};
  }

 private:
  static mortal_body*& in_force() noexcept {
    static mortal_body* only = nullptr;
    return only;
  }

  checked_plain<unsigned> body_{1U};
  unsigned outstanding_ = 0;
  bool ended_ = false;
};

/// The arena.
using mortal = mortal_body<0>;
/// The lines of its ledger, where these may outlive it.
using mortal_lines = mortal_body<1>;

template <class Mortal>
struct touching_sync : checked_sync {
  // As few as can be: each is a line that who waits must mark, and who closes must add up.
  static constexpr unsigned exclusive_slots = model_slots;

  template <class T>
  class atomic : public checked_atomic<T> {
   public:
    using base = checked_atomic<T>;
    using base::base;
    T load(std::memory_order o, location at = location::here()) const {
      Mortal::touch(at);
      return base::load(o, at);
    }
    void store(T value, std::memory_order o, location at = location::here()) {
      Mortal::touch(at);
      base::store(value, o, at);
    }
    T fetch_add(T n, std::memory_order o, location at = location::here()) {
      Mortal::touch(at);
      return base::fetch_add(n, o, at);
    }
    T exchange(T value, std::memory_order o, location at = location::here()) {
      Mortal::touch(at);
      return base::exchange(value, o, at);
    }
    T fetch_or(T n, std::memory_order o, location at = location::here()) {
      Mortal::touch(at);
      return base::fetch_or(n, o, at);
    }
    T fetch_and(T n, std::memory_order o, location at = location::here()) {
      Mortal::touch(at);
      return base::fetch_and(n, o, at);
    }
    bool compare_exchange_strong(T& expected, T desired, std::memory_order success,
                                 std::memory_order failure, location at = location::here()) {
      Mortal::touch(at);
      return base::compare_exchange_strong(expected, desired, success, failure, at);
    }
  };

  class statistic : public checked_statistic {
   public:
    using checked_statistic::checked_statistic;
    std::uint64_t load(std::memory_order o, location at = location::here()) const noexcept {
      Mortal::touch(at);
      return checked_statistic::load(o);
    }
    void store(std::uint64_t value, std::memory_order o, location at = location::here()) noexcept {
      Mortal::touch(at);
      checked_statistic::store(value, o);
    }
    std::uint64_t fetch_add(std::uint64_t n, std::memory_order o,
                            location at = location::here()) noexcept {
      Mortal::touch(at);
      return checked_statistic::fetch_add(n, o);
    }
  };
};
using arena_sync = touching_sync<mortal>;
using lines_sync = touching_sync<mortal_lines>;

/// Where a ledger's lines are a body of their own: they go when nobody is on them.
template <class Sync>
class lines_of {
 public:
  template <class Books>
  void end_with(const Books& /*books*/) {}
  template <class Books>
  finding quiescent_fault(const Books& /*books*/) {
    return {};
  }
};
template <>
class lines_of<lines_sync> {
 public:
  /// By the one who ends the arena.
  template <class Books>
  void end_with(const Books& books) {
    due_ = true;
    if (books.is_quiet()) body_.end();
  }
  template <class Books>
  finding quiescent_fault(const Books& books) {
    if (!due_ || body_.ended()) return {};
    if (!books.is_quiet()) return {"R1", "somebody is on a line for ever"};
    body_.end();
    return {};
  }

 private:
  mortal_lines body_;
  bool due_ = false;
};

/// What a thread got one after another: blocks of a ledger.
class belongings {
 public:
  void add() noexcept { live_[count_++] = true; }
  /// Whether there is an `i`-th, not given up yet; from now on it is.
  bool take(unsigned i) noexcept { return i < count_ && std::exchange(live_[i], false); }
  unsigned count() const noexcept { return count_; }

 private:
  // As many as a program can name: 16 steps of set-up and 16 of the thread.
  std::array<bool, 32> live_{};
  unsigned count_ = 0;
};

}  // namespace caiman::model
