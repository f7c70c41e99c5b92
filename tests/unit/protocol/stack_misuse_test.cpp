// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// stack_misuse_test.cpp: a release that must not be, while the block lies in a stack
//
// A push has no read-modify-write that could see the block free. What is seen at once all the same,
// what is seen only when the stack is drained, and that a drain does see it: each in a child
// process (child.hpp), each beside a legal call that is not taken for misuse. Threads have ended
// before the process forks; their slots, and what lies there, are still the buddy's. Relies on
// Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <cstddef>
#include <cstdint>
#include <thread>
#include <tuple>
#include <vector>

#include "../../stack_policies.hpp"
#include "../child.hpp"
#include "caiman/buddy.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::block;
using caiman::buddy;
using caiman::testing::announced_sync;
using caiman::testing::exchange_sync;
using child::check_caught;
using child::check_ends_with;
using child::check_ends_with_one_of;
using child::check_legal;
using child::check_quiet;
using child::free_already;
using child::no_such_index;
using child::no_such_order;
using child::released_twice;

using buddies =
    std::tuple<buddy<announced_sync, 1>, buddy<announced_sync, 2>, buddy<announced_sync, 6>,
               buddy<exchange_sync, 1>, buddy<exchange_sync, 2>, buddy<exchange_sync, 6>>;

constexpr unsigned max_order = 10;
constexpr unsigned orders = caiman::native_sync::stack_orders;

template <class Buddy>
void look(const Buddy& tree) {
  static_cast<void>(tree.free_min_blocks());
}

enum class drain : unsigned char { by_an_observer, also_by_a_request };

// Quiet by itself, and the end of the program as soon as anybody drains. Of two blocks in each
// other's way the one is named that is drained last.
template <class Buddy>
void check_seen_when_drained(Buddy& tree, block wrong, block in_its_way,
                             drain how = drain::also_by_a_request) {
  INFO("order " << wrong.order << ", index " << wrong.index);
  check_legal(tree, {wrong});
  check_ends_with_one_of({wrong, in_its_way}, released_twice, [&] {
    tree.release(wrong);
    look(tree);
  });
  if (how == drain::by_an_observer) return;
  check_ends_with_one_of({wrong, in_its_way}, released_twice, [&] {
    tree.release(wrong);
    static_cast<void>(tree.allocate(max_order));  // finds nothing, and drains
  });
}

// Whether blocks of two orders lie in words of one level.
template <class Sync, unsigned Log2Fanout>
bool are_of_one_level(const buddy<Sync, Log2Fanout>& tree, unsigned low, unsigned high) {
  return tree.inside().level_of(low) == tree.inside().level_of(high);
}

// In a thread with a slot of its own, which has ended when this returns.
template <class Act>
void elsewhere(const Act& act) {
  static_cast<void>(caiman::native_sync::thread_slot());
  std::thread(act).join();
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a second release is caught while the block lies in the own stack",
                        "[misuse][stacks]", buddies) {
  TestType tree(max_order);
  for (unsigned order = 0; order < orders; ++order) {
    std::vector<block> two{tree.allocate(order).value(), tree.allocate(order).value()};
    check_legal(tree, {two[0], two[1]});
    for (const block& b : two) tree.release(b);
    check_caught(tree, free_already, {two[0], two[1]});
    REQUIRE(tree.allocate(order) == two[1]);
    check_caught(tree, free_already, {two[0]});
    check_quiet([&] {
      tree.release(two[1]);
      look(tree);
    });
    // popped last, released once, and once more
    check_ends_with(two[1], free_already, [&] {
      tree.release(two[1]);
      tree.release(two[1]);
    });
    look(tree);
  }
}

TEMPLATE_LIST_TEST_CASE("what there is not is caught before it is kept", "[misuse][stacks]",
                        buddies) {
  TestType tree(max_order);
  for (unsigned order = 0; order < orders; ++order) {
    const std::size_t end = std::size_t{1} << (max_order - order);
    check_caught(tree, no_such_index, {{order, end}, {order, SIZE_MAX}});
  }
  check_caught(tree, no_such_order, {{max_order + 1, 0}, {33, 0}, {~0U, SIZE_MAX}});
  TestType small(3);  // has fewer orders than there are stacks
  check_caught(small, no_such_order, {{4, 0}, {orders - 1, 0}});
}

TEMPLATE_LIST_TEST_CASE("what is free in the tree is caught before it is kept", "[misuse][stacks]",
                        buddies) {
  TestType tree(max_order);
  for (unsigned order = 0; order < orders; ++order) {
    check_caught(tree, free_already, {{order, 0}});
  }
  const block first = tree.allocate(0).value();
  const block second = tree.allocate(0).value();
  tree.release(first);
  look(tree);
  check_caught(tree, free_already, {first, {1, first.index / 2}});
  check_legal(tree, {second});
}

TEMPLATE_LIST_TEST_CASE("a thread's first call looks at what it keeps, too", "[misuse][stacks]",
                        buddies) {
  TestType tree(max_order);
  const block taken = tree.allocate(1).value();
  const block free{1, taken.index ^ 1};
  check_ends_with(free, free_already, [&] { elsewhere([&] { tree.release(free); }); });
  check_quiet([&] { elsewhere([&] { tree.release(taken); }); });
}

TEMPLATE_LIST_TEST_CASE("a block in another thread's stack is seen when that is drained",
                        "[misuse][stacks]", buddies) {
  TestType tree(max_order);
  for (unsigned order = 0; order < orders; ++order) {
    const block b = tree.allocate(order).value();
    elsewhere([&] { tree.release(b); });
    check_seen_when_drained(tree, b, b);
    look(tree);
  }
}

TEMPLATE_LIST_TEST_CASE("a tail of what is in another thread's stack is seen when that is drained",
                        "[misuse][stacks]", buddies) {
  TestType tree(max_order);
  for (unsigned order = 1; order < orders; ++order) {
    const block b = tree.allocate(order).value();
    elsewhere([&] { tree.release(b); });
    check_ends_with(b, released_twice, [&] {
      tree.release_tail(b, 1);
      look(tree);
    });
    look(tree);
  }
}

TEMPLATE_LIST_TEST_CASE("a block that overlaps a stacked one is seen when that is drained",
                        "[misuse][stacks]", buddies) {
  TestType tree(max_order);
  SECTION("a part of it") {
    const block whole = tree.allocate(3).value();
    tree.release(whole);
    for (unsigned order = 0; order < 3; ++order) {
      const block part{order, whole.index << (3 - order)};
      if (are_of_one_level(tree, order, 3)) {
        check_seen_when_drained(tree, part, whole);
      } else {
        check_caught(tree, free_already, {part});  // its word is a part of the whole
        check_ends_with(part, free_already, [&] { tree.release_past_stacks(part); });
      }
    }
  }
  SECTION("something around it") {
    std::vector<block> all;
    for (unsigned i = 0; i < 1U << max_order; ++i) all.push_back(tree.allocate(0).value());
    const block part = all.back();
    tree.release(part);
    for (unsigned order = 1; order <= max_order; ++order) {
      const block around{order, part.index >> order};
      if (are_of_one_level(tree, 0, order)) {
        check_seen_when_drained(tree, around, part);
      } else {
        // stacked or too large for that: a word below it is cut
        check_caught(tree, free_already, {around});
        check_ends_with(around, free_already, [&] { tree.release_past_stacks(around); });
      }
    }
  }
}

TEMPLATE_LIST_TEST_CASE("the block popped last, released by somebody else, is seen when drained",
                        "[misuse][stacks]", buddies) {
  TestType tree(max_order);
  tree.release(tree.allocate(2).value());
  const block popped = tree.allocate(2).value();
  SECTION("in a stack of theirs") {
    elsewhere([&] { tree.release(popped); });
    check_seen_when_drained(tree, popped, popped);
  }
  SECTION("from where it was drained") {
    elsewhere([&] { tree.release(popped); });
    look(tree);
    check_seen_when_drained(tree, popped, popped, drain::by_an_observer);
  }
  SECTION("but not when it is ours again") {
    elsewhere([&] { tree.release(popped); });
    const auto all = tree.allocate(max_order);
    REQUIRE(all == block{max_order, 0});
    tree.release(*all);
    REQUIRE(tree.allocate(2).has_value());
    check_quiet([&] {
      tree.release(popped);
      look(tree);
    });
  }
}
