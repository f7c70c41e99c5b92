// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// wide_slots_test.cpp: more slots than a word has bits
//
// What slots_test.cpp looks at, for wide_sync: each thread has a slot of its own, what lies in the
// stacks of any is found by who wants all, and slots go back to the word that they came from.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <barrier>
#include <cstddef>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "caiman/buddy.hpp"
#include "caiman/native_sync.hpp"
#include "naive_buddy.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::buddy;
using caiman::native_sync;
using caiman::wide_sync;
using caiman::protocol::slot_of_turn;
using caiman::protocol::slot_pool;
using caiman::protocol::slot_set;
using wide = wide_sync<127>;

static_assert(caiman::sync_policy<wide> && caiman::sync_policy<wide_sync<1023>>);
static_assert(wide::exclusive_slots == 127 && native_sync::exclusive_slots == 63);
static_assert(buddy<wide>::metadata_size(10) - buddy<>::metadata_size(10) ==
              std::size_t{64} * 1024);

}  // namespace

TEST_CASE("a set has slots of any word, the lowest first", "[slots]") {
  slot_set<wide> some;
  CHECK(some.empty());
  for (const unsigned slot : {126U, 64U, 0U, 63U, 64U}) some.add(slot);
  CHECK_FALSE(some.empty());
  std::vector<unsigned> found;
  some.for_each([&](unsigned slot) { found.push_back(slot); });
  CHECK(found == std::vector<unsigned>{0, 63, 64, 126});

  slot_set<wide> last;
  last.add(126);
  CHECK_FALSE(last.empty());
}

TEST_CASE("a pool of two words hands out each slot once", "[slots]") {
  slot_pool<wide> pool(127, 127);
  std::set<unsigned> all;
  for (unsigned i = 0; i < 127; ++i) all.insert(pool.take());
  CHECK(all.size() == 127);
  CHECK(*all.rbegin() == 126);
  CHECK(pool.take() == 127);
  CHECK(pool.seen() == 127);

  const unsigned late = slot_of_turn(100, 127);
  const unsigned early = slot_of_turn(3, 127);
  pool.give(late);
  CHECK(pool.take() == late);
  CHECK(pool.take() == 127);
  pool.give(late);
  pool.give(early);
  CHECK(pool.take() == early);
  CHECK(pool.take() == late);
  CHECK(pool.take() == 127);
}

TEST_CASE("who wants all gets what a hundred threads keep at hand", "[slots][threads]") {
  constexpr unsigned threads = 100;
  buddy<wide> tree(9);
  std::vector<unsigned> slots(threads);
  std::barrier meet(threads + 1);
  std::vector<std::thread> all;
  for (unsigned i = 0; i < threads; ++i) {
    all.emplace_back([&, i] {
      const auto one = tree.allocate(0);
      const auto other = tree.allocate(1);
      slots[i] = wide::thread_slot();
      meet.arrive_and_wait();  // by now each has its slot
      if (one) tree.release(*one);
      if (other) tree.release(*other);
      meet.arrive_and_wait();
      meet.arrive_and_wait();
    });
  }
  meet.arrive_and_wait();
  meet.arrive_and_wait();
  const auto whole = tree.allocate(9);
  meet.arrive_and_wait();
  for (std::thread& each : all) each.join();

  std::sort(slots.begin(), slots.end());
  CHECK(std::adjacent_find(slots.begin(), slots.end()) == slots.end());
  CHECK(slots.back() < wide::exclusive_slots);
  REQUIRE(whole);
  tree.release(*whole);
  CHECK(naive::observe(tree) == naive::expect_one_block(9));
  CHECK(naive::identity_holds(tree, 0));
}

TEST_CASE("a thread has a slot of each policy, and gives both back", "[slots][threads]") {
  const auto slots_of_a_new_thread = [] {
    std::pair<unsigned, unsigned> slots;
    std::thread([&] { slots = {native_sync::thread_slot(), wide::thread_slot()}; }).join();
    return slots;
  };
  const auto first = slots_of_a_new_thread();
  CHECK(first.first < native_sync::exclusive_slots);
  CHECK(first.second < wide::exclusive_slots);
  for (unsigned i = 0; i < 200; ++i) REQUIRE(slots_of_a_new_thread() == first);
}
