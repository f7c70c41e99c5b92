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
class mortal {
 public:
  mortal() noexcept { in_force() = this; }
  mortal(const mortal&) = delete;
  mortal& operator=(const mortal&) = delete;
  ~mortal() = default;

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
  static mortal*& in_force() noexcept {
    static mortal* only = nullptr;
    return only;
  }

  checked_plain<unsigned> body_{1U};
  unsigned outstanding_ = 0;
  bool ended_ = false;
};

struct arena_sync : checked_sync {
  // As few as can be: each is a line that who waits must mark, and who closes must add up.
  static constexpr unsigned exclusive_slots = model_slots;

  template <class T>
  class atomic : public checked_atomic<T> {
   public:
    using base = checked_atomic<T>;
    using base::base;
    T load(std::memory_order o, location at = location::here()) const {
      mortal::touch(at);
      return base::load(o, at);
    }
    void store(T value, std::memory_order o, location at = location::here()) {
      mortal::touch(at);
      base::store(value, o, at);
    }
    T fetch_add(T n, std::memory_order o, location at = location::here()) {
      mortal::touch(at);
      return base::fetch_add(n, o, at);
    }
    T exchange(T value, std::memory_order o, location at = location::here()) {
      mortal::touch(at);
      return base::exchange(value, o, at);
    }
    T fetch_or(T n, std::memory_order o, location at = location::here()) {
      mortal::touch(at);
      return base::fetch_or(n, o, at);
    }
    T fetch_and(T n, std::memory_order o, location at = location::here()) {
      mortal::touch(at);
      return base::fetch_and(n, o, at);
    }
    bool compare_exchange_strong(T& expected, T desired, std::memory_order success,
                                 std::memory_order failure, location at = location::here()) {
      mortal::touch(at);
      return base::compare_exchange_strong(expected, desired, success, failure, at);
    }
  };

  class statistic : public checked_statistic {
   public:
    using checked_statistic::checked_statistic;
    std::uint64_t load(std::memory_order o, location at = location::here()) const noexcept {
      mortal::touch(at);
      return checked_statistic::load(o);
    }
    void store(std::uint64_t value, std::memory_order o, location at = location::here()) noexcept {
      mortal::touch(at);
      checked_statistic::store(value, o);
    }
    std::uint64_t fetch_add(std::uint64_t n, std::memory_order o,
                            location at = location::here()) noexcept {
      mortal::touch(at);
      return checked_statistic::fetch_add(n, o);
    }
  };
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
