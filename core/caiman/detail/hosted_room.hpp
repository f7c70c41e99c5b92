// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// hosted_room.hpp: the place in an arena where requests wait
//
// The waiting room (waiting.hpp) with a policy, behind virtual calls, so that an arena need not
// know the policy; each call wakes whom it served. What says who runs on a thread is a variable of
// the thread, and every shared object may have its own: so only the virtual calls know of it, which
// are all those of the object that made the arena. Not part of the public surface.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <cstddef>
#include <cstdint>
#include <utility>

#include "caiman/detail/alarms.hpp"
#include "caiman/detail/arena_state.hpp"
#include "caiman/detail/waiting.hpp"
#include "caiman/native_sync.hpp"
#include "caiman/waiters.hpp"

namespace caiman::inline v0::detail {

// Nobody destroys a waiter by its base: the destructors of both are no part of what is polymorphic.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
/// A waiter that can be woken.
class native_waiter : public waiter {
 public:
  using waiter::index;
  using waiter::is_refused;
  using waiter::refuse_at_once;
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
  void refuse(arena_state& home, native_waiter& one, alarm_clock* by) noexcept override {
    then_wake(home, [&](wake_list& wakes) {
      room_.refuse(home, one, wakes);
      if (by != nullptr) by->rung();
    });
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
  [[nodiscard]] bool set_alarm(alarm_entry& one) noexcept override { return clock_.set(one); }
  void stop_alarm(alarm_entry& one) noexcept override { clock_.stop(one); }

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
  alarm_clock clock_{};
};

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
