// ---------------------------------------------------------------------------------------------
// waiting.hpp: no waiter is forgotten
//
// Who finds no room puts a waiter into the inbox, a lock-free stack, and asks the desk to look.
// Who returns a block and meets the mark "awaited" (ledger.hpp) asks the desk to look. One thread
// at a time is at the desk; whoever asks while somebody is there leaves a note and goes on, and the
// one at the desk looks once more before it leaves. So neither a newcomer nor a release waits for
// it; only who takes its waiter out again, or wakes one, must have the desk to itself.
//
//   look   empty the inbox into the policy's hands; if somebody waits, see that the lines are
//   marked;
//          then try for one waiter after the other, as the policy picks them, until it says that
//          nobody else can be served.
//
// While somebody waits, a release goes past its thread's owner stack into the tree: it looks at its
// line before it releases (turnover.hpp). That look may be late either way, and no wake-up hangs on
// it.
//
// No wake-up is lost, since every return has either happened before the marking, and then the look
// behind it finds the block, in whatever stack or word it lies, since a refusal drains and sweeps
// first (tree.hpp): so registering drains the stacks; or it meets the mark, and asks for a look of
// its own. A refusal that says "contended" says nothing, so the look tries again. Taking a waiter
// out may end what room was kept for, so that asks for a look, too.
//
// A look serves as many as there is room for, and is refused at most once per order. Who is at the
// desk does one look for itself and one for all that asked meanwhile, and so on.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <cstddef>
#include <cstdint>
#include <utility>

#include "caiman/error.hpp"
#include "caiman/sync.hpp"
#include "caiman/waiters.hpp"

namespace caiman {

/// Those who have a block and are still to be woken, by the thread that served them.
struct wake_list {
  wake_list() noexcept = default;
  wake_list(const wake_list&) = delete;
  wake_list& operator=(const wake_list&) = delete;
  ~wake_list() = default;

  waiter_list all;         ///< To be woken by the call that has this list.
  wake_list* here = this;  ///< Where those go that run on this thread: perhaps a call further out.
  bool served = false;     ///< Whether anybody was put into `all` since it was found empty.
};

/// Those who wait for room in one arena, and the desk. All may be called by any threads at once.
/// `Home` is the arena: `take(order)` gives an index or says why not, `await()` and
/// `await_no_more()` are the ledger's. Every caller keeps the arena from ending meanwhile.
template <class Sync, class Waiters>
class waiting_room {
  static_assert(sync_policy<Sync> && buddy_waiter<Waiters>);

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
    one.state_ = waiter::state::waits;
    const std::uint64_t at = place_of(one);
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

  /// Takes `one` out. Blocking against who is at the desk, and while `one` is being posted.
  template <class Home>
  parting leave(Home& home, waiter& one, wake_list& wakes) noexcept {
    for (;;) {
      lock();
      empty_inbox();
      parting found = parting::wake_up;
      if (one.state_ == waiter::state::waits) {
        found = parting::nothing;
        waiters_.remove(one);
        one.state_ = waiter::state::apart;
        look(home, wakes);  // room was perhaps kept for it
      } else if (one.state_ != waiter::state::woken && !one.posting_) {
        found = parting::block;
        waiter_list::remove(one);
        one.state_ = waiter::state::apart;
      }
      const bool posting = one.posting_;
      leave_desk(home, wakes);
      if (!posting) return found;
      Sync::pause(yielding);
    }
  }

  /// The next of those that this thread served and has to wake, or null. Its state is `woken`, or,
  /// when it is to be `posted`, that; then the caller must say posted() before it goes on. Blocking
  /// against who is at the desk.
  template <class Home>
  waiter* next_to_wake(Home& home, wake_list& wakes) noexcept {
    waiter* one = nullptr;
    while (one == nullptr && wakes.served) {
      lock();
      one = wakes.all.first();
      if (one == nullptr) {
        wakes.served = false;  // but the way from the desk may serve more
      } else {
        waiter_list::remove(*one);
        one->posting_ = one->kind_ == waiter::kind::posted;
        one->state_ = one->posting_ ? waiter::state::posted : waiter::state::woken;
        if (one->posting_) posted_.push_back(*one);
      }
      leave_desk(home, wakes);
    }
    return one;
  }
  /// Nobody will touch `one` any more but who has its ticket. Blocking, as next_to_wake.
  template <class Home>
  void posted(Home& home, waiter& one, wake_list& wakes) noexcept {
    lock();
    one.posting_ = false;
    leave_desk(home, wakes);
  }
  /// Who was posted under this ticket, and is `woken` now; null if it is there no more. Blocking,
  /// as next_to_wake; O(posted).
  template <class Home>
  waiter* claim(Home& home, std::uint64_t ticket, wake_list& wakes) noexcept {
    lock();
    waiter* one = posted_.first();
    while (one != nullptr && one->ticket_ != ticket) one = waiter_list::next(*one);
    if (one != nullptr) {
      waiter_list::remove(*one);
      one->state_ = waiter::state::woken;
    }
    leave_desk(home, wakes);
    return one;
  }

  /// Whom the policy would serve if there were room; for checks, when no other call runs.
  [[nodiscard]] waiter* first_choice() noexcept { return waiters_.pick(no_bar); }

 private:
  static constexpr std::uint64_t taken = 1;
  static constexpr std::uint64_t again = 2;
  static constexpr unsigned no_bar = ~0U;
  static constexpr unsigned yielding =
      4;  // a round from which on Sync::pause gives the processor up

  // Places relative to this object, so that an execution of a checker is the same wherever it lies.
  // 0 is nobody: a waiter lies elsewhere.
  std::uint64_t place_of(const waiter& one) const noexcept {
    return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&one)) - own_place();
  }
  waiter* waiter_at(std::uint64_t place) const noexcept {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): a policy's atomics are numbers
    return place == 0 ? nullptr : reinterpret_cast<waiter*>(place + own_place());
  }
  std::uint64_t own_place() const noexcept {
    return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(this));
  }

  // ---- the desk ------------------------------------------------------------------------------

  void lock() noexcept {
    for (unsigned round = 0;; round += round < yielding ? 1 : 0) {
      std::uint64_t free = 0;
      if (desk_.compare_exchange_strong(free, taken, Sync::order(site::desk_lock),  // (12)
                                        Sync::order(site::desk_failed))) {
        return;
      }
      Sync::pause(round);
    }
  }
  /// False if somebody has asked for a look meanwhile.
  bool left() noexcept {
    std::uint64_t now = taken;
    return desk_.compare_exchange_strong(now, 0, Sync::order(site::desk_leave),  // (12)
                                         Sync::order(site::desk_failed));
  }
  template <class Home>
  void leave_desk(Home& home, wake_list& wakes) noexcept {
    while (!left()) look_again(home, wakes);
  }
  template <class Home>
  void look_again(Home& home, wake_list& wakes) noexcept {
    desk_.fetch_and(~again, Sync::order(site::desk_again));  // (12)
    empty_inbox();
    look(home, wakes);
  }

  // ---- at the desk -----------------------------------------------------------------------------

  void empty_inbox() noexcept {
    waiter* newest = waiter_at(inbox_.exchange(0, Sync::order(site::inbox_take)));  // (12)
    waiter* oldest = nullptr;
    while (newest != nullptr) {
      waiter* const older = std::exchange(newest->next_, oldest);
      oldest = std::exchange(newest, older);
    }
    while (oldest != nullptr) {
      waiter* const next = oldest->next_;
      oldest->ticket_ = ++tickets_;
      waiters_.add(*oldest);
      oldest = next;
    }
  }

  template <class Home>
  void look(Home& home, wake_list& wakes) noexcept {
    if (waiters_.size() != 0 && !std::exchange(awaited_, true)) home.await();  // (11)
    unsigned bar = no_bar;
    while (waiter* const one = waiters_.pick(bar)) {
      const auto got = home.take(one->order_);
      if (got) {
        grant(*one, *got, wakes);
      } else if (got.error() == alloc_error::contended) {
        Sync::pause(yielding);
      } else {
        bar = one->order_;
      }
    }
    if (waiters_.size() == 0 && std::exchange(awaited_, false)) home.await_no_more();
    count_.store(waiters_.size(), Sync::order(site::waiting_count));
  }

  void grant(waiter& one, std::size_t index, wake_list& wakes) noexcept {
    waiters_.serve(one);
    one.index_ = index;
    one.state_ = waiter::state::granted;
    wake_list& by = one.kind_ == waiter::kind::runs_here ? *wakes.here : wakes;
    by.all.push_back(one);
    by.served = true;
  }

  cell desk_{0};
  cell inbox_{0};
  cell count_{0};
  // What follows is for who is at the desk.
  Waiters waiters_;
  waiter_list posted_;
  std::uint64_t tickets_ = 0;
  bool awaited_ = false;
};

}  // namespace caiman

#endif  // CAIMAN_REQUIREMENTS_MET
