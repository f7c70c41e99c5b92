// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// lent_region_test.cpp: an arena over memory that is somebody else's
//
// Which part of a region is used, that nothing else of it is ever touched, and nothing at all of it
// unless a buffer is written; and above all when it is given back: once, as it came, after the last
// of handle, buffer and bytes, and never if there was no arena. Threads are arena_end_test.cpp's.
// Relies on Linux (mmap) and Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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

using caiman::alloc_error;
using caiman::buddy_arena;
using caiman::buddy_hint;
using caiman::buffer;
using caiman::build_error;
using caiman::bytes;
using caiman::fixed_arena;
using caiman::init_policy;
using caiman::slot_spec;
using caiman::testing::count_other;
using caiman::testing::frozen;
using caiman::testing::garbage;
using caiman::testing::lent_region;

constexpr std::size_t top_bit = std::size_t{1} << 63;

buddy_arena lend(lent_region& region, std::size_t min) {
  return buddy_arena::from_region(region.at(), region.size(), buddy_hint::min_alloc(min),
                                  region.note())
      .build()
      .value();
}

// Memory that nobody may touch; so large that it is address space alone.
class forbidden_memory {
 public:
  explicit forbidden_memory(std::size_t size)
      : size_(size),
        at_(mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    REQUIRE(at_ != MAP_FAILED);
  }
  forbidden_memory(const forbidden_memory&) = delete;
  forbidden_memory& operator=(const forbidden_memory&) = delete;
  ~forbidden_memory() { munmap(at_, size_); }
  [[nodiscard]] std::byte* at() const { return static_cast<std::byte*>(at_); }

 private:
  std::size_t size_;
  void* at_;
};

}  // namespace

TEST_CASE("of a region all whole min blocks from an aligned start on are used", "[region]") {
  lent_region region(100'000);
  struct row {
    std::size_t skip, length, min;  // given
    std::size_t base, total, unit;  // expected, the base from the region's start
  };
  const row rows[] = {
      {0, 4'096, 64, 0, 4'096, 64},
      {0, 8'191, 64, 0, 8'128, 64},
      {0, 40'960, 64, 0, 40'960, 64},
      {0, 40'960, 100, 0, 40'960, 128},
      {0, 100'000, 256, 0, 99'840, 256},
      {1, 4'096, 64, 64, 4'032, 64},
      {1, 4'096 + 63, 64, 64, 4'096, 64},  // aligned to the min block at least ...
      {1, 4'096 + 62, 64, 64, 4'032, 64},
      {1, 8'192 + 127, 64, 64, 8'256, 64},
      {1, 12'287 + 63, 128, 128, 12'160, 128},
      {2'049, 16'384 + 2'047, 4'096, 4'096, 16'384, 4'096},
      {4'000, 8'192 + 96, 8'192, 4'096, 8'192, 8'192},  // ... and to the page at most, or where
      {4'095, 8'192 + 1, 64, 4'096, 8'192, 64},         // that costs no block
      {0, 64, 64, 0, 64, 64},
      {3, 1, 1, 3, 1, 1},
      {3, 40'957, 1, 3, 40'957, 1},
      {0, 16'384, 8'192, 0, 16'384, 8'192},
      {1, 20'480, 8'192, 4'096, 16'384, 8'192},
  };
  for (const row& r : rows) {
    INFO("skip " << r.skip << ", length " << r.length << ", min " << r.min);
    const auto arena =
        buddy_arena::from_region(region.at() + r.skip, r.length, buddy_hint::min_alloc(r.min))
            .build()
            .value();
    CHECK(arena.total_size() == r.total);
    CHECK(arena.min_block_size() == r.unit);
    CHECK(arena.base() >= region.at() + r.skip);
    CHECK(arena.base() + arena.total_size() <= region.at() + r.skip + r.length);
    const auto base = reinterpret_cast<std::uintptr_t>(arena.base());
    CHECK(base % std::min<std::size_t>(r.unit, 4'096) == 0);
    CHECK(arena.base() == region.at() + r.base);
    CHECK(arena.allocate(r.total + 1).error() == alloc_error::request_too_large);
    CHECK(arena.allocate(SIZE_MAX).error() == alloc_error::request_too_large);
    CHECK(arena.allocate(r.unit << arena.max_order()).value().written().data() == arena.base());
    std::size_t had = 0;
    std::vector<buffer> live;
    for (auto b = arena.allocate(1); b; b = arena.allocate(1)) {
      had += b->capacity();
      live.push_back(*std::move(b));
    }
    CHECK(had == r.total);
  }
}

TEST_CASE("a region's alignment is obeyed, and raises the smallest block", "[region]") {
  lent_region region(16'384);
  const auto lent = [&](std::size_t skip, std::size_t alignment) {
    return buddy_arena::from_region(region.at() + skip, region.size() - skip,
                                    buddy_hint::min_alloc(64))
        .with_alignment(alignment)
        .build();
  };
  const auto arena = lent(1, 512).value();
  CHECK(arena.min_block_size() == 512);
  CHECK(arena.base() == region.at() + 512);
  CHECK(arena.total_size() == 15'872);
  CHECK(lent(1, 8'192).value().total_size() <= 8'192);
  CHECK(lent(0, 32).value().min_block_size() == 64);
  for (const std::size_t wrong : {std::size_t{0}, std::size_t{3}, SIZE_MAX}) {
    CHECK(lent(0, wrong).error() == build_error::invalid_alignment);
  }
  CHECK(lent(0, std::size_t{1} << 40).error() == build_error::region_too_small);
}

TEST_CASE("a region's buffers show their block, or exactly what was asked for", "[region]") {
  lent_region region(4'096);
  CHECK(lend(region, 64).allocate(100).value().capacity() == 128);
  const auto capped = buddy_arena::from_region(region.at(), 4'096, buddy_hint::min_alloc(64))
                          .nearest()
                          .build()
                          .value();
  CHECK(capped.allocate(100).value().capacity() == 100);
}

TEST_CASE("blocks of an aligned region are aligned to their size up to the page", "[region]") {
  lent_region region(32'768);
  const auto arena =
      buddy_arena::from_region(region.at(), 32'767, buddy_hint::min_alloc(16)).build().value();
  std::vector<buffer> live;
  for (std::size_t size = 16; size <= 4'096; size *= 2) {
    live.push_back(arena.allocate(size).value());
    CHECK(reinterpret_cast<std::uintptr_t>(live.back().written().data()) % size == 0);
  }
}

TEST_CASE("a region is touched where a buffer is written, and nowhere else", "[region]") {
  lent_region region(8'192);
  {
    const auto arena = buddy_arena::from_region(region.at() + 5, 8'000, buddy_hint::min_alloc(64))
                           .auto_spill()
                           .build()
                           .value();
    CHECK(arena.total_size() == 7'936);
    std::vector<buffer> live;
    for (auto got = arena.allocate(64); got; got = arena.allocate(64)) {
      live.push_back(*std::move(got));
    }
    for (std::size_t i = 0; i < live.size(); i += 2) {
      const bytes part = std::move(live[i]).freeze(0, 8).value();  // shares are counted elsewhere
      CHECK(bytes(part).size() == 8);
    }
    live.clear();
    CHECK(arena.metrics().largest_free_block == 4'096);
    CHECK(count_other(region.at(), region.size(), garbage) == 0);

    const std::byte* const base = arena.base();
    buffer all = arena.allocate(4'096).value();
    std::memset(all.spare().data(), 0, 4'096);
    CHECK(count_other(region.at(), static_cast<std::size_t>(base - region.at()), garbage) == 0);
    CHECK(count_other(base + 4'096,
                      region.size() - static_cast<std::size_t>(base + 4'096 - region.at()),
                      garbage) == 0);
  }
  CHECK(count_other(region.at(), region.size(), garbage) == 4'096);
}

TEST_CASE("no builder and no call of a handle touches a region", "[region]") {
  const forbidden_memory memory(1 << 20);
  const auto policy = GENERATE(init_policy::uninit, init_policy::zero);
  const auto arena =
      buddy_arena::from_region(memory.at() + 1, (1 << 20) - 1, buddy_hint::min_alloc(256))
          .init(policy)
          .build()
          .value();
  CHECK(arena.metrics().bytes_reserved == (1 << 20) - 256);
  CHECK(arena.occupancy().size() == 12);
  const auto slots = fixed_arena::from_region(memory.at(), 1 << 20, slot_spec::count(1'000))
                         .init(policy)
                         .build()
                         .value();
  CHECK(slots.metrics().slots_free == 1'000);
  if (policy == init_policy::uninit) {
    buffer b = arena.allocate(1'000).value();
    const bytes part = std::move(b).freeze(100, 900).value();
    CHECK(slots.allocate().has_value());
    CHECK(arena.metrics().frozen == 1);
  }
}

TEST_CASE("what no arena can be made of stays the caller's", "[region][build]") {
  lent_region region(8'192);
  const auto buddy = [&](std::byte* p, std::size_t len, std::size_t min) {
    return buddy_arena::from_region(p, len, buddy_hint::min_alloc(min), region.note())
        .build()
        .error();
  };
  CHECK(buddy(nullptr, 8'192, 64) == build_error::null_region);
  CHECK(buddy(nullptr, 0, 0) == build_error::null_region);
  CHECK(buddy(region.at(), 0, 64) == build_error::region_too_small);
  CHECK(buddy(region.at(), 63, 64) == build_error::region_too_small);
  CHECK(buddy(region.at() + 1, 64, 64) == build_error::region_too_small);
  CHECK(buddy(region.at() + 1, 64 + 62, 64) == build_error::region_too_small);
  CHECK(buddy(region.at() + 1, 1, 64) == build_error::region_too_small);
  CHECK(buddy(region.at(), 8'192, 8'193) == build_error::region_too_small);
  CHECK(buddy(region.at(), 8'192, top_bit) == build_error::region_too_small);
  CHECK(buddy(region.at(), 8'192, 0) == build_error::invalid_geometry);
  CHECK(buddy(region.at(), 8'192, top_bit + 1) == build_error::size_overflow);
  CHECK(buddy(region.at(), 8'192, SIZE_MAX) == build_error::size_overflow);

  const auto slots = [&](std::byte* p, std::size_t len, slot_spec spec, std::size_t alignment = 1) {
    return fixed_arena::from_region(p, len, spec, region.note())
        .alignment(alignment)
        .build()
        .error();
  };
  CHECK(slots(nullptr, 8'192, slot_spec::count(1)) == build_error::null_region);
  for (const std::size_t wrong : {std::size_t{0}, std::size_t{3}, SIZE_MAX, top_bit + 1}) {
    CHECK(slots(region.at(), 8'192, slot_spec::count(1), wrong) == build_error::invalid_alignment);
  }
  CHECK(slots(region.at(), 8'192, slot_spec::count(0)) == build_error::invalid_geometry);
  CHECK(slots(region.at(), 8'192, slot_spec::size(0)) == build_error::invalid_geometry);
  for (const auto& spec : {slot_spec::size(8'193), slot_spec::size(SIZE_MAX),
                           slot_spec::count(8'193), slot_spec::count(SIZE_MAX)}) {
    CHECK(slots(region.at(), 8'192, spec) == build_error::region_too_small);
  }
  CHECK(slots(region.at(), 0, slot_spec::size(1)) == build_error::region_too_small);
  CHECK(slots(region.at() + 1, 63, slot_spec::count(1), 64) == build_error::region_too_small);
  CHECK(slots(region.at() + 1, 126, slot_spec::count(1), 64) == build_error::region_too_small);
  CHECK(slots(region.at(), 8'192, slot_spec::size(8), 16) == build_error::region_too_small);
  CHECK(slots(region.at() + 1, 8'191, slot_spec::count(1), top_bit) ==
        build_error::region_too_small);
  {
    auto never_built =
        buddy_arena::from_region(region.at(), 8'192, buddy_hint::min_alloc(64), region.note());
    const auto as_well =
        fixed_arena::from_region(region.at(), 8'192, slot_spec::count(1), region.note());
    const auto moved = std::move(never_built);
  }
  CHECK(region.calls() == 0);
  CHECK(count_other(region.at(), region.size(), garbage) == 0);
}

TEST_CASE("more slots than can be counted are an error, not fewer slots", "[region][build]") {
  constexpr std::size_t most = std::size_t{1} << 32;
  const forbidden_memory memory(2 * most);
  CHECK(
      fixed_arena::from_region(memory.at(), 2 * most, slot_spec::count(most + 1)).build().error() ==
      build_error::invalid_geometry);
}

TEST_CASE("a builder hands a region over once", "[region][build]") {
  lent_region region(8'192);
  auto builder =
      buddy_arena::from_region(region.at(), 4'096, buddy_hint::min_alloc(64), region.note());
  auto slots =
      fixed_arena::from_region(region.at() + 4'096, 4'096, slot_spec::size(64), region.note());
  REQUIRE(builder.build().has_value());
  CHECK(region.is_back(region.at(), 4'096));
  CHECK_FALSE(builder.build().has_value());
  REQUIRE(slots.build().has_value());
  CHECK_FALSE(slots.build().has_value());
  CHECK(region.calls() == 2);
}

TEST_CASE("a region comes back after the last of handle, buffer and bytes", "[region][end]") {
  // What goes first, second and third.
  std::array<unsigned, 3> turn{0, 1, 2};
  do {
    INFO("order " << turn[0] << turn[1] << turn[2]);
    lent_region region(10'000);
    std::optional<buddy_arena> arena(
        buddy_arena::from_region(region.at() + 3, 9'001, buddy_hint::min_alloc(64), region.note())
            .build()
            .value());
    std::optional<buffer> written(arena->allocate(100).value());
    bytes whole = frozen(*arena, "frozen");
    bytes part = whole.slice(1, 2);
    const std::function<void()> drop[] = {[&] { arena.reset(); }, [&] { written.reset(); },
                                          [&] {
                                            whole = {};
                                            CHECK(region.calls() == 0);
                                            part = {};
                                          }};
    for (const unsigned which : turn) {
      CHECK(region.calls() == 0);
      drop[which]();
    }
    CHECK(region.is_back(region.at() + 3, 9'001));
    CHECK(region.last_call().thread == std::this_thread::get_id());
  } while (std::ranges::next_permutation(turn).found);
}

TEST_CASE("copies of a handle keep a region, empty ones do not", "[region][end]") {
  lent_region region(4'096);
  auto arena = lend(region, 64);
  auto copy = arena;
  auto moved = std::move(arena);
  moved = copy;
  { const auto gone = std::move(moved); }
  CHECK(region.calls() == 0);
  copy = std::move(arena);  // of an empty one: drops the last
  CHECK(region.is_back(region.at(), 4'096));
}

TEST_CASE("a spill, an owned copy or a fixed arena's slot can be the last", "[region][end]") {
  lent_region region(4'096);
  SECTION("a spill") {
    std::optional<buffer> b(
        buddy_arena::from_region(region.at(), 4'096, buddy_hint::min_alloc(64), region.note())
            .auto_spill()
            .build()
            .value()
            .allocate(64)
            .value());
    b->put(std::string(64, 'x'));
    CHECK(region.calls() == 0);
    b->put("y");
    CHECK(region.is_back(region.at(), 4'096));
    CHECK(b->size() == 65);
  }
  SECTION("an owned copy") {
    bytes b = frozen(lend(region, 64), "abc");
    CHECK(region.calls() == 0);
    CHECK(std::move(b).into_owned().size() == 3);
    CHECK(region.is_back(region.at(), 4'096));
  }
  SECTION("bytes of no length") {
    const auto none = lend(region, 64).allocate(64).value().freeze();
    CHECK(none.empty());
    CHECK(region.is_back(region.at(), 4'096));
  }
  SECTION("a slot") {
    auto slots =
        fixed_arena::from_region(region.at(), 4'095, slot_spec::count(3), region.note()).build();
    std::optional<buffer> b(slots->allocate().value());
    slots = std::unexpected(build_error::out_of_memory);
    CHECK(region.calls() == 0);
    b.reset();
    CHECK(region.is_back(region.at(), 4'095));
  }
}

TEST_CASE("without a release function the caller keeps the memory", "[region][end]") {
  lent_region region(4'096);
  buddy_arena::from_region(region.at(), 4'096, buddy_hint::min_alloc(64)).build().value();
  CHECK(count_other(region.at(), 4'096, garbage) == 0);
  region.at()[0] = std::byte{1};  // nothing is forbidden any more
}

TEST_CASE("a release function may own what it needs, and goes with the arena", "[region][end]") {
  lent_region region(4'096);
  const auto kept = std::make_shared<int>(0);
  {
    auto give_back = [own = std::make_unique<std::shared_ptr<int>>(kept)](std::byte*, std::size_t) {
      ++**own;
    };
    const auto arena = buddy_arena::from_region(region.at(), 4'096, buddy_hint::min_alloc(64),
                                                std::move(give_back))
                           .build()
                           .value();
    CHECK(kept.use_count() == 2);
  }
  CHECK(*kept == 1);
  CHECK(kept.use_count() == 1);
}

TEST_CASE("a region is one builder's, and one arena's", "[region][build]") {
  lent_region region(4'096);
  const auto check_moves = [&](auto first, auto other) {
    const std::size_t before = region.calls();
    auto taker = std::move(first);
    CHECK(first.build().error() == build_error::null_region);
    other = std::move(taker);  // and lets the region go that it had
    CHECK(taker.build().error() == build_error::null_region);
    auto& same = other;
    other = std::move(same);
    {
      const auto arena = other.build();
      REQUIRE(arena.has_value());
      CHECK(arena->base() == region.at());
      CHECK(other.build().error() == build_error::null_region);
      CHECK(region.calls() == before);
    }
    CHECK(region.calls() == before + 1);
  };
  alignas(64) std::byte elsewhere[256];
  const auto buddy_of = [](std::byte* p, std::size_t n, caiman::region_release note) {
    return buddy_arena::from_region(p, n, buddy_hint::min_alloc(64), std::move(note));
  };
  const auto fixed_of = [](std::byte* p, std::size_t n, caiman::region_release note) {
    return fixed_arena::from_region(p, n, slot_spec::size(64), std::move(note));
  };
  check_moves(buddy_of(region.at(), region.size(), region.note()), buddy_of(elsewhere, 256, {}));
  check_moves(fixed_of(region.at(), region.size(), region.note()), fixed_of(elsewhere, 256, {}));
}

// NOLINTEND(bugprone-use-after-move)
