// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// waiting.hpp: no waiter is forgotten
//
// A request without room puts a waiter into the inbox, a lock-free stack, and asks for a look.
// A return that meets the mark "awaited" (ledger.hpp) asks the desk to look as well. One thread
// at a time is at the desk; a thread that asks meanwhile leaves a note and goes on, and the
// one at the desk looks once more before it leaves. So neither a newcomer nor a release waits for
// it; only a thread that takes its waiter out, or wakes one, must have the desk to itself. That one
// sleeps until it has, so that the one there gets on whatever its priority: it leaves a note of
// that as well, and the thread that leaves the desk wakes a sleeper. That one cannot know
// whether it was the only one, so it wakes another one when it leaves.
//
//   look   empty the inbox into the policy's hands; if somebody waits, see that the lines of the
//          ledger are marked; then try for one waiter after the other, as the policy picks them,
//          until it says that nobody else can be served.
//
// While somebody waits, a release goes past its thread's owner stack into the tree: it looks at its
// line before it releases (turnover.hpp). That look may be late either way, and no wake-up hangs on
// it.
//
// No wake-up is lost, since every return has either happened before the marking, and then the look
// behind it finds the block, in whatever stack or word it lies, since a refusal drains and sweeps
// first (tree.hpp): so registering drains the stacks; or it meets the mark, and asks for a look of
// its own. A refusal that says "contended" says nothing, so the look tries again. It may not leave
// that to the one in whose move the room is: that one need not be a release, and would have to look
// after every split and sweep, behind a fence, whether somebody was told so. So it rests between
// two tries, and the other one gets on. Taking a waiter out may end what room was kept for, so that
// asks for a look, too. One may be refused by another thread while its own has not entered it yet:
// only the desk knows that, from its number, which it gives to those whom it has seen.
//
// A waiter that is posted has its block, and a call on whatever thread that shall run it. Meanwhile
// it can be taken out as any other, so only the desk may touch it; one handing it over has the desk
// until it has read what it needs.
//
// A look serves as many as there is room for, and is refused at most once per order. A thread at
// the desk does one look for itself and one for all that asked meanwhile, and so on.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <cstddef>
#include <cstdint>
#include <utility>

#include "caiman/detail/attributes.hpp"
#include "caiman/error.hpp"
#include "caiman/sync.hpp"
#include "caiman/waiters.hpp"

namespace caiman::inline v0::detail {

using protocol::site;

/// Those who have a block and are still to be woken, by the thread that served them.
struct wake_list {
  wake_list() noexcept = default;
  wake_list(const wake_list&) = delete;
  wake_list& operator=(const wake_list&) = delete;
  ~wake_list() = default;

  waiter_list all{};       ///< To be woken by the call that has this list.
  wake_list* here = this;  ///< Where those go that run on this thread: perhaps a call further out.
  wake_list* behind = this;  ///< Where those go whose turn it is while this thread runs another.
  bool served = false;       ///< Whether anybody was put into `all` since it was found empty.
};

/// Those who wait for room in one arena, and the desk. All may be called by any threads at once.
/// `Home` is the arena: `try_take(order)` gives an index or says why not, `await()` and
/// `await_no_more()` are the ledger's. Every caller keeps the arena from ending meanwhile.
template <class Sync, class Waiters>
class waiting_room {
  static_assert(sleep_policy<Sync> && buddy_waiter<Waiters>);

 public:
  /// What the desk and the inbox are made of.
  using cell = typename Sync::template atomic<std::uint64_t>;

  /// Nobody waits.
  explicit waiting_room(Waiters policy) noexcept : waiters_(std::move(policy)) {}
  waiting_room(const waiting_room&) = delete;
  waiting_room& operator=(const waiting_room&) = delete;
  ~waiting_room() = default;

  /// How many wait; exact when no other call runs. Wait-free, O(1).
  [[nodiscard]] std::size_t waiting() const noexcept {
    return static_cast<std::size_t>(count_.load(Sync::order(site::waiting_count)));
  }

  /// `one` waits from now on, and may be woken, and gone, before this returns. Lock-free, and a
  /// look.
  template <class Home>
  void enter(Home& home, waiter& one, wake_list& wakes) noexcept {
    mine(one).state_ = waiter::state::waits;
    const std::uint64_t at = offset_of(one);
    std::uint64_t top = inbox_.load(Sync::order(site::inbox_look));
    do {
      one.next_ = waiter_at(top);
    } while (!inbox_.compare_exchange_strong(top, at, Sync::order(site::inbox_push),  // (12)
                                             Sync::order(site::inbox_look)));
    serve(home, wakes);
  }

  /// A look, by this thread or, if another one is at the desk, by that one. Never waits; work: see
  /// above.
  template <class Home>
  void serve(Home& home, wake_list& wakes) noexcept {
    // (12) releases what the caller did, to the one who is there
    if ((desk_.fetch_or(taken | again, Sync::order(site::desk_ask)) & taken) != 0) return;
    do {
      look_again(home, wakes);
    } while (!left());
  }

  /// Takes `one` out. Blocking against a thread at the desk.
  template <class Home>
  parting leave(Home& home, waiter& one, wake_list& wakes) noexcept {
    lock();
    empty_inbox(wakes);
    parting found = parting::wake_up;
    if (mine(one).state_ == waiter::state::waits) {
      found = parting::nothing;
      waiters_.remove(one);
      one.state_ = waiter::state::apart;
      look(home, wakes);  // room was perhaps kept for it
    } else if (one.state_ != waiter::state::woken) {
      found = one.refused_ ? parting::nothing : parting::block;
      waiter_list::remove(one);
      one.state_ = waiter::state::apart;
    }
    leave_desk(home, wakes);
    return found;
  }

  /// `one` gives up where it stands: if it still waits, or is still to enter, it is woken as those
  /// are who are served, but without a block; if it has one already, it keeps that. The caller sees
  /// to it that it is there meanwhile. Blocking against a thread at the desk.
  template <class Home>
  void refuse(Home& home, waiter& one, wake_list& wakes) noexcept {
    lock();
    empty_inbox(wakes);
    if (one.ticket_ == 0) {
      one.refused_ = true;  // the look that finds it will see that
    } else if (mine(one).state_ == waiter::state::waits) {
      waiters_.remove(one);
      one.refused_ = true;
      give_to(where_to_wake(one, wakes), one);
      look(home, wakes);  // room was perhaps kept for it
    }
    leave_desk(home, wakes);
  }

  /// The next of those that this thread served and has to wake, or null. It is `woken` now; or it
  /// is `posted`, and the caller is at the desk: it reads what it needs of it, and says posted().
  /// Blocking against the thread at the desk.
  template <class Home>
  waiter* next_to_wake(Home& home, wake_list& wakes) noexcept {
    while (wakes.served) {
      lock();
      waiter* const one = wakes.all.first();
      if (one == nullptr) {
        wakes.served = false;  // but the way from the desk may serve more
      } else {
        waiter_list::remove(*one);
        if (mine(*one).kind_ == waiter::kind::posted) {
          post(*one);
          return one;
        }
        one->state_ = waiter::state::woken;
      }
      leave_desk(home, wakes);
      if (one != nullptr) return one;
    }
    return nullptr;
  }
  /// From now on the one that is posted may go at any time. A look, if somebody has asked for it.
  template <class Home>
  void posted(Home& home, wake_list& wakes) noexcept {
    leave_desk(home, wakes);
  }
  /// The waiter that was posted under this ticket, and is `woken` now; null if it is there no more,
  /// or must run behind another one, and comes to that one's call from next_to_wake; or if this
  /// served others, which come first, since they may take it out: ask again when they are woken.
  /// Blocking, as next_to_wake; O(posted).
  template <class Home>
  waiter* claim(Home& home, std::uint64_t ticket, wake_list& wakes) noexcept {
    const bool now = wakes.behind == &wakes;
    do {
      lock();
      waiter* one = posted_.first();
      while (one != nullptr && one->ticket_ != ticket) one = waiter_list::next(*one);
      if (one == nullptr || !now) {
        if (one != nullptr) put_behind(*one, *wakes.behind);
        leave_desk(home, wakes);
        return nullptr;
      }
      waiter_list::remove(*one);
      mine(*one).state_ = waiter::state::woken;
      if (left()) return one;
      post(*one);
      look_again(home, wakes);
      leave_desk(home, wakes);
    } while (!wakes.served);
    return nullptr;
  }

  /// Whom the policy would serve if there were room; for checks, when no other call runs.
  [[nodiscard]] waiter* first_choice() noexcept { return waiters_.pick(no_bar); }

 private:
  static constexpr std::uint64_t taken = 1;
  static constexpr std::uint64_t again = 2;
  static constexpr std::uint64_t asleep = 4;  // perhaps; never without `taken`
  static constexpr unsigned no_bar = ~0U;

  // What a waiter holds is the caller's alone: its own before it has entered, else that of who is
  // at the desk. A policy of a checker may want to see whether that is so (sync.hpp).
  static waiter& mine(waiter& one) noexcept {
    if constexpr (requires { Sync::touch(one); }) Sync::touch(one);
    return one;
  }

  // Places relative to this object, so that an execution of a checker is the same wherever it lies.
  // 0 is nobody: a waiter lies elsewhere.
  std::uint64_t offset_of(const waiter& one) const noexcept {
    return reinterpret_cast<std::uintptr_t>(&one) - own_offset();
  }
  waiter* waiter_at(std::uint64_t offset) const noexcept {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): a policy's atomics are numbers
    return offset == 0 ? nullptr : reinterpret_cast<waiter*>(offset + own_offset());
  }
  std::uint64_t own_offset() const noexcept { return reinterpret_cast<std::uintptr_t>(this); }

  // ---- the desk ------------------------------------------------------------------------------

  void lock() noexcept {
    std::uint64_t now = 0;
    if (!desk_.compare_exchange_strong(now, taken, Sync::order(site::desk_lock),  // (12)
                                       Sync::order(site::desk_failed))) [[unlikely]] {
      sleep_for_desk(now);
    }
  }
  /// Sleeps only where the desk says that somebody does: the one that leaves it then wakes one.
  CAIMAN_COLD void sleep_for_desk(std::uint64_t now) noexcept {
    for (std::uint64_t mine = taken;;) {
      if ((now & taken) == 0) {
        if (desk_.compare_exchange_strong(now, mine, Sync::order(site::desk_lock),  // (12)
                                          Sync::order(site::desk_failed))) {
          return;
        }
      } else if ((now & asleep) != 0 ||
                 desk_.compare_exchange_strong(now, now | asleep, Sync::order(site::desk_sleep),
                                               Sync::order(site::desk_failed))) {
        Sync::sleep(desk_, now | asleep);
        mine = taken | asleep;  // there may be others
        now = 0;
      }
    }
  }
  /// False if somebody has asked for a look meanwhile.
  bool left() noexcept {
    std::uint64_t now = taken;
    while (!desk_.compare_exchange_strong(now, 0, Sync::order(site::desk_leave),  // (12)
                                          Sync::order(site::desk_failed))) {
      if ((now & again) != 0) return false;
    }
    if ((now & asleep) != 0) [[unlikely]]
      Sync::wake(desk_);
    return true;
  }
  template <class Home>
  void leave_desk(Home& home, wake_list& wakes) noexcept {
    while (!left()) look_again(home, wakes);
  }
  template <class Home>
  void look_again(Home& home, wake_list& wakes) noexcept {
    desk_.fetch_and(~again, Sync::order(site::desk_again));  // (12)
    empty_inbox(wakes);
    look(home, wakes);
  }

  // ---- at the desk -----------------------------------------------------------------------------

  void empty_inbox(wake_list& wakes) noexcept {
    waiter* newest = waiter_at(inbox_.exchange(0, Sync::order(site::inbox_take)));  // (12)
    waiter* oldest = nullptr;
    while (newest != nullptr) {
      waiter* const older = std::exchange(newest->next_, oldest);
      oldest = std::exchange(newest, older);
    }
    while (oldest != nullptr) {
      waiter* const next = oldest->next_;
      mine(*oldest).ticket_ = ++tickets_;
      if (oldest->refused_) {
        give_to(where_to_wake(*oldest, wakes), *oldest);
      } else {
        waiters_.add(*oldest);
      }
      oldest = next;
    }
  }

  template <class Home>
  void look(Home& home, wake_list& wakes) noexcept {
    if (waiters_.size() != 0 && !std::exchange(awaited_, true)) home.await();  // (11)
    unsigned bar = no_bar;
    unsigned rests = 0;
    while (waiter* const one = waiters_.pick(bar)) {
      const auto got = home.try_take(one->order_);
      if (got) {
        grant(*one, *got, wakes);
      } else if (got.error() == alloc_error::contended) {
        Sync::rest(rests++);
      } else {
        bar = one->order_;
      }
    }
    if (waiters_.size() == 0 && std::exchange(awaited_, false)) home.await_no_more();
    count_.store(waiters_.size(), Sync::order(site::waiting_count));
  }

  /// Somebody has its ticket.
  void post(waiter& one) noexcept {
    mine(one).state_ = waiter::state::posted;
    posted_.push_back(one);
  }
  /// One that was posted, and is called while this thread runs another one: as if it had been
  /// served by the call that runs that one, to run on this thread.
  static void put_behind(waiter& one, wake_list& by) noexcept {
    waiter_list::remove(one);
    mine(one).kind_ = waiter::kind::runs_here;
    give_to(by, one);
  }

  void grant(waiter& one, std::size_t index, wake_list& wakes) noexcept {
    waiters_.serve(one);
    mine(one).index_ = index;
    give_to(where_to_wake(one, wakes), one);
  }
  static wake_list& where_to_wake(const waiter& one, wake_list& wakes) noexcept {
    return one.kind_ == waiter::kind::runs_here ? *wakes.here : wakes;
  }
  /// One that waits no more: `by` is to wake it.
  static void give_to(wake_list& by, waiter& one) noexcept {
    one.state_ = waiter::state::granted;
    by.all.push_back(one);
    by.served = true;
  }

  cell desk_{0};
  cell inbox_{0};
  cell count_{0};
  // What follows is for the thread at the desk.
  Waiters waiters_;
  waiter_list posted_{};
  std::uint64_t tickets_ = 0;
  bool awaited_ = false;
};

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
