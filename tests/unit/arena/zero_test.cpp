// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// zero_test.cpp: the owner of a new block finds only zeros
//
// In arenas that promise it: over fresh memory and over a region full of garbage, for blocks of
// every size in any order, whatever the last owner did and however the block came back; and a block
// that nobody has is zero already, which is seen through the region's own pointer. The control is
// an arena that promises nothing.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "caiman/arena.hpp"
#include "caiman/fixed_arena.hpp"
#include "lent.hpp"

#include <catch2/catch.hpp>

// NOLINTBEGIN(bugprone-use-after-move): what is left of an object that was moved from is tested
// here

namespace {

using sizes = std::initializer_list<std::size_t>;
using caiman::buddy_arena;
using caiman::buddy_geometry;
using caiman::buddy_hint;
using caiman::buffer;
using caiman::bytes;
using caiman::fixed_arena;
using caiman::init_policy;
using caiman::slot_spec;
using caiman::testing::all_zero;
using caiman::testing::count_other;
using caiman::testing::garbage;
using caiman::testing::lent_region;

constexpr std::byte zero{0};

void scribble(buffer& b) { std::ranges::fill(b.spare(), std::byte{0xEE}); }

// Makes a mess in all of the block, then returns it in one of the ways there are.
void spoil_and_drop(buffer b, unsigned way) {
  scribble(b);
  switch (way % 6) {
    case 0:
      break;
    case 1:
      std::move(b).abandon();
      break;
    case 2: {
      b.advance(b.capacity());
      const bytes whole = std::move(b).freeze();
      const bytes copy = whole;  // NOLINT(performance-unnecessary-copy-initialization): shares
      break;
    }
    case 3: {
      const bytes part = std::move(b).freeze(b.capacity() / 3, b.capacity() / 2).value();
      break;
    }
    case 4:
      b.put(std::string(b.capacity() + 1, 'x'));  // spills
      break;
    default:
      std::thread([mine = std::move(b)]() mutable { std::move(mine).abandon(); }).join();
  }
}

// Random requests with up to 20 live; every block must be zero when it comes, and, seen from
// below, when it has gone. Returns how many were not.
template <class Take>
std::size_t dirty_blocks(Take take, unsigned steps) {
  std::mt19937 random(4711);
  std::vector<buffer> live;
  std::size_t dirty = 0;
  for (unsigned step = 0; step < steps; ++step) {
    if (live.size() < 20 && random() % 2 == 0) {
      std::optional<buffer> got = take(random());
      if (!got) continue;
      dirty += std::size_t{!all_zero(got->spare())};
      scribble(*got);
      live.push_back(*std::move(got));
    } else if (!live.empty()) {
      std::swap(live[random() % live.size()], live.back());
      buffer b = std::move(live.back());
      live.pop_back();
      const std::byte* const at = b.written().data();
      const std::size_t size = b.capacity();
      spoil_and_drop(std::move(b), static_cast<unsigned>(step % 64 == 0 ? 5 : random() % 5));
      dirty += std::size_t{count_other(at, size, zero) != 0};
    }
  }
  live.clear();
  return dirty;
}

auto blocks_of(const buddy_arena& arena, std::size_t largest) {
  return [&arena, largest](std::size_t random) {
    auto got = arena.allocate((std::size_t{1} << random % 16) % largest + random % 64);
    return got ? std::optional<buffer>(*std::move(got)) : std::nullopt;
  };
}
auto slots_of(const fixed_arena& arena) {
  return [&arena](std::size_t) {
    auto got = arena.allocate();
    return got ? std::optional<buffer>(*std::move(got)) : std::nullopt;
  };
}

buddy_arena zeroing_region(lent_region& region, std::size_t min) {
  return buddy_arena::from_region(region.at(), region.size(), buddy_hint::min_alloc(min))
      .auto_spill()
      .init(init_policy::zero)
      .build()
      .value();
}

}  // namespace

TEST_CASE("blocks of own memory are zero", "[zero]") {
  const auto geometry = GENERATE(buddy_geometry::exact(1 << 14, 64).value(),
                                 buddy_geometry::nearest(1 << 14, 64).value());
  const auto arena =
      buddy_arena::builder(geometry).auto_spill().init(init_policy::zero).build().value();
  CHECK(dirty_blocks(blocks_of(arena, 2'000), 600) == 0);
  CHECK(arena.metrics().spills > 0);
  CHECK(arena.metrics().frozen > 0);
  CHECK(count_other(arena.base(), arena.total_size(), zero) == 0);
}

TEST_CASE("blocks of a region full of garbage are zero", "[zero]") {
  for (const std::size_t min : sizes{1, 8, 64, 256, 4'096}) {
    INFO("min " << min);
    lent_region region(1 << 14);
    const auto arena = zeroing_region(region, min);
    CHECK(dirty_blocks(blocks_of(arena, 1'000), 600) == 0);
    CHECK(all_zero(arena.allocate(1 << 14).value().spare()));
    CHECK(count_other(region.at(), region.size(), zero) == 0);
  }
}

TEST_CASE("slots are zero, in own memory and in a region", "[zero]") {
  lent_region region(10'000);
  for (const std::size_t slots : sizes{1, 3, 64, 65, 100, 131}) {
    INFO("slots " << slots);
    const auto own = fixed_arena::with_slot_capacity(slots, 70)
                         .auto_spill()
                         .init(init_policy::zero)
                         .build()
                         .value();
    CHECK(dirty_blocks(slots_of(own), 300) == 0);
    std::memset(region.at(), static_cast<int>(garbage), region.size());
    const auto lent = fixed_arena::from_region(region.at(), 10'000, slot_spec::count(slots))
                          .auto_spill()
                          .init(init_policy::zero)
                          .build()
                          .value();
    CHECK(dirty_blocks(slots_of(lent), 300) == 0);
    std::vector<buffer> all;
    for (auto got = lent.allocate(); got; got = lent.allocate()) {
      CHECK(all_zero(got->spare()));
      all.push_back(*std::move(got));
    }
    CHECK(all.size() == slots);
  }
}

TEST_CASE("a block is zero from the moment it is back", "[zero]") {
  lent_region region(4'096);
  const auto arena = zeroing_region(region, 64);
  buffer b = arena.allocate(256).value();
  scribble(b);
  const std::byte* const at = b.written().data();
  CHECK(count_other(at, 256, zero) == 256);
  SECTION("dropped") {
    const buffer gone = std::move(b);
    CHECK(count_other(at, 256, zero) == 256);
  }
  SECTION("spilled") {
    b.put(std::string(257, 'x'));
    CHECK(b.size() == 257);
  }
  SECTION("frozen, and the last share gone") {
    bytes whole = std::move(b).freeze(0, 256).value();
    bytes part = whole.slice(255, 1);
    whole = {};
    CHECK(part.as_string_view() == "\xEE");
    CHECK(count_other(at, 256, zero) == 256);
    part = {};
  }
  SECTION("frozen with no length") { CHECK(std::move(b).freeze(17, 0).value().empty()); }
  SECTION("with the arena's last handle gone") {
    std::optional<buddy_arena> last(zeroing_region(region, 64));
    CHECK(last->total_size() == 4'096);
  }
  b = arena.allocate(0).value();  // whatever it held before is back
  CHECK(count_other(at, 256, zero) == 0);
}

TEST_CASE("what a capped buffer cannot show stays zero as well", "[zero]") {
  const auto arena = buddy_arena::builder(buddy_geometry::nearest(1'024, 64).value())
                         .init(init_policy::zero)
                         .build()
                         .value();
  for (const std::size_t length : sizes{1'024, 100, 1'000, 65, 1'024}) {
    buffer b = arena.allocate(length).value();
    CHECK(all_zero(b.spare()));
    CHECK(count_other(b.written().data(), std::bit_ceil(length), zero) == 0);
    scribble(b);
  }
  CHECK(count_other(arena.base(), 1'024, zero) == 0);
}

TEST_CASE("a part that was used and one that was not come out zero in one block", "[zero]") {
  lent_region region(1 << 14);
  const auto arena = zeroing_region(region, 64);  // 256 min blocks: four words of them
  for (const std::size_t length : sizes{64, 128, 4'096, 64}) {
    buffer b = arena.allocate(length).value();
    CHECK(all_zero(b.spare()));
    scribble(b);
  }
  const buffer kept = arena.allocate(64).value();
  buffer half = arena.allocate(1 << 13).value();
  CHECK(all_zero(half.spare()));
  buffer rest = arena.allocate(1 << 12).value();
  CHECK(all_zero(rest.spare()));
}

TEST_CASE("memory that was never asked for stays as the caller left it", "[zero]") {
  lent_region region(1 << 14);
  const auto arena = zeroing_region(region, 64);
  CHECK(count_other(region.at(), region.size(), garbage) == 0);
  const buffer b = arena.allocate(100).value();
  CHECK(count_other(region.at(), region.size(), garbage) == 128);
}

TEST_CASE("an arena that promises nothing shows that these checks can fail", "[zero][control]") {
  lent_region region(1 << 14);
  const auto arena = buddy_arena::from_region(region.at(), region.size(), buddy_hint::min_alloc(64))
                         .auto_spill()
                         .build()
                         .value();
  CHECK(dirty_blocks(blocks_of(arena, 2'000), 600) > 100);
  const auto own =
      buddy_arena::builder(buddy_geometry::exact(4'096, 64).value()).auto_spill().build().value();
  CHECK(dirty_blocks(blocks_of(own, 1'000), 600) > 100);
}

// NOLINTEND(bugprone-use-after-move)
