// ---------------------------------------------------------------------------------------------
// buddy_test.cpp: the buddy under one thread, by example
//
// Every word width, with and without atomics, every small arena: what a request gets, what the
// observers say, how many levels were split and coalesced. Expectations are written by hand, or
// come from runs found by halving (naive_runs.hpp). What a second thread sees of words that the
// first one kept is here too, one after the other; threads at once are the model's and the
// hammer's business. Seeds are fixed and shown with a failure.
// Relies on naive_runs.hpp and Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include "caiman/buddy.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <vector>

#include "caiman/sequential_sync.hpp"
#include "naive_runs.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::alloc_error;
using caiman::block;
using caiman::buddy;
using caiman::native_sync;
using caiman::sequential_sync;

using all_buddies =
    std::tuple<buddy<native_sync, 1>, buddy<native_sync, 2>, buddy<native_sync, 3>,
               buddy<native_sync, 4>, buddy<native_sync, 5>, buddy<native_sync, 6>,
               buddy<sequential_sync, 1>, buddy<sequential_sync, 2>, buddy<sequential_sync, 3>,
               buddy<sequential_sync, 4>, buddy<sequential_sync, 5>, buddy<sequential_sync, 6>>;

template <class Buddy>
inline constexpr unsigned log2_fanout_of = 0;
template <class Sync, unsigned Log2Fanout>
inline constexpr unsigned log2_fanout_of<buddy<Sync, Log2Fanout>> = Log2Fanout;

constexpr unsigned small_orders = 10;  // arenas of 1 to 1,024 min blocks
constexpr std::uint64_t seed = 4711;

std::size_t blocks_of(unsigned max_order, unsigned order) {
  return std::size_t{1} << (max_order - order);
}

// Blocks of `order` until none is left.
template <class Buddy>
std::vector<block> take_all(Buddy& tree, unsigned order) {
  std::vector<block> taken;
  auto got = tree.allocate(order);
  for (; got; got = tree.allocate(order)) {
    REQUIRE(got->order == order);
    taken.push_back(*got);
    if (taken.size() > blocks_of(tree.max_order(), order)) break;
  }
  REQUIRE_FALSE(got.has_value());
  REQUIRE(got.error() == alloc_error::arena_full);
  return taken;
}

template <class Buddy>
bool identity_holds(const Buddy& tree, std::size_t live) {
  std::size_t maximal = 0;
  for (unsigned order = 0; order <= tree.max_order(); ++order) maximal += tree.free_count(order);
  const auto counts = tree.counts();
  return live + maximal + counts.coalesces == 1 + counts.splits;
}

// Compares every observer with the picture `free`, one entry per min block. A buddy that has not
// been observed yet is asked for free_min_blocks first, which alone does not tidy up.
template <class Buddy>
void check_observers(const Buddy& tree, const naive::slots& free, std::size_t live) {
  const unsigned max_order = tree.max_order();
  const auto runs = naive::maximal_runs(free, max_order);
  CHECK(tree.free_min_blocks() == std::size_t(std::count(free.begin(), free.end(), true)));
  CHECK(tree.largest_free_order() == naive::largest_class(runs));
  for (unsigned order = 0; order <= max_order; ++order) {
    INFO("order " << order);
    std::size_t count = 0;
    std::size_t wrong = 0;
    for (std::size_t index = 0; index < blocks_of(max_order, order); ++index) {
      const bool maximal =
          std::find(runs.begin(), runs.end(), naive::run{order, index << order}) != runs.end();
      if (maximal) ++count;
      if (tree.is_free({order, index}) != maximal) ++wrong;
    }
    CHECK(wrong == 0);
    CHECK(tree.free_count(order) == count);
  }
  CHECK(identity_holds(tree, live));
}

template <class Buddy>
void check_one_block(const Buddy& tree) {
  const unsigned max_order = tree.max_order();
  CHECK(tree.free_min_blocks() == blocks_of(max_order, 0));
  CHECK(tree.largest_free_order() == max_order);
  CHECK(tree.is_free({max_order, 0}));
  std::size_t others = 0;
  for (unsigned order = 0; order < max_order; ++order) {
    others += tree.free_count(order);
    if (tree.is_free({order, 0})) ++others;
  }
  CHECK(others == 0);
  CHECK(tree.free_count(max_order) == 1);
  CHECK(tree.counts().splits == tree.counts().coalesces);
}

template <class Buddy>
void check_full(Buddy& tree, std::size_t live) {
  CHECK(tree.free_min_blocks() == 0);
  CHECK(tree.largest_free_order() == std::nullopt);
  std::size_t wrong = 0;
  for (unsigned order = 0; order <= tree.max_order(); ++order) {
    if (tree.allocate(order) != std::unexpected(alloc_error::arena_full)) ++wrong;
    if (tree.free_count(order) != 0 || tree.is_free({order, 0})) ++wrong;
  }
  CHECK(wrong == 0);
  CHECK(identity_holds(tree, live));
}

enum class sequence { rising, falling, even_then_odd, shuffled };

std::vector<block> in_sequence(std::vector<block> blocks, sequence how) {
  std::sort(blocks.begin(), blocks.end(),
            [](const block& a, const block& b) { return a.index < b.index; });
  switch (how) {
    case sequence::rising:
      break;
    case sequence::falling:
      std::reverse(blocks.begin(), blocks.end());
      break;
    case sequence::even_then_odd:
      std::stable_partition(blocks.begin(), blocks.end(),
                            [](const block& b) { return b.index % 2 == 0; });
      break;
    case sequence::shuffled:
      std::shuffle(blocks.begin(), blocks.end(), std::mt19937_64(seed));
      break;
  }
  return blocks;
}

// Makes exactly the min blocks of `free` free, whatever order the buddy hands blocks out in.
template <class Buddy>
void arrange(Buddy& tree, const naive::slots& free, sequence how = sequence::rising) {
  for (const block& b : in_sequence(take_all(tree, 0), how)) {
    if (free[b.index]) tree.release(b);
  }
}

naive::slots min_blocks(unsigned max_order, std::initializer_list<std::size_t> free) {
  naive::slots picture(blocks_of(max_order, 0));
  for (const std::size_t index : free) picture[index] = true;
  return picture;
}

void mark(naive::slots& free, block b, bool as) {
  for (std::size_t i = 0; i < std::size_t{1} << b.order; ++i) free[(b.index << b.order) + i] = as;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a fresh buddy is one free block", "[buddy]", all_buddies) {
  for (unsigned max_order = 0; max_order <= small_orders; ++max_order) {
    INFO("max_order " << max_order);
    const TestType tree(max_order);
    CHECK(tree.max_order() == max_order);
    check_one_block(tree);
    CHECK(tree.counts().splits == 0);
    CHECK(tree.counts().coalesces == 0);
    CHECK(tree.rescans() == 0);
  }
}

TEMPLATE_LIST_TEST_CASE("each order fills the buddy, and its release restores one block", "[buddy]",
                        all_buddies) {
  const auto how =
      GENERATE(sequence::rising, sequence::falling, sequence::even_then_odd, sequence::shuffled);
  for (unsigned max_order = 0; max_order <= small_orders; ++max_order) {
    TestType tree(max_order);
    for (unsigned order = 0; order <= max_order; ++order) {
      INFO("max_order " << max_order << ", order " << order << ", sequence "
                        << static_cast<int>(how) << ", seed " << seed);
      const auto taken = in_sequence(take_all(tree, order), how);
      REQUIRE(taken.size() == blocks_of(max_order, order));
      naive::slots live(blocks_of(max_order, 0));
      std::size_t wrong = 0;
      for (const block& b : taken) {
        if (b.index >= taken.size() || live[b.index]) ++wrong;
        live[b.index] = true;
      }
      REQUIRE(wrong == 0);
      check_full(tree, taken.size());
      for (const block& b : taken) tree.release(b);
      check_one_block(tree);
      // The request for everything is the strictest observer of all.
      REQUIRE(tree.allocate(max_order) == block{max_order, 0});
      tree.release({max_order, 0});
    }
  }
}

TEMPLATE_LIST_TEST_CASE("a request above max_order is too large in every state", "[buddy]",
                        all_buddies) {
  for (unsigned max_order = 0; max_order <= small_orders; ++max_order) {
    TestType tree(max_order);
    const auto check = [&tree] {
      for (const unsigned order : {tree.max_order() + 1, tree.max_order() + 2, 33U, 64U, ~0U}) {
        INFO("max_order " << tree.max_order() << ", order " << order);
        const auto got = tree.allocate(order);
        REQUIRE_FALSE(got.has_value());
        CHECK(got.error() == alloc_error::request_too_large);
      }
    };
    check();
    const auto taken = take_all(tree, 0);
    check();
    for (const block& b : taken) tree.release(b);
    check();
    check_one_block(tree);
  }
}

TEMPLATE_LIST_TEST_CASE("observers answer for blocks that there are not", "[buddy]", all_buddies) {
  for (unsigned max_order = 0; max_order <= small_orders; ++max_order) {
    INFO("max_order " << max_order);
    const TestType tree(max_order);
    for (const unsigned order : {max_order + 1, max_order + 2, 33U, 64U, ~0U}) {
      CHECK(tree.free_count(order) == 0);
      CHECK_FALSE(tree.is_free({order, 0}));
      CHECK_FALSE(tree.is_free({order, SIZE_MAX}));
    }
    for (unsigned order = 0; order <= max_order; ++order) {
      CHECK_FALSE(tree.is_free({order, blocks_of(max_order, order)}));
      CHECK_FALSE(tree.is_free({order, blocks_of(max_order, order) * 2}));
      CHECK_FALSE(tree.is_free({order, SIZE_MAX}));
    }
  }
}

TEMPLATE_LIST_TEST_CASE("observers speak of maximal free blocks", "[buddy]", all_buddies) {
  TestType tree(4);
  // 0123 merged, 67 merged, 8 and 11 alone though neighbours of free ones, 9 10 no buddies
  arrange(tree, min_blocks(4, {0, 1, 2, 3, 6, 7, 9, 10, 13}));
  CHECK(tree.free_min_blocks() == 9);
  CHECK(tree.largest_free_order() == 2U);
  CHECK(tree.free_count(0) == 3);
  CHECK(tree.free_count(1) == 1);
  CHECK(tree.free_count(2) == 1);
  CHECK(tree.free_count(3) == 0);
  CHECK(tree.free_count(4) == 0);
  CHECK(tree.is_free({2, 0}));
  CHECK_FALSE(tree.is_free({1, 0}));  // free, but part of {2, 0}
  CHECK_FALSE(tree.is_free({0, 3}));
  CHECK(tree.is_free({1, 3}));
  CHECK(tree.is_free({0, 9}));
  CHECK(tree.is_free({0, 10}));
  CHECK(tree.is_free({0, 13}));
  CHECK_FALSE(tree.is_free({0, 8}));
  CHECK_FALSE(tree.is_free({1, 4}));  // half free
  CHECK_FALSE(tree.is_free({3, 0}));
  CHECK(identity_holds(tree, 7));

  tree.release({0, 8});  // 8 9 become a pair, 10 stays
  CHECK(tree.is_free({1, 4}));
  CHECK_FALSE(tree.is_free({0, 9}));
  CHECK(tree.is_free({0, 10}));
  tree.release({0, 4});
  CHECK(tree.is_free({0, 4}));  // its buddy 5 is live, 67 waits for both
  tree.release({0, 5});
  CHECK(tree.is_free({3, 0}));  // three merges at once
  CHECK(tree.free_count(2) == 0);
  CHECK(tree.largest_free_order() == 3U);
  CHECK(tree.free_min_blocks() == 12);
  CHECK(identity_holds(tree, 4));
}

TEMPLATE_LIST_TEST_CASE("observers agree with halving", "[buddy]", all_buddies) {
  SECTION("every way to have eight min blocks") {
    const auto how = GENERATE(sequence::rising, sequence::even_then_odd);
    for (std::uint64_t bits = 0; bits < 256; ++bits) {
      INFO("free " << bits << ", sequence " << static_cast<int>(how));
      const auto free = naive::slots_of(bits, 3);
      TestType tree(3);
      arrange(tree, free, how);
      check_observers(tree, free, std::size_t(std::count(free.begin(), free.end(), false)));
    }
  }
  SECTION("larger ones at random") {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    for (unsigned max_order = 4; max_order <= 8; ++max_order) {
      naive::slots free(blocks_of(max_order, 0));
      for (std::size_t i = 0; i < free.size(); ++i) free[i] = random() % 8 != 0;
      TestType tree(max_order);
      arrange(tree, free, sequence::shuffled);
      check_observers(tree, free, std::size_t(std::count(free.begin(), free.end(), false)));
    }
  }
}

TEMPLATE_LIST_TEST_CASE("a block out of a larger one counts the levels between", "[buddy]",
                        all_buddies) {
  for (unsigned max_order = 0; max_order <= small_orders; ++max_order) {
    for (unsigned order = 0; order <= max_order; ++order) {
      INFO("max_order " << max_order << ", order " << order);
      TestType tree(max_order);
      const unsigned levels = max_order - order;
      for (unsigned pair = 1; pair <= 3; ++pair) {
        const auto got = tree.allocate(order);
        REQUIRE(got.has_value());
        CHECK(tree.counts().splits == pair * levels);
        CHECK(tree.counts().coalesces == (pair - 1) * levels);
        CHECK(identity_holds(tree, 1));
        tree.release(*got);
        CHECK(tree.counts().splits == pair * levels);
        CHECK(tree.counts().coalesces == pair * levels);
        CHECK(identity_holds(tree, 0));
      }
    }
  }
}

// Nobody looks in between, so the word of the last release stays as it is: a pair after the first
// walks only the levels inside that word, and the look at the end walks the others once.
TEMPLATE_LIST_TEST_CASE("pairs that are served from a kept word count the levels they walk",
                        "[buddy]", all_buddies) {
  constexpr unsigned width = log2_fanout_of<TestType>;
  constexpr unsigned pairs = 5;
  for (unsigned max_order = 0; max_order <= small_orders; ++max_order) {
    INFO("max_order " << max_order);
    TestType tree(max_order);
    for (unsigned pair = 0; pair < pairs; ++pair) {
      const auto got = tree.allocate(0);
      REQUIRE(got.has_value());
      tree.release(*got);
    }
    const unsigned walked = max_order + (pairs - 1) * std::min(max_order, width);
    CHECK(tree.counts().splits == walked);
    CHECK(tree.counts().coalesces == walked);
    check_one_block(tree);
  }
}

// A random run against the picture of free min blocks: who is refused, where blocks lie, what was
// counted. `look_every` because each look merges what the run would otherwise leave in words.
template <class Buddy>
void run_randomly(unsigned max_order, unsigned look_every, std::uint64_t from_seed) {
  constexpr unsigned steps = 400;
  constexpr unsigned width = log2_fanout_of<Buddy>;
  INFO("max_order " << max_order << ", look_every " << look_every << ", seed " << from_seed);
  std::mt19937_64 random(from_seed);
  Buddy tree(max_order);
  naive::slots free(blocks_of(max_order, 0), true);
  std::vector<block> live;
  std::size_t wrong_refusals = 0;
  std::size_t overlaps = 0;
  std::size_t misplaced = 0;
  std::size_t miscounted = 0;
  for (unsigned step = 0; step < steps; ++step) {
    if (random() % 5 < 2 && !live.empty()) {
      std::swap(live[random() % live.size()], live.back());
      tree.release(live.back());
      mark(free, live.back(), true);
      live.pop_back();
    } else {
      const auto order =
          static_cast<unsigned>(std::min(random() % 12, random() % 4)) % (max_order + 1);
      const auto got = tree.allocate(order);
      const bool room = naive::best_fit(naive::maximal_runs(free, max_order), order).has_value();
      if (got ? !room : (room || got.error() != alloc_error::arena_full)) ++wrong_refusals;
      if (!got) continue;
      if (order < width && max_order >= width) {
        // Which word it comes from is free to choose, but not the run inside it.
        naive::runs in_word;
        const std::size_t at = got->index << order;
        naive::halve(free, at >> width << width, width, in_word);
        const auto fit = naive::best_fit(in_word, order);
        if (!fit || fit->pos != at) ++misplaced;
      }
      if (!naive::all_free(free, got->index << order, order)) ++overlaps;
      mark(free, *got, false);
      live.push_back(*got);
    }
    if (step % look_every == 0 && !identity_holds(tree, live.size())) ++miscounted;
  }
  CHECK(wrong_refusals == 0);
  CHECK(overlaps == 0);
  CHECK(misplaced == 0);
  CHECK(miscounted == 0);
  check_observers(tree, free, live.size());
  for (const block& b : live) tree.release(b);
  check_one_block(tree);
}

TEMPLATE_LIST_TEST_CASE("a random run keeps the books", "[buddy]", all_buddies) {
  for (unsigned max_order = 0; max_order <= 8; ++max_order) {
    for (const unsigned look_every : {1U, 7U, 1000U}) {
      run_randomly<TestType>(max_order, look_every, seed + max_order);
    }
  }
}

TEMPLATE_LIST_TEST_CASE("within a word the smallest run that fits is split", "[buddy]",
                        all_buddies) {
  constexpr unsigned width = log2_fanout_of<TestType>;
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  std::size_t requests = 0;
  for (unsigned round = 0; round < 100; ++round) {
    // All words of up to eight slots, in turn; wider ones at random, dense enough to have runs.
    const std::uint64_t bits = width <= 3 ? round : random() | random() | random();
    const auto free = naive::slots_of(bits, width);
    const auto runs = naive::maximal_runs(free, width);
    for (unsigned order = 0; order <= width; ++order) {
      INFO("free " << bits << ", order " << order);
      TestType tree(width);  // of a single word
      arrange(tree, free);
      const auto fit = naive::best_fit(runs, order);
      const auto got = tree.allocate(order);
      REQUIRE(got.has_value() == fit.has_value());
      if (fit) {
        CHECK(got->index << order == fit->pos);
        ++requests;
      }
    }
  }
  CHECK(requests > 50);
}

TEST_CASE("within a word of 64 the smallest run that fits is split", "[buddy]") {
  buddy<native_sync, 6> tree(6);
  naive::slots free(64);
  mark(free, {3, 0}, true);   // 0 to 7
  mark(free, {1, 8}, true);   // 16 17
  mark(free, {2, 6}, true);   // 24 to 27
  mark(free, {0, 41}, true);  // 41
  arrange(tree, free);
  CHECK(tree.allocate(0) == block{0, 41});  // the single one
  CHECK(tree.allocate(0) == block{0, 16});  // then half of the pair
  CHECK(tree.allocate(1) == block{1, 12});  // 24 25: not out of the eight
  CHECK(tree.allocate(0) == block{0, 17});
  CHECK(tree.allocate(2) == block{2, 0});
  CHECK(tree.allocate(2) == block{2, 1});
  CHECK(tree.allocate(1) == block{1, 13});
  CHECK(tree.allocate(0) == std::unexpected(alloc_error::arena_full));
}

TEMPLATE_TEST_CASE_SIG("a word that its thread keeps full is found by others", "[buddy][threads]",
                       ((unsigned Log2Fanout), Log2Fanout), 1, 2, 3, 4, 5, 6) {
  static_cast<void>(native_sync::thread_slot());  // ours; so the thread below has another one
  buddy<native_sync, Log2Fanout> tree(Log2Fanout + 1);
  // In a thread of its own. It has ended, and with it all that is not in the buddy.
  std::thread([&tree] { tree.release(*tree.allocate(0)); }).join();
  const auto& kept = tree.inside().at(0).word(0);
  REQUIRE(kept.load(std::memory_order_relaxed) == caiman::word_bits<Log2Fanout>::full);

  SECTION("by a request for all") {
    REQUIRE(tree.allocate(Log2Fanout + 1) == block{Log2Fanout + 1, 0});
    CHECK(tree.counts().splits == Log2Fanout + 1);
    CHECK(tree.counts().coalesces == Log2Fanout + 1);
  }
  SECTION("by a request for a whole word") {
    REQUIRE(tree.allocate(Log2Fanout).has_value());
    REQUIRE(tree.allocate(Log2Fanout).has_value());
  }
  SECTION("by requests for parts of a word") {
    REQUIRE(take_all(tree, 0).size() == std::size_t{2} << Log2Fanout);
  }
  SECTION("by a request of yet another thread") {
    std::optional<block> got;
    std::thread([&] { got = tree.allocate(Log2Fanout + 1).value(); }).join();
    REQUIRE(got == block{Log2Fanout + 1, 0});
  }
  SECTION("by an observer") { check_one_block(tree); }
}

TEST_CASE("a buddy of millions of min blocks", "[buddy]") {
  for (unsigned max_order = 20; max_order <= 24; ++max_order) {
    INFO("max_order " << max_order);
    buddy<> tree(max_order);
    REQUIRE(tree.free_min_blocks() == std::size_t{1} << max_order);
    std::vector<block> live;
    for (unsigned order = 0; order < max_order; ++order) {
      live.push_back(tree.allocate(order).value());
    }
    // 1 + 2 + 4 + ...: one min block is left
    CHECK(tree.free_min_blocks() == 1);
    CHECK(tree.largest_free_order() == 0U);
    CHECK(tree.allocate(1) == std::unexpected(alloc_error::arena_full));
    naive::slots used(std::size_t{1} << max_order);
    std::size_t overlaps = 0;
    for (const block& b : live) {
      for (std::size_t i = b.index << b.order; i < (b.index + 1) << b.order; ++i) {
        if (used[i]) ++overlaps;
        used[i] = true;
      }
    }
    CHECK(overlaps == 0);
    CHECK(identity_holds(tree, live.size()));
    for (const block& b : live) tree.release(b);
    check_one_block(tree);
  }
}

TEMPLATE_LIST_TEST_CASE("an order past 32 cannot be built", "[buddy]", all_buddies) {
  STATIC_REQUIRE(TestType::largest_max_order == 32);
  for (const unsigned max_order : {33U, 34U, 64U, ~0U}) {
    INFO("max_order " << max_order);
    CHECK_THROWS_AS(TestType(max_order), std::length_error);
  }
}
