// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// waiters.hpp: who waits for room, and who is served next
//
// A waiter is a node in the memory of the one who waits: nothing here allocates. The policies order
// them; each is a plain data structure, called by one thread at a time (waiting.hpp has the desk at
// which it is). All three keep a queue per order and differ in which queue's head they pick:
//
//   fair_waiters   by age, with a bonus for large orders and for long queues; one that was passed
//                  over too often is served next, and room is kept until it can be
//   fifo_waiters   by age alone: room is kept for the oldest
//   stack_waiters  the newest that can be served: nobody is passed over by an older one, and
//                  nothing is kept; those at the bottom may wait for ever
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace caiman::inline v0 {

namespace detail {
class waiter_list;
template <class Sync, class Waiters>
class waiting_room;

/// What a waiter that waits no more leaves with.
enum class parting : unsigned char {
  nothing,  ///< It was still waiting.
  block,    ///< It has a block, which is now its owner's.
  wake_up   ///< It is just being woken; nothing has changed.
};
}  // namespace detail

/// One request that waits. In the memory of its owner, who takes it out before that memory
/// goes.
class waiter {
 public:
  /// Where it stands. Changes at the desk only.
  enum class state : unsigned char {
    apart,    ///< Nobody knows of it.
    waits,    ///< In the policy's hands.
    granted,  ///< It has its block, or is refused one, and is still to be woken.
    posted,   ///< The same, and its wake-up is on its way to where it shall run.
    woken     ///< Being woken; nobody else touches it any more.
  };

  /// What it means to wake it.
  enum class kind : unsigned char {
    signalled,  ///< A thread of its own goes on.
    runs_here,  ///< It runs on the waking thread.
    posted      ///< Its wake-up is handed to somebody, and takes effect when that one claims it.
  };

  /// Waiters in a row, for a policy to keep them in: push_back, remove, first, last, next, size and
  /// empty, all O(1) and without heap. One thread at a time.
  using list = detail::waiter_list;

  /// For a block of `order`.
  explicit waiter(unsigned order, kind how = kind::signalled) noexcept
      : order_(order), kind_(how) {}
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;

  /// What it wants. Wait-free.
  [[nodiscard]] unsigned order() const noexcept { return order_; }
  /// Its number: they count upwards in the order of arrival. Wait-free.
  [[nodiscard]] std::uint64_t ticket() const noexcept { return ticket_; }
  /// For the policy to use as it likes. Wait-free.
  [[nodiscard]] std::int64_t stamp() const noexcept { return stamp_; }
  /// The same.
  void stamp(std::int64_t value) noexcept { stamp_ = value; }

 protected:
  ~waiter() = default;
  /// Of the block that it was granted.
  [[nodiscard]] std::size_t index() const noexcept { return index_; }
  /// Whether it was woken without one.
  [[nodiscard]] bool is_refused() const noexcept { return refused_; }
  /// Of one that has not entered yet: it will be woken without a block as soon as it has.
  void refuse_at_once() noexcept { refused_ = true; }

 private:
  friend class detail::waiter_list;
  template <class Sync, class Waiters>
  friend class detail::waiting_room;

  waiter* next_ = nullptr;
  waiter* previous_ = nullptr;
  detail::waiter_list* in_ = nullptr;
  unsigned order_;
  kind kind_;
  state state_ = state::apart;
  bool refused_ = false;
  std::uint64_t ticket_ = 0;
  std::int64_t stamp_ = 0;
  std::size_t index_ = 0;
};

namespace detail {
/// Waiters in a row. One thread at a time. All is wait-free, and O(1).
class waiter_list {
 public:
  // NOLINTNEXTLINE(modernize-use-equals-default): that would zero all of it first
  waiter_list() noexcept {}
  /// Only an empty one can be moved.
  waiter_list(waiter_list&& empty) noexcept : waiter_list() { (void)empty; }
  waiter_list(const waiter_list&) = delete;
  waiter_list& operator=(waiter_list&&) = delete;
  waiter_list& operator=(const waiter_list&) = delete;
  ~waiter_list() = default;

  /// Whether nobody is in it.
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  /// How many are in it.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// The first, or null.
  [[nodiscard]] waiter* first() const noexcept { return first_; }
  /// The last, or null.
  [[nodiscard]] waiter* last() const noexcept { return last_; }
  /// The one behind it, or null.
  [[nodiscard]] static waiter* next(const waiter& one) noexcept { return one.next_; }

  /// Puts one behind the others. It is in no list yet.
  void push_back(waiter& one) noexcept {
    one.in_ = this;
    one.next_ = nullptr;
    one.previous_ = last_;
    (last_ == nullptr ? first_ : last_->next_) = &one;
    last_ = &one;
    ++size_;
  }
  /// Takes one out of the list that it is in.
  static void remove(waiter& one) noexcept {
    waiter_list& from = *one.in_;
    (one.previous_ == nullptr ? from.first_ : one.previous_->next_) = one.next_;
    (one.next_ == nullptr ? from.last_ : one.next_->previous_) = one.previous_;
    one.next_ = one.previous_ = nullptr;
    one.in_ = nullptr;
    --from.size_;
  }

 private:
  waiter* first_ = nullptr;
  waiter* last_ = nullptr;
  std::size_t size_ = 0;
};
}  // namespace detail

/// What a policy for waiters has to offer. All is called by one thread at a time, and neither
/// waits, nor throws, nor calls the arena.
///  - `add(one)`: takes a waiter into its hands; they arrive in the order of their tickets.
///  - `remove(one)`: gives one back that will wait no more.
///  - `pick(bar)`: whom to serve next. There is no room for orders from `bar` up, so it must be of
///    an order below; null if there is nobody, or if what room there is shall be kept for somebody
///    else. Asked again until it says null; a waiter that it names is tried, and then either served
///    or the bar is at its order.
///  - `serve(one)`: gives back one that it picked, which was served.
///  - `size()`: how many are in its hands.
/// Movable while nobody is in its hands.
template <class W>
concept buddy_waiter = std::is_nothrow_move_constructible_v<W> &&
    requires(W w, const W& known, waiter& one, unsigned bar) {
  { w.add(one) }
  noexcept;
  { w.remove(one) }
  noexcept;
  { w.pick(bar) }
  noexcept->std::same_as<waiter*>;
  { w.serve(one) }
  noexcept;
  { known.size() }
  noexcept->std::same_as<std::size_t>;
};

namespace detail {
/// A queue per order.
class waiter_queues {
 public:
  static constexpr unsigned orders = 33;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void add(waiter& one) noexcept {
    queues_[one.order()].push_back(one);
    ++size_;
  }
  void remove(waiter& one) noexcept {
    waiter_list::remove(one);
    --size_;
  }
  [[nodiscard]] const waiter_list& of(unsigned order) const noexcept { return queues_[order]; }

 private:
  std::array<waiter_list, orders> queues_{};
  std::size_t size_ = 0;
};
}  // namespace detail

/// First come, first served: while there is no room for the oldest, nobody is served. Nobody
/// starves, and much may lie free meanwhile. `pick` is O(orders), the rest O(1).
class fifo_waiters {
 public:
  void add(waiter& one) noexcept { queues_.add(one); }        ///< See buddy_waiter.
  void remove(waiter& one) noexcept { queues_.remove(one); }  ///< See buddy_waiter.
  void serve(waiter& one) noexcept { queues_.remove(one); }   ///< See buddy_waiter.
  /// See buddy_waiter.
  [[nodiscard]] std::size_t size() const noexcept { return queues_.size(); }
  /// See buddy_waiter.
  [[nodiscard]] waiter* pick(unsigned bar) noexcept {
    waiter* oldest = nullptr;
    for (unsigned order = 0; order < detail::waiter_queues::orders; ++order) {
      waiter* const first = queues_.of(order).first();
      if (first != nullptr && (oldest == nullptr || first->ticket() < oldest->ticket())) {
        oldest = first;
      }
    }
    return oldest != nullptr && oldest->order() < bar ? oldest : nullptr;
  }

 private:
  detail::waiter_queues queues_{};
};

/// The newest first that can be served: its memory is the warmest, and nothing lies free that
/// anybody could have. The first to come may starve. `pick` is O(orders), the rest O(1).
class stack_waiters {
 public:
  void add(waiter& one) noexcept { queues_.add(one); }        ///< See buddy_waiter.
  void remove(waiter& one) noexcept { queues_.remove(one); }  ///< See buddy_waiter.
  void serve(waiter& one) noexcept { queues_.remove(one); }   ///< See buddy_waiter.
  /// See buddy_waiter.
  [[nodiscard]] std::size_t size() const noexcept { return queues_.size(); }
  /// See buddy_waiter.
  [[nodiscard]] waiter* pick(unsigned bar) noexcept {
    waiter* newest = nullptr;
    for (unsigned order = 0; order < bar && order < detail::waiter_queues::orders; ++order) {
      waiter* const last = queues_.of(order).last();
      if (last != nullptr && (newest == nullptr || last->ticket() > newest->ticket())) {
        newest = last;
      }
    }
    return newest;
  }

 private:
  detail::waiter_queues queues_{};
};

/// How fair_waiters weighs.
struct fairness {
  /// As much older a waiter counts for each order that it is above 0.
  std::chrono::nanoseconds per_order = std::chrono::microseconds(20);
  /// As much older the head of a queue counts for each one behind it.
  std::chrono::nanoseconds per_follower = std::chrono::microseconds(5);
  /// So often the head of a queue is passed over by other orders; then it is next. At least 1.
  unsigned bound = 8;
};

/// By age, with a bonus for larger orders, which room comes together for more rarely, and for
/// longer queues. Within an order, first come, first served. While nobody was passed over too
/// often, nothing lies free that anybody could have. A queue whose head was passed over `bound`
/// times is served before all others, and room is kept for it: so no order wins more than `bound`
/// times on end while another one waits, and a head of a queue is passed over at most bound + 32
/// times (each other order may be as overdue, once). `pick` and `serve` are O(orders), the rest
/// O(1).
template <class Clock = std::chrono::steady_clock>
class basic_fair_waiters {
 public:
  /// With weights of its own.
  explicit basic_fair_waiters(fairness weights = {}) noexcept : weights_(weights) {}

  /// See buddy_waiter.
  void add(waiter& one) noexcept {
    one.stamp(now());
    queues_.add(one);
  }
  /// See buddy_waiter.
  void remove(waiter& one) noexcept {
    const unsigned order = one.order();
    queues_.remove(one);
    if (queues_.of(order).empty()) passed_[order] = 0;
  }
  /// See buddy_waiter.
  void serve(waiter& one) noexcept {
    const unsigned winner = one.order();
    queues_.remove(one);
    for (unsigned order = 0; order < orders; ++order) {
      passed_[order] = order == winner || queues_.of(order).empty() ? 0 : passed_[order] + 1;
    }
  }
  /// See buddy_waiter.
  [[nodiscard]] std::size_t size() const noexcept { return queues_.size(); }
  /// See buddy_waiter.
  [[nodiscard]] waiter* pick(unsigned bar) noexcept {
    if (waiter* const overdue = most_passed()) return overdue->order() < bar ? overdue : nullptr;
    waiter* best = nullptr;
    std::int64_t best_score = 0;
    const std::int64_t time = now();
    for (unsigned order = 0; order < bar && order < orders; ++order) {
      waiter* const first = queues_.of(order).first();
      if (first == nullptr) continue;
      const std::int64_t score = score_of(*first, time);
      const bool wins = best == nullptr || score > best_score ||
                        (score == best_score && first->ticket() < best->ticket());
      if (!wins) continue;
      best = first;
      best_score = score;
    }
    return best;
  }

 private:
  static constexpr unsigned orders = detail::waiter_queues::orders;

  static std::int64_t now() noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch())
        .count();
  }
  [[nodiscard]] std::int64_t score_of(const waiter& head, std::int64_t time) const noexcept {
    const auto followers = static_cast<std::int64_t>(queues_.of(head.order()).size() - 1);
    return time - head.stamp() + weights_.per_order.count() * std::int64_t{head.order()} +
           weights_.per_follower.count() * followers;
  }
  /// Of the heads that were passed over too often the one that was most often: so a head that wins
  /// comes behind all of them, and before one of them is served each other order wins once at most.
  [[nodiscard]] waiter* most_passed() const noexcept {
    waiter* most = nullptr;
    for (unsigned order = 0; order < orders; ++order) {
      waiter* const first = queues_.of(order).first();
      if (first == nullptr || passed_[order] < weights_.bound) continue;
      if (most == nullptr || passed_[order] > passed_[most->order()] ||
          (passed_[order] == passed_[most->order()] && first->ticket() < most->ticket())) {
        most = first;
      }
    }
    return most;
  }

  detail::waiter_queues queues_{};
  std::array<unsigned, orders> passed_{};
  fairness weights_;
};

/// The default.
using fair_waiters = basic_fair_waiters<>;

}  // namespace caiman::v0

#endif  // CAIMAN_REQUIREMENTS_MET
