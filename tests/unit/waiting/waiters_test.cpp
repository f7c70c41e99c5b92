// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// waiters_test.cpp: in which order the policies serve
//
// A room over an arena that is a number of free units, or one fresh buddy, with a clock that is
// moved by hand: everything that happens is foretold.
// ---------------------------------------------------------------------------------------------
#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <deque>
#include <expected>
#include <functional>
#include <utility>
#include <vector>

#include "caiman/buddy.hpp"
#include "caiman/detail/waiting.hpp"
#include "caiman/sequential_sync.hpp"
#include "caiman/waiters.hpp"

namespace {

using namespace std::chrono_literals;
using caiman::alloc_error;

/// Moved by the tests alone.
struct hand_clock {
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<hand_clock, duration>;
  static time_point& at() {
    static time_point time;
    return time;
  }
  static time_point now() noexcept { return at(); }
};
using fair = caiman::basic_fair_waiters<hand_clock>;

struct numbered : caiman::waiter {
  using waiter::index;
  using waiter::is_refused;
  numbered(unsigned wanted, int number) : waiter(wanted), name(number) {}
  int name;
};

// What it takes to be a policy; any one of it missing, and it is none.
static_assert(caiman::buddy_waiter<caiman::fair_waiters>);
static_assert(caiman::buddy_waiter<caiman::fifo_waiters>);
static_assert(caiman::buddy_waiter<caiman::stack_waiters>);
struct no_pick {
  void add(caiman::waiter&) noexcept;
  void remove(caiman::waiter&) noexcept;
  void serve(caiman::waiter&) noexcept;
  [[nodiscard]] std::size_t size() const noexcept;
};
struct may_throw : no_pick {
  caiman::waiter* pick(unsigned bar);
};
struct complete : no_pick {
  caiman::waiter* pick(unsigned bar) noexcept;
};
static_assert(!caiman::buddy_waiter<no_pick>);
static_assert(!caiman::buddy_waiter<may_throw>);
static_assert(caiman::buddy_waiter<complete>);

/// An arena with a room, on one thread.
template <class Waiters>
class place {
 public:
  explicit place(unsigned max_order, Waiters policy = Waiters())
      : tree_(max_order), room_(std::move(policy)) {}

  // What a room asks of its home.
  std::expected<std::size_t, alloc_error> try_take(unsigned order) {
    ++tries;
    if (meanwhile) std::exchange(meanwhile, {})();
    const auto got = tree_.allocate(order);
    if (!got) return std::unexpected(got.error());
    return got->index;
  }
  void await() { marked = true; }
  void await_no_more() { marked = false; }

  numbered& wait(unsigned order, int name) {
    numbered& one = all_.emplace_back(order, name);
    caiman::detail::wake_list wakes;
    room_.enter(*this, one, wakes);
    wake(wakes);
    return one;
  }
  bool give_up(numbered& one) {
    caiman::detail::wake_list wakes;
    const auto found = room_.leave(*this, one, wakes);
    wake(wakes);
    return found == caiman::detail::parting::nothing;
  }
  void refuse(numbered& one) {
    caiman::detail::wake_list wakes;
    room_.refuse(*this, one, wakes);
    wake(wakes);
  }
  void enter(numbered& one) {
    caiman::detail::wake_list wakes;
    room_.enter(*this, one, wakes);
    wake(wakes);
  }
  void give(caiman::block b) {
    tree_.release(b);
    if (!marked) return;
    caiman::detail::wake_list wakes;
    room_.serve(*this, wakes);
    wake(wakes);
  }
  /// What is served is given back at once, one after the other: which waiter comes when?
  std::vector<int> serve_all(caiman::block first) {
    give(first);
    std::vector<int> names;
    while (names.size() < served.size()) {  // each may serve more
      const numbered& one = *served[names.size()];
      names.push_back(one.name);
      give({one.order(), one.index()});
    }
    return names;
  }
  std::size_t waiting() const { return room_.waiting(); }
  caiman::buddy<caiman::sequential_sync>& tree() { return tree_; }

  bool marked = false;
  int tries = 0;
  std::function<void()> meanwhile;  // called once, by the next look: what others do during it
  std::vector<numbered*> served;

 private:
  using room = caiman::detail::waiting_room<caiman::sequential_sync, Waiters>;
  void wake(caiman::detail::wake_list& wakes) {
    while (caiman::waiter* const one = room_.next_to_wake(*this, wakes)) {
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-static-cast-downcast): only such ones enter
      served.push_back(static_cast<numbered*>(one));
    }
  }
  caiman::buddy<caiman::sequential_sync> tree_;
  room room_;
  std::deque<numbered> all_;
};

caiman::fairness only_age(unsigned bound) { return {0ns, 0ns, bound}; }

}  // namespace

TEMPLATE_TEST_CASE("every waiter is served, and nothing stays behind", "", fair,
                   caiman::fifo_waiters, caiman::stack_waiters) {
  place<TestType> all(3);
  const auto whole = all.tree().allocate(3).value();
  for (int i = 0; i < 12; ++i) all.wait(static_cast<unsigned>(i % 4), i);
  CHECK(all.waiting() == 12);
  CHECK(all.marked);
  const auto names = all.serve_all(whole);
  CHECK(names.size() == 12);
  CHECK(all.waiting() == 0);
  CHECK_FALSE(all.marked);
  CHECK(all.tree().is_free({3, 0}));
}

TEMPLATE_TEST_CASE("eight that gave up are no tombstones", "", fair, caiman::fifo_waiters,
                   caiman::stack_waiters) {
  place<TestType> all(0);
  const auto unit = all.tree().allocate(0).value();
  std::vector<numbered*> gone;
  for (int i = 0; i < 8; ++i) gone.push_back(&all.wait(0, i));
  numbered& last = all.wait(0, 8);
  for (numbered* one : gone) CHECK(all.give_up(*one));
  CHECK(all.waiting() == 1);
  all.give(unit);
  REQUIRE(all.served == std::vector<numbered*>{&last});
  CHECK_FALSE(all.marked);
}

TEMPLATE_TEST_CASE("one release serves as many as its block can", "", fair, caiman::fifo_waiters,
                   caiman::stack_waiters) {
  place<TestType> all(4);
  const auto whole = all.tree().allocate(4).value();
  for (int i = 0; i < 30; ++i) all.wait(i % 3 == 0 ? 1 : 0, i);
  all.tries = 0;
  all.give(whole);
  std::size_t units = 0;
  for (const numbered* one : all.served) units += std::size_t{1} << one->order();
  CHECK(units >= 15);  // an order 1 may find one unit left
  CHECK(all.served.size() >= 8);
  // Bounded: once per waiter served, and at most once per order refused.
  CHECK(all.tries <= static_cast<int>(all.served.size()) + 33);
}

TEMPLATE_TEST_CASE("a waiter that gives up makes way", "", fair, caiman::fifo_waiters) {
  // Room is kept for the large one; when it goes, the small one has it.
  place<TestType> all(1, [] {
    if constexpr (std::is_same_v<TestType, fair>) {
      return fair(only_age(1));
    } else {
      return TestType();
    }
  }());
  const auto a = all.tree().allocate(0).value();
  const auto b = all.tree().allocate(0).value();
  numbered& large = all.wait(1, 0);
  all.wait(0, 1);
  all.give(a);
  if constexpr (std::is_same_v<TestType, fair>) {
    REQUIRE(all.served.size() == 1);  // passed over once; from now on room is kept
    all.wait(0, 2);
    all.give({0, all.served[0]->index()});
    REQUIRE(all.served.size() == 1);
  } else {
    REQUIRE(all.served.empty());
  }
  const auto before = all.served.size();
  CHECK(all.give_up(large));
  CHECK(all.served.size() == before + 1);
  CHECK(all.waiting() == 0);
  all.give(b);
}

TEMPLATE_TEST_CASE("a waiter that is refused is woken, without a block", "", fair,
                   caiman::fifo_waiters, caiman::stack_waiters) {
  place<TestType> all(0);
  const auto unit = all.tree().allocate(0).value();
  numbered& first = all.wait(0, 0);
  numbered& second = all.wait(0, 1);
  all.refuse(first);
  REQUIRE(all.served == std::vector<numbered*>{&first});
  CHECK(first.is_refused());
  CHECK(all.waiting() == 1);
  all.refuse(first);  // it waits no more
  all.give(unit);
  REQUIRE(all.served == std::vector<numbered*>{&first, &second});
  CHECK_FALSE(second.is_refused());
  all.refuse(second);  // it has its block
  CHECK_FALSE(second.is_refused());
  CHECK(all.served.size() == 2);
  CHECK(all.waiting() == 0);
  CHECK_FALSE(all.marked);
}

TEMPLATE_TEST_CASE("a waiter can be refused before it enters", "", fair, caiman::fifo_waiters,
                   caiman::stack_waiters) {
  place<TestType> all(0);
  numbered one(0, 0);
  all.refuse(one);
  CHECK(all.served.empty());
  all.enter(one);  // there is a block, and it has given up
  CHECK(all.served == std::vector<numbered*>{&one});
  CHECK(one.is_refused());
  CHECK(all.waiting() == 0);
  CHECK(all.tree().is_free({0, 0}));
}

TEST_CASE("room that was kept for a waiter that is refused goes to the next") {
  place<caiman::fifo_waiters> all(1);
  const auto a = all.tree().allocate(0).value();
  const auto b = all.tree().allocate(0).value();
  numbered& large = all.wait(1, 0);
  numbered& small = all.wait(0, 1);
  all.give(a);
  CHECK(all.served.empty());
  all.refuse(large);
  CHECK(all.served == std::vector<numbered*>{&large, &small});
  CHECK_FALSE(small.is_refused());
  all.give(b);
}

TEST_CASE("first come, first served") {
  place<caiman::fifo_waiters> all(2);
  const auto whole = all.tree().allocate(2).value();
  for (int i = 0; i < 6; ++i) all.wait(static_cast<unsigned>(5 - i) % 3, i);
  CHECK(all.serve_all(whole) == std::vector<int>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("the newest that fits") {
  place<caiman::stack_waiters> all(1);
  const auto a = all.tree().allocate(0).value();
  const auto b = all.tree().allocate(0).value();
  all.wait(0, 0);
  all.wait(0, 1);
  all.wait(1, 2);
  all.give(a);  // the newest wants more than there is
  REQUIRE(all.served.size() == 1);
  CHECK(all.served[0]->name == 1);
  all.give(b);
  REQUIRE(all.served.size() == 2);
  CHECK(all.served[1]->name == 0);
}

TEST_CASE("by age, with a bonus for larger orders") {
  hand_clock::at() = {};
  place<fair> all(2, fair({.per_order = 10us, .per_follower = 0ns, .bound = 100}));
  const auto whole = all.tree().allocate(2).value();
  all.wait(0, 0);
  hand_clock::at() += 5us;
  all.wait(1, 1);  // 5 younger, 10 more
  hand_clock::at() += 20us;
  all.wait(2, 2);  // 25 younger than the first, 20 more
  CHECK(all.serve_all(whole) == std::vector<int>{1, 0, 2});
}

TEST_CASE("by age, with a bonus for longer queues") {
  for (const auto& [bonus, winner] : {std::pair{10us, 1}, std::pair{7us, 0}}) {
    hand_clock::at() = {};
    place<fair> all(1, fair({.per_order = 0ns, .per_follower = bonus, .bound = 100}));
    const auto whole = all.tree().allocate(1).value();
    all.wait(1, 0);
    hand_clock::at() += 15us;
    for (int i = 1; i < 4; ++i) all.wait(0, i);  // 15 younger; two follow the first
    const auto names = all.serve_all(whole);
    REQUIRE(names.size() == 4);
    CHECK(names.front() == winner);
  }
}

TEST_CASE("a large request is not starved by small ones") {
  hand_clock::at() = {};
  constexpr unsigned bound = 4;
  place<fair> all(2, fair(only_age(bound)));
  std::deque<caiman::block> live;
  for (int i = 0; i < 4; ++i) live.push_back(all.tree().allocate(0).value());
  for (int i = 0; i < 100; ++i) {
    if (i == 50) all.wait(2, 1'000);  // younger than the first fifty
    all.wait(0, i);
  }
  std::size_t passed = 0;
  bool large_served = false;
  for (int i = 0; i < 40 && !large_served; ++i) {
    const std::size_t before = all.served.size();
    all.give(live.front());
    live.pop_front();
    for (std::size_t k = before; k < all.served.size(); ++k) {
      large_served |= all.served[k]->order() == 2;
      if (!large_served) ++passed;
      live.push_back({all.served[k]->order(), all.served[k]->index()});
    }
  }
  CHECK(large_served);
  CHECK(passed == bound);
}

TEST_CASE("small requests are not starved by large ones") {
  hand_clock::at() = {};
  constexpr unsigned bound = 4;
  place<fair> all(2, fair({.per_order = 1s, .per_follower = 0ns, .bound = bound}));
  const auto whole = all.tree().allocate(2).value();
  all.wait(0, 1'000);
  for (int i = 0; i < 20; ++i) all.wait(2, i);
  const auto names = all.serve_all(whole);
  REQUIRE(names.size() == 21);
  CHECK(names[bound] == 1'000);  // after `bound` wins of the others
}

TEST_CASE("a head is passed over at most bound + 32 times") {
  hand_clock::at() = {};
  constexpr unsigned bound = 3;
  constexpr unsigned orders = 6;
  place<fair> all(orders - 1, fair({.per_order = 1s, .per_follower = 1s, .bound = bound}));
  const auto whole = all.tree().allocate(orders - 1).value();
  for (int i = 0; i < 300; ++i) all.wait(static_cast<unsigned>(i) % orders, i);
  const auto names = all.serve_all(whole);
  REQUIRE(names.size() == 300);
  std::array<unsigned, orders> passed{};
  unsigned worst = 0;
  unsigned run = 0;
  unsigned longest_run = 0;
  for (std::size_t k = 0; k + 40 < names.size(); ++k) {  // while all orders wait
    const unsigned winner = static_cast<unsigned>(names[k]) % orders;
    run = k > 0 && static_cast<unsigned>(names[k - 1]) % orders == winner ? run + 1 : 1;
    longest_run = std::max(longest_run, run);
    for (unsigned o = 0; o < orders; ++o) passed[o] = o == winner ? 0 : passed[o] + 1;
    worst = std::max(worst, *std::max_element(passed.begin(), passed.end()));
  }
  CHECK(longest_run <= bound);
  CHECK(worst <= bound + orders - 1);
}

// ---- what becomes of counts, and of waiters that came at once -----------------------------------

TEMPLATE_TEST_CASE("the waiter that came first during a look is first after it", "", fair,
                   caiman::fifo_waiters) {
  hand_clock::at() = {};
  place<TestType> all(0);
  const auto only = all.tree().allocate(0).value();
  all.meanwhile = [&] {
    all.wait(0, 1);
    all.wait(0, 2);
  };
  all.wait(0, 0);  // looks, and the others come while it does
  CHECK(all.serve_all(only) == std::vector<int>{0, 1, 2});
}

TEST_CASE("of two orders the newer head is served, whichever is the larger") {
  for (const unsigned older : {0U, 1U}) {
    place<caiman::stack_waiters> all(1);
    const auto whole = all.tree().allocate(1).value();
    all.wait(older, 0);
    all.wait(1 - older, 1);
    CHECK(all.serve_all(whole) == std::vector<int>{1, 0});
  }
}

TEST_CASE("of two as old as each other the one that came first is served") {
  for (const unsigned first : {0U, 1U}) {
    hand_clock::at() = {};
    place<fair> all(1, fair(only_age(100)));
    const auto whole = all.tree().allocate(1).value();
    all.wait(first, 0);
    all.wait(1 - first, 1);
    CHECK(all.serve_all(whole) == std::vector<int>{0, 1});
  }
}

TEST_CASE("a waiter that has given up makes no queue longer") {
  hand_clock::at() = {};
  place<fair> all(1, fair({.per_order = 0ns, .per_follower = 10us, .bound = 100}));
  const auto whole = all.tree().allocate(1).value();
  all.wait(1, 0);
  hand_clock::at() += 15us;
  all.wait(0, 1);
  numbered& second = all.wait(0, 2);
  numbered& third = all.wait(0, 3);
  CHECK(all.give_up(second));
  CHECK(all.give_up(third));
  CHECK(all.serve_all(whole) == std::vector<int>{0, 1});
}

TEST_CASE("an order in which nobody waits is not passed over") {
  hand_clock::at() = {};
  place<fair> all(1, fair(only_age(2)));
  for (int i = 0; i < 3; ++i) {  // as often as the bound, and once more
    const auto half = all.tree().allocate(0).value();
    const auto other = all.tree().allocate(0).value();
    all.wait(0, i);
    all.give(half);
    REQUIRE(all.served.size() == 1);
    all.give({0, all.served.front()->index()});
    all.give(other);
    all.served.clear();
  }
  const auto whole = all.tree().allocate(1).value();
  all.wait(0, 3);
  hand_clock::at() += 5us;
  all.wait(1, 4);  // the younger
  CHECK(all.serve_all(whole) == std::vector<int>{3, 4});
}

TEST_CASE("a waiter that gives up takes along how often it was passed over") {
  hand_clock::at() = {};
  place<fair> all(1, fair(only_age(2)));
  const auto a = all.tree().allocate(0).value();
  const auto b = all.tree().allocate(0).value();
  numbered& large = all.wait(1, 0);
  all.wait(0, 1);
  all.wait(0, 2);
  all.give(a);  // for the first small one, and what that gives back is for the second
  REQUIRE(all.served.size() == 1);
  all.give({0, all.served[0]->index()});
  REQUIRE(all.served.size() == 2);
  CHECK(all.give_up(large));  // it was the next
  all.give({0, all.served[1]->index()});
  all.give(b);
  all.served.clear();
  const auto whole = all.tree().allocate(1).value();
  all.wait(0, 3);
  hand_clock::at() += 5us;
  all.wait(1, 4);
  CHECK(all.serve_all(whole) == std::vector<int>{3, 4});
}
