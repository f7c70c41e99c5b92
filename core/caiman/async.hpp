// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// async.hpp: requests that wait for room
//
// A handle on an arena that makes its callers wait instead of refusing them: coroutines, which run
// on where they say, and threads. Who is served next is the policy's to say (waiters.hpp), how
// nobody is forgotten is in waiting.hpp. Nothing of a synchronous arena changes, and a waiter lies
// in the coroutine or on the stack of the thread that waits: no heap.
//
// A coroutine runs on, by default, on the thread whose release served it, inside that release. What
// it releases there may serve others, which do not run inside it but after it, from the same loop.
// So it is with executors that call at once, too: a resumption that is called while its arena runs
// somebody on this thread is put behind that one. However long the chain, the stack is as deep as
// there are arenas in it. What says who runs on a thread is a variable of the thread, and every
// shared object may have its own: so only the virtual calls of a place know of it, which are all
// those of the object that made the arena.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <chrono>
#include <concepts>
#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <vector>

#include "caiman/arena.hpp"
#include "caiman/buffer.hpp"
#include "caiman/detail/arena_state.hpp"
#include "caiman/detail/attributes.hpp"
#include "caiman/detail/waiting.hpp"
#include "caiman/error.hpp"
#include "caiman/waiters.hpp"

namespace caiman::inline v0 {

namespace detail {

// Nobody destroys a waiter by its base: the destructors of both are no part of what is polymorphic.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
/// A waiter that can be woken.
class native_waiter : public waiter {
 public:
  using waiter::index;
  using waiter::waiter;
  /// Called once by the thread that served it and, if posted, by the one that claimed it; away from
  /// the desk but for the former of two. *this may be gone afterwards.
  virtual void wake(any_waiting_room& room, arena_state& home, wake_list& wakes) noexcept = 0;

 protected:
  ~native_waiter() = default;
};
#pragma GCC diagnostic pop

/// A call on this thread's stack that wakes waiters of a place. The outermost one has the loop that
/// runs them: one after the other, and so those that are called meanwhile. But whom an executor has
/// called from outside may do as it likes, and be long: it is not for those to wait that run inside
/// what it releases.
class waking_call {
 public:
  explicit waking_call(const any_waiting_room& room) noexcept : room_(room), outer_(innermost_) {
    for (waking_call* call = outer_; call != nullptr; call = call->outer_) {
      if (&call->room_ != &room) continue;
      wakes.behind = &call->wakes;
      if (!call->resumes_) wakes.here = &call->wakes;
    }
    innermost_ = this;
  }
  waking_call(const waking_call&) = delete;
  waking_call& operator=(const waking_call&) = delete;
  ~waking_call() { innermost_ = outer_; }

  /// From now on it runs what an executor has called.
  void resumes() noexcept { resumes_ = true; }

  wake_list wakes{};

 private:
  const any_waiting_room& room_;
  waking_call* outer_;
  bool resumes_ = false;
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): one per thread
  static thread_local constinit inline waking_call* innermost_ = nullptr;
};

template <buddy_waiter Waiters>
class hosted_room final : public any_waiting_room {
  using room = waiting_room<native_sync, Waiters>;

 public:
  explicit hosted_room(Waiters policy) noexcept : room_(std::move(policy)) {}

  void serve(arena_state& home) noexcept override {
    then_wake(home, [&](wake_list& wakes) { room_.serve(home, wakes); });
  }
  void enter(arena_state& home, native_waiter& one) noexcept override {
    then_wake(home, [&](wake_list& wakes) { room_.enter(home, one, wakes); });
  }
  parting leave(arena_state& home, native_waiter& one) noexcept override {
    parting found = parting::nothing;
    then_wake(home, [&](wake_list& wakes) { found = room_.leave(home, one, wakes); });
    return found;
  }
  void posted(arena_state& home, wake_list& wakes) noexcept override { room_.posted(home, wakes); }
  void run(arena_state& home, std::uint64_t ticket) noexcept override {
    waking_call here(*this);
    waiter* one = room_.claim(home, ticket, here.wakes);
    while (one == nullptr && here.wakes.served) {
      wake_all(home, here.wakes);
      one = room_.claim(home, ticket, here.wakes);
    }
    if (one == nullptr) return;
    here.resumes();
    awake(*one).wake(*this, home, here.wakes);
    wake_all(home, here.wakes);
  }
  [[nodiscard]] std::size_t waiting() const noexcept override { return room_.waiting(); }

 private:
  template <class Call>
  void then_wake(arena_state& home, Call call) noexcept {
    waking_call here(*this);
    call(here.wakes);
    wake_all(home, here.wakes);
  }
  void wake_all(arena_state& home, wake_list& wakes) noexcept {
    while (waiter* const one = room_.next_to_wake(home, wakes)) {
      awake(*one).wake(*this, home, wakes);
    }
  }
  static native_waiter& awake(waiter& one) noexcept {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-static-cast-downcast): only such ones enter
    return static_cast<native_waiter&>(one);
  }

  room room_;
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

  using time = std::chrono::steady_clock::time_point;
  /// False if it was stopped, or it is past the end.
  bool wait(const std::optional<time>& end) noexcept {
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

}  // namespace detail

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
  template <class Executor>
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

class async_buddy_arena;

/// What async_buddy_arena::allocate gives: to be awaited, once, where it is made. It lies in the
/// coroutine, which may be destroyed while it waits: then the waiter is taken out, and if it had
/// its block already, that goes to the next. Destroying a coroutine waits for the thread serving at
/// the moment; destroying one that is just being run on is an error of the program, as ever, and
/// ends it where it is seen.
template <class Executor = resume_here>
class [[nodiscard]] allocation final : private detail::native_waiter {
 public:
  allocation(const allocation&) = delete;
  allocation& operator=(const allocation&) = delete;
  ~allocation() {
    if (entered_) leave();
    if (taken_) home_->give_back({order(), index_});
  }

  /// Whether there is room, or can never be. As buddy_arena::allocate; while others wait, no.
  [[nodiscard]] bool await_ready() noexcept {
    if (home_ == nullptr) return true;
    if (room().waiting() != 0) return false;
    const auto got = home_->try_take(order());
    if (!got) return false;
    index_ = *got;
    return taken_ = true;
  }
  /// Waits. Lock-free, and a look (waiting.hpp); may run coroutines on, this one included.
  CAIMAN_COLD void await_suspend(std::coroutine_handle<> coroutine) noexcept {
    coroutine_ = coroutine;
    home_->add_handle();
    alive_ = detail::arena_handle(home_);
    entered_ = true;
    const detail::arena_handle alive = alive_;  // *this may be gone once it is entered
    alive->room()->enter(*alive.get(), *this);
  }
  /// A buffer, or request_too_large. Wait-free but for memory that is cold.
  [[nodiscard]] std::expected<buffer, alloc_error> await_resume() noexcept;

 private:
  friend class async_buddy_arena;
  allocation(detail::arena_state* home, unsigned order, std::size_t shown, Executor on) noexcept
      : detail::native_waiter(order, kind_of_wake),
        home_(home),
        shown_(shown),
        on_(std::move(on)) {}

  static constexpr auto kind_of_wake =
      std::is_same_v<Executor, resume_here> ? kind::runs_here : kind::posted;

  [[nodiscard]] detail::any_waiting_room& room() const noexcept { return *home_->room(); }

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
    const detail::parting found = room().leave(*home_, *this);
    if (found == detail::parting::wake_up) {
      native_sync::invariant(false, "a coroutine was destroyed while it was being resumed");
    }
    if (found != detail::parting::block) return;
    index_ = native_waiter::index();
    taken_ = true;
  }

  detail::arena_state* home_;  // null: it can never be served
  std::size_t shown_;
  std::size_t index_ = 0;
  bool taken_ = false;
  bool entered_ = false;
  bool posted_ = false;
  [[no_unique_address]] Executor on_;
  std::coroutine_handle<> coroutine_{};
  detail::arena_handle alive_{nullptr};  // while it waits
};

/// A handle on an arena whose requests can wait; copies share it. What is said of buddy_arena
/// holds. A waiting request keeps the arena alive: when all handles go while coroutines wait, they
/// are served all the same, by the blocks that come back, and the arena ends after the last of
/// them. Made by buddy_arena_builder::build_async.
class async_buddy_arena {
 public:
  /// `co_await arena.allocate(len)`: a buffer as buddy_arena::allocate gives it, when there is one.
  /// Error: request_too_large, at once, which also an empty handle says. Runs on inside the release
  /// that served it: so it must not wait for anything else that this thread has to do.
  /// Thread-safe. Progress: where there is room and nobody waits, as buddy_arena::allocate; else a
  /// look (waiting.hpp), and then suspended.
  [[nodiscard]] allocation<> allocate(std::size_t len) const noexcept {
    return allocate(len, resume_here{});
  }
  /// The same, running on through an executor if it had to wait.
  template <resume_executor Executor>
  [[nodiscard]] allocation<Executor> allocate(std::size_t len, Executor on) const noexcept {
    const request r = ask(len);
    return {r.home, r.order, r.shown, std::move(on)};
  }

  /// The synchronous attempt: buddy_arena::allocate. Takes what is free also while others wait, so
  /// a program that only ever tries can starve those who wait.
  [[nodiscard]] std::expected<buffer, alloc_error> try_allocate(std::size_t len) const noexcept {
    return arena_.allocate(len);
  }
  /// Waits on this thread for at most `patience`; what is not above zero asks once, and nothing is
  /// too long. Errors: request_too_large, at once; arena_full when the time is up. Thread-safe,
  /// blocking; O(1) memory on the stack.
  template <class Rep, class Period>
  [[nodiscard]] std::expected<buffer, alloc_error> allocate_for(
      std::size_t len, std::chrono::duration<Rep, Period> patience) const noexcept {
    return wait_for(len, end_of(std::chrono::duration<double>(patience)), {});
  }
  /// Waits on this thread until there is room, or somebody asks it to stop. Errors:
  /// request_too_large, at once; arena_full when it was stopped. Thread-safe, blocking.
  [[nodiscard]] std::expected<buffer, alloc_error> allocate_wait(
      std::size_t len, const std::stop_token& stop = {}) const noexcept {
    return wait_for(len, std::nullopt, stop);
  }

  /// How many requests wait; exact when no other call runs. Wait-free, O(1).
  [[nodiscard]] std::size_t waiting() const noexcept {
    return arena_.home_ ? room_of(*arena_.home_.get()).waiting() : 0;
  }
  /// The same arena where nothing waits: observers, metrics, resources. A handle of its own.
  [[nodiscard]] const buddy_arena& synchronous() const noexcept { return arena_; }

  /// See buddy_arena.
  [[nodiscard]] std::size_t total_size() const noexcept { return arena_.total_size(); }
  /// See buddy_arena.
  [[nodiscard]] std::size_t min_block_size() const noexcept { return arena_.min_block_size(); }
  /// See buddy_arena.
  [[nodiscard]] unsigned max_order() const noexcept { return arena_.max_order(); }
  /// See buddy_arena.
  [[nodiscard]] const std::byte* base() const noexcept { return arena_.base(); }
  /// See buddy_arena.
  [[nodiscard]] arena_metrics metrics() const noexcept { return arena_.metrics(); }
  /// See buddy_arena.
  [[nodiscard]] bool is_block_free(unsigned order, std::size_t index) const noexcept {
    return arena_.is_block_free(order, index);
  }
  /// See buddy_arena.
  [[nodiscard]] std::size_t free_block_count(unsigned order) const noexcept {
    return arena_.free_block_count(order);
  }
  /// See buddy_arena.
  [[nodiscard]] std::vector<extent> occupancy() const { return arena_.occupancy(); }

  /// Whether both are handles on one arena. Wait-free, O(1).
  friend bool operator==(const async_buddy_arena& a, const async_buddy_arena& b) noexcept {
    return a.arena_ == b.arena_;
  }

 private:
  friend class buddy_arena_builder;
  template <class Executor>
  friend class allocation;

  using steady = std::chrono::steady_clock;
  struct request {
    detail::arena_state* home;  // null: it can never be served
    unsigned order;
    std::size_t shown;
  };

  explicit async_buddy_arena(buddy_arena arena) noexcept : arena_(std::move(arena)) {}

  static detail::any_waiting_room& room_of(const detail::arena_state& home) noexcept {
    return *home.room();
  }
  static buffer filled(detail::arena_state& home, block b, std::size_t shown) noexcept {
    home.open(b, shown);
    return {&home, b, home.address_of(b), shown};
  }

  [[nodiscard]] request ask(std::size_t len) const noexcept {
    detail::arena_state* const home = arena_.home_.get();
    if (home == nullptr) return {nullptr, 0, 0};
    if (len > home->largest()) {
      home->books().failed();
      return {nullptr, 0, 0};
    }
    const unsigned order = buddy_arena::order_for(home->plan(), len);
    return {home, order, home->plan().caps ? len : home->size_of(order)};
  }

  /// None for a patience that no clock could show the end of.
  static std::optional<steady::time_point> end_of(std::chrono::duration<double> patience) noexcept {
    constexpr std::chrono::duration<double> years(1e9);
    const auto now = steady::now();
    if (patience > years) return std::nullopt;
    if (!(patience.count() > 0)) return now;  // and what is no number
    return now + std::chrono::ceil<steady::duration>(patience);
  }

  [[nodiscard]] std::expected<buffer, alloc_error> wait_for(
      std::size_t len, const std::optional<steady::time_point>& end,
      const std::stop_token& stop) const noexcept {
    const request r = ask(len);
    if (r.home == nullptr) return std::unexpected(alloc_error::request_too_large);
    if (room_of(*r.home).waiting() == 0) {
      if (const auto got = r.home->try_take(r.order))
        return filled(*r.home, {r.order, *got}, r.shown);
    }
    const detail::arena_handle alive = arena_.home_;  // whatever becomes of this handle
    detail::thread_waiter one(r.order);
    if (!is_served(*r.home, one, end, stop)) {
      r.home->books().failed();
      return std::unexpected(alloc_error::arena_full);
    }
    return filled(*r.home, {r.order, one.index()}, r.shown);
  }
  /// A block that comes too late is taken all the same.
  static bool is_served(detail::arena_state& home, detail::thread_waiter& one,
                        const std::optional<steady::time_point>& end,
                        const std::stop_token& stop) noexcept {
    room_of(home).enter(home, one);
    {
      const std::stop_callback stops(stop, [&one] { one.stop(); });
      if (one.wait(end)) return true;
    }
    const auto found = room_of(home).leave(home, one);
    if (found == detail::parting::wake_up) one.wait_to_be_woken();
    return found != detail::parting::nothing;
  }

  buddy_arena arena_;
};

template <class Executor>
std::expected<buffer, alloc_error> allocation<Executor>::await_resume() noexcept {
  if (home_ == nullptr) return std::unexpected(alloc_error::request_too_large);
  if (std::exchange(entered_, false)) index_ = native_waiter::index();
  taken_ = false;
  const detail::arena_handle alive = std::exchange(alive_, detail::arena_handle(nullptr));
  return async_buddy_arena::filled(*home_, {order(), index_}, shown_);
}

template <buddy_waiter Waiters>
auto buddy_arena_builder::build_async_with(Waiters waiters) const noexcept
    -> std::expected<async_buddy_arena, build_error> {
  std::unique_ptr<detail::hosted_room<Waiters>> room(
      new (std::nothrow) detail::hosted_room<Waiters>(std::move(waiters)));
  if (room == nullptr) return std::unexpected(build_error::out_of_memory);
  auto made = make(pages_);
  if (!made) return std::unexpected(made.error());
  made->home_->host(std::move(room));
  return async_buddy_arena(*std::move(made));
}

inline std::expected<async_buddy_arena, build_error> buddy_arena_builder::build_async()
    const noexcept {
  return build_async_with(fair_waiters());
}

}  // namespace caiman::v0

#endif  // CAIMAN_REQUIREMENTS_MET
