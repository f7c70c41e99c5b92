// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// awaiting.hpp: what a request for room is, a thread that waits for it, and what ends a coroutine's
// wait
//
// What all asynchronous arenas have in common and nobody else sees. A waiter lies on the stack of
// the thread that waits, or in its coroutine. Not part of the public surface.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <expected>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

#include "caiman/buffer.hpp"
#include "caiman/detail/arena_state.hpp"
#include "caiman/detail/hosted_room.hpp"
#include "caiman/detail/lean/stopping.hpp"
#include "caiman/error.hpp"
#include "caiman/waiters.hpp"

namespace caiman::inline v0::detail {

/// What is asked of an arena.
struct room_request {
  arena_state* home = nullptr;  // null: it can never be served
  unsigned order = 0;
  std::size_t shown = 0;  // bytes that the buffer shows
  std::size_t asked = 0;  // bytes
};

/// What an adaptor may see of an asynchronous arena.
struct async_insides {
  /// As when a coroutine asks.
  template <class Async, class... Size>
  [[nodiscard]] static room_request ask(const Async& arena, Size... len) noexcept {
    return arena.ask(len...);
  }
};

/// A block that was taken becomes a buffer.
struct buffer_maker {
  [[nodiscard]] static buffer of(const room_request& what, std::size_t index) noexcept {
    const block b{what.order, index};
    what.home->open(b, what.shown, what.asked);
    return {making(), what.home, b, what.home->address_of(b), what.shown};
  }
};

/// A thread that waits.
class thread_waiter final : public native_waiter {
 public:
  explicit thread_waiter(unsigned order) noexcept : native_waiter(order) {}

  // Under the lock to the end: *this goes as soon as the other side has had it.
  void wake(any_waiting_room& /*room*/, arena_state& /*home*/,
            wake_list& /*wakes*/) noexcept override {
    tell(woken_);
  }
  void stop() noexcept { tell(stopped_); }

  /// False if it was stopped, or it is past the end.
  bool wait(const std::optional<steady_time>& end) noexcept {
    std::unique_lock lock(mutex_);
    const auto over = [&] { return woken_ || stopped_; };
    if (end) {
      told_.wait_until(lock, *end, over);
    } else {
      told_.wait(lock, over);
    }
    return woken_;
  }
  void wait_to_be_woken() noexcept {
    std::unique_lock lock(mutex_);
    told_.wait(lock, [&] { return woken_; });
  }

 private:
  void tell(bool& what) noexcept {
    const std::lock_guard lock(mutex_);
    what = true;
    told_.notify_one();
  }

  std::mutex mutex_{};
  std::condition_variable told_{};
  bool woken_ = false;
  bool stopped_ = false;
};

inline constexpr std::chrono::duration<double> far_away(1e9);  // 31 years

/// When so much time is over; none for a patience that no clock could show the end of.
inline std::optional<steady_time> end_of(std::chrono::duration<double> patience) noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (patience > far_away) return std::nullopt;
  if (!(patience.count() > 0)) return now;  // and what is no number
  return now + std::chrono::ceil<std::chrono::steady_clock::duration>(patience);
}

/// The same of a time; what is no number has come. The clock counts from the system's start.
template <class Duration>
std::optional<steady_time> as_steady(
    std::chrono::time_point<std::chrono::steady_clock, Duration> due) noexcept {
  const std::chrono::duration<double> at(due.time_since_epoch());
  if (at > 2 * far_away) return std::nullopt;
  if (!(at > -far_away)) return steady_time();
  return std::chrono::ceil<std::chrono::steady_clock::duration>(due);
}

/// A block that comes too late is taken all the same.
inline bool is_served(arena_state& home, thread_waiter& one, const std::optional<steady_time>& end,
                      const stop_token& stop) noexcept {
  home.room()->enter(home, one);
  {
    const auto ask = [&one] { one.stop(); };
    const stop_callback<decltype(ask)> stops(stop, ask);
    if (one.wait(end)) return true;
  }
  const parting found = home.room()->leave(home, one);
  if (found == parting::wake_up) one.wait_to_be_woken();
  return found != parting::nothing;
}

/// This thread waits, until there is room, it is the end, or somebody asks it to stop.
inline std::expected<buffer, alloc_error> wait_for(const arena_handle& handle,
                                                   const room_request& what,
                                                   const std::optional<steady_time>& end,
                                                   const stop_token& stop) noexcept {
  if (what.home == nullptr) return std::unexpected(alloc_error::request_too_large);
  if (what.home->room()->waiting() == 0) {
    if (const auto got = what.home->try_take(what.order)) return buffer_maker::of(what, *got);
  }
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): the caller's may go meanwhile
  const arena_handle alive = handle;
  thread_waiter one(what.order);
  if (!is_served(*alive.get(), one, end, stop)) {
    what.home->books().failed();
    what.home->books().gave_up();
    return std::unexpected(alloc_error::arena_full);
  }
  return buffer_maker::of(what, one.index());
}

// ---- what ends the wait of a coroutine ----------------------------------------------------------
// Each can say whether it is over by now, begins before the waiter enters, and ends before it goes;
// in between any thread may have the waiter refused.

/// Nothing does.
struct endless {
  static constexpr bool over() noexcept { return false; }
  static void begin(arena_state& /*home*/, native_waiter& /*one*/) noexcept {}
  static void end() noexcept {}
};

/// A time that has come.
class until_time {
 public:
  /// None: it never comes.
  explicit until_time(const std::optional<steady_time>& due) noexcept : due_(due) {}

  [[nodiscard]] bool over() const noexcept {
    return due_ && *due_ <= std::chrono::steady_clock::now();
  }
  void begin(arena_state& home, native_waiter& one) noexcept {
    if (!due_) return;
    alarm_ = {.home = &home, .who = &one, .due = *due_};
    if (!home.room()->set_alarm(alarm_)) one.refuse_at_once();
  }
  void end() noexcept {
    if (alarm_.home != nullptr) alarm_.home->room()->stop_alarm(alarm_);
  }

 private:
  std::optional<steady_time> due_;
  alarm_entry alarm_{};
};

/// Somebody who asks it to stop.
class until_stopped {
 public:
  explicit until_stopped(stop_token stop) noexcept : stop_(std::move(stop)) {}

  [[nodiscard]] bool over() const noexcept { return stop_.stop_requested(); }
  void begin(arena_state& home, native_waiter& one) noexcept {
    asked_.emplace(stop_, refusal{&home, &one});
  }
  void end() noexcept { asked_.reset(); }

 private:
  struct refusal {
    arena_state* home;
    native_waiter* one;
    void operator()() const noexcept {
      // *this may be gone when the waiter is woken, and the arena with it.
      home->add_handle();
      const arena_handle alive(home);
      alive->room()->refuse(*alive.get(), *one, nullptr);
    }
  };

  stop_token stop_;
  std::optional<stop_callback<refusal>> asked_{};
};

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
