// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// arena_test.cpp: a buddy arena over memory of its own
//
// Which block a request gets and where it lies, what is refused and why, what building can fail
// with, which pages are touched when, what the metrics say, what a handle is after it was moved
// from. A machine that refuses memory is a child process with a limit of address space.
// Relies on Linux (mincore, setrlimit) and Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include "caiman/arena.hpp"
#include "caiman/async.hpp"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
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

#include <catch2/catch.hpp>

// NOLINTBEGIN(bugprone-use-after-move): what is left of an object that was moved from is tested
// here

namespace {

using sizes = std::initializer_list<std::size_t>;
using caiman::alloc_error;
using caiman::buddy_arena;
using caiman::buddy_geometry;
using caiman::buffer;
using caiman::build_error;
using caiman::bytes;
using caiman::extent;
using caiman::page_size;

constexpr std::size_t top_bit = std::size_t{1} << 63;

buddy_geometry exact(std::size_t total, std::size_t min) {
  return buddy_geometry::exact(total, min).value();
}
buddy_arena arena_of(std::size_t total, std::size_t min) {
  return buddy_arena::builder(exact(total, min)).build().value();
}

std::uintptr_t address(const buffer& b) {
  return reinterpret_cast<std::uintptr_t>(b.written().data());
}

// How many pages of the arena the system has given memory to.
std::size_t resident_pages(const auto& arena) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t total = arena.metrics().bytes_reserved;
  std::vector<unsigned char> pages(total / page);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): mincore only looks
  void* const at = const_cast<std::byte*>(arena.base());
  REQUIRE(mincore(at, total, pages.data()) == 0);
  std::size_t resident = 0;
  for (const unsigned char each : pages) resident += each & 1U;
  return resident;
}

}  // namespace

TEST_CASE("an arena has the sizes of its geometry", "[arena]") {
  const auto arena = arena_of(65'536, 256);
  CHECK(arena.total_size() == 65'536);
  CHECK(arena.min_block_size() == 256);
  CHECK(arena.max_order() == 8);
  CHECK(arena.base() != nullptr);
  const auto nearest =
      buddy_arena::builder(buddy_geometry::nearest(5'000, 100).value()).build().value();
  CHECK(nearest.total_size() == 8'192);
  CHECK(nearest.min_block_size() == 128);
  const auto one = arena_of(1, 1);
  CHECK(one.max_order() == 0);
  CHECK(one.allocate(1).value().capacity() == 1);
}

TEST_CASE("a request gets the smallest block that holds it", "[arena]") {
  const auto arena = arena_of(65'536, 256);
  const std::pair<std::size_t, std::size_t> cases[] = {
      {0, 256},         {1, 256},         {255, 256},      {256, 256},     {257, 512},
      {512, 512},       {513, 1'024},     {4'096, 4'096},  {4'097, 8'192}, {32'768, 32'768},
      {32'769, 65'536}, {65'535, 65'536}, {65'536, 65'536}};
  for (const auto& [length, size] : cases) {
    INFO("length " << length);
    const buffer b = arena.allocate(length).value();
    CHECK(b.capacity() == size);
    CHECK(b.empty());
    CHECK(arena.metrics().bytes_live == size);
    CHECK(address(b) % std::min<std::size_t>(size, 4'096) == 0);
  }
}

TEST_CASE("a capped buffer shows what was asked for, of a whole block", "[arena]") {
  const auto arena =
      buddy_arena::builder(buddy_geometry::nearest(4'096, 64).value()).build().value();
  for (const std::size_t length : sizes{0, 1, 63, 64, 65, 300, 4'095, 4'096}) {
    INFO("length " << length);
    buffer b = arena.allocate(length).value();
    CHECK(b.capacity() == length);
    CHECK(b.remaining() == length);
    CHECK(b.spare().size() == length);
    CHECK_THROWS_AS(b.put(std::string(length + 1, 'x')), std::length_error);
    b.put(std::string(length, 'x'));
    CHECK(arena.metrics().bytes_live == std::bit_ceil(std::max<std::size_t>(length, 64)));
  }
}

TEST_CASE("blocks are aligned as asked, and to their size up to the page", "[arena]") {
  const auto check = [](const buddy_geometry& geometry) {
    const auto arena = buddy_arena::builder(geometry).build().value();
    const auto base = reinterpret_cast<std::uintptr_t>(arena.base());
    CHECK(base % geometry.alignment() == 0);
    for (unsigned order = 0; order <= arena.max_order(); ++order) {
      const std::size_t size = arena.min_block_size() << order;
      INFO("size " << size);
      std::vector<buffer> live;  // the later ones do not lie at the base
      for (auto got = arena.allocate(size); got && live.size() < 3; got = arena.allocate(size)) {
        CHECK(address(*got) % std::min<std::size_t>(size, 4'096) == 0);
        CHECK(address(*got) % geometry.alignment() == 0);
        CHECK(address(*got) - base <= arena.total_size() - size);
        live.push_back(*std::move(got));
      }
    }
  };
  check(exact(1 << 14, 1));
  check(exact(1 << 18, 1 << 16).with_alignment(1 << 16).value());
  check(exact(1 << 22, 1 << 18).with_alignment(1 << 17).value());  // of huge pages
  check(buddy_geometry::nearest(100, 10).value().with_alignment(1 << 15).value());
  check(buddy_geometry::nearest(100, 10).value());
}

TEST_CASE("a request that nothing could satisfy is too large, at any length", "[arena]") {
  for (const auto& geometry :
       {exact(4'096, 64), exact(64, 64), exact(1, 1), exact(std::size_t{1} << 21, 1 << 20),
        buddy_geometry::nearest(4'000, 60).value()}) {
    const auto arena = buddy_arena::builder(geometry).build().value();
    std::optional<buffer> all;
    for (const bool full : {false, true}) {
      if (full) all = arena.allocate(arena.total_size()).value();
      const auto failed = arena.metrics().allocations_failed;
      for (const std::size_t length : {arena.total_size() + 1, SIZE_MAX, SIZE_MAX - 1, top_bit,
                                       top_bit + 1, SIZE_MAX - arena.total_size()}) {
        INFO("total " << arena.total_size() << ", length " << length << ", full " << full);
        const auto refused = arena.allocate(length);
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error() == alloc_error::request_too_large);
      }
      CHECK(arena.metrics().allocations_failed == failed + 6);
    }
  }
}

TEST_CASE("a full arena says so, and serves again when something came back", "[arena]") {
  const auto arena = arena_of(4'096, 256);
  std::vector<buffer> live;
  for (auto got = arena.allocate(256); got; got = arena.allocate(256)) {
    live.push_back(*std::move(got));
  }
  CHECK(live.size() == 16);
  CHECK(arena.metrics().largest_free_block == 0);
  for (const std::size_t length : sizes{0, 1, 256, 257, 4'096}) {
    CHECK(arena.allocate(length).error() == alloc_error::arena_full);
  }
  live.pop_back();
  CHECK(arena.allocate(257).error() == alloc_error::arena_full);
  CHECK(arena.allocate(256).has_value());
  // From another thread: it finds what this one keeps at hand.
  live.clear();
  std::optional<buffer> all;
  std::thread([&] { all = arena.allocate(4'096).value(); }).join();
  CHECK(arena.allocate(0).error() == alloc_error::arena_full);
  all.reset();
  CHECK(arena.allocate(4'096).has_value());
}

TEST_CASE("an arena of any number of min blocks uses them all and maps no more", "[arena]") {
  const auto arena =
      buddy_arena::builder(buddy_geometry::fit(100'000, 256).value()).build().value();
  CHECK(arena.total_size() == 99'840);
  CHECK(arena.max_order() == 8);
  CHECK(arena.metrics().largest_free_block == 65'536);
  CHECK(arena.allocate(65'537).error() == alloc_error::request_too_large);
  CHECK(arena.allocate(99'840).error() == alloc_error::request_too_large);
  std::vector<buffer> live;
  for (auto b = arena.allocate(256); b; b = arena.allocate(256)) live.push_back(*std::move(b));
  CHECK(live.size() == 390);
  CHECK(arena.metrics().bytes_live == 99'840);
  CHECK(arena.metrics().allocations_failed == 3);
  CHECK(arena.occupancy().size() == 4);  // 390 is 256 + 128 + 4 + 2
  live.clear();
  CHECK(arena.metrics().splits == arena.metrics().coalesces);
  CHECK(arena.free_block_count(8) == 1);
  CHECK(arena.free_block_count(7) == 1);
  CHECK(arena.is_block_free(1, 194));
  CHECK_FALSE(arena.is_block_free(1, 195));
  CHECK(arena.allocate(100).value().capacity() == 100);

  const auto large =
      buddy_arena::builder(buddy_geometry::fit(65 << 20, 4'096).value()).build().value();
  CHECK(large.total_size() == 65 << 20);
  CHECK(resident_pages(large) == (65 << 20) / 4'096);
}

TEST_CASE("what an arena of its own memory cannot be built of", "[arena][build]") {
  const auto build = [](std::size_t total, std::size_t min) {
    return buddy_arena::builder(exact(total, min)).build();
  };
  CHECK(build(std::size_t{1} << 33, 1).error() == build_error::invalid_geometry);
  CHECK(build(top_bit, 1).error() == build_error::invalid_geometry);
  CHECK(build(top_bit, top_bit).error() == build_error::out_of_memory);
  CHECK(build(top_bit, top_bit >> 32).error() == build_error::out_of_memory);
  CHECK(build(std::size_t{1} << 62, std::size_t{1} << 50).error() == build_error::out_of_memory);
  const auto aligned = exact(top_bit, top_bit).with_alignment(top_bit).value();
  CHECK(buddy_arena::builder(aligned).build().error() == build_error::out_of_memory);
  CHECK(buddy_arena::builder(aligned).build_unfaulted().error() == build_error::out_of_memory);
  // More than size_t can say comes from rounding, which is the geometry's.
  CHECK(buddy_geometry::nearest(top_bit + 1, 1).error() == build_error::size_overflow);
  CHECK(exact(64, 64).with_alignment(3).error() == build_error::invalid_alignment);
}

TEST_CASE("a machine without the memory is an error and no abort", "[arena][build][needs-kernel]") {
  const auto builder = buddy_arena::builder(exact(std::size_t{1} << 28, 4'096));
  const auto end = child::in_child([&] {
    const rlimit little{1 << 20, RLIM_INFINITY};
    if (setrlimit(RLIMIT_AS, &little) != 0) _exit(10);
    const auto refused = builder.build();
    if (refused.has_value()) _exit(11);
    if (refused.error() != build_error::out_of_memory) _exit(12);
    if (builder.build_unfaulted().error() != build_error::out_of_memory) _exit(13);
    const rlimit any{RLIM_INFINITY, RLIM_INFINITY};
    if (setrlimit(RLIMIT_AS, &any) != 0) _exit(14);
    if (!builder.build_unfaulted().has_value()) _exit(15);  // and later it may have it
  });
  INFO("said: " << end.said);
  CHECK(end.signal == 0);
  CHECK(end.exit_code == 0);
}

namespace {

constexpr std::size_t touched_total = 1 << 18;

void check_pages(auto builder) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t all = touched_total / page;
  CHECK(resident_pages(builder.build().value()) == all);
  CHECK(resident_pages(builder.build_unfaulted().value().into_inner()) == 0);
  CHECK(resident_pages(builder.build_unfaulted().value().fault_pages()) == all);
  CHECK(resident_pages(builder.build_async().value().synchronous()) == all);
  builder.prefault(page_size::unknown());
  CHECK(resident_pages(builder.build().value()) == 0);
  CHECK(resident_pages(builder.build_unfaulted().value().fault_pages()) == 0);
  CHECK(resident_pages(builder.build_async().value().synchronous()) == 0);
  builder.prefault(page_size::of(2 * page));
  CHECK(resident_pages(builder.build().value()) == all / 2);
  CHECK(resident_pages(builder.build_unfaulted().value().fault_pages()) == all / 2);
  builder.prefault(page_size::of(SIZE_MAX));
  CHECK(resident_pages(builder.build().value()) == 1);
  builder.prefault(page_size::automatic());
  const auto arena = builder.build_unfaulted().value().fault_pages();
  CHECK(resident_pages(arena) == all);

  auto once = builder.build_unfaulted().value();
  const auto inner = std::move(once).into_inner();
  CHECK(resident_pages(inner) == 0);
  CHECK(std::move(once).fault_pages().base() == nullptr);
  CHECK(std::move(once).into_inner().base() == nullptr);
  CHECK(resident_pages(inner) == 0);
}

}  // namespace

TEST_CASE("pages are touched when and as far as asked, once", "[arena][pages]") {
  SECTION("blocks") { check_pages(buddy_arena::builder(exact(touched_total, 256))); }
  SECTION("slots") {
    check_pages(caiman::fixed_arena::with_slot_capacity(touched_total / 512, 512));
  }
  CHECK(page_size::automatic().bytes() == static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
  CHECK(page_size::of(0) == page_size::unknown());
}

TEST_CASE("a handle is shared by its copies, and empty after a move", "[arena]") {
  auto one = arena_of(4'096, 256);
  const auto builder = buddy_arena::builder(exact(4'096, 256));
  CHECK_FALSE(builder.build().value() == builder.build().value());
  buddy_arena other = one;
  CHECK(one == other);
  const auto b = one.allocate(256).value();
  CHECK(other.metrics().bytes_live == 256);

  buddy_arena& same = one;
  one = same;
  one = std::move(same);
  CHECK(one == other);
  buddy_arena moved = std::move(one);
  CHECK(moved == other);
  CHECK_FALSE(one == other);
  CHECK(one.total_size() == 0);
  CHECK(one.min_block_size() == 0);
  CHECK(one.max_order() == 0);
  CHECK(one.base() == nullptr);
  CHECK(one.metrics() == caiman::arena_metrics{});
  CHECK_FALSE(one.is_block_free(0, 0));
  CHECK(one.free_block_count(0) == 0);
  CHECK(one.occupancy().empty());
  CHECK(one.allocate(0).error() == alloc_error::request_too_large);
  one = std::move(same);
  const buddy_arena of_nothing = one;
  CHECK(of_nothing == one);
  one = other;
  CHECK(one == moved);
  CHECK(one.metrics().bytes_live == 256);
}

TEST_CASE("buffers and bytes outlive every handle", "[arena]") {
  std::optional<buffer> late;
  bytes frozen;
  {
    const auto arena = buddy_arena::builder(exact(1'024, 64)).auto_spill().build().value();
    late = arena.allocate(64).value();
    buffer b = arena.allocate(64).value();
    b.put("bytes");
    frozen = std::move(b).freeze();
  }
  late->put("buffer");
  CHECK(frozen.as_string_view() == "bytes");
  const bytes part = frozen.slice(1, 3);
  frozen = {};
  late->put(std::string(64, 'x'));  // spills: returns its block
  CHECK(late->is_spilled());
  CHECK(part.as_string_view() == "yte");
  CHECK(std::move(*late).freeze().as_string_view().substr(0, 7) == "bufferx");
}

TEST_CASE("metrics count what has happened", "[arena][metrics]") {
  const auto arena = buddy_arena::builder(exact(512, 64)).auto_spill().build().value();
  CHECK(arena.metrics() == caiman::arena_metrics{0, 0, 0, 0, 0, 0, 0, 512, 0, 512});
  buffer b = arena.allocate(64).value();
  auto seen = arena.metrics();
  CHECK(seen.splits == 3);
  CHECK(seen.coalesces == 0);
  CHECK(seen.allocations_ok == 1);
  CHECK(seen.bytes_live == 64);
  CHECK(seen.largest_free_block == 256);

  bytes frozen = std::move(b).freeze(0, 8).value();
  buffer whole = arena.allocate(200).value();
  CHECK(arena.allocate(200).error() == alloc_error::arena_full);
  CHECK(arena.allocate(513).error() == alloc_error::request_too_large);
  buffer small = arena.allocate(64).value();
  small.put(std::string(65, 'x'));
  seen = arena.metrics();
  CHECK(seen.frozen == 1);
  CHECK(seen.spills == 1);
  CHECK(seen.allocations_ok == 3);
  CHECK(seen.frees == 1);
  CHECK(seen.allocations_failed == 2);
  CHECK(seen.bytes_live == 64 + 256);
  CHECK(seen.largest_free_block == 128);

  const bytes copy = frozen;
  frozen = {};
  CHECK(arena.metrics().frees == 1);
  std::thread([done = std::move(whole)]() mutable { std::move(done).abandon(); }).join();
  CHECK(arena.metrics().frees == 2);
  CHECK(arena.metrics().allocations_ok - arena.metrics().frees == 1);
}

TEST_CASE("when all is back everything is merged again", "[arena][metrics]") {
  const auto arena = arena_of(1 << 16, 64);
  for (unsigned round = 0; round < 3; ++round) {
    std::vector<buffer> live;
    for (std::size_t i = 0; i < 40; ++i) live.push_back(arena.allocate(i * 37 % 1'000).value());
    CHECK(arena.metrics().splits > arena.metrics().coalesces);
    CHECK(arena.metrics().allocations_ok - arena.metrics().frees == 40);
    live.clear();
    const auto seen = arena.metrics();
    CHECK(seen.splits == seen.coalesces);
    CHECK(seen.bytes_live == 0);
    CHECK(seen.largest_free_block == 1 << 16);
    CHECK(arena.is_block_free(10, 0));
    CHECK(arena.free_block_count(10) == 1);
    CHECK(arena.occupancy() == std::vector<extent>{{10, 0, false}});
  }
}

TEST_CASE("an arena's observers speak of maximal free blocks", "[arena][metrics]") {
  const auto arena = arena_of(1'024, 64);
  const buffer b = arena.allocate(64).value();
  const auto offset = address(b) - reinterpret_cast<std::uintptr_t>(arena.base());
  const std::size_t index = offset / 64;
  CHECK_FALSE(arena.is_block_free(0, index));
  for (unsigned order = 0; order < 4; ++order) {
    CHECK(arena.free_block_count(order) == 1);
    CHECK(arena.is_block_free(order, (index >> order) ^ 1U));
    CHECK_FALSE(arena.is_block_free(order, index >> order));
  }
  CHECK(arena.free_block_count(4) == 0);
  for (const unsigned order : {5U, 33U, 64U, ~0U}) {
    CHECK(arena.free_block_count(order) == 0);
    CHECK_FALSE(arena.is_block_free(order, 0));
  }
  for (const std::size_t beyond : {std::size_t{16}, top_bit, SIZE_MAX}) {
    CHECK_FALSE(arena.is_block_free(0, beyond));
  }
  std::size_t live = 0;
  std::size_t free = 0;
  for (const extent& e : arena.occupancy()) (e.live ? live : free) += std::size_t{64} << e.order;
  CHECK(live == 64);
  CHECK(free == 1'024 - 64);
}

// NOLINTEND(bugprone-use-after-move)
