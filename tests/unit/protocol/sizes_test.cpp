// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// sizes_test.cpp: a buddy of any number of min blocks
//
// What lies past the end is never handed out, and all that lies before it can be: compared with a
// picture of the min blocks in which those past the end are never free.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <bit>
#include <cstddef>
#include <random>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "caiman/buddy.hpp"
#include "caiman/sequential_sync.hpp"
#include "naive_buddy.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::alloc_error;
using caiman::block;
using caiman::buddy;
using caiman::native_sync;
using caiman::sequential_sync;
using caiman::tree_only_sync;

constexpr std::size_t most = 300;

template <class Sync, unsigned Log2Fanout>
struct kind {
  using type = buddy<Sync, Log2Fanout>;
};
using every_width =
    std::tuple<kind<sequential_sync, 1>, kind<sequential_sync, 2>, kind<sequential_sync, 3>,
               kind<sequential_sync, 4>, kind<sequential_sync, 5>, kind<sequential_sync, 6>,
               kind<tree_only_sync, 3>, kind<native_sync, 1>, kind<native_sync, 6>>;

naive::slots first_ones(std::size_t count, unsigned root) {
  naive::slots free(naive::blocks_of(root, 0));
  for (std::size_t i = 0; i < count; ++i) free[i] = true;
  return free;
}

template <class Buddy>
std::vector<block> take_all(Buddy& tree, unsigned order) {
  std::vector<block> taken;
  auto got = tree.allocate(order);
  for (; got && taken.size() <= most; got = tree.allocate(order)) taken.push_back(*got);
  REQUIRE(got == std::unexpected(alloc_error::arena_full));
  return taken;
}

// Of every order as many blocks as there are, each once, and what they leave.
template <class Buddy>
void check_order(Buddy& tree, std::size_t count, unsigned root, unsigned order) {
  naive::slots free = first_ones(count, root);
  std::vector<block> taken = take_all(tree, order);
  std::size_t wrong = 0;
  for (const block& b : taken) {
    wrong += b.order != order || (b.index + 1) << order > count ||
             !naive::all_free(free, b.index << order, order);
    naive::mark(free, b, false);
  }
  CHECK(wrong == 0);
  CHECK(taken.size() == count >> order);
  const auto at_first = static_cast<std::size_t>(std::popcount(count));
  CHECK(naive::observe(tree, root) == naive::expect(free, root));
  CHECK(naive::identity_holds(tree, taken.size(), at_first));
  std::shuffle(taken.begin(), taken.end(), std::mt19937(7));
  for (const block& b : taken) tree.release(b);
  CHECK(naive::observe(tree, root) == naive::expect(first_ones(count, root), root));
  CHECK(naive::identity_holds(tree, 0, at_first));
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a buddy of any size hands out what it has and nothing else", "[sizes]",
                        every_width) {
  std::size_t sizes = 0;
  for (std::size_t count = 1; count <= most; ++count) {
    INFO(count << " min blocks");
    const unsigned root = TestType::type::root_of(count);
    typename TestType::type tree(9, count);
    CHECK(tree.max_order() == static_cast<unsigned>(std::bit_width(count)) - 1);
    CHECK(naive::observe(tree, root) == naive::expect(first_ones(count, root), root));
    for (unsigned order : {0U, 1U, tree.max_order() / 2, tree.max_order()}) {
      if (order <= tree.max_order()) check_order(tree, count, root, order);
    }
    CHECK(tree.allocate(tree.max_order() + 1) == std::unexpected(alloc_error::request_too_large));
    CHECK_FALSE(tree.is_free({0, count}));
    ++sizes;
  }
  CHECK(sizes == most);
}

TEST_CASE("the number of min blocks is at least 1 and has the largest order", "[sizes]") {
  CHECK_THROWS_AS(buddy<>(3, 0), std::length_error);
  CHECK_THROWS_AS(buddy<>(3, 16), std::length_error);
  CHECK_THROWS_AS(buddy<>(33, 5), std::length_error);
  CHECK_THROWS_AS(buddy<>(32, std::size_t{1} << 33), std::length_error);
  CHECK(buddy<>(3, 15).free_min_blocks() == 15);
  CHECK(buddy<>(3, 15).max_order() == 3);
  CHECK(buddy<>(2, 5).largest_free_order() == 2U);
}
