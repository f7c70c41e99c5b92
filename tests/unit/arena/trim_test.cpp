// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// trim_test.cpp: the memory of free blocks goes back to the system
//
// What is in memory is what the system says, so nothing here believes the arena but its sums. A
// region says what of it would go. Beside two threads that take and give back, none of whom may
// ever be refused, since there is room for all that they have at once.
// Relies on Linux's MADV_DONTNEED and mincore, without which nothing goes: what needs that has the
// tag [pages]. Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "caiman/arena.hpp"
#include "caiman/async.hpp"
#include "caiman/detail/raw_blocks.hpp"
#include "caiman/fixed_arena.hpp"
#include "lent.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::buddy_arena;
using caiman::buddy_geometry;
using caiman::buddy_hint;
using caiman::buffer;
using caiman::fixed_arena;
using caiman::huge_page_policy;
using caiman::init_policy;
using caiman::slot_spec;
using caiman::testing::lent_region;

constexpr std::size_t KiB = 1024;
constexpr std::size_t MiB = 1024 * KiB;

/// Of small pages, of which none is there yet.
buddy_arena arena_of(std::size_t total, std::size_t min, init_policy init = init_policy::uninit,
                     bool trims = false) {
  auto builder = buddy_arena::builder(buddy_geometry::exact(total, min).value());
  if (trims) builder.auto_trim({.every = std::chrono::seconds(0), .keep_free = 0});
  return builder.huge_pages(huge_page_policy::never).init(init).lazy().build().value();
}
buffer written(const buddy_arena& arena, std::size_t len, int ink) {
  buffer b = arena.allocate(len).value();
  std::memset(b.spare().data(), ink, b.spare().size());
  b.advance(b.spare().size());
  return b;
}
bool all(std::span<const std::byte> what, int ink) {
  return what.front() == static_cast<std::byte>(ink) &&
         std::memcmp(what.data(), what.data() + 1, what.size() - 1) == 0;
}
bool holds(const buffer& b, int ink) { return all(b.written(), ink); }

}  // namespace

TEST_CASE("after a burst of 4,000 times 64 KiB the memory goes back", "[trim][pages]") {
  const auto arena = arena_of(256 * MiB, 4 * KiB);
  {
    std::vector<buffer> burst;
    for (unsigned i = 0; i < 4000; ++i) burst.push_back(written(arena, 64 * KiB, 1));
    CHECK(arena.trim() == 0);
  }
  const std::size_t before = arena.resident_bytes();
  CHECK(before == KiB * 64 * 4000);
  CHECK(arena.trim() == before);
  CHECK(arena.resident_bytes() == 0);
  CHECK(arena.trim() == 0);
  CHECK(arena.free_block_count(arena.max_order()) == 1);
  const auto seen = arena.metrics();
  CHECK(seen.allocations_ok == seen.frees);
  CHECK(seen.allocations_failed == 0);
  CHECK(seen.splits == seen.coalesces);
  CHECK(seen.bytes_live == 0);
}

TEST_CASE("what is live keeps what it holds, and only whole pages go", "[trim][pages]") {
  const auto arena = arena_of(4 * MiB, 256);
  std::vector<buffer> live;
  std::vector<buffer> gone;
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    (i % 2 == 0 ? live : gone).push_back(written(arena, 1 + random() % (8 * KiB), i));
  }
  gone.clear();
  const std::size_t before = arena.resident_bytes();
  const std::size_t went = arena.trim();
  CHECK(went > 0);
  CHECK(arena.resident_bytes() == before - went);
  for (int i = 0; i < 300; i += 2) CHECK(holds(live[static_cast<std::size_t>(i) / 2], i));
  live.clear();
  CHECK(arena.trim() == before - went);
  CHECK(arena.resident_bytes() == 0);
}

TEST_CASE("so much free memory stays as was asked for", "[trim][pages]") {
  const auto arena = arena_of(16 * MiB, 4 * KiB);
  const buffer live = written(arena, 64 * KiB, 7);
  (void)written(arena, 8 * MiB, 1);
  (void)written(arena, 4 * MiB, 1);
  const std::size_t free = arena.resident_bytes() - 64 * KiB;
  CHECK(free == 12 * MiB);
  CHECK(arena.trim(free) == 0);
  CHECK(arena.trim(SIZE_MAX) == 0);
  CHECK(arena.trim(5 * MiB + 300 * KiB) == free - 5 * MiB - 300 * KiB);
  CHECK(arena.resident_bytes() == 5 * MiB + 364 * KiB);
  CHECK(arena.trim(5 * MiB + 300 * KiB) == 0);
  CHECK(arena.trim(1) == 5 * MiB + 296 * KiB);  // a byte keeps its page
  CHECK(arena.trim() == 4 * KiB);
  CHECK(holds(live, 7));
}

TEST_CASE("what comes back after a trim is zero where that was promised", "[trim][pages]") {
  const auto arena = arena_of(2 * MiB, 4 * KiB, init_policy::zero);
  (void)written(arena, MiB, 0x5a);
  CHECK(arena.trim() == MiB);
  for (unsigned round = 0; round < 3; ++round) {
    buffer b = arena.allocate(2 * MiB).value();
    CHECK(all(b.spare(), 0));
    std::memset(b.spare().data(), 1, b.spare().size());
  }
}

TEST_CASE("slots smaller than a page go back together", "[trim][pages]") {
  const auto arena = fixed_arena::with_slot_capacity(10'000, 100)
                         .huge_pages(huge_page_policy::never)
                         .lazy()
                         .build()
                         .value();
  std::vector<buffer> all;
  for (auto got = arena.allocate(); got; got = arena.allocate()) {
    std::memset(got->spare().data(), 1, got->spare().size());
    all.push_back(*std::move(got));
  }
  CHECK(all.size() == 10'000);
  CHECK(arena.resident_bytes() == 1'000'000);  // of the last page a part
  CHECK(arena.trim() == 0);
  all.resize(1);
  CHECK(arena.trim() > 900'000);
  CHECK(arena.resident_bytes() < 100'000);
  all.clear();
  (void)arena.trim();
  CHECK(arena.resident_bytes() < KiB * 4 * 16);
  CHECK(arena.metrics().slots_free == 10'000);
}

TEST_CASE("large slots, and handles that are empty or wait", "[trim][pages]") {
  const auto arena = fixed_arena::with_slot_capacity(3, 3 * MiB).lazy().build_async().value();
  {
    buffer b = arena.try_allocate().value();
    std::memset(b.spare().data(), 1, b.spare().size());
    CHECK(arena.synchronous().resident_bytes() >= 3 * MiB);
  }
  CHECK(arena.synchronous().trim() >= 3 * MiB);
  CHECK(arena.synchronous().resident_bytes() == 0);
  CHECK(buddy_arena().trim() == 0);
  CHECK(buddy_arena().resident_bytes() == 0);
  CHECK(fixed_arena().trim() == 0);
  CHECK(fixed_arena().resident_bytes() == 0);
}

TEST_CASE("an arena trims by itself, once it is time and something came back", "[trim][pages]") {
  using namespace std::chrono_literals;
  caiman::trim_policy policy{.every = 10ms, .keep_free = 0};
  const auto build = [&] {
    return buddy_arena::builder(buddy_geometry::exact(16 * MiB, 4 * KiB).value())
        .huge_pages(huge_page_policy::never)
        .lazy()
        .auto_trim(policy)
        .build()
        .value();
  };
  const auto burst = [](const buddy_arena& arena) {
    std::vector<buffer> live;
    for (unsigned i = 0; i < 50; ++i) live.push_back(written(arena, 64 * KiB, 1));
  };
  const std::size_t whole = KiB * 64 * 50;
  SECTION("again and again") {
    const auto arena = build();
    for (unsigned round = 0; round < 3; ++round) {
      burst(arena);
      std::this_thread::sleep_for(100ms);
      CHECK(arena.resident_bytes() == whole);  // nothing has come back since
      CHECK(arena.allocate(1).has_value());
      CHECK(arena.resident_bytes() == 0);
    }
  }
  SECTION("not before") {
    policy.every = 1h;
    const auto arena = build();
    burst(arena);
    CHECK(arena.allocate(1).has_value());
    CHECK(arena.resident_bytes() == whole);
    CHECK(arena.trim() == whole);
  }
  SECTION("never, but not in a moment either, if that is what the sum passes") {
    policy.every = std::chrono::nanoseconds::max();
    const auto arena = build();
    burst(arena);
    CHECK(arena.resident_bytes() == whole);
  }
  SECTION("at every release") {
    policy.every = GENERATE(0ns, -1ns);
    policy.keep_free = 128 * KiB;
    const auto arena = build();
    for (unsigned round = 0; round < 3; ++round) {
      burst(arena);
      CHECK(arena.resident_bytes() == 128 * KiB);
    }
  }
  SECTION("of a buffer's tail, and of what is left") {
    policy.every = 0ns;
    const auto arena = build();
    buffer b = written(arena, MiB, 1);
    b.truncate(100);
    b.shrink_to_fit();
    CHECK(arena.resident_bytes() == 4 * KiB);
    b = {};
    CHECK(arena.resident_bytes() == 0);
  }
}

TEST_CASE("every kind of arena trims by itself", "[trim][pages]") {
  const caiman::trim_policy at_once{.every = std::chrono::seconds(0), .keep_free = 0};
  const auto slots = fixed_arena::with_slot_capacity(4, MiB)
                         .huge_pages(huge_page_policy::never)
                         .lazy()
                         .auto_trim(at_once)
                         .build_async()
                         .value();
  const auto ink = [](buffer b) { std::memset(b.spare().data(), 1, b.spare().size()); };
  ink(slots.try_allocate().value());
  CHECK(slots.synchronous().resident_bytes() == 0);
  lent_region memory(4 * MiB);
  std::size_t told = 0;
  const auto count = [&](std::byte*, std::size_t length) { return told += length; };
  SECTION("blocks of a region") {
    const auto arena = buddy_arena::from_region(memory.at(), memory.size(), buddy_hint{4 * KiB})
                           .on_trim(count)
                           .auto_trim(at_once)
                           .build()
                           .value();
    ink(arena.allocate(MiB).value());
    CHECK(told == 4 * MiB);
  }
  SECTION("slots of a region") {
    const auto arena = fixed_arena::from_region(memory.at(), memory.size(), slot_spec::size(MiB))
                           .on_trim(count)
                           .auto_trim(at_once)
                           .build()
                           .value();
    ink(arena.allocate().value());
    CHECK(told == 4 * MiB);
  }
}

TEST_CASE("what comes back while an arena trims by itself is due again", "[trim]") {
  lent_region memory(MiB);
  buddy_arena arena;
  std::optional<buffer> other;
  unsigned trims = 0;
  int status = -1;
  // A while later another one comes back.
  const auto pair_later = [&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    CHECK(arena.allocate(256 * KiB).has_value());
  };
  const auto note = [&](std::byte*, std::size_t length) -> std::size_t {
    if (++trims > 1) return length;
    const pid_t child = ::fork();
    if (child == 0) {  // there nobody trims
      ::alarm(10);
      other.reset();
      pair_later();
      ::_exit(trims > 1 ? 0 : 1);
    }
    ::waitpid(child, &status, 0);
    std::thread([&] { other.reset(); }).join();
    return length;
  };
  arena = buddy_arena::from_region(memory.at(), memory.size(), buddy_hint{256 * KiB})
              .on_trim(note)
              .auto_trim({.every = std::chrono::milliseconds(1), .keep_free = 0})
              .build()
              .value();
  auto one = std::make_optional(arena.allocate(256 * KiB).value());
  other = arena.allocate(256 * KiB).value();
  one.reset();
  CHECK(trims == 0);
  pair_later();
  const unsigned after = trims;
  CHECK(after != 0);
  CHECK(status == 0);
  pair_later();
  CHECK(trims > after);
  arena = {};  // the hook has it in reach
}

TEST_CASE("of the caller's memory nothing goes but by the caller", "[trim]") {
  lent_region memory(4 * MiB);
  const auto arena =
      buddy_arena::from_region(memory.at(), memory.size(), buddy_hint{4 * KiB}).build().value();
  CHECK(arena.resident_bytes() == 4 * MiB);
  CHECK(arena.trim() == 0);
  CHECK(arena.resident_bytes() == 4 * MiB);
}

TEST_CASE("a region's hook is told of each free stretch", "[trim]") {
  lent_region memory(4 * MiB);
  std::set<std::pair<std::byte*, std::size_t>> told;
  const auto note = [&](std::byte* at, std::size_t length) -> std::size_t {
    CHECK(told.insert({at, length}).second);
    CHECK(length <= MiB);
    return length / 2;
  };
  SECTION("of blocks") {
    const auto arena = buddy_arena::from_region(memory.at(), memory.size(), buddy_hint{4 * KiB})
                           .on_trim(note)
                           .build()
                           .value();
    const buffer live = written(arena, MiB, 1);
    CHECK(arena.trim() == 3 * MiB / 2);
    std::size_t sum = 0;
    for (const auto& [at, length] : told) {
      CHECK((at + length <= live.written().data() || at >= live.written().data() + MiB));
      sum += length;
    }
    CHECK(sum == 3 * MiB);
    told.clear();
    CHECK(arena.trim(MiB + 1) == MiB / 2);
  }
  SECTION("of slots") {
    const auto arena =
        fixed_arena::from_region(memory.at(), memory.size(), slot_spec::size(100 * KiB))
            .on_trim(note)
            .build_async()
            .value();
    CHECK(arena.synchronous().trim() == KiB * 100 * 40 / 2);
    CHECK(told.size() == 5);  // of eight slots each
  }
  SECTION("and an empty one is none") {
    const auto arena = buddy_arena::from_region(memory.at(), memory.size(), buddy_hint{4 * KiB})
                           .on_trim({})
                           .build()
                           .value();
    CHECK(arena.trim() == 0);
  }
}

TEST_CASE("a request waits for the only block while its pages go", "[trim]") {
  lent_region memory(MiB);
  std::atomic<bool> away{false};
  std::atomic<bool> answered{false};
  buddy_arena watched;
  // Until the request has looked more often than one that is refused does, or was refused.
  const auto stay_away = [&](std::byte*, std::size_t length) {
    const auto& tree = caiman::detail::arena_insides::home_of(watched)->tree();
    const std::uint64_t enough = tree.rescans() + caiman::native_sync::look_again_bound + 1;
    away = true;
    while (!answered && tree.rescans() < enough) std::this_thread::yield();
    return length;
  };
  const auto arena = buddy_arena::from_region(memory.at(), memory.size(), buddy_hint{4 * KiB})
                         .on_trim(stay_away)
                         .build_async()
                         .value();
  watched = arena.synchronous();
  const bool waits = GENERATE(false, true);
  std::size_t went = 0;
  std::thread trimmer([&] { went = arena.synchronous().trim(); });
  while (!away) std::this_thread::yield();
  const auto got =
      waits ? arena.allocate_for(MiB, std::chrono::seconds(0)) : arena.try_allocate(MiB);
  answered = true;
  trimmer.join();
  CHECK(got.has_value());
  CHECK(went == MiB);
  CHECK(arena.metrics().contended == 0);
}

TEST_CASE("a child of a fork waits for no trim of its parent's", "[trim]") {
  lent_region memory(MiB);
  buddy_arena arena;
  int status = -1;
  arena = buddy_arena::from_region(memory.at(), memory.size(), buddy_hint{4 * KiB})
              .on_trim([&](std::byte*, std::size_t length) {
                const pid_t child = ::fork();
                if (child == 0) {
                  ::alarm(10);
                  const auto got = arena.allocate(MiB);
                  ::_exit(!got && got.error() == caiman::alloc_error::contended ? 0 : 1);
                }
                ::waitpid(child, &status, 0);
                return length;
              })
              .build()
              .value();
  CHECK(arena.trim() == MiB);
  CHECK(status == 0);
  CHECK(arena.allocate(MiB).has_value());
}

TEST_CASE("beside trims nobody is refused who has room, and nothing is lost", "[trim][pages]") {
  const bool zero = GENERATE(false, true);
  const bool by_itself = GENERATE(false, true);
  constexpr std::size_t block = 64 * KiB;
  constexpr unsigned each = 4;
  constexpr int rounds = 2000;
  // There is just room for all that both have at once.
  const auto arena = arena_of(block * 2 * each, 4 * KiB,
                              zero ? init_policy::zero : init_policy::uninit, by_itself);
  std::atomic<unsigned> churning{2};
  std::atomic<unsigned> refused{0};
  std::atomic<unsigned> spoilt{0};
  const auto churn = [&](int ink) {
    std::vector<buffer> mine;
    std::mt19937 random(static_cast<unsigned>(ink));
    for (int i = 0; i < rounds; ++i) {
      while (mine.size() < each) {
        auto got = arena.allocate(block);
        if (!got) {
          ++refused;
          break;
        }
        if (zero && !all(got->spare(), 0)) ++spoilt;
        std::memset(got->spare().data(), ink, block);
        got->advance(block);
        mine.push_back(*std::move(got));
      }
      for (const buffer& b : mine) spoilt += holds(b, ink) ? 0 : 1;
      mine.resize(random() % each);
    }
    --churning;
  };
  std::thread one(churn, 1);
  std::thread other(churn, 2);
  std::size_t went = 0;
  while (!by_itself && churning != 0) went += arena.trim();
  one.join();
  other.join();
  CHECK(refused == 0);
  CHECK(spoilt == 0);
  if (by_itself) CHECK(arena.allocate(1).has_value());  // whoever was last may have trimmed less
  const std::size_t left = arena.trim();
  CHECK((by_itself ? left == 0 : went + left >= block));
  CHECK(arena.resident_bytes() == 0);
  CHECK(arena.free_block_count(arena.max_order()) == 1);
  const auto seen = arena.metrics();
  CHECK(seen.allocations_ok == seen.frees);
  CHECK(seen.allocations_failed == 0);
  CHECK(seen.splits == seen.coalesces);
}
