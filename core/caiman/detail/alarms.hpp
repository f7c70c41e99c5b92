// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// alarms.hpp: somebody who is awake when a time has come
//
// A coroutine that waits until a time needs a thread that wakes it then, and no thread of the
// program has promised to be there. So an arena has one, from the first such coroutine on until it
// ends; an arena without has none. It belongs to the arena, and not to the process, since then
// nothing outlives what started it: no thread is in the code of a shared object that was closed.
//
// An alarm lies in the memory of who waits, who takes it out before that memory goes, and then
// waits for the thread if that one is just looking after it: for as long as it is at the desk. The
// alarms are in a row, the earliest first; with the patience of all alike a new one is the last.
// Not part of the public surface. Relies on detail/os.hpp for the thread and its sleep.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "caiman/detail/arena_state.hpp"
#include "caiman/detail/os.hpp"

namespace caiman::inline v0::detail {

using steady_time = std::chrono::steady_clock::time_point;

/// That `who` is to be refused if it still waits at a time.
struct alarm_entry {
  arena_state* home = nullptr;
  native_waiter* who = nullptr;
  steady_time due{};
  alarm_entry* earlier = nullptr;
  alarm_entry* later = nullptr;
  bool is_set = false;
};

/// The alarms of one arena, and their thread.
class alarm_clock {
 public:
  alarm_clock() noexcept = default;
  alarm_clock(const alarm_clock&) = delete;
  alarm_clock& operator=(const alarm_clock&) = delete;
  /// When nothing is set any more; perhaps by its own thread, inside what that one runs.
  ~alarm_clock() {
    if (!thread_.is_here()) return;
    if (thread_.is_this()) {
      *over_ = true;
      thread_.leave_alone();
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    stir();
    thread_.join();
  }

  /// False if the system has no thread for it. Blocking against others that set and stop; O(1)
  /// where no alarm is later, else O(those).
  [[nodiscard]] bool set(alarm_entry& one) noexcept {
    const std::lock_guard lock(mutex_);
    if (!thread_.is_here()) {
      ringing_ = nullptr;  // in a child: that was another process's thread
      if (!thread_.start(run_thread, this)) return false;
    }
    alarm_entry* before = last_;
    while (before != nullptr && before->due > one.due) before = before->earlier;
    one.earlier = before;
    one.later = before == nullptr ? first_ : before->later;
    (one.earlier == nullptr ? first_ : one.earlier->later) = &one;
    (one.later == nullptr ? last_ : one.later->earlier) = &one;
    one.is_set = true;
    if (first_ == &one) stir();
    return true;
  }
  /// From now on nobody knows of it. Blocking, as set, and against its being looked after.
  void stop(alarm_entry& one) noexcept {
    std::unique_lock lock(mutex_);
    if (one.is_set) return take_out(one);
    while (ringing_ == &one && thread_.is_here() && !thread_.is_this()) {
      const std::uint32_t seen = rung_.load(std::memory_order_relaxed);
      lock.unlock();
      os::sleep_while(number(rung_), seen);
      lock.lock();
    }
  }
  /// By its own thread: who was to be refused is looked after, and may go.
  void rung() noexcept {
    const std::lock_guard lock(mutex_);
    ringing_ = nullptr;
    rung_.fetch_add(1, std::memory_order_relaxed);
    os::wake_one(number(rung_));  // it has one owner
  }

 private:
  using word = std::atomic<std::uint32_t>;

  static void* run_thread(void* of) noexcept {
    static_cast<alarm_clock*>(of)->run();
    return nullptr;
  }
  void run() noexcept {
    bool over = false;  // *this has gone, inside what it runs
    over_ = &over;
    while (!over) {
      alarm_entry* const due = next_due();
      if (due == nullptr) return;
      const arena_handle alive(due->home);
      alive->room()->refuse(*alive.get(), *due->who, this);
    }
  }
  /// Taken out, and with a handle on its arena. Null when the clock ends.
  alarm_entry* next_due() noexcept {
    std::unique_lock lock(mutex_);
    while (!ended_) {
      if (first_ != nullptr && first_->due <= std::chrono::steady_clock::now()) {
        ringing_ = first_;
        ringing_->home->add_handle();
        take_out(*ringing_);
        return ringing_;
      }
      const std::uint32_t seen = stirred_.load(std::memory_order_relaxed);
      const steady_time until = first_ != nullptr ? first_->due : (steady_time::max)();
      lock.unlock();
      os::sleep_while(number(stirred_), seen, until.time_since_epoch().count());
      lock.lock();
    }
    return nullptr;
  }
  void take_out(alarm_entry& one) noexcept {
    (one.earlier == nullptr ? first_ : one.earlier->later) = one.later;
    (one.later == nullptr ? last_ : one.later->earlier) = one.earlier;
    one.is_set = false;
  }
  void stir() noexcept {
    stirred_.fetch_add(1, std::memory_order_relaxed);
    os::wake_one(number(stirred_));
  }
  static std::uint32_t* number(word& of) noexcept {
    static_assert(sizeof(word) == sizeof(std::uint32_t));
    return reinterpret_cast<std::uint32_t*>(&of);
  }

  std::mutex mutex_{};
  os::own_thread thread_{};
  alarm_entry* first_ = nullptr;
  alarm_entry* last_ = nullptr;
  alarm_entry* ringing_ = nullptr;  // just being looked after
  bool ended_ = false;
  word stirred_{0};  // changes when its thread must look again
  word rung_{0};     // changes when one was looked after
  bool* over_ = nullptr;
};

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
