// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// offset_allocator_test.cpp: sizes and alignments in, offsets out
//
// What a request gets and what it takes, by hand; random requests beside a plain map of what is
// live, for allocators of many sizes; what is said of live ranges and of orders; handles; threads;
// and that an offset at which nothing begins ends the program, in a child process.
// Relies on POSIX and Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include "caiman/offset_allocator.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "../child.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::alloc_error;
using caiman::build_error;
using caiman::offset_allocator;
using allocation = offset_allocator::allocation;
using live_range = offset_allocator::live_range;
using caiman::tail_policy;

static_assert(std::is_nothrow_move_constructible_v<offset_allocator>);
static_assert(!std::is_copy_constructible_v<offset_allocator>);
static_assert(!std::is_copy_constructible_v<offset_allocator::unique_allocation>);

offset_allocator made(std::size_t total, std::size_t min_unit,
                      tail_policy tails = tail_policy::give_back) {
  return offset_allocator::make(total, min_unit, tails).value();
}
std::vector<live_range> all_live(const offset_allocator& from) {
  std::vector<live_range> all;
  from.for_each_live([&](const live_range& each) { all.push_back(each); });
  return all;
}
/// Nothing is live, and all that there is can be had again.
void check_whole(offset_allocator& all) {
  const auto now = all.statistics();
  CHECK(now.live == 0);
  CHECK(now.free == all.total_size());
  CHECK(now.asked == 0);
  CHECK(now.waste() == 0);
  const std::size_t largest = std::bit_floor(all.total_size() / all.min_unit()) * all.min_unit();
  CHECK(now.largest_free == largest);
  const auto got = all.allocate(largest);
  REQUIRE(got);
  all.release(*got);
}

TEST_CASE("an offset allocator takes sizes as they come", "[offset_allocator]") {
  CHECK(offset_allocator::make(0, 1).error() == build_error::invalid_geometry);
  CHECK(offset_allocator::make(1, 0).error() == build_error::invalid_geometry);
  CHECK(offset_allocator::make(15, 16).error() == build_error::invalid_geometry);
  CHECK(offset_allocator::make(std::size_t{1} << 33, 1).error() == build_error::invalid_geometry);
  CHECK(offset_allocator::make(SIZE_MAX, SIZE_MAX).error() == build_error::size_overflow);
  const auto odd = made(100'000, 200);
  CHECK(odd.min_unit() == 256);
  CHECK(odd.total_size() == 99'840);
  CHECK(made(1, 1).total_size() == 1);
  CHECK(made(SIZE_MAX, (std::size_t{1} << 62) + 1).total_size() == std::size_t{1} << 63);
  auto vast = made(SIZE_MAX, std::size_t{1} << 40);
  const auto most = vast.allocate(std::size_t{1} << 63, std::size_t{1} << 63).value();
  CHECK(vast.find(most.offset)->block_size == std::size_t{1} << 63);
  vast.release(most);
  check_whole(vast);
}

TEST_CASE("a range is aligned to what was asked for", "[offset_allocator]") {
  auto all = made(1 << 20, 16);
  const auto first = all.allocate(1);
  REQUIRE(first);
  CHECK(first->size == 1);
  for (const std::size_t alignment : {0U, 1U, 2U, 16U, 64U, 4096U, 65536U}) {
    const auto got = all.allocate(20, alignment);
    REQUIRE(got);
    CHECK(got->offset % std::max<std::size_t>(alignment, 32) == 0);
    CHECK(got->size == 20);
    CHECK(all.find(got->offset)->block_size == 32);
    all.release(got->offset);
  }
  all.release(*first);
  check_whole(all);
}

TEST_CASE("what can never be served is too large", "[offset_allocator]") {
  auto all = made(1000, 10);  // 62 min units of 16
  const auto error_of = [&](std::size_t size, std::size_t alignment) {
    const auto got = all.allocate(size, alignment);
    REQUIRE_FALSE(got);
    return got.error();
  };
  for (const std::size_t size :
       {std::size_t{513}, std::size_t{992}, std::size_t{993}, std::size_t{1} << 57, SIZE_MAX}) {
    CHECK(error_of(size, 1) == alloc_error::request_too_large);
  }
  for (const std::size_t alignment :
       {std::size_t{3}, std::size_t{48}, std::size_t{1024}, std::size_t{1} << 63, SIZE_MAX}) {
    CHECK(error_of(1, alignment) == alloc_error::request_too_large);
  }
  const auto half = all.allocate(512, 512);
  REQUIRE(half);
  CHECK(error_of(512, 1) == alloc_error::arena_full);
  all.release(*half);
  check_whole(all);
}

TEST_CASE("an empty range takes a min unit", "[offset_allocator]") {
  auto all = made(64, 16);
  std::array<allocation, 4> four{};
  for (auto& each : four) each = all.allocate(0).value();
  CHECK(all.allocate(0).error() == alloc_error::arena_full);
  CHECK(all.statistics().asked == 0);
  CHECK(all.statistics().waste() == 64);
  for (const auto& each : four) all.release(each);
  check_whole(all);
}

TEST_CASE("a range keeps its tail where the allocator was made so", "[offset_allocator]") {
  auto all = made(1 << 10, 16, tail_policy::keep);
  const auto kept = all.allocate(65).value();
  CHECK(all.find(kept.offset)->block_size == 128);
  CHECK(all.statistics().waste() == 128 - 65);
  CHECK(all.statistics().orders[3].live == 1);
  // What an alignment asks for beyond the size is no tail of the size.
  const auto aligned = all.allocate(33, 256).value();
  CHECK(aligned.offset % 256 == 0);
  CHECK(all.find(aligned.offset)->block_size == 64);
  CHECK(all.statistics().free == 1024 - 128 - 64);
  all.release(aligned);
  all.release(kept.offset);
  check_whole(all);
}

TEST_CASE("live ranges are told by offset, with what is the caller's", "[offset_allocator]") {
  auto all = made(1024, 16);
  int mine = 0;
  int other = 0;
  const auto one = all.allocate(100, 1, &mine).value();
  const auto two = all.allocate(16).value();
  auto seen = all_live(all);
  REQUIRE(seen.size() == 2);
  CHECK(std::ranges::is_sorted(seen, {}, &live_range::offset));
  CHECK(all.find(one.offset) == live_range{one.offset, 100, 112, &mine});
  CHECK(all.find(two.offset) == live_range{two.offset, 16, 16, nullptr});
  CHECK(std::ranges::count(seen, *all.find(one.offset)) == 1);
  CHECK(std::ranges::count(seen, *all.find(two.offset)) == 1);
  all.set_user_data(two.offset, &other);
  CHECK(all.find(two.offset)->user_data == &other);
  CHECK_FALSE(all.find(one.offset + 16));
  CHECK_FALSE(all.find(one.offset + 1));
  CHECK_FALSE(all.find(1024));
  CHECK_FALSE(all.find(SIZE_MAX));
  all.release(two);
  CHECK_FALSE(all.find(two.offset));
  const auto again = all.allocate(16).value();
  CHECK(all.find(again.offset)->user_data == nullptr);
  all.clear();
  CHECK(all_live(all).empty());
  check_whole(all);
}

TEST_CASE("statistics speak of each order", "[offset_allocator]") {
  auto all = made(1600, 16);
  const auto fresh = all.statistics();
  CHECK(fresh.total == 1600);
  CHECK(fresh.orders[6].free == 1);  // 64 + 32 + 4
  CHECK(fresh.orders[5].free == 1);
  CHECK(fresh.orders[2].free == 1);
  CHECK(fresh.orders[6].block_size == 1024);
  CHECK(fresh.orders[7].block_size == 0);
  std::vector<allocation> four(4);
  for (auto& each : four) each = all.allocate(40).value();
  all.release(four.back());
  four.pop_back();
  const auto now = all.statistics();
  CHECK(now.orders[2].live == 3);
  CHECK(now.orders[2].peak == 4);
  CHECK(now.orders[0].peak == 0);
  CHECK(now.live == 3);
  CHECK(now.asked == 120);
  CHECK(now.free == 1600 - 3 * 48);
  CHECK(now.waste() == 3 * 48 - 120);
  CHECK(now.largest_free == 1024);
  for (const auto& each : four) all.release(each);
  all.release(all.allocate(40).value());
  CHECK(all.statistics().orders[2].peak == 4);
  check_whole(all);
}

TEST_CASE("a handle gives its range back", "[offset_allocator]") {
  auto all = made(1024, 16);
  {
    auto held = all.allocate_unique(100, 256).value();
    CHECK(held.get().size == 100);
    CHECK(held.get().offset % 256 == 0);
    auto moved = std::move(held);
    offset_allocator elsewhere = std::move(all);
    CHECK(elsewhere.statistics().live == 1);
    all = std::move(elsewhere);
    auto kept = all.allocate_unique(16, 1, &all).value();
    const allocation given_up = kept.release();
    CHECK(all.find(given_up.offset)->user_data == &all);
    all.release(given_up);
  }
  CHECK(all.allocate_unique(1025).error() == alloc_error::request_too_large);
  check_whole(all);
}

// All that is live lies apart, in the allocator, aligned; a refusal is true.
void compare_with_a_map(std::size_t count, std::uint32_t seed, tail_policy tails) {
  CAPTURE(count, seed, tails);
  const std::size_t unit = std::size_t{1} << seed % 5;
  auto all = made(count * unit + seed % unit, unit, tails);
  REQUIRE(all.total_size() == count * unit);
  std::map<std::size_t, live_range> live;
  std::mt19937 random(seed);
  std::size_t refused = 0;
  for (int step = 0; step < 300; ++step) {
    if (live.empty() || random() % 5 < 3) {
      const std::size_t size = random() % (1 + (count * unit >> random() % 6));
      const std::size_t alignment = std::size_t{1} << random() % 6;
      void* const mark = &live + random() % 3;
      const auto got = all.allocate(size, alignment, mark);
      const std::size_t needs = std::bit_ceil(std::max({size, alignment, unit}));
      const std::size_t least = std::max<std::size_t>((size + unit - 1) / unit, 1);
      const std::size_t takes = (tails == tail_policy::keep ? std::bit_ceil(least) : least) * unit;
      if (!got) {
        ++refused;
        const bool never = needs > std::bit_floor(count) * unit;
        REQUIRE((got.error() == alloc_error::request_too_large) == never);
        REQUIRE(all.statistics().largest_free < needs);
        continue;
      }
      REQUIRE(got->size == size);
      REQUIRE(got->offset % needs == 0);
      REQUIRE(got->offset + takes <= all.total_size());
      const auto next = live.lower_bound(got->offset);
      REQUIRE((next == live.end() || got->offset + takes <= next->first));
      if (next != live.begin()) {
        const auto& before = std::prev(next)->second;
        REQUIRE(before.offset + before.block_size <= got->offset);
      }
      live[got->offset] = {got->offset, size, takes, mark};
    } else {
      const auto which =
          std::next(live.begin(), static_cast<std::ptrdiff_t>(random() % live.size()));
      all.release(which->first);
      live.erase(which);
    }
  }
  std::vector<live_range> expected;
  std::size_t asked = 0;
  std::size_t taken = 0;
  for (const auto& [offset, range] : live) {
    expected.push_back(range);
    asked += range.size;
    taken += range.block_size;
  }
  CHECK(all_live(all) == expected);
  const auto now = all.statistics();
  CHECK(now.live == live.size());
  CHECK(now.asked == asked);
  CHECK(now.free == all.total_size() - taken);
  CHECK(now.waste() == taken - asked);
  CHECK(refused > 0);
  all.clear();
  check_whole(all);
}

TEST_CASE("random requests agree with a map of what is live", "[offset_allocator]") {
  for (const tail_policy tails : {tail_policy::give_back, tail_policy::keep}) {
    for (std::size_t count = 1; count <= 130; ++count) {
      compare_with_a_map(count, static_cast<std::uint32_t>(count), tails);
    }
    for (const std::size_t count : {255U, 256U, 257U, 300U, 1000U, 4097U}) {
      compare_with_a_map(count, static_cast<std::uint32_t>(count) + 7, tails);
    }
  }
}

// What several threads do to one allocator; a byte each says whose a unit is.
class crowd {
 public:
  static constexpr std::size_t most = 20;  // ranges of one thread at once

  explicit crowd(offset_allocator& all) : all_(all), owners_(all.total_size()) {}

  void live(int me) {
    std::mt19937 random(static_cast<unsigned>(me));
    std::vector<allocation> mine;
    for (int step = 0; step < 3000; ++step) {
      if (mine.size() < most && random() % 2 == 0) {
        take(1 + random() % 40, me, mine);
      } else if (!mine.empty()) {
        std::swap(mine[random() % mine.size()], mine.back());
        give_last(me, mine);
      }
      if (step % 500 == 0) static_cast<void>(all_.statistics());  // beside all of it
    }
    while (!mine.empty()) give_last(me, mine);
  }
  bool apart() const { return apart_; }
  std::size_t taken() const { return taken_; }

 private:
  void take(std::size_t size, int me, std::vector<allocation>& mine) {
    const auto got = all_.allocate(size);
    if (!got) return;
    ++taken_;
    mark(*got, 0, me);
    mine.push_back(*got);
  }
  void give_last(int me, std::vector<allocation>& mine) {
    mark(mine.back(), me, 0);
    all_.release(mine.back());
    mine.pop_back();
  }
  void mark(allocation which, int from, int to) {
    for (std::size_t i = 0; i < which.size; ++i) {
      if (owners_[which.offset + i].exchange(to) != from) apart_ = false;
    }
  }

  offset_allocator& all_;
  std::vector<std::atomic<int>> owners_;
  std::atomic<bool> apart_{true};
  std::atomic<std::size_t> taken_{0};
};

TEST_CASE("ranges of several threads lie apart and are counted", "[offset_allocator]") {
  const auto tails = GENERATE(tail_policy::give_back, tail_policy::keep);
  auto all = made(3000, 1, tails);
  crowd seen(all);
  std::vector<std::thread> threads;
  for (int t = 1; t <= 4; ++t) threads.emplace_back([&seen, t] { seen.live(t); });
  for (auto& each : threads) each.join();
  CHECK(seen.apart());
  CHECK(seen.taken() > 1000);
  std::size_t peaks = 0;
  for (const auto& each : all.statistics().orders) {
    CHECK(each.peak <= 4 * crowd::most);
    peaks += each.peak;
  }
  CHECK(peaks > 0);
  check_whole(all);
}

void check_line(const std::string& line, auto act) {
  const auto end = child::in_child(act);
  CHECK(end.signal == SIGABRT);
  CHECK(end.said == "caiman: " + line + "\n");
}

TEST_CASE("an offset at which nothing begins ends the program", "[offset_allocator]") {
  auto all = made(1000, 16);
  const auto one = all.allocate(100).value();
  const std::string none = ": no live range begins there";
  for (const std::size_t wrong : {one.offset + 1, one.offset + 16, one.offset ^ 512,
                                  std::size_t{992}, std::size_t{1} << 60, SIZE_MAX}) {
    check_line("release of offset " + std::to_string(wrong) + none, [&] { all.release(wrong); });
    check_line("user data for offset " + std::to_string(wrong) + none,
               [&] { all.set_user_data(wrong, nullptr); });
  }
  check_line("release of offset " + std::to_string(one.offset) + none, [&] {
    all.release(one);
    all.release(one.offset);
  });
  check_line(
      "release of offset " + std::to_string(one.offset) + ": another size was asked for there",
      [&] {
        all.release({one.offset, 99});
      });
  all.release(one);
  check_whole(all);
}

}  // namespace
