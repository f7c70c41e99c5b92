// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// async_test.cpp: arenas of any kind that make their callers wait
//
// Coroutines on one thread, where everything is foretold; then threads that wait, where order is
// made by looking at how many do, never by time. Own memory and lent, blocks of many sizes and
// slots of one, each with every policy that makes a difference.
// ---------------------------------------------------------------------------------------------
#include <catch2/catch.hpp>
#include <chrono>
#include <deque>
#include <limits>
#include <optional>
#include <stop_token>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "../arena/lent.hpp"
#include "caiman/caiman.hpp"
#include "waits.hpp"

namespace {

using namespace std::chrono_literals;
using caiman::alloc_error;
using caiman::buddy_hint;
using caiman::buffer;
using caiman::job;
using caiman::slot_spec;
using caiman::testing::all_kinds;
using caiman::testing::lent_region;
using caiman::testing::outcome;
using caiman::testing::unit;
using caiman::testing::wait_until;
using caiman::testing::want_one;

/// Gives back at once what it got.
template <class In>
job borrow(typename In::arena_type arena, int& count) {
  auto got = co_await In::allocate(arena);
  if (got) ++count;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a coroutine waits until a block is free", "", all_kinds) {
  const auto arena = TestType::make(2);
  outcome first;
  const job a = want_one<TestType>(arena, first);
  REQUIRE(first.got);
  CHECK(first.got->capacity() == unit);
  outcome second;
  const job b = want_one<TestType>(arena, second);
  REQUIRE(second.got);
  CHECK(second.got->written().data() != first.got->written().data());
  outcome third;
  const job c = want_one<TestType>(arena, third);
  CHECK_FALSE(third.over);
  CHECK(arena.waiting() == 1);
  CHECK(TestType::try_allocate(arena).error() == alloc_error::arena_full);
  second.got.reset();
  REQUIRE(third.got);
  CHECK(third.got->capacity() == unit);
  CHECK(c.done());
  CHECK(arena.waiting() == 0);
  third.got->put("memory");
  first.got.reset();
  third.got.reset();
  CHECK(TestType::is_whole(arena));
}

TEMPLATE_LIST_TEST_CASE("every block that comes back serves one", "", all_kinds) {
  const auto arena = TestType::make(16);
  auto all = TestType::take_all(arena);
  REQUIRE(all.size() == 16);
  std::deque<outcome> outs(16);
  std::vector<job> jobs;
  for (auto& out : outs) jobs.push_back(want_one<TestType>(arena, out));
  CHECK(arena.waiting() == 16);
  while (!all.empty()) {
    all.pop_back();
    CHECK(arena.waiting() == all.size());
  }
  for (auto& out : outs) {
    REQUIRE(out.got);
    out.got.reset();
  }
  CHECK(TestType::is_whole(arena));
}

TEMPLATE_LIST_TEST_CASE("an asynchronous handle is one on the same arena", "", all_kinds) {
  const auto arena = TestType::make(2);
  const auto other = TestType::make(2);
  const auto same = arena;  // NOLINT(performance-unnecessary-copy-initialization): that is the test
  CHECK(same == arena);
  CHECK_FALSE(other == arena);
  CHECK(arena.synchronous() == same.synchronous());
  CHECK(arena.base() == arena.synchronous().base());
  const auto got = TestType::try_allocate(same);
  REQUIRE(got);
  CHECK(got->written().data() == arena.base());
  CHECK(arena.metrics().allocations_ok == 1);
  CHECK(arena.metrics().bytes_live == unit);
  CHECK(arena.metrics() == arena.synchronous().metrics());
}

TEMPLATE_LIST_TEST_CASE("an empty handle refuses", "", all_kinds) {
  auto arena = TestType::make(4);
  const auto moved = std::move(arena);
  outcome out;
  // NOLINTNEXTLINE(bugprone-use-after-move): that is the test
  const job a = want_one<TestType>(arena, out);
  CHECK(out.error == alloc_error::request_too_large);
  CHECK(TestType::allocate_wait(arena).error() == alloc_error::request_too_large);
  CHECK(arena.waiting() == 0);
  CHECK(arena.base() == nullptr);
  CHECK(moved.base() != nullptr);
  CHECK(TestType::is_whole(moved));
}

TEMPLATE_LIST_TEST_CASE("a destroyed coroutine leaves nothing behind", "", all_kinds) {
  const auto arena = TestType::make(1);
  auto all = TestType::try_allocate(arena);
  std::deque<outcome> outs(9);
  std::vector<job> jobs;
  for (auto& out : outs) jobs.push_back(want_one<TestType>(arena, out));
  const std::size_t kept = 4;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (i != kept) jobs[i] = job();
  }
  CHECK(arena.waiting() == 1);
  all = std::unexpected(alloc_error::arena_full);  // the block goes back
  CHECK(outs[kept].got);
  outs[kept].got.reset();
  CHECK(TestType::is_whole(arena));
}

TEMPLATE_LIST_TEST_CASE("a long chain of releases does not deepen the stack", "", all_kinds) {
  const auto arena = TestType::make(1);
  auto all = TestType::try_allocate(arena);
  constexpr int length = 30'000;
  int count = 0;
  std::vector<job> jobs;
  for (int i = 0; i < length; ++i) jobs.push_back(borrow<TestType>(arena, count));
  CHECK(count == 0);
  all = std::unexpected(alloc_error::arena_full);
  CHECK(count == length);
  CHECK(TestType::is_whole(arena));
}

TEMPLATE_LIST_TEST_CASE("an executor says where to run on", "", all_kinds) {
  const auto arena = TestType::make(1);
  auto all = TestType::try_allocate(arena);
  std::vector<caiman::resumption> queue;
  const auto later = [&queue](const caiman::resumption& run) { queue.push_back(run); };
  outcome first;
  outcome second;
  job a = want_one<TestType>(arena, first, later);
  job b = want_one<TestType>(arena, second, later);
  all = std::unexpected(alloc_error::arena_full);
  CHECK_FALSE(first.over);
  REQUIRE(queue.size() == 1);

  SECTION("when it is asked to") {
    queue[0]();
    CHECK(first.over != second.over);
    queue[0]();  // once more does nothing
    (first.over ? first : second).got.reset();
    REQUIRE(queue.size() == 2);
    queue[1]();
    CHECK((first.over && second.over));
  }
  SECTION("not, if it was destroyed meanwhile: the next has the block") {
    job& served = std::is_same_v<typename TestType::waiters, caiman::stack_waiters> ? b : a;
    served = job();
    REQUIRE(queue.size() == 2);
    queue[0]();
    CHECK_FALSE((first.over || second.over));
    queue[1]();
    CHECK(first.over != second.over);
  }
  SECTION("not, if the executor drops it") {
    queue.clear();
    CHECK_FALSE((first.over || second.over));
    job& served = std::is_same_v<typename TestType::waiters, caiman::stack_waiters> ? b : a;
    served = job();
    REQUIRE(queue.size() == 1);
  }
  SECTION("also at once") {
    const auto at_once = [](const caiman::resumption& run) { run(); };
    outcome third;
    const job c = want_one<TestType>(arena, third, at_once);
    queue[0]();
    first.got.reset();
    second.got.reset();
    while (queue.size() > 1 && !third.over) {
      queue.back()();
      first.got.reset();
      second.got.reset();
      queue.pop_back();
    }
    CHECK(third.over);
  }
  a = job();
  b = job();
}

TEMPLATE_LIST_TEST_CASE("an executor is asked only where somebody had to wait", "", all_kinds) {
  const auto arena = TestType::make(1);
  outcome out;
  const job a =
      want_one<TestType>(arena, out, [](const caiman::resumption&) { FAIL("it was asked"); });
  CHECK(out.got);
}

TEMPLATE_LIST_TEST_CASE("waiters keep an arena whose handles have gone", "", all_kinds) {
  outcome first;
  outcome second;
  std::optional<job> a;
  std::optional<job> b;
  std::optional<buffer> all;
  {
    auto arena = TestType::make(1);
    all = TestType::try_allocate(arena).value();
    a = want_one<TestType>(std::move(arena), first);
  }
  SECTION("they are served by what comes back") {
    all.reset();
    CHECK(first.got);
    first.got.reset();
  }
  SECTION("and the arena ends when they give up") {
    a.reset();
    all->put("still there");
    all.reset();
  }
}

TEMPLATE_LIST_TEST_CASE("nothing stays of an arena that has ended", "", all_kinds) {
  const std::size_t before = caiman::detail::built_here.load();
  {
    const auto arena = TestType::make(1);
    outcome first;
    outcome second;
    const job a = want_one<TestType>(arena, first);
    const job b = want_one<TestType>(arena, second);
    first.got.reset();
    CHECK(second.got);
    CHECK(caiman::detail::built_here.load() != before);
  }
  CHECK(caiman::detail::built_here.load() == before);
}

TEMPLATE_LIST_TEST_CASE("a thread waits", "", all_kinds) {
  const auto arena = TestType::make(4);
  auto all = TestType::take_all(arena);
  std::optional<std::size_t> capacity;
  std::thread waits([&] { capacity = TestType::allocate_wait(arena).value().capacity(); });
  wait_until([&] { return arena.waiting() == 1; });
  all.clear();
  waits.join();
  CHECK(capacity == unit);
  CHECK(TestType::is_whole(arena));
}

TEMPLATE_LIST_TEST_CASE("a thread waits until the time is up", "", all_kinds) {
  const auto arena = TestType::make(4);
  auto all = TestType::take_all(arena);
  const auto before = arena.metrics().allocations_failed;
  CHECK(TestType::allocate_for(arena, 2ms).error() == alloc_error::arena_full);
  CHECK(TestType::allocate_for(arena, 0ms).error() == alloc_error::arena_full);
  CHECK(TestType::allocate_for(arena, -1h).error() == alloc_error::arena_full);
  CHECK(TestType::allocate_for(arena, std::chrono::nanoseconds::min()).error() ==
        alloc_error::arena_full);
  using fraction = std::chrono::duration<double>;
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  CHECK(TestType::allocate_for(arena, fraction(none)).error() == alloc_error::arena_full);
  CHECK(arena.waiting() == 0);
  CHECK(arena.metrics().allocations_failed - before == 5);
  all.clear();
  CHECK(TestType::allocate_for(arena, -1h));
  CHECK(TestType::allocate_for(arena, fraction(std::numeric_limits<double>::infinity())));
}

TEMPLATE_LIST_TEST_CASE("no patience is too long", "", all_kinds) {
  const auto arena = TestType::make(1);
  auto all = TestType::try_allocate(arena);
  std::thread waits([&] { CHECK(TestType::allocate_for(arena, std::chrono::hours::max())); });
  wait_until([&] { return arena.waiting() == 1; });
  all = std::unexpected(alloc_error::arena_full);
  waits.join();
}

TEMPLATE_LIST_TEST_CASE("a thread stops waiting when it is asked to", "", all_kinds) {
  const auto arena = TestType::make(1);
  auto all = TestType::try_allocate(arena);
  std::stop_source asks;
  std::optional<alloc_error> said;
  std::thread waits([&] { said = TestType::allocate_wait(arena, asks.get_token()).error(); });
  wait_until([&] { return arena.waiting() == 1; });
  asks.request_stop();
  waits.join();
  CHECK(said == alloc_error::arena_full);
  CHECK(arena.waiting() == 0);
  CHECK(TestType::allocate_wait(arena, asks.get_token()).error() == alloc_error::arena_full);
  all = std::unexpected(alloc_error::arena_full);
  CHECK(TestType::allocate_wait(arena, asks.get_token()));  // asked to stop, and served at once
}

TEST_CASE("a region that no waiting arena can be made of stays the caller's") {
  using caiman::build_error;
  lent_region region(8'192);
  auto large =
      caiman::buddy_arena::from_region(region.at(), 63, buddy_hint::min_alloc(64), region.note());
  CHECK(large.build_async().error() == build_error::region_too_small);
  CHECK(large.build_async_with(caiman::fifo_waiters()).error() == build_error::region_too_small);
  CHECK(caiman::buddy_arena::from_region(nullptr, 64, buddy_hint::min_alloc(64), region.note())
            .build_async()
            .error() == build_error::null_region);
  auto none = caiman::fixed_arena::from_region(region.at(), 64, slot_spec::size(0), region.note());
  CHECK(none.build_async().error() == build_error::invalid_geometry);
  CHECK(none.build_async_with(caiman::fifo_waiters()).error() == build_error::invalid_geometry);
  CHECK(caiman::fixed_arena::from_region(region.at(), 64, slot_spec::size(1), region.note())
            .alignment(3)
            .build_async()
            .error() == build_error::invalid_alignment);
  CHECK(region.calls() == 0);
}

TEST_CASE("a region is one waiting arena's, and comes back after the last who waited") {
  lent_region region(8'192);
  const auto check = [&](auto builder, auto want_from) {
    outcome first;
    outcome second;
    {
      auto arena = builder.build_async().value();
      CHECK(builder.build_async().error() == caiman::build_error::null_region);
      CHECK(builder.build().error() == caiman::build_error::null_region);
      CHECK(arena.base() == region.at());
      const job a = want_from(arena, first);
      REQUIRE(first.got);
      const job b = want_from(std::move(arena), second);
      REQUIRE_FALSE(second.over);
      first.got.reset();
    }
    CHECK(region.calls() == 0);
    REQUIRE(second.got);
    second.got.reset();
    CHECK(region.is_back(region.at(), region.size()));
  };
  SECTION("of blocks") {
    check(caiman::buddy_arena::from_region(region.at(), region.size(),
                                           buddy_hint::min_alloc(region.size()), region.note()),
          [&](caiman::async_buddy_arena arena, outcome& out) {
            return caiman::testing::want(std::move(arena), region.size(), out);
          });
  }
  SECTION("of slots") {
    check(caiman::fixed_arena::from_region(region.at(), region.size(), slot_spec::count(1),
                                           region.note()),
          [](caiman::async_fixed_arena arena, outcome& out) {
            return want_one<caiman::testing::waits_in<caiman::testing::fixed_kind>>(
                std::move(arena), out);
          });
  }
}
