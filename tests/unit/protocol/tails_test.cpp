// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// tails_test.cpp: a block gives its end back, and later the rest
//
// Every size of a part of every block, by a picture of the min blocks; and each misuse, in a child
// process (child.hpp).
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <cstddef>
#include <tuple>

#include "../child.hpp"
#include "caiman/buddy.hpp"
#include "caiman/sequential_sync.hpp"
#include "naive_buddy.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::announced_pop_sync;
using caiman::block;
using caiman::buddy;
using caiman::native_sync;
using caiman::sequential_sync;
using caiman::tree_only_sync;

constexpr unsigned max_order = 7;

using every_kind =
    std::tuple<buddy<sequential_sync, 1>, buddy<sequential_sync, 2>, buddy<tree_only_sync, 1>,
               buddy<tree_only_sync, 2>, buddy<tree_only_sync, 3>, buddy<tree_only_sync, 4>,
               buddy<tree_only_sync, 5>, buddy<tree_only_sync, 6>, buddy<native_sync, 2>,
               buddy<native_sync, 6>, buddy<announced_pop_sync, 3>>;

constexpr const char* no_part = "it has no part of that size";

}  // namespace

TEMPLATE_LIST_TEST_CASE("a tail is free at once, and what stays is not", "[tails]", every_kind) {
  std::size_t cuts = 0;
  for (unsigned order = 1; order <= max_order; ++order) {
    for (std::size_t keep = 1; keep < std::size_t{1} << order; ++keep) {
      INFO("order " << order << ", keep " << keep);
      TestType tree(max_order);
      const block before = tree.allocate(0).value();  // so that it is not always the first block
      const auto b = tree.allocate(order);
      if (!b) continue;  // of the largest order there is one, and it is cut already
      naive::slots free(naive::blocks_of(max_order, 0), true);
      naive::mark(free, before, false);
      for (std::size_t i = 0; i < keep; ++i) free[(b->index << order) + i] = false;
      tree.release_tail(*b, keep);
      CHECK(naive::observe(tree) == naive::expect(free, max_order));
      const unsigned pieces = caiman::protocol::piece_count(b->index << order, keep);
      CHECK(naive::identity_holds(tree, 1 + pieces));
      tree.release_part(*b, keep);
      tree.release(before);
      CHECK(naive::observe(tree) == naive::expect_one_block(max_order));
      CHECK(naive::identity_holds(tree, 0));
      ++cuts;
    }
  }
  CHECK(cuts == 120);  // of orders 1 to 6: the largest block is cut already
}

TEST_CASE("a part that is the whole block goes back as one", "[tails]") {
  buddy<tree_only_sync> tree(max_order);
  const block b = tree.allocate(3).value();
  tree.release_part(b, 8);
  CHECK(tree.is_free({max_order, 0}));
}

TEST_CASE("what a tail gave back can be had while the rest is live", "[tails]") {
  buddy<> tree(max_order);
  const block whole = tree.allocate(max_order).value();
  CHECK_FALSE(tree.allocate(0).has_value());
  tree.release_tail(whole, 1);
  std::size_t more = 0;
  while (tree.allocate(0)) ++more;
  CHECK(more == 127);
}

TEMPLATE_LIST_TEST_CASE("misuse of a tail or a part ends the program", "[tails]", every_kind) {
  TestType tree(max_order);
  const block b = tree.allocate(4).value();
  const block small = tree.allocate(0).value();
  for (const std::size_t keep : {std::size_t{0}, std::size_t{16}, std::size_t{17}}) {
    child::check_ends_with(b, no_part, [&] { tree.release_tail(b, keep); });
  }
  for (const std::size_t kept : {std::size_t{0}, std::size_t{17}, std::size_t{32}}) {
    child::check_ends_with(b, no_part, [&] { tree.release_part(b, kept); });
  }
  child::check_ends_with({8, 0}, child::no_such_order, [&] { tree.release_tail({8, 0}, 3); });
  child::check_ends_with({3, 16}, child::no_such_index, [&] { tree.release_tail({3, 16}, 3); });
  child::check_ends_with({3, 16}, child::no_such_index, [&] { tree.release_part({3, 16}, 3); });
  SECTION("of a block that is free") {
    tree.release(b);
    (void)tree.free_count(0);  // out of the stack
    child::check_ends_with(b, child::free_already, [&] { tree.release_tail(b, 3); });
    const block first{1, b.index << 3};
    child::check_ends_with(first, child::free_already, [&] { tree.release_part(b, 3); });
  }
  SECTION("of one that was cut already") {
    tree.release_tail(b, 5);
    child::check_ends_with(b, child::free_already, [&] { tree.release_tail(b, 7); });
    child::check_ends_with(b, child::free_already, [&] { tree.release_tail(b, 3); });
    child::check_quiet([&] { tree.release_part(b, 5); });
    // Of six, the last one is free.
    child::check_ends_with({1, (b.index << 3) + 2}, child::free_already,
                           [&] { tree.release_part(b, 6); });
  }
  SECTION("and nothing wrong is quiet") {
    child::check_quiet([&] {
      tree.release_tail(b, 5);
      tree.release_part(b, 5);
      tree.release(small);
    });
  }
}

TEST_CASE("a block in the own stack is not cut", "[tails]") {
  buddy<> tree(max_order);
  const block b = tree.allocate(2).value();
  tree.release(b);
  child::check_ends_with(b, child::free_already, [&] { tree.release_tail(b, 1); });
  child::check_ends_with(b, child::free_already, [&] { tree.release_part(b, 3); });
}
