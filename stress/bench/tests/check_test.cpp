// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// check_test.cpp: wrong subjects are convicted, and the parts of the harness do what they say
//
// The check of subjects is only worth something if it fails on one that cheats, so each way to
// cheat that would pay is seeded here. The workloads with threads run for moments, for what a
// sanitizer says of the harness. Relies on Catch2 v2; main is the library of the unit tests.
// ---------------------------------------------------------------------------------------------
#include "../subjects/check.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "../subjects/arena_subjects.hpp"
#include "../subjects/best_fit.hpp"
#include "../subjects/heap_subjects.hpp"
#include "../workloads/handover.hpp"
#include "../workloads/refusals.hpp"
#include "../workloads/tails.hpp"
#include "../workloads/turnover.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::buddy;
using namespace caiman::bench;  // NOLINT(google-build-using-namespace)
using std::chrono::milliseconds;

using good_arena = arena_subject<buddy<>>;

std::string verdict(auto& subject, bool arena) { return misbehaves(subject, arena).value_or(""); }

// ---- ways to cheat ----------------------------------------------------------------------------

/// Every 64th block is the one before it.
struct twice : good_arena {
  void* last = nullptr;
  unsigned calls = 0;
  void* allocate(std::size_t bytes) noexcept {
    if (++calls % 64 == 0 && last != nullptr) return last;
    return last = good_arena::allocate(bytes);
  }
};

/// Gives less than was asked for, and so packs blocks too close.
struct short_blocks : good_arena {
  void* allocate(std::size_t bytes) noexcept { return good_arena::allocate((bytes + 1) / 2); }
  void release(void* p, std::size_t bytes) noexcept { good_arena::release(p, (bytes + 1) / 2); }
};

/// Twice the arena: more room, fewer refusals.
struct large_arena : good_arena {
  large_arena() : good_arena(arena_order + 1) {}
};

/// Never has to look for room again.
struct forgets_releases : good_arena {
  void release(void* /*p*/, std::size_t /*bytes*/) noexcept {}
};

struct refuses : good_arena {
  static void* allocate(std::size_t /*bytes*/) noexcept { return nullptr; }
};

}  // namespace

TEST_CASE("subjects that keep their word pass the check") {
  good_arena tree;
  CHECK(verdict(tree, true).empty());
  arena_subject<mutex_buddy> locked;
  CHECK(verdict(locked, true).empty());
  arena_subject<best_fit_buddy> reference;
  CHECK(verdict(reference, true).empty());
  pool_subject pool;
  CHECK(verdict(pool, false).empty());
  malloc_subject heap;
  CHECK(verdict(heap, false).empty());
}

TEST_CASE("subjects that cheat are convicted, with the words that belong to it") {
  twice a;
  CHECK(verdict(a, true) == "two live blocks overlap");
  short_blocks b;
  CHECK(verdict(b, true) == "two live blocks overlap");
  large_arena c;
  CHECK(verdict(c, true) == "the arena holds more than 4096 blocks of 16384 bytes");
  forgets_releases d;
  CHECK(verdict(d, true) == "the arena holds less than 4096 blocks of 16384 bytes");
  refuses e;
  CHECK(verdict(e, true).find("it refuses") == 0);
  nothing_subject f;
  CHECK(verdict(f, false) == "two live blocks overlap");
  malloc_subject g;
  CHECK(!verdict(g, true).empty());  // a heap is no arena
}

TEST_CASE("sizes round to whole blocks") {
  CHECK(order_for(0) == 0);
  CHECK(order_for(256) == 0);
  CHECK(order_for(257) == 1);
  CHECK(order_for(16'384) == 6);
  CHECK(whole_block(16'385) == 32'768);
  random_stream random(7);
  for (unsigned i = 0; i < 10'000; ++i) {
    const std::uint32_t size = random.next_size();
    REQUIRE(size >= 256);
    REQUIRE(size <= 16'384);
  }
}

namespace {

/// Counts what is live, as the arena would.
struct counting {
  std::size_t live = 0;
  std::size_t most = 0;
  unsigned calls = 0;
  unsigned refuse_every = 0;
  void* allocate(std::size_t bytes) noexcept {
    ++calls;
    if (refuse_every != 0 && calls % refuse_every == 0) return nullptr;
    live += whole_block(bytes);
    most = std::max(most, live);
    return this;
  }
  void release(void* /*p*/, std::size_t bytes) noexcept { live -= whole_block(bytes); }
};

}  // namespace

TEST_CASE("a population stays at its occupancy, and leaves nothing behind") {
  counting seen;
  constexpr std::size_t target = arena_bytes / 2;
  constexpr std::size_t spares = 32 * std::size_t{16'384};
  {
    population<counting> live(seen, target, 3);
    CHECK(seen.live >= target);
    CHECK(seen.live < target + 16'384);
    live.warm_up();
    CHECK(seen.live > target - spares);
    CHECK(seen.most < target + spares);
    CHECK(live.refused() == 0);
  }
  CHECK(seen.live == 0);
}

TEST_CASE("refusals are counted, and do not change the stream of sizes") {
  counting gives;
  counting refuses_some;
  refuses_some.refuse_every = 10;
  population<counting> a(gives, arena_bytes / 4, 5);
  population<counting> b(refuses_some, arena_bytes / 4, 5);
  b.forget_refused();
  const unsigned before = refuses_some.calls;
  for (unsigned i = 0; i < 1000; ++i) {
    a.step();
    b.step();
  }
  CHECK(gives.calls == refuses_some.calls);
  const unsigned expected = refuses_some.calls / 10 - before / 10;
  CHECK(b.refused() == expected);
}

TEST_CASE("near a full arena the reference refuses, and repeats itself") {
  const auto refused = [](double occupancy) {
    arena_subject<best_fit_buddy> reference;
    return refused_per_10000(reference, occupancy, 2, true, 2000, 1);
  };
  CHECK(refused(0.5) == 0);
  CHECK(refused(1.0) > 0);
  CHECK(refused(1.0) == refused(1.0));
}

TEST_CASE("quantiles of a histogram") {
  auto seen = std::make_unique<histogram>();
  for (std::uint64_t i = 1; i <= 10'000; ++i) seen->add(i);
  seen->add(1'000'000'000'000);
  CHECK(seen->total() == 10'001);
  CHECK(seen->greatest() == 1'000'000'000'000);
  CHECK(seen->quantile(1) == 1'000'000'000'000);
  CHECK(seen->quantile(0.001) == 11);
  for (const double fraction : {0.1, 0.5, 0.99}) {
    const auto got = static_cast<double>(seen->quantile(fraction));
    CHECK(got >= fraction * 10'001);
    CHECK(got <= fraction * 10'001 * (1 + 1.0 / 64) + 1);
  }
  auto extreme = std::make_unique<histogram>();
  extreme->add(~std::uint64_t{0});
  CHECK(extreme->quantile(0.5) == ~std::uint64_t{0});
}

TEST_CASE("a ring keeps what is put, in order, and says when it is full or empty") {
  auto ring = std::make_unique<caiman::stress::spsc_ring<unsigned, 8>>();
  unsigned got = 0;
  CHECK(!ring->try_take(got));
  for (unsigned i = 0; i < 8; ++i) CHECK(ring->try_put(i));
  CHECK(!ring->try_put(8));
  constexpr unsigned count = 20'000;
  std::thread producer([&] {
    for (unsigned i = 8; i < count; ++i) spin_until([&] { return ring->try_put(i); });
  });
  bool in_order = true;
  for (unsigned i = 0; i < count; ++i) {
    spin_until([&] { return ring->try_take(got); });
    in_order = in_order && got == i;
  }
  producer.join();
  CHECK(in_order);
  CHECK(!ring->try_take(got));
}

TEST_CASE("workloads with threads come to an end with figures that can be") {
  good_arena tree;
  CHECK(cycle_pairs(tree, 2, 0.25, milliseconds(2), 1).million_per_second() > 0);
  CHECK(cycle_pairs(tree, 4, 0, milliseconds(2), 1).million_per_second() > 0);
  const churn_result turned = churn(tree, 2, 0.5, milliseconds(2), 1);
  CHECK(turned.rate.ns_per_step() > 0);
  CHECK(turned.refused_per_10000 == 0);
  CHECK(hand_over(tree, milliseconds(2)).million_per_second > 0);
  const tail_result tails = time_tails(tree, 500, 1);
  CHECK(tails.allocations.total() == 1000);
  CHECK(refused_per_10000(tree, 0.5, 2, false, 500, 1) == 0);
  void* const all = tree.allocate(arena_bytes);  // nothing was left behind
  REQUIRE(all != nullptr);
  tree.release(all, arena_bytes);
}

TEST_CASE("requests that find nothing are timed, and what a peer released is taken over") {
  good_arena tree;
  CHECK(refused_when_full(tree, milliseconds(1)) > 0);
  CHECK(refused_on_checkerboard(tree, milliseconds(1)) > 0);
  const takeover_result taken = take_over(tree, milliseconds(1));
  CHECK(taken.ns > 0);
  CHECK(taken.refused == 0);
}
