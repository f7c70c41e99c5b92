// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// trims_test.cpp: free blocks leave the tree for a moment, and are put back
//
// By a picture of the min blocks, of trees that are used at random: each free min block is away
// once, alone with its piece; live ones never; and afterwards all is as it was.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <cstddef>
#include <random>
#include <tuple>
#include <vector>

#include "caiman/buddy.hpp"
#include "caiman/protocol/trims.hpp"
#include "caiman/sequential_sync.hpp"
#include "naive_buddy.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::block;
using caiman::buddy;
using caiman::native_sync;
using caiman::sequential_sync;
using caiman::tree_only_sync;

using every_kind =
    std::tuple<buddy<sequential_sync, 1>, buddy<sequential_sync, 2>, buddy<tree_only_sync, 1>,
               buddy<tree_only_sync, 3>, buddy<tree_only_sync, 4>, buddy<tree_only_sync, 6>,
               buddy<native_sync, 2>, buddy<native_sync, 6>>;

template <class Sync, unsigned Log2Fanout, class Wanted, class Use>
void each(buddy<Sync, Log2Fanout>& tree, unsigned most, Wanted wanted, Use use) {
  caiman::protocol::trims<Sync, Log2Fanout>::each(tree.inside(), most, wanted, use);
}

/// Some blocks of a tree, of any order.
template <class Buddy>
std::vector<block> take_some(Buddy& tree, std::mt19937& random) {
  std::vector<block> live;
  for (unsigned i = 0; i < 24; ++i) {
    if (const auto got = tree.allocate(random() % 4)) live.push_back(*got);
    if (random() % 3 == 0 && !live.empty()) {
      const std::size_t which = random() % live.size();
      tree.release(live[which]);
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(which));
    }
  }
  return live;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("every free block is away once, in pieces, and then back", "[trims]",
                        every_kind) {
  std::mt19937 random(1);
  for (const std::size_t units : {std::size_t{1}, std::size_t{13}, std::size_t{128}}) {
    const unsigned root = TestType::root_of(units);
    for (unsigned most = 0; most <= root; ++most) {
      INFO(units << " min blocks in pieces of order " << most);
      TestType tree(root, units);
      const std::vector<block> live = take_some(tree, random);
      naive::slots free(units, true);
      for (const block b : live) naive::mark(free, b, false);
      const auto before = naive::observe(tree, root);
      naive::slots away(units, false);
      each(
          tree, most, [](unsigned, std::size_t) { return true; },
          [&](unsigned order, std::size_t index) {
            CHECK(order <= most);
            const std::size_t size = std::size_t{1} << order;
            REQUIRE((index + 1) * size <= units);
            for (std::size_t i = index * size; i < (index + 1) * size; ++i) {
              CHECK(free[i]);
              CHECK_FALSE(away[i]);
            }
            naive::mark(away, {order, index}, true);
            CHECK(tree.free_min_blocks() + size == naive::count(free, true));
            CHECK_FALSE(tree.is_free({order, index}));
          });
      CHECK(away == free);
      CHECK(naive::observe(tree, root) == before);
      const auto first = static_cast<std::size_t>(std::popcount(units));
      CHECK(naive::identity_holds(tree, live.size(), first));
      for (const block b : live) tree.release(b);
      CHECK(tree.free_min_blocks() == units);
      CHECK(naive::identity_holds(tree, 0, first));
    }
  }
}

TEST_CASE("what is not wanted stays, and nobody is told that all is taken", "[trims]") {
  buddy<tree_only_sync, 2> tree(4);
  std::vector<std::size_t> asked;
  std::vector<std::size_t> used;
  each(
      tree, 2,
      [&](unsigned, std::size_t index) {
        asked.push_back(index);
        return index == 2;
      },
      [&](unsigned order, std::size_t index) {
        used.push_back(index);
        std::vector<block> rest;
        for (auto got = tree.allocate(0); got; got = tree.allocate(0)) {
          CHECK(got->index >> order != index);
          rest.push_back(*got);
        }
        CHECK(rest.size() == 12);
        CHECK(tree.allocate(0).error() == caiman::alloc_error::contended);
        for (const block b : rest) tree.release(b);
      });
  CHECK(asked == std::vector<std::size_t>{0, 1, 2, 3});
  CHECK(used == std::vector<std::size_t>{2});
  CHECK(naive::observe(tree) == naive::expect_one_block(4));
}
