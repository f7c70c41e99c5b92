// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// fixed_arena_test.cpp: slots of one size, of any size and number
//
// What each builder makes of its numbers and what it refuses; that every slot is handed out once
// and none past the last, for counts that are no powers of two; and that threads which take and
// return slots all the time never share one, also when slots are no multiple of what a sanitizer
// can tell apart.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include "caiman/fixed_arena.hpp"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <initializer_list>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../child.hpp"
#include "lent.hpp"

#include <catch2/catch.hpp>
#include "caiman/async.hpp"
#include "caiman/heap_picture.hpp"

// NOLINTBEGIN(bugprone-use-after-move): what is left of an object that was moved from is tested
// here

namespace {

using sizes = std::initializer_list<std::size_t>;
using caiman::alloc_error;
using caiman::buffer;
using caiman::build_error;
using caiman::bytes;
using caiman::fixed_arena;
using caiman::page_size;
using caiman::slot_spec;
using caiman::testing::lent_region;

constexpr std::size_t top_bit = std::size_t{1} << 63;

// Takes every slot there is, which must all be different ones, and gives them back.
void check_all_slots(const fixed_arena& arena, std::size_t count) {
  INFO("slots " << count << " of " << arena.slot_capacity());
  CHECK(arena.slot_count() == count);
  std::vector<unsigned> seen(count);
  std::vector<buffer> live;
  std::size_t wrong = 0;
  for (auto got = arena.allocate(); got; got = arena.allocate()) {
    wrong += std::size_t{got->capacity() != arena.slot_capacity()};
    const auto offset = static_cast<std::size_t>(got->written().data() - arena.base());
    const std::size_t slot = offset / arena.slot_capacity();
    wrong += std::size_t{offset % arena.slot_capacity() != 0 || slot >= count};
    if (slot < count) ++seen[slot];
    std::ranges::fill(got->spare(), std::byte{1});  // it is all there
    live.push_back(*std::move(got));
    if (live.size() > count) break;
  }
  CHECK(wrong == 0);
  CHECK(live.size() == count);
  CHECK(std::ranges::count(seen, 1U) == static_cast<std::ptrdiff_t>(count));
  CHECK(arena.allocate().error() == alloc_error::arena_full);
  CHECK(arena.metrics().slots_free == 0);
  live.pop_back();
  CHECK(arena.allocate().has_value());
  live.clear();
  CHECK(arena.metrics().slots_free == count);
  CHECK(arena.metrics().bytes_live == 0);
}

// Takes and gives back in a hurry; counts slots whose bytes somebody else wrote meanwhile.
struct burst {
  static constexpr unsigned threads = 3;
  const fixed_arena& arena;
  unsigned rounds;
  std::barrier<> all_there{threads};
  std::atomic<std::size_t> stamped_over{0};
  std::atomic<std::size_t> most_live{0};
  std::vector<std::atomic<unsigned>> owners = std::vector<std::atomic<unsigned>>(1'000);

  std::size_t slot_of(const buffer& b) const {
    return static_cast<std::size_t>(b.written().data() - arena.base()) / arena.slot_capacity();
  }
  void take(std::vector<buffer>& live, std::byte stamp) {
    auto got = arena.allocate();
    if (!got) return;
    if (slot_of(*got) >= arena.slot_count() || owners[slot_of(*got)]++ != 0) ++stamped_over;
    std::ranges::fill(got->spare(), stamp);
    live.push_back(*std::move(got));
  }
  void give(std::vector<buffer>& live, std::byte stamp) {
    if (live.empty()) return;
    buffer b = std::move(live.back());
    live.pop_back();
    for (const std::byte each : b.spare()) {
      if (each != stamp) ++stamped_over;
    }
    --owners[slot_of(b)];
    const bytes part = std::move(b).freeze(0, 1).value();
  }
  void work(unsigned i) {
    const std::byte stamp{static_cast<unsigned char>(i + 1)};
    std::vector<buffer> live;
    all_there.arrive_and_wait();
    for (unsigned round = 0; round < rounds; ++round) {
      for (unsigned n = 0; n <= round % 7; ++n) take(live, stamp);
      for (unsigned n = 0; n <= (round + i) % 7; ++n) give(live, stamp);
    }
    // Nobody gives any more: together they get what there is.
    all_there.arrive_and_wait();
    for (std::size_t before = ~std::size_t{0}; before != live.size();) {
      before = live.size();
      take(live, stamp);
    }
    most_live += live.size();
    all_there.arrive_and_wait();
    while (!live.empty()) give(live, stamp);
  }
  void run() {
    std::vector<std::thread> others;
    for (unsigned i = 1; i < threads; ++i) others.emplace_back([this, i] { work(i); });
    work(0);
    for (std::thread& each : others) each.join();
  }
};

}  // namespace

TEST_CASE("every slot is handed out once, and none past the last", "[fixed]") {
  for (const std::size_t count : sizes{1, 2, 3, 5, 7, 63, 64, 65, 100, 127, 129, 1'000, 4'097}) {
    check_all_slots(fixed_arena::with_slot_capacity(count, 24).build().value(), count);
  }
  lent_region region(10'000);
  for (const std::size_t count : sizes{1, 3, 100, 625}) {
    check_all_slots(
        fixed_arena::from_region(region.at(), 10'000, slot_spec::count(count)).build().value(),
        count);
  }
  // Of large blocks that come back in pieces, too: all of it is claimed by the builder first.
  const auto arena = fixed_arena::with_slot_capacity(600, 8).build().value();
  std::thread([&] { check_all_slots(arena, 600); }).join();
  check_all_slots(arena, 600);
}

TEST_CASE("a fixed arena has the slots that were asked for", "[fixed]") {
  struct row {
    std::size_t given, capacity, alignment;
    std::size_t slots, rounded;
  };
  for (const row& r :
       {row{10, 100, 1, 10, 100}, row{10, 100, 8, 10, 104}, row{3, 1, 64, 3, 64},
        row{1, 64, 64, 1, 64}, row{7, 65, 64, 7, 128}, row{2, 3, 1 << 16, 2, 1 << 16}}) {
    const auto arena =
        fixed_arena::with_slot_capacity(r.given, r.capacity).alignment(r.alignment).build().value();
    CHECK(arena.slot_count() == r.slots);
    CHECK(arena.slot_capacity() == r.rounded);
    CHECK(reinterpret_cast<std::uintptr_t>(arena.base()) % r.alignment == 0);
    CHECK(arena.metrics().bytes_reserved == r.slots * r.rounded);
    check_all_slots(arena, r.slots);
  }
}

TEST_CASE("a fixed arena has slots that hold a total together", "[fixed]") {
  struct row {
    std::size_t slots, total, alignment;
    std::size_t capacity;
  };
  for (const row& r :
       {row{4, 1'000, 1, 250}, row{4, 1'001, 1, 251}, row{4, 1'003, 1, 251}, row{4, 1'004, 1, 251},
        row{1, 1'000, 1, 1'000}, row{7, 1, 1, 1}, row{7, 7, 1, 1}, row{7, 8, 1, 2},
        row{4, 1'000, 64, 256}, row{4, 1'024, 64, 256}, row{4, 1'025, 64, 320}}) {
    const auto arena =
        fixed_arena::with_arena_capacity(r.slots, r.total).alignment(r.alignment).build().value();
    CHECK(arena.slot_count() == r.slots);
    CHECK(arena.slot_capacity() == r.capacity);
    CHECK(arena.metrics().bytes_reserved >= r.total);
    check_all_slots(arena, r.slots);
  }
}

TEST_CASE("a region is cut by count or by size, aligned down", "[fixed][region]") {
  lent_region region(8'192);
  struct row {
    std::size_t skip, length;
    slot_spec spec;
    std::size_t alignment;
    std::size_t base, slots, capacity;  // the base from the region's start
  };
  const row rows[] = {
      {0, 1'000, slot_spec::count(10), 1, 0, 10, 100},
      {0, 1'009, slot_spec::count(10), 1, 0, 10, 100},
      {0, 1'000, slot_spec::count(10), 8, 0, 10, 96},
      {1, 1'000, slot_spec::count(10), 8, 8, 10, 96},
      {1, 999, slot_spec::count(10), 1, 1, 10, 99},
      {0, 1'000, slot_spec::size(100), 1, 0, 10, 100},
      {0, 999, slot_spec::size(100), 1, 0, 9, 100},
      {0, 1'000, slot_spec::size(100), 64, 0, 15, 64},
      {63, 1'001, slot_spec::size(100), 64, 64, 15, 64},
      {0, 8'192, slot_spec::size(8'192), 4'096, 0, 1, 8'192},
      {5, 3, slot_spec::count(3), 1, 5, 3, 1},
  };
  for (const row& r : rows) {
    INFO("skip " << r.skip << ", length " << r.length << ", alignment " << r.alignment);
    const auto arena =
        fixed_arena::from_region(region.at() + r.skip, r.length, r.spec, region.note())
            .alignment(r.alignment)
            .build()
            .value();
    CHECK(arena.base() == region.at() + r.base);
    CHECK(arena.slot_capacity() == r.capacity);
    check_all_slots(arena, r.slots);
  }
  CHECK(region.calls() == std::size(rows));
}

TEST_CASE("what a fixed arena cannot be built of", "[fixed][build]") {
  const auto slots = [](std::size_t count, std::size_t capacity, std::size_t alignment = 1) {
    return fixed_arena::with_slot_capacity(count, capacity).alignment(alignment).build().error();
  };
  const auto total = [](std::size_t count, std::size_t bytes, std::size_t alignment = 1) {
    return fixed_arena::with_arena_capacity(count, bytes).alignment(alignment).build().error();
  };
  for (const std::size_t wrong : {std::size_t{0}, std::size_t{3}, top_bit + 1, SIZE_MAX}) {
    CHECK(slots(1, 1, wrong) == build_error::invalid_alignment);
    CHECK(total(1, 1, wrong) == build_error::invalid_alignment);
  }
  CHECK(slots(0, 1) == build_error::invalid_geometry);
  CHECK(slots(1, 0) == build_error::invalid_geometry);
  CHECK(total(0, 1) == build_error::invalid_geometry);
  CHECK(total(1, 0) == build_error::invalid_geometry);
  CHECK(slots((std::size_t{1} << 32) + 1, 1) == build_error::invalid_geometry);
  CHECK(total(SIZE_MAX, 1) == build_error::invalid_geometry);
  CHECK(total(0, 0) == build_error::invalid_geometry);
  CHECK(slots(2, top_bit) == build_error::size_overflow);
  CHECK(slots(SIZE_MAX, SIZE_MAX) == build_error::size_overflow);
  CHECK(slots(1, SIZE_MAX) == build_error::size_overflow);  // and a page
  CHECK(slots(1, SIZE_MAX, 2) == build_error::size_overflow);
  CHECK(slots(1, top_bit + 1, top_bit) == build_error::size_overflow);
  CHECK(total(1, SIZE_MAX) == build_error::size_overflow);     // and a page
  CHECK(total(2, SIZE_MAX) == build_error::size_overflow);     // rounded up, one byte too many
  CHECK(total(3, SIZE_MAX, 2) == build_error::size_overflow);  // 3 * (SIZE_MAX / 3), rounded up
  CHECK(slots(1, top_bit) == build_error::out_of_memory);
  CHECK(total(1 << 20, top_bit) == build_error::out_of_memory);
  CHECK(fixed_arena::with_slot_capacity(1, top_bit).build_unfaulted().error() ==
        build_error::out_of_memory);
}

TEST_CASE("slots have an occupancy, and a picture", "[fixed_arena]") {
  const auto arena = fixed_arena::with_slot_capacity(11, 100).build_async().value();
  using caiman::extent;
  using extents = std::vector<extent>;
  CHECK(arena.occupancy() == extents{{3, 0, false}, {1, 4, false}, {0, 10, false}});
  std::vector<buffer> all;
  for (int i = 0; i < 11; ++i) all.push_back(arena.try_allocate().value());
  CHECK(arena.occupancy() == extents{{3, 0, true}, {1, 4, true}, {0, 10, true}});
  std::ranges::sort(all, {}, [](buffer& each) { return each.spare().data(); });
  all.erase(all.begin() + 6);
  all.erase(all.begin() + 3);
  const extents seen = arena.synchronous().occupancy();
  CHECK(seen == extents{{1, 0, true},
                        {0, 2, true},
                        {0, 3, false},
                        {1, 2, true},
                        {0, 6, false},
                        {0, 7, true},
                        {1, 4, true},
                        {0, 10, true}});
  CHECK(caiman::occupancy_line(seen, 11, 11) == "###.##.####");
  const std::string picture =
      caiman::heap_picture(seen, {.title = "slots", .min_block_size = arena.slot_capacity()});
  CHECK(picture.find("1 KiB in blocks of at least 100 B: 900 B live, 200 B free") !=
        std::string::npos);
  CHECK(picture.find(R"(data-order="0" data-free="2" data-live="3")") != std::string::npos);
  fixed_arena none = fixed_arena::with_slot_capacity(1, 1).build().value();
  const fixed_arena moved = std::move(none);
  CHECK(moved.occupancy() == extents{{0, 0, false}});
  CHECK(none.occupancy().empty());  // NOLINT(bugprone-use-after-move)
}

TEST_CASE("setters and handles work as those of the buddy arena", "[fixed]") {
  const auto arena = fixed_arena::with_slot_capacity(3, 64)
                         .auto_spill()
                         .prefault(page_size::unknown())
                         .build_unfaulted()
                         .value()
                         .fault_pages();
  buffer b = arena.allocate().value();
  b.put(std::string(65, 'x'));
  CHECK(b.is_spilled());
  bytes part = arena.allocate().value().freeze(3, 4).value();
  auto seen = arena.metrics();
  CHECK(seen == caiman::fixed_metrics{2, 0, 1, 1, 1, 192, 64, 2});
  part = {};
  CHECK(arena.metrics().slots_free == 3);

  auto unfaulted = fixed_arena::with_slot_capacity(3, 64).build_unfaulted().value();
  auto one = std::move(unfaulted).into_inner();
  CHECK(std::move(unfaulted).fault_pages().slot_count() == 0);
  CHECK_FALSE(one == arena);
  fixed_arena& same = one;
  one = std::move(same);
  CHECK(one.slot_count() == 3);
  const fixed_arena moved = std::move(one);
  CHECK(one.slot_count() == 0);
  CHECK(one.slot_capacity() == 0);
  CHECK(one.base() == nullptr);
  CHECK(one.metrics() == caiman::fixed_metrics{});
  CHECK(one.allocate().error() == alloc_error::request_too_large);
  std::vector<buffer> all;
  for (int i = 0; i < 3; ++i) all.push_back(moved.allocate().value());
  CHECK(moved.allocate().error() == alloc_error::arena_full);
  CHECK(moved.metrics().allocations_failed == 1);
}

TEST_CASE("a machine without the memory for slots is an error and no abort",
          "[fixed][build][needs-kernel]") {
  const auto builder = fixed_arena::with_slot_capacity((std::size_t{1} << 28) / 5'000, 5'000);
  const auto end = child::in_child([&] {
    const rlimit little{1 << 20, RLIM_INFINITY};
    if (setrlimit(RLIMIT_AS, &little) != 0) _exit(10);
    const auto refused = builder.build();
    if (refused.has_value()) _exit(11);
    if (refused.error() != build_error::out_of_memory) _exit(12);
  });
  INFO("said: " << end.said);
  CHECK(end.signal == 0);
  CHECK(end.exit_code == 0);
}

TEST_CASE("threads in a hurry never share a slot", "[fixed][threads]") {
  for (const std::size_t capacity : sizes{4, 12, 64}) {
    INFO("capacity " << capacity);
    const auto arena = fixed_arena::with_slot_capacity(11, capacity).build().value();
    burst all{arena, 3'000};
    all.run();
    CHECK(all.stamped_over == 0);
    CHECK(all.most_live == 11);
    CHECK(arena.metrics().slots_free == 11);
    check_all_slots(arena, 11);
  }
}

// NOLINTEND(bugprone-use-after-move)
