// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// detailed_metrics_test.cpp: what an arena counts beyond its books
//
// Peaks, allocations by order and bytes asked for, with and without detailed_metrics(), of every
// kind of arena; what waits and what gave up; and threads, whose peak is known from outside.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <random>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "caiman/caiman.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::arena_metrics;
using caiman::buddy_arena;
using caiman::buddy_geometry;
using caiman::buffer;
using caiman::fixed_arena;

constexpr std::size_t total = 16'384;
constexpr std::size_t unit = 64;

caiman::buddy_arena_builder builder(bool exact = true) {
  return buddy_arena::builder(exact ? buddy_geometry::exact(total, unit).value()
                                    : buddy_geometry::nearest(total, unit).value());
}
std::uint64_t sum_of_orders(const arena_metrics& m) {
  return std::accumulate(m.allocations_by_order.begin(), m.allocations_by_order.end(),
                         std::uint64_t{0});
}

TEST_CASE("an arena without details counts none", "[detailed_metrics]") {
  const auto arena = builder().build().value();
  const auto seen = arena.allocate(200);
  REQUIRE(seen);
  const arena_metrics m = arena.metrics();
  CHECK(m.bytes_live == 256);
  CHECK(m.bytes_live_peak == 0);
  CHECK(m.bytes_requested == 0);
  CHECK(m.bytes_handed_out == 0);
  CHECK(sum_of_orders(m) == 0);
}

void check_details(const buddy_arena& arena) {
  {
    const auto none = arena.allocate(0);       // order 0
    const auto one = arena.allocate(65);       // order 1
    const auto two = arena.allocate(1'000);    // order 4
    const auto three = arena.allocate(1'024);  // order 4
    REQUIRE((none && one && two && three));
  }
  CHECK_FALSE(arena.allocate(total + 1));
  const arena_metrics m = arena.metrics();
  CHECK(m.bytes_live == 0);
  CHECK(m.bytes_live_peak == 64 + 128 + 1'024 + 1'024);
  CHECK(m.bytes_requested == 65 + 1'000 + 1'024);
  CHECK(m.bytes_handed_out == 64 + 128 + 1'024 + 1'024);
  CHECK(m.allocations_by_order[0] == 1);
  CHECK(m.allocations_by_order[1] == 1);
  CHECK(m.allocations_by_order[4] == 2);
  CHECK(sum_of_orders(m) == m.allocations_ok);
  CHECK(m.allocations_failed == 1);
  CHECK(m.contended == 0);
  const auto all = arena.allocate(total);
  REQUIRE(all);
  CHECK_FALSE(arena.allocate(1));
  const arena_metrics full = arena.metrics();
  CHECK(full.bytes_live_peak == total);
  CHECK(full.allocations_by_order[8] == 1);
  CHECK(full.bytes_requested == m.bytes_requested + total);
}

TEST_CASE("an arena with details counts orders, bytes asked for and its peak",
          "[detailed_metrics]") {
  check_details(builder().detailed_metrics().build().value());
  check_details(builder(false).detailed_metrics().build().value());
  check_details(builder().detailed_metrics().init(caiman::init_policy::zero).build().value());
  alignas(4096) static std::array<std::byte, total> memory;
  check_details(buddy_arena::from_region(memory.data(), total, caiman::buddy_hint::min_alloc(unit))
                    .detailed_metrics()
                    .build()
                    .value());
  check_details(builder().detailed_metrics().build_async().value().synchronous());
}

TEST_CASE("what std::pmr asks for is counted", "[detailed_metrics]") {
  const auto arena = builder().detailed_metrics().build().value();
  caiman::buddy_resource memory(arena);
  memory.deallocate(memory.allocate(100, 8), 100, 8);
  const arena_metrics m = arena.metrics();
  CHECK(m.bytes_requested == 100);
  CHECK(m.bytes_handed_out == 128);
  CHECK(m.bytes_live_peak == 128);
}

TEST_CASE("slots have a peak as well", "[detailed_metrics]") {
  const auto check_peak = [](const fixed_arena& arena, std::size_t peak) {
    {
      const auto one = arena.allocate();
      const auto two = arena.allocate();
      REQUIRE((one && two));
    }
    CHECK(arena.metrics().bytes_live_peak == peak);
    const auto again = arena.allocate();
    REQUIRE(again);
    CHECK(arena.metrics().bytes_live_peak == peak);
    CHECK(arena.metrics().contended == 0);
  };
  check_peak(fixed_arena::with_slot_capacity(3, 100).build().value(), 0);
  check_peak(fixed_arena::with_slot_capacity(3, 100).detailed_metrics().build().value(), 200);
  static std::array<std::byte, 300> memory;
  check_peak(fixed_arena::from_region(memory.data(), 300, caiman::slot_spec::size(100))
                 .detailed_metrics()
                 .build()
                 .value(),
             200);
}

TEST_CASE("frozen blocks and blocks of other threads go back once", "[detailed_metrics]") {
  const auto arena = builder().detailed_metrics().build().value();
  for (int round = 0; round < 50; ++round) {
    caiman::bytes shared = arena.allocate(100).value().freeze();
    const caiman::bytes copy = shared;
    std::thread([moved = std::move(shared)]() mutable { moved = {}; }).join();
    CHECK(copy.empty());
  }
  CHECK(arena.metrics().bytes_live_peak == 128);
}

TEST_CASE("a tail that goes back is in use no more", "[detailed_metrics]") {
  const auto arena = builder().detailed_metrics().build().value();
  {
    auto held = arena.allocate(1'024).value();
    held.shrink_to_fit();
    CHECK(arena.metrics().bytes_live == unit);
    const auto other = arena.allocate(1'024);
    REQUIRE(other);
  }
  CHECK(arena.metrics().bytes_live_peak == 1'024 + unit);
  const auto again = arena.allocate(total);
  REQUIRE(again);
  CHECK(arena.metrics().bytes_live_peak == total);
}

TEST_CASE("waiters, and those who gave up, are counted", "[detailed_metrics]") {
  const auto arena = builder().detailed_metrics().build_async().value();
  auto held = arena.try_allocate(total);
  REQUIRE(held);
  CHECK_FALSE(arena.allocate_for(100, std::chrono::milliseconds(1)));
  CHECK(arena.metrics().timeouts == 1);
  CHECK_FALSE(arena.try_allocate(1));
  CHECK(arena.metrics().timeouts == 1);
  CHECK(arena.metrics().allocations_failed == 2);
  CHECK(arena.metrics().waiters == 0);
  std::stop_source stop;
  std::optional<bool> served;
  std::thread waits([&] { served = arena.allocate_wait(100, stop.get_token()).has_value(); });
  while (arena.metrics().waiters == 0) std::this_thread::yield();
  CHECK(arena.metrics().waiters == 1);
  stop.request_stop();
  waits.join();
  CHECK(served == false);
  CHECK(arena.metrics().timeouts == 2);
  std::thread gets([&] { served = arena.allocate_wait(100).has_value(); });
  while (arena.metrics().waiters == 0) std::this_thread::yield();
  std::move(*held).abandon();
  gets.join();
  CHECK(served == true);
  const arena_metrics m = arena.metrics();
  CHECK(m.waiters == 0);
  CHECK(m.timeouts == 2);
  CHECK(m.bytes_requested == total + 100);
  CHECK(m.bytes_handed_out == total + 128);
  CHECK(m.bytes_live_peak == total);
  CHECK(sum_of_orders(m) == m.allocations_ok);
}

TEST_CASE("a block that nobody resumed for has gone from the peak", "[detailed_metrics]") {
  const auto arena = builder().detailed_metrics().build_async().value();
  for (int round = 0; round < 10; ++round) {
    auto request = arena.allocate(1'000);
    REQUIRE(request.await_ready());  // it has its block, and goes with it
  }
  const arena_metrics m = arena.metrics();
  CHECK(m.bytes_live == 0);
  CHECK(m.bytes_live_peak == 1'024);
  CHECK(m.bytes_requested == 0);
  CHECK(m.allocations_by_order[4] == 10);
}

TEST_CASE("a refusal that was contended is told apart", "[detailed_metrics]") {
  caiman::detail::ledger<caiman::native_sync> books{caiman::native_sync::home()};
  books.failed();
  books.met_contention();
  books.failed();
  CHECK(books.sum().failures == 2);
  CHECK(books.sum().contended == 1);
  CHECK(books.sum().timeouts == 0);
}

// A count of what is in use, kept beside the arena's: above it before a block is taken, below it
// after one has gone.
class outside_count {
 public:
  void takes(std::size_t bytes) {
    const std::size_t now = live_.fetch_add(bytes) + bytes;
    std::size_t most = most_.load();
    while (most < now && !most_.compare_exchange_weak(most, now)) {
    }
  }
  void gave(std::size_t bytes) { live_ -= bytes; }
  std::size_t most() const { return most_; }

 private:
  std::atomic<std::size_t> live_{0};
  std::atomic<std::size_t> most_{0};
};

void churn(const buddy_arena& arena, outside_count& count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::pair<buffer, std::size_t>> mine;
  for (int step = 0; step < 2'000; ++step) {
    if (mine.size() < 12 && random() % 3 != 0) {
      const std::size_t block = unit << random() % 4;
      count.takes(block);
      if (auto got = arena.allocate(block)) {
        mine.emplace_back(*std::move(got), block);
      } else {
        count.gave(block);
      }
    } else if (!mine.empty()) {
      const std::size_t block = mine.back().second;
      mine.pop_back();
      count.gave(block);
    }
  }
  while (!mine.empty()) {
    const std::size_t block = mine.back().second;
    mine.pop_back();
    count.gave(block);
  }
}

TEST_CASE("threads count on lines of their own, and nothing is lost", "[detailed_metrics]") {
  constexpr std::size_t large = std::size_t{1} << 20;  // 16,384 min blocks: a batch is 16
  const auto arena = buddy_arena::builder(buddy_geometry::exact(large, unit).value())
                         .detailed_metrics()
                         .build()
                         .value();
  constexpr unsigned threads = 4;
  outside_count count;
  std::vector<std::thread> all;
  for (unsigned t = 0; t < threads; ++t) {
    all.emplace_back([&, t] { churn(arena, count, t + 1); });
  }
  for (std::thread& each : all) each.join();
  const arena_metrics m = arena.metrics();
  CHECK(m.bytes_live == 0);
  CHECK(sum_of_orders(m) == m.allocations_ok);
  CHECK(m.bytes_requested == m.bytes_handed_out);
  CHECK(m.bytes_live_peak > 0);
  CHECK(m.bytes_live_peak <= count.most() + threads * large / 1024);
}

TEST_CASE("a peak of many small blocks is off by less than a 1024th a thread",
          "[detailed_metrics]") {
  constexpr std::size_t large = std::size_t{1} << 20;
  const auto arena = buddy_arena::builder(buddy_geometry::exact(large, unit).value())
                         .detailed_metrics()
                         .build()
                         .value();
  std::vector<buffer> held;
  for (int i = 0; i < 1'000; ++i) held.push_back(arena.allocate(unit).value());
  held.clear();
  const std::size_t peak = arena.metrics().bytes_live_peak;
  CHECK(peak <= 1'000 * unit);
  CHECK(peak > 1'000 * unit - large / 1024);
}

}  // namespace
