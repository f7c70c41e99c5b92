// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// buddy_test.cpp: the buddy under one thread, by example
//
// Every word width, with and without atomics, with and without stacks, every small arena: what a
// request gets, what the observers say, how many levels were split and coalesced. Expectations are
// written by hand, or come from runs found by halving (naive_runs.hpp, naive_buddy.hpp). A stack
// hands out what came last: which block that is, and what a pair counts, is foretold only where
// there are none, or after a look, which drains them. Building one is metadata_test.cpp's, threads
// are slots_test.cpp's, stacks stacks_test.cpp's. Seeds are fixed and shown with a failure.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include "caiman/buddy.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include "caiman/sequential_sync.hpp"
#include "naive_buddy.hpp"
#include "naive_runs.hpp"

namespace {

using caiman::alloc_error;
using caiman::announced_pop_sync;
using caiman::block;
using caiman::native_sync;
using caiman::sequential_sync;
using caiman::tree_only_sync;
using naive::blocks_of;
using naive::identity_holds;
using naive::mark;

using grant = std::expected<block, alloc_error>;

constexpr unsigned small_orders = 10;  // arenas of 1 to 1,024 min blocks
constexpr std::uint64_t seed = 4711;

// One face for all buddies: the tests are compiled once and not for each kind.
class any_buddy {
 public:
  any_buddy() = default;
  any_buddy(const any_buddy&) = delete;
  any_buddy& operator=(const any_buddy&) = delete;
  virtual ~any_buddy() = default;

  virtual unsigned max_order() const = 0;
  virtual grant allocate(unsigned order) = 0;
  virtual void release(block b) = 0;
  virtual bool is_free(block b) const = 0;
  virtual std::size_t free_count(unsigned order) const = 0;
  virtual std::optional<unsigned> largest_free_order() const = 0;
  virtual std::size_t free_min_blocks() const = 0;
  virtual caiman::protocol::merge_counts counts() const = 0;
  virtual std::uint64_t rescans() const = 0;
};

template <class Sync, unsigned Log2Fanout>
class real_buddy final : public any_buddy {
 public:
  explicit real_buddy(unsigned max_order) : tree_(max_order) {}

  unsigned max_order() const override { return tree_.max_order(); }
  grant allocate(unsigned order) override { return tree_.allocate(order); }
  void release(block b) override { tree_.release(b); }
  bool is_free(block b) const override { return tree_.is_free(b); }
  std::size_t free_count(unsigned order) const override { return tree_.free_count(order); }
  std::optional<unsigned> largest_free_order() const override { return tree_.largest_free_order(); }
  std::size_t free_min_blocks() const override { return tree_.free_min_blocks(); }
  caiman::protocol::merge_counts counts() const override { return tree_.counts(); }
  std::uint64_t rescans() const override { return tree_.rescans(); }

 private:
  caiman::buddy<Sync, Log2Fanout> tree_;
};

struct kind {
  const char* sync;
  unsigned width;  // Log2Fanout
  bool stacks;
  std::unique_ptr<any_buddy> (*make)(unsigned max_order);
};

template <class Sync, unsigned Log2Fanout>
std::unique_ptr<any_buddy> make(unsigned max_order) {
  return std::make_unique<real_buddy<Sync, Log2Fanout>>(max_order);
}

template <class Sync, unsigned... Log2Fanouts>
std::vector<kind> kinds_of(const char* sync) {
  return {{sync, Log2Fanouts, caiman::protocol::owner_stacks<Sync>::orders != 0,
           make<Sync, Log2Fanouts>}...};
}

// The policy that ships at every word width, the others at the narrowest, the widest and one
// between: every buddy is a compilation of its own. The property test has trees of every width.
template <class Test>
void for_each_kind(const Test& test) {
  for (const auto& kinds : {kinds_of<native_sync, 1, 2, 3, 4, 5, 6>("native"),
                            kinds_of<announced_pop_sync, 1, 3, 6>("announced_pop"),
                            kinds_of<tree_only_sync, 1, 3, 6>("tree_only"),
                            kinds_of<sequential_sync, 1, 3, 6>("sequential")}) {
    for (const kind& k : kinds) {
      INFO(k.sync << "_sync, fan-out " << (1U << k.width));
      test(k);
    }
  }
}

// Calls `test` with every kind of buddy and every small max_order.
template <class Test>
void for_each_small(const Test& test) {
  for_each_kind([&test](const kind& k) {
    for (unsigned max_order = 0; max_order <= small_orders; ++max_order) {
      INFO("max_order " << max_order);
      test(k, max_order);
    }
  });
}

// Blocks of `order` until none is left.
std::vector<block> take_all(any_buddy& tree, unsigned order) {
  std::vector<block> taken;
  const std::size_t all = blocks_of(tree.max_order(), order);
  auto got = tree.allocate(order);
  for (; got && taken.size() <= all; got = tree.allocate(order)) taken.push_back(*got);
  REQUIRE_FALSE(got.has_value());
  REQUIRE(got.error() == alloc_error::arena_full);
  return taken;
}

void check(const any_buddy& tree, const naive::observations& expected, std::size_t live) {
  CHECK(naive::observe(tree) == expected);
  CHECK(identity_holds(tree, live));
}

void check_one_block(const any_buddy& tree) {
  check(tree, naive::expect_one_block(tree.max_order()), 0);
}

void check_counts(const any_buddy& tree, std::size_t splits, std::size_t coalesces) {
  CHECK(tree.counts().splits == splits);
  CHECK(tree.counts().coalesces == coalesces);
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
      std::sort(blocks.begin(), blocks.end(), [](const block& a, const block& b) {
        return std::pair(a.index % 2, a.index) < std::pair(b.index % 2, b.index);
      });
      break;
    case sequence::shuffled:
      std::shuffle(blocks.begin(), blocks.end(), std::mt19937_64(seed));
      break;
  }
  return blocks;
}

// Makes exactly the min blocks of `free` free, whatever order the buddy hands blocks out in.
void arrange(any_buddy& tree, const naive::slots& free, sequence how = sequence::rising) {
  for (const block& b : in_sequence(take_all(tree, 0), how)) {
    if (free[b.index]) tree.release(b);
  }
}

// Where in its word the run lies that best fit takes for `order`, when the word that the buddy has
// chosen is the one around `index`. Best fit says nothing about which word that is.
std::optional<std::size_t> best_in_word(const naive::slots& free, unsigned max_order,
                                        unsigned width, unsigned order, std::size_t index) {
  const unsigned level = order / width;
  const unsigned whole = std::min((level + 1) * width, max_order);  // order of a full word
  naive::runs runs;
  naive::halve(free, index << order >> whole << whole, std::min(whole, max_order), runs);
  const auto fit = naive::best_fit(runs, order);
  if (!fit) return std::nullopt;
  return fit->pos >> order;
}

// A random run, every step of it compared with a picture of the free min blocks.
class random_run {
 public:
  random_run(const kind& k, unsigned max_order)
      : width_(k.width),
        stacks_(k.stacks),
        tree_(k.make(max_order)),
        free_(blocks_of(max_order, 0), true) {}

  // A buddy that is observed keeps no words full, so it matters how often it is.
  void play(unsigned steps, unsigned look_every) {
    for (unsigned step = 0; step < steps; ++step) {
      if (random_() % 5 < 2 && !live_.empty()) {
        give_back();
      } else {
        request(look_every == 1);
      }
      if (step % look_every == 0 && !identity_holds(*tree_, live_.size())) ++miscounted_;
    }
    CHECK(wrong_refusals_ == 0);
    CHECK(overlaps_ == 0);
    CHECK(misplaced_ == 0);
    CHECK(miscounted_ == 0);
    check(*tree_, naive::expect(free_, tree_->max_order()), live_.size());
    while (!live_.empty()) give_back();
    check_one_block(*tree_);
  }

 private:
  void give_back() {
    std::swap(live_[random_() % live_.size()], live_.back());
    tree_->release(live_.back());
    mark(free_, live_.back(), true);
    live_.pop_back();
  }

  void request(bool tidied) {
    const unsigned max_order = tree_->max_order();
    const auto order = static_cast<unsigned>(random_() % 12 % 5) % (max_order + 1);
    const bool room = naive::best_fit(naive::maximal_runs(free_, max_order), order).has_value();
    const auto got = tree_->allocate(order);
    if (got ? !room : (room || got.error() != alloc_error::arena_full)) ++wrong_refusals_;
    if (!got) return;
    // Above the lowest words a kept word hides from the word that a look would merge it into, and a
    // stack hides what it holds from every word.
    if ((tidied || (order < width_ && !stacks_)) &&
        best_in_word(free_, max_order, width_, order, got->index) != got->index) {
      ++misplaced_;
    }
    if (!naive::all_free(free_, got->index << order, order)) ++overlaps_;
    mark(free_, *got, false);
    live_.push_back(*got);
  }

  unsigned width_;
  bool stacks_;
  std::unique_ptr<any_buddy> tree_;
  naive::slots free_;
  std::vector<block> live_;
  std::mt19937_64 random_{seed};
  std::size_t wrong_refusals_ = 0;
  std::size_t overlaps_ = 0;
  std::size_t misplaced_ = 0;
  std::size_t miscounted_ = 0;
};

TEST_CASE("without atomics a comparison can fail as it does with them", "[buddy]") {
  sequential_sync::atomic<unsigned> cell(1);
  unsigned expected = 2;
  CHECK_FALSE(cell.compare_exchange_strong(expected, 3, std::memory_order_relaxed,
                                           std::memory_order_relaxed));
  CHECK(expected == 1);
  CHECK(cell.load(std::memory_order_relaxed) == 1);
}

}  // namespace

TEST_CASE("a fresh buddy is one free block", "[buddy]") {
  for_each_small([](const kind& k, unsigned max_order) {
    const auto tree = k.make(max_order);
    CHECK(tree->max_order() == max_order);
    check_one_block(*tree);
    check_counts(*tree, 0, 0);
    CHECK(tree->rescans() == 0);
  });
}

TEST_CASE("each order fills the buddy, and its release restores one block", "[buddy]") {
  const auto how =
      GENERATE(sequence::rising, sequence::falling, sequence::even_then_odd, sequence::shuffled);
  for_each_small([how](const kind& k, unsigned max_order) {
    const auto tree = k.make(max_order);
    for (unsigned order = 0; order <= max_order; ++order) {
      INFO("order " << order << ", sequence " << static_cast<int>(how) << ", seed " << seed);
      const auto taken = in_sequence(take_all(*tree, order), how);
      REQUIRE(taken.size() == blocks_of(max_order, order));
      naive::slots seen(taken.size());
      std::size_t wrong = 0;
      for (const block& b : taken) {
        if (b.order != order || b.index >= seen.size() || seen[b.index]) {
          ++wrong;
        } else {
          seen[b.index] = true;
        }
      }
      REQUIRE(wrong == 0);
      check(*tree, naive::expect_full(max_order), taken.size());
      for (unsigned any = 0; any <= max_order; ++any) {
        if (tree->allocate(any) != grant(std::unexpected(alloc_error::arena_full))) ++wrong;
      }
      CHECK(wrong == 0);
      for (const block& b : taken) tree->release(b);
      check_one_block(*tree);
      // The request for everything is the strictest observer of all.
      REQUIRE(tree->allocate(max_order) == grant({max_order, 0}));
      tree->release({max_order, 0});
    }
  });
}

TEST_CASE("a request above max_order is too large in every state", "[buddy]") {
  for_each_small([](const kind& k, unsigned max_order) {
    const auto tree = k.make(max_order);
    const auto check_refusals = [&tree, max_order] {
      for (const unsigned order : {max_order + 1, max_order + 2, 33U, 64U, ~0U}) {
        INFO("order " << order);
        CHECK(tree->allocate(order) == grant(std::unexpected(alloc_error::request_too_large)));
      }
    };
    check_refusals();
    const auto taken = take_all(*tree, 0);
    check_refusals();
    for (const block& b : taken) tree->release(b);
    check_refusals();
    check_one_block(*tree);
  });
}

TEST_CASE("observers answer for blocks that there are not", "[buddy]") {
  for_each_small([](const kind& k, unsigned max_order) {
    const auto tree = k.make(max_order);
    std::size_t wrong = 0;
    for (const unsigned order : {max_order + 1, max_order + 2, 33U, 64U, ~0U}) {
      if (tree->free_count(order) != 0) ++wrong;
      if (tree->is_free({order, 0}) || tree->is_free({order, SIZE_MAX})) ++wrong;
    }
    for (unsigned order = 0; order <= max_order; ++order) {
      const std::size_t end = blocks_of(max_order, order);
      for (const std::size_t index : {end, end + 1, 2 * end, std::size_t{SIZE_MAX}}) {
        if (tree->is_free({order, index})) ++wrong;
      }
    }
    CHECK(wrong == 0);
  });
}

TEST_CASE("observers speak of maximal free blocks", "[buddy]") {
  for_each_kind([](const kind& k) {
    const auto made = k.make(4);
    any_buddy& tree = *made;
    // 0 to 3 merge, 6 and 7 merge; 9 and 10 are neighbours, but no buddies
    arrange(tree, naive::picture(4, {0, 1, 2, 3, 6, 7, 9, 10, 13}));
    CHECK(tree.free_min_blocks() == 9);
    CHECK(tree.largest_free_order() == 2U);
    const std::size_t counts[] = {3, 1, 1, 0, 0};
    for (unsigned order = 0; order <= 4; ++order) CHECK(tree.free_count(order) == counts[order]);
    for (const block b : {block{2, 0}, {1, 3}, {0, 9}, {0, 10}, {0, 13}}) CHECK(tree.is_free(b));
    // parts of {2, 0}, a live block, half free, wholly live, and all of it
    for (const block b : {block{1, 0}, {0, 3}, {0, 8}, {1, 4}, {1, 7}, {4, 0}}) {
      CHECK_FALSE(tree.is_free(b));
    }
    CHECK(identity_holds(tree, 7));

    tree.release({0, 8});  // 8 and 9 become a pair, 10 stays
    CHECK(tree.is_free({1, 4}));
    CHECK_FALSE(tree.is_free({0, 9}));
    CHECK(tree.is_free({0, 10}));
    tree.release({0, 4});  // its buddy 5 is live, 6 and 7 wait for both
    CHECK(tree.is_free({0, 4}));
    tree.release({0, 5});  // three merges at once
    CHECK(tree.is_free({3, 0}));
    CHECK(tree.free_count(2) == 0);
    CHECK(tree.largest_free_order() == 3U);
    CHECK(tree.free_min_blocks() == 12);
    CHECK(identity_holds(tree, 4));
  });
}

TEST_CASE("observers agree with halving on every picture of eight min blocks", "[buddy]") {
  const auto how = GENERATE(sequence::rising, sequence::even_then_odd);
  for_each_kind([how](const kind& k) {
    for (std::uint64_t bits = 0; bits < 256; ++bits) {
      INFO("free " << bits << ", sequence " << static_cast<int>(how));
      const auto free = naive::slots_of(bits, 3);
      const auto tree = k.make(3);
      arrange(*tree, free, how);
      check(*tree, naive::expect(free, 3), naive::count(free, false));
    }
  });
}

TEST_CASE("observers agree with halving on random pictures", "[buddy]") {
  INFO("seed " << seed);
  for_each_small([](const kind& k, unsigned max_order) {
    std::mt19937_64 random(seed);
    naive::slots free(blocks_of(max_order, 0));
    std::generate(free.begin(), free.end(), [&random] { return random() % 8 != 0; });
    const auto tree = k.make(max_order);
    arrange(*tree, free, sequence::shuffled);
    check(*tree, naive::expect(free, max_order), naive::count(free, false));
  });
}

TEST_CASE("a block out of a larger one counts the levels between", "[buddy]") {
  for_each_small([](const kind& k, unsigned max_order) {
    for (unsigned order = 0; order <= max_order; ++order) {
      INFO("order " << order);
      const auto tree = k.make(max_order);
      const std::size_t levels = max_order - order;
      for (std::size_t pair = 1; pair <= 3; ++pair) {
        const auto got = tree->allocate(order);
        REQUIRE(got.has_value());
        check_counts(*tree, pair * levels, (pair - 1) * levels);
        tree->release(*got);
        check_counts(*tree, pair * levels, pair * levels);
      }
    }
  });
}

// Nobody looks in between, so the word of the last release stays as it is: a pair after the first
// walks only the levels inside that word, and the look at the end walks the others once. Out of a
// stack a pair walks none.
TEST_CASE("pairs that are served from a kept word, or a stack, count the levels they walk",
          "[buddy]") {
  constexpr unsigned pairs = 5;
  for_each_small([](const kind& k, unsigned max_order) {
    const auto tree = k.make(max_order);
    for (unsigned pair = 0; pair < pairs; ++pair) {
      const auto got = tree->allocate(0);
      REQUIRE(got.has_value());
      tree->release(*got);
    }
    const unsigned per_pair = k.stacks ? 0 : std::min(max_order, k.width);
    const unsigned walked = max_order + (pairs - 1) * per_pair;
    check_counts(*tree, walked, walked);
    check_one_block(*tree);
  });
}

TEST_CASE("a random run keeps the books", "[buddy]") {
  const unsigned look_every = GENERATE(1U, 7U, 1000U);
  for_each_small([look_every](const kind& k, unsigned max_order) {
    INFO("look_every " << look_every << ", seed " << seed);
    random_run(k, max_order).play(400, look_every);
  });
}

TEST_CASE("within a word the smallest run that fits is split", "[buddy]") {
  INFO("seed " << seed);
  for_each_kind([](const kind& k) {
    std::mt19937_64 random(seed);
    std::size_t granted = 0;
    for (unsigned round = 0; round < 256; ++round) {
      // All words of up to eight slots; wider ones at random, dense enough to have runs.
      const std::uint64_t thin = random();
      const std::uint64_t bits = k.width <= 3 ? round : thin | random();
      const auto free = naive::slots_of(bits, k.width);
      const auto runs = naive::maximal_runs(free, k.width);
      for (unsigned order = 0; order <= k.width; ++order) {
        INFO("free " << bits << ", order " << order);
        const auto tree = k.make(k.width);  // of a single word
        arrange(*tree, free);
        if (k.stacks) CHECK(tree->free_min_blocks() == naive::count(free, true));
        const auto got = tree->allocate(order);
        const auto fit = naive::best_fit(runs, order);
        REQUIRE(got.has_value() == fit.has_value());
        if (!fit) continue;
        REQUIRE(*got == block{order, fit->pos >> order});
        ++granted;
      }
    }
    CHECK(granted >= 256);
  });
}

TEMPLATE_TEST_CASE("within a word of 64 the smallest run that fits is split", "[buddy]",
                   native_sync, announced_pop_sync, tree_only_sync, sequential_sync) {
  caiman::buddy<TestType> tree(6);
  REQUIRE(tree.allocate(6).has_value());
  tree.release({3, 0});                       // 0 to 7
  tree.release({1, 8});                       // 16 17
  tree.release({2, 6});                       // 24 to 27
  tree.release({0, 41});                      // 41
  REQUIRE(tree.free_min_blocks() == 15);      // what stacks held is in the word now
  CHECK(tree.allocate(0) == grant({0, 41}));  // the single one
  CHECK(tree.allocate(0) == grant({0, 16}));  // then half of the pair
  CHECK(tree.allocate(1) == grant({1, 12}));  // half of the four, not of the eight
  CHECK(tree.allocate(0) == grant({0, 17}));
  CHECK(tree.allocate(2) == grant({2, 0}));
  CHECK(tree.allocate(2) == grant({2, 1}));
  CHECK(tree.allocate(1) == grant({1, 13}));
  CHECK(tree.allocate(0) == grant(std::unexpected(alloc_error::arena_full)));
}
