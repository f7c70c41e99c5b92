// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// stacks_test.cpp: a buddy with stacks
//
// What goes to a stack and what to the tree, and that nothing that lies in a stack is hidden from
// anybody. Slots are taken in turn by one thread (stack_policies.hpp), or by threads of which one
// works at a time (peer.hpp), so nothing here depends on timing. Where a check could pass by
// accident, it is run on a faulty policy as well. Stacks alone are owner_stacks_test.cpp's.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <cstddef>
#include <expected>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "../../peer.hpp"
#include "../../stack_policies.hpp"
#include "caiman/buddy.hpp"
#include "naive_buddy.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::alloc_error;
using caiman::block;
using caiman::buddy;
using caiman::protocol::owner_stacks;
using caiman::testing::announced_sync;
using caiman::testing::deepest;
using caiman::testing::exchange_sync;
using caiman::testing::interrupted;
using caiman::testing::peer;
using caiman::testing::seated;
using caiman::testing::shallow;
using caiman::testing::undrained;

constexpr std::size_t nothing = owner_stacks<exchange_sync>::nothing;
constexpr unsigned orders = caiman::native_sync::stack_orders;
constexpr unsigned depth = caiman::native_sync::stack_depth;

// Whether the tree says that `b` is free, by itself or within something larger. No observer: those
// drain first.
template <class Sync, unsigned Log2Fanout>
bool free_in_tree(const buddy<Sync, Log2Fanout>& tree, block b) {
  for (unsigned lv = 0; lv <= tree.inside().top(); ++lv) {
    const unsigned low = lv * Log2Fanout;
    const unsigned cls = b.order > low ? b.order - low : 0;
    if (cls > Log2Fanout) continue;
    const std::size_t slot = b.order > low ? b.index << cls : b.index >> (low - b.order);
    const caiman::protocol::word_t run = caiman::protocol::word_bits<Log2Fanout>::run(cls);
    const caiman::protocol::word_t word =
        tree.inside().at(lv).word(slot >> Log2Fanout).load(std::memory_order_relaxed);
    const std::size_t pos = slot % (std::size_t{1} << Log2Fanout);
    if ((word >> pos & run) == run) return true;
  }
  return false;
}

template <class Buddy>
std::vector<block> take(Buddy& tree, unsigned order, std::size_t count) {
  std::vector<block> taken;
  for (std::size_t i = 0; i < count; ++i) taken.push_back(tree.allocate(order).value());
  return taken;
}

template <class Buddy>
void give(Buddy& tree, const std::vector<block>& blocks) {
  for (const block& b : blocks) tree.release(b);
}

// Fills every stack of the calling thread's slot.
template <class Buddy>
void fill_stacks(Buddy& tree) {
  for (unsigned order = 0; order < orders; ++order) give(tree, take(tree, order, depth));
}

template <class Buddy>
std::size_t stacked_min_blocks(const Buddy& tree, unsigned slot) {
  const auto stacks = tree.inside().lanes().stacks(slot);
  std::size_t sum = 0;
  for (unsigned order = 0; order < orders; ++order) {
    for (unsigned i = 1; i <= stacks.reach(order, true); ++i) {
      if (stacks.peek(order, i) != nothing) sum += std::size_t{1} << order;
    }
  }
  return sum;
}

constexpr std::size_t full_stacks = depth * ((std::size_t{1} << orders) - 1);  // in min blocks

}  // namespace

TEMPLATE_TEST_CASE("what is released comes back newest first, and past the depth goes to the tree",
                   "[stacks]", shallow<announced_sync>, shallow<exchange_sync>,
                   shallow<deepest<announced_sync>>) {
  using sync = TestType;
  constexpr unsigned root = sync::stack_room > 16 ? 15 : 13;  // two more blocks than it keeps
  for (unsigned d = 0; d <= sync::stack_room; d += sync::stack_room > 16 ? 32 : 1) {
    for (unsigned order = 0; order <= orders; ++order) {
      INFO("depth " << d << ", order " << order);
      sync::stack_depth = d;
      buddy<sync> tree(root);
      const auto stacks = tree.inside().lanes().stacks(sync::thread_slot());
      const std::size_t kept = order < orders ? d : 0;
      const auto taken = take(tree, order, d + 2);
      give(tree, taken);
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < taken.size(); ++i) {
        if (free_in_tree(tree, taken[i]) != (i >= kept)) ++wrong;
      }
      CHECK(wrong == 0);
      for (std::size_t i = kept; i-- > 0;) REQUIRE(tree.allocate(order) == taken[i]);
      if (kept != 0) CHECK(stacks.reach(order, true) == 0);
      give(tree, {taken.begin(), taken.begin() + static_cast<std::ptrdiff_t>(kept)});
      CHECK(naive::observe(tree) == naive::expect_one_block(root));
      CHECK(naive::identity_holds(tree, 0));
    }
  }
  sync::stack_depth = sync::stack_room;
}

// The block that a pair hands out again: a stack gives the newest, a tree what fits best.
TEST_CASE("without stacks the newest does not come first", "[stacks][control]") {
  const auto newest_first = [](auto& tree) {
    const auto taken = take(tree, 0, 3);
    give(tree, taken);
    const auto got = take(tree, 0, 3);
    return std::equal(taken.rbegin(), taken.rend(), got.begin());
  };
  shallow<exchange_sync>::stack_depth = 0;
  buddy<shallow<exchange_sync>> no_depth(6);
  buddy<caiman::tree_only_sync> no_room(6);
  buddy<exchange_sync> with(6);
  CHECK_FALSE(newest_first(no_depth));
  CHECK_FALSE(newest_first(no_room));
  CHECK(newest_first(with));
  shallow<exchange_sync>::stack_depth = depth;
}

TEMPLATE_TEST_CASE("the shared slot keeps nothing", "[stacks]", seated<announced_sync>,
                   seated<exchange_sync>) {
  TestType::seat() = TestType::shared_seat;
  buddy<TestType> tree(13);
  for (unsigned order = 0; order < orders; ++order) {
    for (const block& b : take(tree, order, depth)) {
      tree.release(b);
      REQUIRE(free_in_tree(tree, b));
    }
  }
  CHECK(stacked_min_blocks(tree, TestType::shared_seat) == 0);
  for (unsigned seat = 0; seat < TestType::shared_seat; ++seat) {
    TestType::seat() = seat;
    CHECK(stacked_min_blocks(tree, seat) == 0);
    fill_stacks(tree);  // another one does keep
    CHECK(stacked_min_blocks(tree, seat) == full_stacks);
    CHECK(tree.free_min_blocks() == naive::blocks_of(13, 0));
  }
}

TEMPLATE_TEST_CASE("each observer sees what lies in stacks as free and merged", "[stacks]",
                   seated<announced_sync>, seated<exchange_sync>) {
  const unsigned looks_from = GENERATE(0U, 1U, 2U);  // one that fills, one that does not, shared
  const std::vector<bool (*)(const buddy<TestType>&)> looks{
      [](const buddy<TestType>& t) {
        return t.is_free({13, 0});
      },
      [](const buddy<TestType>& t) { return t.free_count(13) == 1 && t.free_count(0) == 0; },
      [](const buddy<TestType>& t) { return t.largest_free_order() == 13U; },
      [](const buddy<TestType>& t) { return t.free_min_blocks() == naive::blocks_of(13, 0); },
      [](const buddy<TestType>& t) {
        const auto counts = t.counts();
        return counts.splits != 0 && counts.splits == counts.coalesces;
      }};
  for (const auto& look : looks) {
    buddy<TestType> tree(13);
    TestType::seat() = 0;
    fill_stacks(tree);
    REQUIRE(stacked_min_blocks(tree, 0) == full_stacks);
    TestType::seat() = looks_from == 2 ? TestType::shared_seat : looks_from;
    CHECK(look(tree));
    CHECK(stacked_min_blocks(tree, 0) == 0);
    CHECK(naive::identity_holds(tree, 0));
  }
}

// While an owner stands still between announcement and pop, for ever as far as others know.
TEST_CASE("a request answers while an owner stands in an announced pop", "[stacks]") {
  using sync = interrupted<seated<announced_sync>>;
  buddy<sync> tree(8);
  sync::seat() = 0;
  const auto taken = take(tree, 0, 256);
  give(tree, taken);  // 16 in the stack, the others in the tree
  std::expected<block, alloc_error> got;
  std::expected<block, alloc_error> half;
  sync::at_announcement() = [&] {
    sync::seat() = 1;
    got = tree.allocate(8);
    half = tree.allocate(7);
    sync::seat() = 0;
  };
  const auto popped = tree.allocate(0);
  CHECK(popped == taken[depth - 1]);
  CHECK(got == std::unexpected(alloc_error::arena_full));
  REQUIRE(half.has_value());
  CHECK(half->index != popped->index >> 7);
  CHECK(tree.free_min_blocks() == 127);
  tree.release(*half);
  tree.release(*popped);
  CHECK(naive::observe(tree) == naive::expect_one_block(8));
}

namespace {

// Counts what the drainers pay.
struct counted_fences : seated<announced_sync> {
  static unsigned& fences() noexcept {
    static unsigned count = 0;
    return count;
  }
  static void heavy_fence() noexcept {
    ++fences();
    seated<announced_sync>::heavy_fence();
  }
};

// Seats 0 and 1 keep a block, and seat 2 asks for everything.
void take_over(buddy<counted_fences>& tree) {
  for (const unsigned seat : {0U, 1U}) {
    counted_fences::seat() = seat;
    give(tree, take(tree, 0, 1));
  }
  counted_fences::seat() = 2;
  REQUIRE(tree.allocate(8) == block{8, 0});
  tree.release({8, 0});
}

}  // namespace

TEST_CASE("many drains of a stack pay for one fence, until its owner has popped in peace",
          "[stacks][membarrier]") {
  counted_fences::fences() = 0;
  buddy<counted_fences> tree(8);
  for (unsigned round = 0; round < 10; ++round) take_over(tree);
  CHECK(counted_fences::fences() == 1);  // for both
  counted_fences::seat() = 0;
  for (unsigned i = 0; i < 2 * counted_fences::calm_pops + 1; ++i) give(tree, take(tree, 0, 1));
  take_over(tree);
  CHECK(counted_fences::fences() == 2);
  take_over(tree);
  CHECK(counted_fences::fences() == 2);
}

// ---- refused exactly when full ---------------------------------------------------------------

namespace {

// Fills the stacks of all seats, and asks from `from` for min blocks until it is refused.
template <class Sync>
std::size_t granted_with_full_stacks(buddy<Sync>& tree, unsigned from) {
  for (unsigned seat = 0; seat < Sync::shared_seat; ++seat) {
    Sync::seat() = seat;
    fill_stacks(tree);
  }
  Sync::seat() = from;
  std::size_t granted = 0;
  while (tree.allocate(0)) ++granted;
  return granted;
}

}  // namespace

TEMPLATE_TEST_CASE("a request is refused exactly when everything is live", "[stacks]",
                   seated<announced_sync>, seated<exchange_sync>) {
  const unsigned from = GENERATE(0U, 2U, 3U);  // 3: the shared one
  buddy<TestType> tree(14);
  REQUIRE(granted_with_full_stacks(tree, from) == naive::blocks_of(14, 0));
  for (unsigned seat = 0; seat <= TestType::shared_seat; ++seat) {
    TestType::seat() = seat;
    for (unsigned order = 0; order <= 14; ++order) {
      REQUIRE(tree.allocate(order) == std::unexpected(alloc_error::arena_full));
    }
  }
  // One block comes back, in someone's stack: any thread that asks has it, and only it.
  for (unsigned seat = 0; seat <= TestType::shared_seat; ++seat) {
    const block last{0, 1000 + seat};
    TestType::seat() = seat;
    tree.release(last);
    TestType::seat() = from;
    REQUIRE(tree.allocate(1) == std::unexpected(alloc_error::arena_full));
    REQUIRE(tree.allocate(0) == last);
    REQUIRE(tree.allocate(0) == std::unexpected(alloc_error::arena_full));
  }
}

TEST_CASE("where nobody drains a request is refused before", "[stacks][control]") {
  buddy<undrained<seated<exchange_sync>>> tree(14);
  CHECK(granted_with_full_stacks(tree, 0) < naive::blocks_of(14, 0));
}

// ---- threads ---------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("a failing request gets all that others keep at hand", "[stacks][threads]",
                   announced_sync, exchange_sync) {
  static_cast<void>(TestType::thread_slot());
  buddy<TestType> tree(13);
  peer one;
  peer other;
  unsigned slots[2] = {};
  one.run([&] { fill_stacks(tree), slots[0] = TestType::thread_slot(); });
  other.run([&] { fill_stacks(tree), slots[1] = TestType::thread_slot(); });
  REQUIRE(slots[0] != slots[1]);
  CHECK(stacked_min_blocks(tree, slots[0]) == full_stacks);
  CHECK(stacked_min_blocks(tree, slots[1]) == full_stacks);
  SECTION("ours, which keeps nothing itself") {
    CHECK(tree.allocate(13) == block{13, 0});
    tree.release({13, 0});
  }
  SECTION("one of theirs") {
    std::optional<block> got;
    one.run([&] { got = tree.allocate(13).value(); });
    CHECK(got == block{13, 0});
    tree.release({13, 0});
  }
  CHECK(stacked_min_blocks(tree, slots[0]) == 0);
  CHECK(stacked_min_blocks(tree, slots[1]) == 0);
  // The holes do not keep their owners from going on.
  std::vector<block> got;
  one.run([&] {
    got = take(tree, 0, 2);
    give(tree, got);
    got.push_back(tree.allocate(0).value());
  });
  CHECK(got[2] == got[1]);
  tree.release(got[2]);
  CHECK(naive::observe(tree) == naive::expect_one_block(13));
}

TEMPLATE_TEST_CASE("what an ended thread kept is for others, and for the next in its slot",
                   "[stacks][threads]", announced_sync, exchange_sync) {
  static_cast<void>(TestType::thread_slot());
  buddy<TestType> tree(13);
  unsigned slot = 0;
  block newest{};
  std::thread([&] {
    fill_stacks(tree);
    slot = TestType::thread_slot();
    const auto two = take(tree, 3, 2);
    give(tree, two);
    newest = two[1];
  }).join();
  REQUIRE(stacked_min_blocks(tree, slot) == full_stacks);
  SECTION("for others") { CHECK(tree.allocate(13) == block{13, 0}); }
  SECTION("for the next in its slot") {
    std::optional<block> got;
    unsigned again = 0;
    std::thread([&] {
      got = tree.allocate(3).value();
      again = TestType::thread_slot();
    }).join();
    CHECK(again == slot);
    CHECK(got == newest);
    CHECK(stacked_min_blocks(tree, slot) == full_stacks - 8);
    tree.release(*got);
    CHECK(naive::observe(tree) == naive::expect_one_block(13));
  }
}

TEST_CASE("a request that had to drain says that it looked again", "[stacks]") {
  buddy<> tree(4);
  const auto kept = tree.allocate(0).value();
  tree.release(kept);
  const std::uint64_t before = tree.rescans();
  REQUIRE(tree.allocate(4).has_value());  // of which a part lay in the stack
  CHECK(tree.rescans() == before + 1);
}
