// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// async_sizes_test.cpp: what only requests of several sizes show
//
// Coroutines of one thread that wait in a buddy arena: room that is kept and split, buffers that
// show what was asked for, what can never be served. What all kinds of arena have in common is in
// async_test.cpp.
// ---------------------------------------------------------------------------------------------
#include <sys/mman.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "caiman/caiman.hpp"
#include "waits.hpp"

namespace {

using namespace std::chrono_literals;
using caiman::alloc_error;
using caiman::async_buddy_arena;
using caiman::buffer;
using caiman::job;
using caiman::testing::arena_of;
using caiman::testing::outcome;
using caiman::testing::unit;
using caiman::testing::want;

bool is_whole(const async_buddy_arena& arena) {
  return arena.is_block_free(arena.max_order(), 0) &&
         arena.metrics().allocations_ok == arena.metrics().frees;
}

/// Whether there is memory at a page.
bool is_mapped(const std::byte* page) {
  return msync(const_cast<std::byte*>(page), 1, MS_ASYNC) == 0;  // NOLINT(*-const-cast): as it is
}

using policies = std::tuple<caiman::fair_waiters, caiman::fifo_waiters, caiman::stack_waiters>;

}  // namespace

TEMPLATE_LIST_TEST_CASE("a coroutine waits until there is room", "", policies) {
  const auto arena = arena_of<TestType>(4);
  outcome first;
  const job a = want(arena, 4 * unit, first);
  REQUIRE(first.got);
  CHECK(first.got->capacity() == 4 * unit);
  outcome second;
  const job b = want(arena, unit, second);
  CHECK_FALSE(second.over);
  CHECK(arena.waiting() == 1);
  first.got.reset();
  REQUIRE(second.got);
  CHECK(b.done());
  CHECK(arena.waiting() == 0);
  second.got->put("memory");
  second.got.reset();
  CHECK(is_whole(arena));
}

TEMPLATE_LIST_TEST_CASE("what can never be served is said at once", "", policies) {
  const auto arena = arena_of<TestType>(4);
  auto all = arena.try_allocate(4 * unit);
  outcome out;
  for (const std::size_t len : {4 * unit + 1, SIZE_MAX, SIZE_MAX - 7}) {
    const job a = want(arena, len, out);
    CHECK(out.error == alloc_error::request_too_large);
    CHECK(arena.allocate_for(len, 1h).error() == alloc_error::request_too_large);
    CHECK(arena.allocate_wait(len).error() == alloc_error::request_too_large);
    CHECK(arena.try_allocate(len).error() == alloc_error::request_too_large);
  }
  CHECK(arena.waiting() == 0);
  CHECK(arena.try_allocate(0).error() == alloc_error::arena_full);
}

TEMPLATE_LIST_TEST_CASE("room that was kept for one that is destroyed goes to the next", "",
                        policies) {
  const auto arena = arena_of<TestType>(2);
  auto a = arena.try_allocate(unit);
  auto b = arena.try_allocate(unit);
  outcome large;
  outcome small;
  job waits = want(arena, 2 * unit, large);
  const job next = want(arena, unit, small);
  a = std::unexpected(alloc_error::arena_full);
  waits = job();
  CHECK(small.got);
  CHECK(arena.waiting() == 0);
}

TEMPLATE_LIST_TEST_CASE("one release serves several", "", policies) {
  const auto arena = arena_of<TestType>(16);
  auto all = arena.try_allocate(16 * unit);
  std::deque<outcome> outs(16);
  std::vector<job> jobs;
  for (auto& out : outs) jobs.push_back(want(arena, unit, out));
  all = std::unexpected(alloc_error::arena_full);
  for (const auto& out : outs) CHECK(out.got);
}

TEMPLATE_LIST_TEST_CASE("blocks in stacks and in words kept full are no secret", "", policies) {
  const auto arena = arena_of<TestType>(128);
  std::vector<buffer> all;
  for (int i = 0; i < 128; ++i) all.push_back(arena.try_allocate(unit).value());
  outcome out;
  const job a = want(arena, 128 * unit, out);
  while (!all.empty()) {
    CHECK_FALSE(out.over);
    all.pop_back();
  }
  CHECK(out.got);
}

TEST_CASE("a chain through two arenas ends as deep as there are arenas") {
  const auto a = arena_of(1);
  const auto b = arena_of(1);
  auto in_a = a.try_allocate(unit);
  auto in_b = b.try_allocate(unit);
  int count = 0;
  const auto through = [](async_buddy_arena first, async_buddy_arena second, int& n) -> job {
    auto one = co_await first.allocate(unit);
    one = std::unexpected(alloc_error::arena_full);
    auto other = co_await second.allocate(unit);
    if (other) ++n;
  };
  std::vector<job> jobs;
  for (int i = 0; i < 10'000; ++i) {
    jobs.push_back(i % 2 == 0 ? through(a, b, count) : through(b, a, count));
  }
  in_a = std::unexpected(alloc_error::arena_full);
  in_b = std::unexpected(alloc_error::arena_full);
  CHECK(count == 10'000);
}

TEMPLATE_LIST_TEST_CASE("a coroutine that was served is destroyed by the one before it", "",
                        policies) {
  const auto arena = arena_of<TestType>(2);
  auto all = arena.try_allocate(2 * unit);
  std::vector<job> jobs(2);
  int ran = 0;
  const auto body = [](async_buddy_arena from, std::vector<job>& all_jobs, std::size_t me,
                       int& n) -> job {
    auto got = co_await from.allocate(unit);
    ++n;
    all_jobs[1 - me] = job();  // whichever of the two runs first; both have their block
  };
  jobs[0] = body(arena, jobs, 0, ran);
  jobs[1] = body(arena, jobs, 1, ran);
  all = std::unexpected(alloc_error::arena_full);
  CHECK(ran == 1);
  CHECK(arena.waiting() == 0);
  jobs.clear();
  CHECK(is_whole(arena));
}

TEST_CASE("an arena ends when the coroutines that waited have run on, and no sooner") {
  outcome out;
  const std::byte* base = nullptr;
  {
    auto arena = arena_of(std::size_t{1} << 14);
    std::optional<buffer> all = arena.try_allocate(arena.total_size()).value();
    base = arena.base();
    const job waits = want(std::move(arena), 1, out);
    CHECK(is_mapped(base));
    all.reset();
    REQUIRE(out.got);
    CHECK(is_mapped(base));
    out.got.reset();
  }
  CHECK(!is_mapped(base));
}

TEST_CASE("a later waiter overtakes none for which room is kept") {
  const auto arena = arena_of<caiman::fifo_waiters>(2);
  std::optional<buffer> first = arena.try_allocate(unit).value();
  outcome large;
  const job a = want(arena, 2 * unit, large);
  outcome small;
  const job b = want(arena, unit, small);  // there is a unit for it
  CHECK(arena.waiting() == 2);
  CHECK(!small.over);
  first.reset();
  CHECK(large.got);
  large.got.reset();
  CHECK(small.got);
}

TEST_CASE("blocks of a waiting arena are zeroed as those of any") {
  const auto geometry = caiman::buddy_geometry::exact(4 * unit, unit).value();
  const auto arena =
      caiman::buddy_arena::builder(geometry).init(caiman::init_policy::zero).build_async().value();
  auto all = arena.try_allocate(4 * unit);
  for (std::byte& b : all->spare()) b = std::byte{7};
  outcome out;
  const job a = want(arena, unit, out);
  all = std::unexpected(alloc_error::arena_full);
  REQUIRE(out.got);
  for (const std::byte b : out.got->spare()) REQUIRE(b == std::byte{0});
}

TEST_CASE("a buffer shows what was asked for") {
  const auto geometry = caiman::buddy_geometry::nearest(1'000, 100).value();
  const auto arena = caiman::buddy_arena::builder(geometry).build_async().value();
  auto all = arena.try_allocate(arena.total_size());
  outcome out;
  const job a = want(arena, 77, out);
  all = std::unexpected(alloc_error::arena_full);
  REQUIRE(out.got);
  CHECK(out.got->capacity() == 77);
}

TEST_CASE("frozen bytes and spilled buffers make room as others do") {
  const auto geometry = caiman::buddy_geometry::exact(unit, unit).value();
  const auto arena = caiman::buddy_arena::builder(geometry).auto_spill().build_async().value();
  outcome out;
  SECTION("frozen") {
    auto all = arena.try_allocate(unit);
    all->put("text");
    caiman::bytes frozen = std::move(*all).freeze();
    const job a = want(arena, unit, out);
    CHECK_FALSE(out.over);
    frozen = {};
    CHECK(out.got);
  }
  SECTION("spilled") {
    auto all = arena.try_allocate(unit);
    const job a = want(arena, unit, out);
    all->put(std::string(unit + 1, 'x'));
    CHECK(out.got);
  }
}

TEST_CASE("errors of the builder are those of build") {
  const auto geometry = caiman::buddy_geometry::exact(std::size_t{1} << 40, 1).value();
  CHECK(caiman::buddy_arena::builder(geometry).build_async().error() ==
        caiman::build_error::invalid_geometry);
}
