// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// owner_stacks_test.cpp: the stacks of one slot, alone
//
// What comes out and in which order, what a drainer may take and what is left when it has, and
// which of the two pops it was: that shows in the entry, which an exchange takes out and a plain
// load leaves behind. One thread plays owner and drainer, and steps in between the two halves of an
// announced pop (stack_policies.hpp). A buddy with stacks is stacks_test.cpp's.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include "caiman/protocol/stacks.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "../../stack_policies.hpp"
#include "caiman/buddy.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::buddy;
using caiman::protocol::owner_stacks;
using caiman::testing::announced_sync;
using caiman::testing::deepest;
using caiman::testing::exchange_sync;
using caiman::testing::fenceless;
using caiman::testing::interrupted;

constexpr std::size_t nothing = owner_stacks<exchange_sync>::nothing;
constexpr unsigned orders = caiman::native_sync::stack_orders;
constexpr unsigned depth = caiman::native_sync::stack_depth;

// The stacks of one slot, without a buddy around them.
template <class Sync>
class bare {
 public:
  bare() { stacks.build(); }
  bare(const bare&) = delete;
  bare& operator=(const bare&) = delete;
  ~bare() { stacks.destroy(); }

  void push(unsigned order, std::initializer_list<std::size_t> indices) {
    for (const std::size_t i : indices) REQUIRE(stacks.push(order, i));
    stacks.look_at_times();
  }
  /// As buddy::allocate does it.
  std::size_t pop(unsigned order) const {
    std::size_t index = 0;
    return stacks.pop_top(order, index) ? index : stacks.pop_below(order);
  }
  unsigned height(unsigned order) const { return stacks.reach(order, true); }

 private:
  alignas(64) std::byte memory_[owner_stacks<Sync>::bytes()] = {};

 public:
  owner_stacks<Sync> stacks{memory_};
};

}  // namespace

TEMPLATE_TEST_CASE("a stack gives back what came last, per order", "[stacks]", announced_sync,
                   exchange_sync, fenceless<announced_sync>) {
  bare<TestType> one;
  for (std::size_t i = 0; i < depth; ++i) {
    for (unsigned order = 0; order < orders; ++order) {
      REQUIRE(one.stacks.push(order, 100 * i + order));
      REQUIRE(one.height(order) == i + 1);
    }
  }
  for (unsigned order = 0; order < orders; ++order) {
    CHECK_FALSE(one.stacks.push(order, 7));
    CHECK(one.height(order) == depth);
  }
  for (unsigned order = 0; order < orders; ++order) {
    for (std::size_t i = depth; i-- > 0;) REQUIRE(one.pop(order) == 100 * i + order);
    CHECK(one.pop(order) == nothing);
    CHECK(one.height(order) == 0);
  }
}

TEMPLATE_TEST_CASE("a pop walks over the holes that a drainer left", "[stacks]", announced_sync,
                   exchange_sync) {
  bare<TestType> one;
  one.push(0, {10, 20, 30, 40, 50});
  CHECK(one.stacks.take(0, 5) == 50);
  CHECK(one.stacks.take(0, 4) == 40);
  CHECK(one.stacks.take(0, 2) == 20);
  CHECK(one.stacks.take(0, 2) == nothing);  // once
  CHECK(one.height(0) == 5);                // a drainer leaves it alone
  CHECK(one.stacks.any(true));
  CHECK(one.pop(0) == 30);
  CHECK(one.height(0) == 2);
  SECTION("and then on") {
    CHECK(one.pop(0) == 10);
    CHECK(one.height(0) == 0);
    CHECK(one.pop(0) == nothing);
  }
  SECTION("and a push lies above them") {
    one.push(0, {60});
    CHECK(one.height(0) == 3);
    CHECK(one.pop(0) == 60);
    CHECK(one.pop(0) == 10);
    CHECK(one.pop(0) == nothing);
  }
  SECTION("down to the ground, if there is nothing else") {
    CHECK(one.stacks.take(0, 1) == 10);
    CHECK_FALSE(one.stacks.any(true));
    CHECK(one.pop(0) == nothing);
    CHECK(one.height(0) == 0);
  }
}

TEMPLATE_TEST_CASE("a stack knows what it holds and what was popped last", "[stacks]",
                   announced_sync, exchange_sync) {
  bare<TestType> one;
  one.push(3, {1, 2});
  CHECK(one.stacks.holds(3, 1));
  CHECK(one.stacks.holds(3, 2));
  CHECK_FALSE(one.stacks.holds(3, 0));
  CHECK_FALSE(one.stacks.holds(2, 1));
  CHECK(one.stacks.may_hold(3, 1));
  CHECK(one.stacks.may_hold(3, 1 + 256));  // the same tag
  CHECK_FALSE(one.stacks.holds(3, 1 + 256));
  CHECK_FALSE(one.stacks.may_hold(3, 3));
  CHECK_FALSE(one.stacks.may_hold(2, 1));
  CHECK_FALSE(one.stacks.push_again(3, 2));
  REQUIRE(one.pop(3) == 2);
  CHECK_FALSE(one.stacks.holds(3, 2));  // though an announced pop leaves it above the height
  CHECK_FALSE(one.stacks.push_again(2, 2));
  CHECK_FALSE(one.stacks.push_again(3, 1));
  CHECK_FALSE(one.stacks.push_again(3, 2 + (std::size_t{1} << 32)));
  CHECK(one.stacks.push_again(3, 2));
  CHECK(one.height(3) == 2);
  CHECK(one.stacks.may_hold(3, 2));
  CHECK(one.stacks.holds(3, 2));
  CHECK_FALSE(one.stacks.push_again(3, 2));  // once
  REQUIRE(one.pop(3) == 2);
  one.push(3, {7});
  CHECK_FALSE(one.stacks.push_again(3, 2));  // its place is taken, and its tag gone
  CHECK(one.stacks.may_hold(3, 7));
}

// Every height from 1 up has a tag of its own, found by whatever else lies there.
TEMPLATE_TEST_CASE("the tags of a stack know every entry", "[stacks]", announced_sync,
                   exchange_sync, deepest<exchange_sync>) {
  bare<TestType> one;
  for (std::size_t i = 0; i < TestType::stack_depth; ++i) {
    CHECK_FALSE(one.stacks.may_hold(1, 37 * i + 5));
    REQUIRE(one.stacks.push(1, 37 * i + 5));
    for (std::size_t j = 0; j <= i; ++j) CHECK(one.stacks.may_hold(1, 37 * j + 5));
  }
  CHECK_FALSE(one.stacks.push(1, 999));
}

// Which pop it was shows in the entry: an exchange takes it out, a plain load leaves it behind.
TEST_CASE("an announced pop takes by exchange from when somebody drains", "[stacks][membarrier]") {
  bare<announced_sync> one;
  one.push(0, {10, 20, 30, 40});
  REQUIRE(one.pop(0) == 40);
  CHECK(one.stacks.peek(0, 4) == 40);
  CHECK_FALSE(one.stacks.raise_flag());  // no fence was passed yet, so
  CHECK_FALSE(one.stacks.raise_flag());  // each of two passes its own
  one.stacks.pass_fence();
  CHECK(one.stacks.raise_flag());  // and a third one needs none
  REQUIRE(one.pop(0) == 30);
  CHECK(one.stacks.peek(0, 3) == nothing);
  for (unsigned drainer = 0; drainer < 3; ++drainer) one.stacks.leave_flag();
  REQUIRE(one.pop(0) == 20);  // they leave the flag up
  CHECK(one.stacks.peek(0, 2) == nothing);
  REQUIRE(one.pop(0) == 10);
  CHECK(one.stacks.peek(0, 1) == nothing);
  CHECK_FALSE(one.stacks.any(false));
  CHECK_FALSE(one.stacks.any(true));
}

namespace {

struct calm_sync : announced_sync {
  static constexpr unsigned calm_pops = 3;
};

// Pops by exchange until there is an announced one, at most 30.
unsigned exchanges_before_announced(bare<calm_sync>& one) {
  for (unsigned pops = 0; pops < 30; ++pops) {
    one.push(0, {10});
    REQUIRE(one.pop(0) == 10);
    if (one.stacks.peek(0, 1) == 10) return pops;
  }
  return 30;
}
void come_and_go(bare<calm_sync>& one) {
  if (!one.stacks.raise_flag()) one.stacks.pass_fence();
  one.stacks.leave_flag();
}

}  // namespace

// He looks after 3 pops, and again after 3 more: nobody has come in between.
TEST_CASE("an owner takes his flag down when nobody comes", "[stacks][membarrier]") {
  bare<calm_sync> one;
  CHECK(exchanges_before_announced(one) == 0);
  come_and_go(one);
  SECTION("after the second look") {
    CHECK(exchanges_before_announced(one) == 6);
    CHECK(exchanges_before_announced(one) == 0);
    CHECK_FALSE(one.stacks.raise_flag());  // the next one passes a fence again
  }
  SECTION("later, if somebody came") {
    one.push(0, {1, 2, 3, 4});
    for (const std::size_t index : {4U, 3U, 2U, 1U}) REQUIRE(one.pop(0) == index);
    come_and_go(one);
    CHECK(exchanges_before_announced(one) == 3);
  }
  SECTION("not while somebody is there") {
    CHECK(one.stacks.raise_flag());
    CHECK(exchanges_before_announced(one) == 30);
    one.stacks.leave_flag();
    CHECK(exchanges_before_announced(one) < 6);
  }
}

// An arena asks twice: for what is at hand, and then as anybody does.
TEST_CASE("a pop that gets nothing leaves no announcement behind", "[stacks]") {
  bare<calm_sync> one;
  one.push(0, {10, 20});
  come_and_go(one);
  std::size_t index = 0;
  REQUIRE(one.stacks.take(0, 2) == 20);
  REQUIRE_FALSE(one.stacks.pop_top(0, index));
  CHECK(one.stacks.reach(0, false) == one.stacks.reach(0, true));
  CHECK(one.pop(0) == 10);
  one.push(0, {50});
  CHECK(one.pop(0) == 50);
}
// Others may have said "full" for the sake of the announcement.
TEST_CASE("a pop takes what it announced when it is time to look at the flag", "[stacks]") {
  bare<calm_sync> one;
  one.push(0, {10, 20});
  come_and_go(one);
  std::size_t index = 0;
  for (unsigned pops = 0; pops < 4 * calm_sync::calm_pops; ++pops) {
    REQUIRE(one.stacks.pop_top(0, index));
    REQUIRE(index == 20);
    one.push(0, {20});
  }
}

TEST_CASE("a buddy takes the flags of its owners down", "[stacks][membarrier]") {
  buddy<calm_sync> one(4);
  const auto lanes = [&]() -> auto& { return one.inside().lanes(); };
  one.release(*one.allocate(0));
  const auto stacks = lanes().stacks(lanes().my_number());
  if (!stacks.raise_flag()) stacks.pass_fence();
  stacks.leave_flag();
  for (unsigned pairs = 0; pairs < 3 * calm_sync::calm_pops; ++pairs) one.release(*one.allocate(0));
  CHECK_FALSE(stacks.raise_flag());
  stacks.leave_flag();
}

TEMPLATE_TEST_CASE("without the asymmetric fence every pop is an exchange", "[stacks]",
                   fenceless<announced_sync>, exchange_sync) {
  bare<TestType> one;
  for (unsigned round = 0; round < 6 * TestType::calm_pops; ++round) {
    one.push(0, {10});
    REQUIRE(one.pop(0) == 10);
    CHECK(one.stacks.peek(0, 1) == nothing);
    if (TestType::announced_pop && round % 5 == 0) {
      CHECK(one.stacks.raise_flag());  // which needs no fence
      one.stacks.leave_flag();
    }
  }
}

TEST_CASE("a drainer leaves the announced block to its owner", "[stacks]") {
  using sync = interrupted<announced_sync>;
  bare<sync> one;
  one.push(0, {10, 20, 30});
  bool met = false;
  SECTION("and takes what lies below") {
    sync::at_announcement() = [&] {
      met = one.stacks.reach(0, false) == 2 && one.stacks.take(0, 2) == 20 &&
            one.stacks.take(0, 1) == 10 && !one.stacks.any(false);
    };
    CHECK(one.pop(0) == 30);
    CHECK(met);
    CHECK(one.pop(0) == nothing);
  }
  SECTION("and the owner sees its flag") {
    sync::at_announcement() = [&] {
      one.stacks.raise_flag();
      met = true;
    };
    CHECK(one.pop(0) == 30);
    CHECK(one.stacks.peek(0, 3) == nothing);
    CHECK(met);
  }
  SECTION("but the owner walks on if one had taken it before the announcement") {
    sync::at_announcement() = [&] { met = one.stacks.take(0, 3) == 30; };
    CHECK(one.pop(0) == 20);
    CHECK(met);
    CHECK(one.pop(0) == 10);
  }
}

// ---- which blocks fit ------------------------------------------------------------------------

namespace {

// No memory behind the cells: an arena of 2^32 min blocks that nobody could afford, for questions
// that its words do not answer.
struct hollow_sync : caiman::native_sync {
  template <class T>
  struct atomic {
    atomic() noexcept = default;
    explicit atomic(T /*value*/) noexcept {}
    T load(std::memory_order /*order*/) const noexcept { return T{}; }
    void store(T /*value*/, std::memory_order /*order*/) noexcept {}
    T exchange(T /*value*/, std::memory_order /*order*/) noexcept { return T{}; }
    T fetch_add(T /*n*/, std::memory_order /*order*/) noexcept { return T{}; }
    T fetch_or(T /*n*/, std::memory_order /*order*/) noexcept { return T{}; }
    T fetch_and(T /*n*/, std::memory_order /*order*/) noexcept { return T{}; }
    bool compare_exchange_strong(T& /*expected*/, T /*desired*/, std::memory_order /*success*/,
                                 std::memory_order /*failure*/) noexcept {
      return true;
    }
  };
};

}  // namespace

TEST_CASE("the largest index of 32 bits has no entry and goes to the tree", "[stacks]") {
  constexpr std::size_t last = 0xffff'ffff;
  STATIC_REQUIRE(owner_stacks<announced_sync>::indices == last);
  bare<announced_sync> one;
  REQUIRE(one.stacks.push(0, last - 1));
  CHECK(one.pop(0) == last - 1);
  REQUIRE(one.stacks.push(0, last));  // why not: as an entry it would be a hole
  CHECK(one.pop(0) == nothing);

  const buddy<hollow_sync> tree(32);
  CHECK(tree.inside().has(0, last));
  CHECK_FALSE(tree.inside().is_small(0, last));
  CHECK(tree.inside().is_small(0, last - 1));
  CHECK(tree.inside().is_small(1, last / 2));
  CHECK_FALSE(tree.inside().is_small(1, last / 2 + 1));  // there is none
  CHECK(tree.inside().is_small(orders - 1, 0));
  CHECK_FALSE(tree.inside().is_small(orders, 0));
  CHECK_FALSE(tree.inside().is_small(33, 0));
  CHECK_FALSE(tree.inside().is_small(~0U, 0));
}
