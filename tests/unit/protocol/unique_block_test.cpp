// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// unique_block_test.cpp: a block that goes back by itself
//
// When it goes back and when it does not, what a move leaves, other owners than a plain pointer,
// and that a second way back of the same block is seen as any misuse is.
// ---------------------------------------------------------------------------------------------
#include <cstddef>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include "../child.hpp"
#include "caiman/buddy.hpp"
#include "caiman/sequential_sync.hpp"

// NOLINTBEGIN(bugprone-use-after-move): what is left of one that was moved from is tested here

namespace {

using caiman::block;
using tree_type = caiman::buddy<>;
using unique = tree_type::unique_block<>;

static_assert(std::is_nothrow_move_constructible_v<unique>);
static_assert(std::is_nothrow_move_assignable_v<unique>);
static_assert(std::is_nothrow_swappable_v<unique>);
static_assert(!std::is_copy_constructible_v<unique> && !std::is_copy_assignable_v<unique>);
static_assert(std::is_nothrow_default_constructible_v<unique>);

block take(tree_type& tree, unsigned order) { return tree.allocate(order).value(); }

TEST_CASE("a unique block is released once, at its end", "[unique_block]") {
  tree_type tree(6);
  {
    const unique held(&tree, take(tree, 3));
    CHECK(held);
    CHECK(held.get().order == 3);
    CHECK(tree.free_min_blocks() == 56);
  }
  CHECK(tree.is_free({6, 0}));
}

TEST_CASE("a unique block that has nothing releases nothing", "[unique_block]") {
  unique held;
  CHECK_FALSE(held);
  CHECK(held.get() == block{0, 0});
  held.reset();
  CHECK(held.release() == block{0, 0});
}

TEST_CASE("what a unique block gives up is the caller's", "[unique_block]") {
  tree_type tree(6);
  const block taken = take(tree, 2);
  {
    unique held(&tree, taken);
    CHECK(held.release() == taken);
    CHECK_FALSE(held);
  }
  CHECK(tree.free_min_blocks() == 60);
  tree.release(taken);
  CHECK(tree.is_free({6, 0}));
}

TEST_CASE("a unique block moves", "[unique_block]") {
  tree_type tree(6);
  const block first = take(tree, 2);
  const block second = take(tree, 1);
  unique one(&tree, first);
  unique moved(std::move(one));
  CHECK_FALSE(one);
  CHECK(moved.get() == first);
  unique other(&tree, second);
  other = std::move(moved);  // second goes back
  CHECK_FALSE(moved);
  CHECK(other.get() == first);
  CHECK(tree.free_min_blocks() == 60);
  unique& same = other;
  other = std::move(same);
  CHECK(other.get() == first);
  unique empty;
  swap(other, empty);
  CHECK_FALSE(other);
  CHECK(empty.get() == first);
  empty.reset();
  CHECK(tree.is_free({6, 0}));
}

TEST_CASE("unique blocks of two buddies change places", "[unique_block]") {
  tree_type small(3);
  tree_type large(6);
  {
    unique one(&small, take(small, 0));
    unique other(&large, take(large, 5));
    swap(one, other);
    CHECK(one.get().order == 5);
    one.reset();
    CHECK(large.is_free({6, 0}));
    CHECK(small.free_min_blocks() == 7);
  }
  CHECK(small.is_free({3, 0}));
}

TEST_CASE("a shared owner keeps the buddy for its block", "[unique_block]") {
  auto tree = std::make_shared<tree_type>(4U);
  const std::weak_ptr<tree_type> watch = tree;
  {
    const tree_type::unique_block<std::shared_ptr<tree_type>> held(tree, take(*tree, 2));
    tree.reset();
    CHECK_FALSE(watch.expired());
    CHECK(watch.lock()->free_min_blocks() == 12);
  }
  CHECK(watch.expired());
}

struct counter {
  void release(block b) noexcept { blocks += std::size_t{1} << b.order; }
  std::size_t blocks = 0;
};

TEST_CASE("whatever has a release may own", "[unique_block]") {
  counter seen;
  { const tree_type::unique_block<counter*> held(&seen, {4, 0}); }
  CHECK(seen.blocks == 16);
  caiman::buddy<caiman::sequential_sync> tree(4);
  { const decltype(tree)::unique_block<> held(&tree, tree.allocate(1).value()); }
  CHECK(tree.is_free({4, 0}));
}

TEST_CASE("unique blocks of several threads go back from anywhere", "[unique_block]") {
  tree_type tree(10);
  {
    std::vector<unique> all(64);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = t; i < all.size(); i += 4) {
          all[i] = unique(&tree, take(tree, static_cast<unsigned>(i % 4)));
        }
      });
    }
    for (std::thread& each : threads) each.join();
    CHECK(tree.free_min_blocks() == 1024 - 16 * 15);
  }
  CHECK(tree.is_free({10, 0}));
}

TEST_CASE("a unique block of what has gone back is a misuse as any", "[unique_block]") {
  tree_type tree(6);
  const block taken = take(tree, 6);
  tree.release(taken);
  child::check_ends_with(taken, child::free_already, [&] { const unique held(&tree, taken); });
}

}  // namespace

// NOLINTEND(bugprone-use-after-move)
