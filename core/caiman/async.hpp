// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// async.hpp: requests that wait for room
//
// Handles on arenas that make their callers wait instead of refusing them: coroutines, which run on
// where they say, and threads. Who is served next is the policy's to say (waiters.hpp), how
// nobody is forgotten is in waiting.hpp. Nothing of a synchronous arena changes, and a waiter lies
// in the coroutine or on the stack of the thread that waits: no heap.
//
// A coroutine runs on, by default, on the thread whose release served it, inside that release. What
// it releases there may serve others, which do not run inside it but after it, from the same loop.
// So it is with executors that call at once, too: a resumption that is called while its arena runs
// somebody on this thread is put behind that one. However long the chain, the stack is as deep as
// there are arenas in it.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <chrono>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "caiman/arena.hpp"
#include "caiman/buffer.hpp"
#include "caiman/detail/arena_state.hpp"
#include "caiman/detail/attributes.hpp"
#include "caiman/detail/awaiting.hpp"
#include "caiman/detail/hosted_room.hpp"
#include "caiman/error.hpp"
#include "caiman/fixed_arena.hpp"
#include "caiman/waiters.hpp"

namespace caiman::inline v0 {

/// What an executor is given to call, once, on whichever thread: it runs one coroutine on. If that
/// coroutine was destroyed meanwhile, calling it does nothing, and so does dropping it: then the
/// coroutine keeps its block and is never run on, until it is destroyed. A value, of two words;
/// keeps the arena from ending.
class resumption {
 public:
  /// Runs the coroutine on; if the arena runs another one on this thread, then not now but behind
  /// that one, before the call returns that runs it. Blocking against a thread that serves at the
  /// moment, then whatever the coroutine does. *this may go meanwhile.
  void operator()() const noexcept {
    if (!home_) return;  // moved from
    const detail::arena_handle alive = home_;
    alive->room()->run(*alive.get(), ticket_);
  }

 private:
  template <class Executor, class Limit>
  friend class allocation;
  resumption(detail::arena_handle home, std::uint64_t ticket) noexcept
      : home_(std::move(home)), ticket_(ticket) {}

  detail::arena_handle home_;
  std::uint64_t ticket_;
};

/// Where a coroutine is to run on: copied, which must not throw, nor wait, nor give up a request of
/// that arena, and called with a resumption, which must not throw either. It may call it at once,
/// or later on any thread; it must not wait for it.
template <class Executor>
concept resume_executor =
    std::is_nothrow_copy_constructible_v<Executor> && std::invocable<Executor&, resumption>;

/// The default: on the thread that served it, inside the call that did.
struct resume_here {
  /// Never asked: there is nothing to hand over.
  void operator()(const resumption& run) const noexcept { run(); }
};

/// What `allocate` of an asynchronous arena gives: to be awaited, once, where it is made. It lies
/// in the coroutine, which may be destroyed while it waits: then the waiter is taken out, and if it
/// had its block already, that goes to the next. Destroying a coroutine waits for the thread
/// serving at the moment; destroying one that is just being run on is an error of the program, as
/// ever, and ends it where it is seen.
template <class Executor = resume_here, class Limit = detail::endless>
class [[nodiscard]] allocation final : private detail::native_waiter {
 public:
  allocation(const allocation&) = delete;
  allocation& operator=(const allocation&) = delete;
  ~allocation() {
    if (entered_) {
      limit_.end();
      leave();
    }
    if (taken_) home().give_back({order(), index_});
  }

  /// Whether there is room, or can never be, or it shall wait no longer. As the synchronous arena's
  /// allocate; while others wait, there is none.
  [[nodiscard]] bool await_ready() noexcept {
    if (what_.home == nullptr) return true;
    if (home().room()->waiting() != 0) return limit_.over();
    const auto got = home().try_take(order());
    if (!got) return limit_.over();
    index_ = *got;
    return taken_ = true;
  }
  /// Waits. Lock-free, and a look (waiting.hpp); may run coroutines on, this one included.
  CAIMAN_COLD void await_suspend(std::coroutine_handle<> coroutine) noexcept {
    coroutine_ = coroutine;
    home().add_handle();
    alive_ = detail::arena_handle(what_.home);
    entered_ = true;
    const detail::arena_handle alive = alive_;  // *this may be gone once it is entered
    limit_.begin(home(), *this);
    alive->room()->enter(*alive.get(), *this);
  }
  /// A buffer, or request_too_large, or arena_full if it shall wait no longer. Wait-free but for
  /// memory that is cold; with a limit it waits for a thread that asks whether it still waits.
  [[nodiscard]] std::expected<buffer, alloc_error> await_resume() noexcept {
    if (what_.home == nullptr) return std::unexpected(alloc_error::request_too_large);
    if (std::exchange(entered_, false)) {
      limit_.end();
      index_ = native_waiter::index();
      taken_ = !is_refused();
    }
    const detail::arena_handle alive = std::exchange(alive_, detail::arena_handle(nullptr));
    if (has_limit && !taken_) {
      home().books().failed();
      home().books().gave_up();
      return std::unexpected(alloc_error::arena_full);
    }
    taken_ = false;
    return detail::buffer_maker::of(what_, index_);
  }

 private:
  template <class Arena, class... Size>
  friend class async_arena;
  template <class... End>
  explicit allocation(const detail::room_request& what, Executor on, End&&... end) noexcept
      : detail::native_waiter(what.order, kind_of_wake),
        what_(what),
        on_(std::move(on)),
        limit_(std::forward<End>(end)...) {}

  static constexpr auto kind_of_wake =
      std::is_same_v<Executor, resume_here> ? kind::runs_here : kind::posted;
  static constexpr bool has_limit = !std::is_same_v<Limit, detail::endless>;

  [[nodiscard]] detail::arena_state& home() const noexcept { return *what_.home; }

  void wake(detail::any_waiting_room& from, detail::arena_state& home,
            detail::wake_list& wakes) noexcept override {
    if (kind_of_wake == kind::runs_here || std::exchange(posted_, true)) {
      coroutine_.resume();
      return;
    }
    Executor on = on_;
    const resumption run(alive_, ticket());
    from.posted(home, wakes);  // from here on it may be run on, or destroyed
    on(run);
  }

  void leave() noexcept {
    const detail::parting found = home().room()->leave(home(), *this);
    if (found == detail::parting::wake_up) {
      native_sync::invariant(false, "a coroutine was destroyed while it was being resumed");
    }
    if (found != detail::parting::block) return;
    index_ = native_waiter::index();
    taken_ = true;
  }

  detail::room_request what_;
  std::size_t index_ = 0;
  bool taken_ = false;
  bool entered_ = false;
  bool posted_ = false;
  [[no_unique_address]] Executor on_;
  [[no_unique_address]] Limit limit_;
  std::coroutine_handle<> coroutine_{};
  detail::arena_handle alive_{nullptr};  // while it waits
};

/// What the handles on asynchronous arenas have in common; `Size` is what a request says: the
/// length in bytes (std::size_t), or nothing where all blocks are alike. Copies share the arena,
/// and all may be used by any threads at once. What is said of the synchronous arena holds.
/// A waiting request keeps the arena alive: when all handles go while coroutines wait, they are
/// served all the same, by the blocks that come back, and the arena ends after the last of them.
template <class Arena, class... Size>
class async_arena {
 public:
  /// `co_await arena.allocate(len)`: a buffer as the synchronous arena's allocate gives it, when
  /// there is one. Error: request_too_large, at once, which also an empty handle says. Runs on
  /// inside the release that served it: so it must not wait for anything else that this thread has
  /// to do. Thread-safe. Progress: where there is room and nobody waits, as the synchronous call;
  /// else a look (waiting.hpp), and then suspended.
  [[nodiscard]] allocation<> allocate(Size... len) const noexcept {
    return allocation<>(ask(len...), resume_here{});
  }
  /// The same, running on through an executor if it had to wait.
  template <resume_executor Executor>
  [[nodiscard]] allocation<Executor> allocate(Size... len, Executor on) const noexcept {
    return allocation<Executor>(ask(len...), std::move(on));
  }
  /// Waits until a time at most; a time that has come asks once, and none is too far away. Errors:
  /// request_too_large, at once; arena_full when the time has come, or if the system has no thread:
  /// the first request of an arena that has to wait until a time starts one, which ends with the
  /// arena, and takes a little of the heap. On that thread a coroutine without an executor runs on
  /// whose time has come. Else as above; O(waiting until later times) to begin to wait.
  template <class Duration, resume_executor Executor = resume_here>
  [[nodiscard]] allocation<Executor, detail::until_time> allocate(
      Size... len, std::chrono::time_point<std::chrono::steady_clock, Duration> deadline,
      Executor on = {}) const noexcept {
    return allocation<Executor, detail::until_time>(ask(len...), std::move(on),
                                                    detail::as_steady(deadline));
  }
  /// Waits until somebody asks it to stop. Errors: request_too_large, at once; arena_full when it
  /// was stopped. Without an executor it then runs on inside request_stop(). Else as above.
  template <resume_executor Executor = resume_here>
  [[nodiscard]] allocation<Executor, detail::until_stopped> allocate(
      Size... len, detail::stop_token stop, Executor on = {}) const noexcept {
    return allocation<Executor, detail::until_stopped>(ask(len...), std::move(on), std::move(stop));
  }

  /// The synchronous attempt: allocate of the synchronous arena. Takes what is free also while
  /// others wait, so a program that only ever tries can starve those who wait.
  [[nodiscard]] std::expected<buffer, alloc_error> try_allocate(Size... len) const noexcept {
    return arena_.allocate(len...);
  }
  /// Waits on this thread for at most `patience`; what is not above zero asks once, and nothing is
  /// too long. Errors: request_too_large, at once; arena_full when the time is up. Thread-safe,
  /// blocking; O(1) memory on the stack.
  template <class Rep, class Period>
  [[nodiscard]] std::expected<buffer, alloc_error> allocate_for(
      Size... len, std::chrono::duration<Rep, Period> patience) const noexcept {
    return detail::wait_for(arena_.home_, ask(len...),
                            detail::end_of(std::chrono::duration<double>(patience)), {});
  }
  /// Waits on this thread until there is room, or somebody asks it to stop. Errors:
  /// request_too_large, at once; arena_full when it was stopped. Thread-safe, blocking.
  [[nodiscard]] std::expected<buffer, alloc_error> allocate_wait(
      Size... len, const detail::stop_token& stop = {}) const noexcept {
    return detail::wait_for(arena_.home_, ask(len...), std::nullopt, stop);
  }

  /// How many requests wait; exact when no other call runs. Wait-free, O(1).
  [[nodiscard]] std::size_t waiting() const noexcept {
    return arena_.home_ ? arena_.home_->room()->waiting() : 0;
  }
  /// The same arena where nothing waits: observers, metrics, resources. A handle of its own.
  [[nodiscard]] const Arena& synchronous() const noexcept { return arena_; }
  /// As that of the synchronous arena.
  [[nodiscard]] const std::byte* base() const noexcept { return arena_.base(); }
  /// As those of the synchronous arena. A request that gave up waiting counts as failed.
  [[nodiscard]] auto metrics() const noexcept { return arena_.metrics(); }

  /// Whether both are handles on one arena. Wait-free, O(1).
  friend bool operator==(const async_arena& a, const async_arena& b) noexcept {
    return a.arena_ == b.arena_;
  }

 protected:
  /// Over an arena that has a place for those who wait.
  explicit async_arena(Arena arena) noexcept : arena_(std::move(arena)) {}

  /// What `make` makes, with a place for those who wait; that comes first, so that nothing has
  /// changed if there is no memory for it.
  template <class Async, class Waiters, class Make>
  static std::expected<Async, build_error> host(Waiters waiters, Make make) noexcept {
    std::unique_ptr<detail::hosted_room<Waiters>> room(
        new (std::nothrow) detail::hosted_room<Waiters>(std::move(waiters)));
    if (room == nullptr) return std::unexpected(build_error::out_of_memory);
    std::expected<Arena, build_error> made = make();
    if (!made) return std::unexpected(made.error());
    made->home_->host(std::move(room));
    return Async(*std::move(made));
  }

 private:
  friend struct detail::async_insides;
  [[nodiscard]] detail::room_request ask(Size... len) const noexcept {
    detail::arena_state* const home = arena_.home_.get();
    if (home == nullptr) return {};
    if constexpr (sizeof...(Size) == 0) {
      return {home, 0, home->plan().unit, home->plan().unit};
    } else {
      return Arena::request_of(*home, len...);
    }
  }

  Arena arena_;
};

inline detail::room_request buddy_arena::request_of(detail::arena_state& home,
                                                    std::size_t len) noexcept {
  if (len > home.largest()) {
    home.books().failed();
    return {};
  }
  const unsigned order = home.order_for(len);
  return {&home, order, home.plan().caps ? len : home.size_of(order), len};
}

/// A handle on an arena whose requests can wait. Made by `build_async` of buddy_arena_builder and
/// region_arena_builder.
class async_buddy_arena : public async_arena<buddy_arena, std::size_t> {
 public:
  /// See buddy_arena.
  [[nodiscard]] std::size_t total_size() const noexcept { return synchronous().total_size(); }
  /// See buddy_arena.
  [[nodiscard]] std::size_t min_block_size() const noexcept {
    return synchronous().min_block_size();
  }
  /// See buddy_arena.
  [[nodiscard]] unsigned max_order() const noexcept { return synchronous().max_order(); }
  /// See buddy_arena.
  [[nodiscard]] bool is_block_free(unsigned order, std::size_t index) const noexcept {
    return synchronous().is_block_free(order, index);
  }
  /// See buddy_arena.
  [[nodiscard]] std::size_t free_block_count(unsigned order) const noexcept {
    return synchronous().free_block_count(order);
  }
  /// See buddy_arena.
  [[nodiscard]] std::vector<extent> occupancy() const { return synchronous().occupancy(); }

 private:
  friend class buddy_arena_builder;
  friend class region_arena_builder;
  friend class async_arena<buddy_arena, std::size_t>;
  using async_arena::async_arena;
};

/// The same of slots of one size: what of async_buddy_arena takes a length takes none here, and
/// nothing is too large. Made by `build_async` of fixed_arena_builder and fixed_region_builder.
class async_fixed_arena : public async_arena<fixed_arena> {
 public:
  /// See fixed_arena.
  [[nodiscard]] std::size_t slot_count() const noexcept { return synchronous().slot_count(); }
  /// See fixed_arena.
  [[nodiscard]] std::size_t slot_capacity() const noexcept { return synchronous().slot_capacity(); }
  /// See fixed_arena.
  [[nodiscard]] std::vector<extent> occupancy() const { return synchronous().occupancy(); }

 private:
  friend class fixed_arena_builder;
  friend class fixed_region_builder;
  friend class async_arena<fixed_arena>;
  using async_arena::async_arena;
};

// ---- build_async of the builders ---------------------------------------------------------------

template <buddy_waiter Waiters>
auto buddy_arena_builder::build_async_with(Waiters waiters) const noexcept
    -> std::expected<async_buddy_arena, build_error> {
  return async_buddy_arena::host<async_buddy_arena>(std::move(waiters), [&] { return build(); });
}
inline auto buddy_arena_builder::build_async() const noexcept
    -> std::expected<async_buddy_arena, build_error> {
  return build_async_with(fair_waiters());
}

template <buddy_waiter Waiters>
auto region_arena_builder::build_async_with(Waiters waiters) noexcept
    -> std::expected<async_buddy_arena, build_error> {
  return async_buddy_arena::host<async_buddy_arena>(std::move(waiters), [&] { return build(); });
}
inline auto region_arena_builder::build_async() noexcept
    -> std::expected<async_buddy_arena, build_error> {
  return build_async_with(fair_waiters());
}

template <buddy_waiter Waiters>
auto fixed_arena_builder::build_async_with(Waiters waiters) const noexcept
    -> std::expected<async_fixed_arena, build_error> {
  return async_fixed_arena::host<async_fixed_arena>(std::move(waiters), [&] { return build(); });
}
inline auto fixed_arena_builder::build_async() const noexcept
    -> std::expected<async_fixed_arena, build_error> {
  return build_async_with(fair_waiters());
}

template <buddy_waiter Waiters>
auto fixed_region_builder::build_async_with(Waiters waiters) noexcept
    -> std::expected<async_fixed_arena, build_error> {
  return async_fixed_arena::host<async_fixed_arena>(std::move(waiters), [&] { return build(); });
}
inline auto fixed_region_builder::build_async() noexcept
    -> std::expected<async_fixed_arena, build_error> {
  return build_async_with(fair_waiters());
}

}  // namespace caiman::v0

#endif  // CAIMAN_REQUIREMENTS_MET
