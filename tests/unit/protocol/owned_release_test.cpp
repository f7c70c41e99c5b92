// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// owned_release_test.cpp: a release by an owner by construction
//
// It differs from release() in what it looks at, and in nothing else: the same calls find the same
// blocks. What it still sees of misuse, and that what it does not see is seen when the stack is
// drained: in a child process (child.hpp). Through std::pmr a block can be given back twice, so
// there it is looked at. Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "../../stack_policies.hpp"
#include "../child.hpp"
#include "caiman/arena.hpp"
#include "caiman/buddy.hpp"
#include "caiman/resource.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::block;
using caiman::buddy;
using caiman::testing::announced_sync;
using caiman::testing::exchange_sync;

using buddies = std::tuple<buddy<announced_sync, 2>, buddy<exchange_sync, 1>,
                           buddy<exchange_sync, 6>, buddy<caiman::tree_only_sync, 6>>;

constexpr unsigned max_order = 9;

block as_block(const caiman::buddy_arena& arena, const void* at) {
  const auto base = reinterpret_cast<std::uintptr_t>(arena.base());
  return {0, (reinterpret_cast<std::uintptr_t>(at) - base) / arena.min_block_size()};
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("an owned release leaves what a release leaves", "[buddy][stacks]",
                        buddies) {
  TestType one(max_order);
  TestType other(max_order);
  std::mt19937_64 random(20261126);
  std::vector<block> live;
  for (unsigned step = 0; step < 20'000; ++step) {
    if (!live.empty() && random() % 2 == 0) {
      std::swap(live[random() % live.size()], live.back());
      one.release(live.back());
      other.release_owned(live.back());
      live.pop_back();
      continue;
    }
    const auto order = static_cast<unsigned>(random() % 6);
    const auto got = one.allocate(order);
    REQUIRE(other.allocate(order) == got);
    if (got) live.push_back(*got);
  }
  for (const block b : live) other.release_owned(b);
  CHECK(other.allocate(max_order) == block{max_order, 0});
}

TEMPLATE_LIST_TEST_CASE("an owned release of what there is not ends the program",
                        "[misuse][stacks]", buddies) {
  TestType tree(max_order);
  for (const block b : {block{0, 1 << max_order}, block{2, SIZE_MAX}}) {
    child::check_ends_with(b, child::no_such_index, [&] { tree.release_owned(b); });
  }
  child::check_ends_with({33, 0}, child::no_such_order, [&] { tree.release_owned({33, 0}); });
}

TEMPLATE_LIST_TEST_CASE("a second owned release is seen at last by a thread that drains",
                        "[misuse][stacks]", buddies) {
  TestType tree(max_order);
  const block first = tree.allocate(0).value();
  const block second = tree.allocate(0).value();
  constexpr bool stacked = !std::is_same_v<TestType, buddy<caiman::tree_only_sync, 6>>;
  child::check_ends_with(first, stacked ? child::released_twice : child::free_already, [&] {
    tree.release_owned(first);
    tree.release_owned(second);
    tree.release_owned(first);
    static_cast<void>(tree.free_min_blocks());
  });
}

TEST_CASE("a block given back twice through std::pmr is told at once", "[misuse][resource]") {
  const auto arena =
      caiman::buddy_arena::builder(caiman::buddy_geometry::exact(1 << 16, 256).value())
          .build()
          .value();
  caiman::buddy_resource resource(arena);
  void* const one = resource.allocate(256, 1);
  void* const two = resource.allocate(256, 1);
  const auto end = child::in_child([&] {
    resource.deallocate(one, 256, 1);
    resource.deallocate(two, 256, 1);
    resource.deallocate(one, 256, 1);
  });
  CHECK(end.signal == SIGABRT);
  CHECK(end.said.ends_with("or it came back already\n"));
  // The tree sees it as well, if the tag is there: two threads may have read it at the same time.
  const block b = as_block(arena, one);
  void* const cell = caiman::detail::arena_insides::home_of(arena)->share_memory(b.index);
  child::check_ends_with(b, child::free_already, [&] {
    std::uint32_t tag = 0;
    std::memcpy(&tag, cell, sizeof tag);
    resource.deallocate(one, 256, 1);
    resource.deallocate(two, 256, 1);
    std::memcpy(cell, &tag, sizeof tag);
    resource.deallocate(one, 256, 1);
  });
  resource.deallocate(one, 256, 1);
  resource.deallocate(two, 256, 1);
}
