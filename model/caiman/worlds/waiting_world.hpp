// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// waiting_world.hpp: waiting for room (waiters.hpp, waiting.hpp), as a part
//
//   A<k>  take a block of order k if there is one     E<k>  wait for one
//   P<k>  wait for one, to be woken through an executor, which calls the resumption at once
//   F<i>  give back what the i-th of these got; or, if it still waits, wait no more
//   P<k>  wait for one by a coroutine: its executor calls at once, on whichever thread served it,
//         and it gives the block back there; F<i> of it calls the same resumption once more, and
//         if that does not run it, waits no more. An executor that is asked in the set-up calls
//         nothing: that is left to F<i>
//   L<k>  wait for one, as E<k>, with a limit: another thread may say that it is over
//   R<t>  say so to who waits so of thread t, the last one
//   D     drop the thread's handle
//
// Buddy, ledger and waiting room as an arena puts them together, on the policy under which every
// access is a touch of the arena. Every thread begins with a handle, and every waiter has one. A
// waiter does not block its thread: it is woken by a flag, as a thread is, and looks at it when it
// gives up. So an execution ends with waiters that sleep, and then nobody may sleep beside room
// that is his (S7). Nor may a block go into a stack when its thread must know that somebody waits:
// since the set-up, or when nothing runs. Whoever is at the desk writes a plain variable, and a
// block has one per unit. Whoever is woken on a thread runs when nobody else of the arena does
// there.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <chrono>

#include "arena_sync.hpp"
// then the core
#include "caiman/buddy_core.hpp"
#include "caiman/detail/ledger.hpp"
#include "caiman/detail/turnover.hpp"
#include "caiman/detail/waiting.hpp"
#include "caiman/waiters.hpp"
#include "names.hpp"

namespace caiman::model {

/// Time stands still in an execution: age is the order of arrival.
struct still_clock {
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<still_clock, duration>;
  static time_point now() noexcept { return {}; }
};
/// The shipped one, passed over twice at most, so that small programs get there.
class model_fair_waiters : public basic_fair_waiters<still_clock> {
 public:
  model_fair_waiters() noexcept : basic_fair_waiters({.bound = 2}) {}
};

/// A waiter with a plain variable in the place of its fields: who touches them writes it, so that
/// two who touch them unordered are a data race.
struct watched : waiter {
  using waiter::waiter;
  checked_plain<unsigned> fields{0U};
};

/// For the desk.
struct desk_sync : arena_sync {
  static void touch(waiter& one, location at = location::here()) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-static-cast-downcast): only such ones enter
    static_cast<watched&>(one).fields.store(1, at);
  }
};

/// A policy that sees whether two are at the desk at once, or one has not seen the last one go.
template <class Waiters>
class at_desk {
 public:
  void add(waiter& one) noexcept {
    touch();
    policy_.add(one);
  }
  void remove(waiter& one) noexcept {
    touch();
    policy_.remove(one);
  }
  waiter* pick(unsigned bar) noexcept {
    touch();
    return policy_.pick(bar);
  }
  void serve(waiter& one) noexcept {
    touch();
    policy_.serve(one);
  }
  [[nodiscard]] std::size_t size() const noexcept { return policy_.size(); }

 private:
  void touch(location at = location::here()) noexcept { touched_->store(1, at); }

  Waiters policy_;
  // Not movable, and a policy is.
  std::unique_ptr<checked_plain<unsigned>> touched_ = std::make_unique<checked_plain<unsigned>>(0U);
};

template <class Waiters>
class waiting_world final : public part {
 public:
  explicit waiting_world(const world_spec& spec)
      : tree_(spec.max_order), room_(at_desk<Waiters>()), pool_(spec.pool, model_slots) {
    books_.mark_returns();
    arena_.took();
    handles_[0] = true;
    for (unsigned t = 1; t < settings.threads; ++t) {
      arena_.took();
      books_.add_handle();
      handles_[t] = true;
    }
  }

  void operate(unsigned thread, const operation& op, unsigned owner) override {
    begun_ = threads_run();
    switch (op.what) {
      case operation::kind::release:
        give_up(thread, op.arg);
        return;
      case operation::kind::cut:
        cut(thread, op);
        return;
      case operation::kind::drop:
        if (std::exchange(handles_[thread], false)) drop();
        return;
      case operation::kind::wait:
      case operation::kind::borrow:
      case operation::kind::wait_until:
        need_handle(thread);
        wait(thread, op);
        return;
      case operation::kind::refuse:
        need_handle(thread);
        refuse(thread, op.arg);
        return;
      default:
        need_handle(thread);
        request& r = requests_[owner][count_[owner]++];
        r.order = op.arg;
        if (const auto got = home_.try_take(op.arg)) own(owner, r, *got);
    }
  }

  finding quiescent_fault() override {
    marked_for_all_ = room_.waiting() != 0;
    if (const finding f = asleep()) return f;
    for (unsigned t = 0; t < max_threads; ++t) {
      for (unsigned i = 0; i < count_[t]; ++i) {
        give_up(t, i);
        if (const finding f = asleep()) return f;
      }
    }
    if (!arena_.ended()) {
      if (tree_.largest_free_order() != tree_.max_order()) return {"S3", "a block is lost"};
      if (marked()) return {"S7", "the lines are marked, and nobody waits"};
    }
    for (bool& handle : handles_) {
      if (std::exchange(handle, false)) drop();
    }
    return arena_.fault();
  }

  unsigned take_slot() override { return pool_.take(); }
  void give_slot(unsigned slot) override { pool_.give(slot); }
  unsigned slots_seen() override { return pool_.seen(); }

  std::string name_of(const void* address) const override {
    std::string name = name_in_tree(tree_.inside(), address);
    if (name.empty()) name = name_in_ledger(books_, address);
    if (name.empty()) name = name_in_room(room_, address);
    if (name.empty()) name = name_in_pool(pool_, address);
    if (!name.empty()) return name;
    if (lies_in(arena_, address)) return "what the arena is";
    if (lies_in(units_, address)) return "payload";
    return lies_in(requests_, address) ? "a waiter" : "who is at the desk";
  }
  std::vector<recording::level> levels() const override { return levels_of(tree_.inside()); }

 private:
  static constexpr unsigned most = 16;
  using room = waiting_room<desk_sync, at_desk<Waiters>>;

  struct home {
    waiting_world& all;
    std::expected<std::size_t, alloc_error> try_take(unsigned order) {
      const auto got = all.tree_.allocate(order);
      if (!got) return std::unexpected(got.error());
      all.arena_.took();
      all.books_.took();
      return got->index;
    }
    void await() {
      all.books_.await();
      all.marked_for_all_ = !threads_run();
    }
    void await_no_more() {
      all.marked_for_all_ = false;
      all.books_.await_no_more();
    }
  };
  struct sleeper;
  struct request {
    unsigned order = 0;
    std::size_t index = 0;
    std::size_t kept = 0;  // min blocks, from the first one on
    bool live = false;
    bool borrows = false;
    bool has_limit = false;
    std::optional<sleeper> sleeps{};
  };
  struct sleeper : watched {
    using watched::index;
    using watched::is_refused;
    sleeper(request& its, kind how) : watched(its.order, how), of(its) {}
    request& of;
    bool handed_over = false;
    checked_plain<unsigned> wish{0U};     // written by who waits, then by who wakes it
    checked_atomic<std::uint32_t> woken;  // how its thread is told
    checked_atomic<std::uint64_t> call;   // its ticket, for who has a resumption of it
  };
  /// A call on a thread's stack that wakes waiters: waking_call of hosted_room.hpp.
  class waking_call {
   public:
    waking_call(waiting_world& all, unsigned thread) : outermost_(all.outermost_[thread]) {
      if (outermost_ == nullptr) {
        outermost_ = &wakes;
      } else {
        wakes.here = wakes.behind = outermost_;
      }
    }
    waking_call(const waking_call&) = delete;
    waking_call& operator=(const waking_call&) = delete;
    ~waking_call() {
      if (outermost_ == &wakes) outermost_ = nullptr;
    }
    wake_list wakes;

   private:
    wake_list*& outermost_;
  };

  void need_handle(unsigned thread) const {
    if (!handles_[thread]) report_fault("model", "a thread without a handle uses one");
  }
  void drop() {
    arena_.gives_up();
    if (books_.drop_handle()) arena_.end();
  }

  // ---- waiters ---------------------------------------------------------------------------

  void wait(unsigned thread, const operation& op, location at = location::here()) {
    request& r = requests_[thread][count_[thread]++];
    r.order = op.arg;
    r.borrows = op.what == operation::kind::borrow;
    sleeper& me = r.sleeps.emplace(r, r.borrows ? waiter::kind::posted : waiter::kind::signalled);
    me.wish.store(1, at);
    arena_.took();
    books_.add_handle();
    ++asleep_;
    r.has_limit = op.what == operation::kind::wait_until;
    if (r.has_limit) begin_limit(thread, me);
    waking_call here(*this, thread);
    room_.enter(home_, me, here.wakes);
    wake(thread, here.wakes);
  }
  void wake(unsigned thread, wake_list& wakes, location at = location::here()) {
    while (waiter* const one = room_.next_to_wake(home_, wakes)) {
      auto& up = static_cast<sleeper&>(*one);
      up.wish.store(2, at);
      if (!up.of.borrows) {
        --asleep_;
        up.woken.store(1, std::memory_order_release);
      } else if (std::exchange(up.handed_over, true)) {
        run(thread, up);
      } else {
        const std::uint64_t ticket = up.ticket();
        up.call.store(ticket, std::memory_order_release);
        room_.posted(home_, wakes);
        if (begun_) resume(thread, ticket);
      }
    }
  }
  /// A resumption is called: hosted_room::run.
  void resume(unsigned thread, std::uint64_t ticket) {
    waking_call here(*this, thread);
    waiter* one = room_.claim(home_, ticket, here.wakes);
    while (one == nullptr && here.wakes.served) {
      wake(thread, here.wakes);
      one = room_.claim(home_, ticket, here.wakes);
    }
    if (one == nullptr) return;
    run(thread, static_cast<sleeper&>(*one));
    wake(thread, here.wakes);
  }
  /// It gives its block back where it runs.
  void run(unsigned thread, sleeper& one) {
    if (std::exchange(running_[thread], true)) report_fault("L1", "one runs inside another");
    --asleep_;
    own(thread, one.of, one.index());
    give_back(thread, one.of);
    running_[thread] = false;
    one.woken.store(1, std::memory_order_release);
  }
  // A limit as that of a coroutine (awaiting.hpp): who says that it is over does so while the
  // waiter is there, since the latter does not go before it has ended it.
  void begin_limit(unsigned thread, sleeper& one) {
    limited_[thread] = &one;
    limits_[thread].store(limit::begun, std::memory_order_release);
  }
  void end_limit(unsigned thread) {
    std::uint32_t begun = limit::begun;
    if (limits_[thread].compare_exchange_strong(begun, limit::over, std::memory_order_acq_rel,
                                                std::memory_order_acquire)) {
      return;
    }
    while (limits_[thread].load(std::memory_order_acquire) != limit::over) let_others_run();
  }
  void refuse(unsigned thread, unsigned whose) {
    std::uint32_t begun = limit::begun;
    if (!limits_[whose].compare_exchange_strong(begun, limit::asked, std::memory_order_acq_rel,
                                                std::memory_order_acquire)) {
      return;
    }
    waking_call here(*this, thread);
    room_.refuse(home_, *limited_[whose], here.wakes);
    limits_[whose].store(limit::over, std::memory_order_release);
    wake(thread, here.wakes);
  }
  /// By the thread that has it for itself.
  static std::size_t index_of(sleeper& one, location at = location::here()) {
    desk_sync::touch(one, at);
    return one.index();
  }
  /// Whoever still waits, waits no more; what it got meanwhile, and has not given back, is its
  /// thread's.
  void settle(unsigned thread, request& r, location at = location::here()) {
    sleeper& me = *r.sleeps;
    if (std::exchange(r.has_limit, false)) end_limit(thread_of(r));
    if (r.borrows) {
      const std::uint64_t ticket = me.call.load(std::memory_order_acquire);
      if (ticket != 0) resume(thread, ticket);
    }
    if (me.woken.load(std::memory_order_acquire) == 0) {
      waking_call here(*this, thread);
      const auto found = room_.leave(home_, me, here.wakes);
      if (found == parting::wake_up) {
        while (me.woken.load(std::memory_order_acquire) == 0) let_others_run();
      } else {
        --asleep_;
      }
      wake(thread, here.wakes);
      const bool gave_back = r.borrows && found == parting::wake_up;
      if (found != parting::nothing && !gave_back) own_unless_refused(thread, r);
    } else if (!r.borrows) {
      own_unless_refused(thread, r);
    }
    me.wish.store(0, at);  // it goes
    r.sleeps.reset();
    drop();
  }
  void own_unless_refused(unsigned thread, request& r) {
    const std::size_t index = index_of(*r.sleeps);
    if (!r.sleeps->is_refused()) own(thread, r, index);
  }
  /// Whose it is.
  unsigned thread_of(const request& r) const {
    const auto place = static_cast<std::size_t>(&r - requests_[0].data());
    return static_cast<unsigned>(place / most);
  }
  /// Whether the caller's own stack has it; nobody else can have put it there.
  bool kept_at_hand(block b) const {
    if (arena_sync::stack_depth == 0 || b.order >= model_stack_orders) return false;
    return tree_.inside().lanes().mine().stacks().holds(b.order, b.index);
  }
  /// Quiescent: nobody sleeps who could have what is free, and nobody is forgotten.
  finding asleep() {
    if (asleep_ != room_.waiting()) return {"S7", "a waiter is forgotten"};
    if (asleep_ == 0) return {};
    const waiter* const first = room_.first_choice();
    if (first == nullptr) return {"S7", "there are waiters, and none would be served"};
    if (home_.try_take(first->order())) return {"S7", "a waiter sleeps beside a free block"};
    return {};
  }
  /// Whether a release would look after waiters.
  bool marked() {
    const auto got = home_.try_take(0);
    if (!got) return true;
    arena_.gives_up();
    return return_block<&buddy<arena_sync, 1>::release_owned>(tree_, books_, {0, *got}, [] {}) !=
           duty::none;
  }

  // ---- blocks ----------------------------------------------------------------------------------

  void own(unsigned owner, request& r, std::size_t index, location at = location::here()) {
    r.index = index;
    r.kept = std::size_t{1} << r.order;
    r.live = true;
    for_each_unit(r, [&](unit& u) {
      if (u.owner != nobody) report_fault("S1", "a min block with two owners");
      u.owner = static_cast<int>(owner);
      u.payload.store(owner + 1, at);
    });
  }
  void give_up(unsigned thread, unsigned i, location at = location::here()) {
    if (i >= count_[thread]) return;
    request& r = requests_[thread][i];
    if (r.sleeps) settle(thread, r);
    if (r.live) give_back(thread, r, at);
  }
  /// All but the first min blocks of a live block goes back.
  void cut(unsigned thread, const operation& op, location at = location::here()) {
    if (op.arg >= count_[thread] || !requests_[thread][op.arg].live) return;
    request& r = requests_[thread][op.arg];
    const std::size_t before = r.kept;
    if (op.keep >= before) report_fault("model", "a block that cannot be cut so");
    for (std::size_t i = op.keep; i < before; ++i) {
      unit& u = units_[(r.index << r.order) + i];
      u.owner = nobody;
      u.payload.store(0, at);
    }
    r.kept = op.keep;
    return_tail(
        tree_, books_, {r.order, r.index}, op.keep, before, [] {}, [&] { serve(thread); });
  }
  void serve(unsigned thread) {
    waking_call here(*this, thread);
    room_.serve(home_, here.wakes);
    wake(thread, here.wakes);
  }
  void give_back(unsigned thread, request& r, location at = location::here()) {
    r.live = false;
    for_each_unit(r, [&](unit& u) {
      u.owner = nobody;
      u.payload.store(0, at);
    });
    arena_.gives_up();
    const block back{r.order, r.index};
    const auto scrub = [] { mortal::touch(); };
    const bool whole = r.kept == std::size_t{1} << r.order;
    const duty next = !whole                   ? return_part(tree_, books_, back, r.kept, scrub)
                      : books_.seems_awaited() ? return_past_stacks(tree_, books_, back, scrub)
                                               : return_block<&buddy<arena_sync, 1>::release_owned>(
                                                     tree_, books_, back, scrub);
    const auto look = [&] {
      if (marked_for_all_ && kept_at_hand(back)) report_fault("S7", "it is kept from who waits");
      serve(thread);
    };
    if (ends_after(next, books_, look)) arena_.end();
  }

  struct limit {
    static constexpr std::uint32_t none = 0, begun = 1, asked = 2, over = 3;
  };
  static constexpr int nobody = -1;
  struct unit {
    int owner = nobody;
    checked_plain<unsigned> payload{0U};
  };
  template <class F>
  void for_each_unit(const request& r, F f) {
    const std::size_t first = r.index << r.order;
    for (std::size_t i = first; i < first + r.kept; ++i) f(units_[i]);
  }

  mortal arena_;
  buddy<arena_sync, 1> tree_;
  ledger<arena_sync> books_{arena_sync::home{}};
  room room_;
  home home_{*this};
  slot_pool<checked_sync> pool_;  // of the process, not of the arena
  std::array<bool, max_threads> handles_{};
  std::array<wake_list*, max_threads> outermost_{};
  std::array<bool, max_threads> running_{};
  bool begun_ = false;  // the set-up is over
  std::array<std::array<request, most>, max_threads> requests_;
  std::array<unsigned, max_threads> count_{};
  std::array<sleeper*, max_threads> limited_{};  // before its limit has begun
  std::array<checked_atomic<std::uint32_t>, max_threads> limits_{};
  std::array<unit, 8> units_;
  unsigned asleep_ = 0;          // who entered, and was neither woken nor taken out
  bool marked_for_all_ = false;  // the lines are marked, and every thread knows
};

}  // namespace caiman::model
