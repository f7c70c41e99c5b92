// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// limits_test.cpp: coroutines that wait until a time, or until they are asked to stop
//
// What happens is told by who holds a block when, never by how long something takes: where a time
// has to come, the test waits for what must follow. The thread that an arena has for its times is
// made to stand still where the order of what it does is to be seen.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../arena/lent.hpp"
#include "caiman/caiman.hpp"
#include "waits.hpp"

namespace {

using namespace std::chrono_literals;
using caiman::alloc_error;
using caiman::buffer;
using caiman::job;
using caiman::loose_job;
using caiman::resumption;
using caiman::testing::all_kinds;
using caiman::testing::lent_region;
using caiman::testing::outcome;
using caiman::testing::wait_until;
using caiman::testing::waits_in;
using caiman::testing::want_one;
using steady = std::chrono::steady_clock;
using slots = waits_in<caiman::testing::fixed_kind>;

/// Which threads there are. One that was joined may still be listed, so what is asked is whether
/// there is one that was not there before.
std::set<std::string> threads() {
  std::set<std::string> all;
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/task")) {
    all.insert(each.path().filename());
  }
  return all;
}
std::ptrdiff_t more_than(const std::set<std::string>& before) {
  return std::ranges::count_if(threads(), [&](const auto& id) { return !before.contains(id); });
}

/// Like an outcome, for a job that runs on elsewhere.
struct shared_outcome : outcome {
  std::thread::id where{};
  std::atomic<bool> known{false};
};
template <class In, class... More>
loose_job want_elsewhere(typename In::arena_type arena, shared_outcome& out, More... more) {
  out.note(co_await In::allocate(arena, more...));
  out.where = std::this_thread::get_id();
  out.known = true;
}
void await_end(const shared_outcome& out) {
  wait_until([&] { return out.known.load(); });
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a limit that is over asks once", "", all_kinds) {
  const auto arena = TestType::make(1);
  const auto before = threads();
  std::stop_source stopped;
  stopped.request_stop();
  const auto ask = [&](auto limit) {
    outcome out;
    const job a = want_one<TestType>(arena, out, limit);
    REQUIRE(out.over);
    return out;
  };
  CHECK(ask(steady::now()).got);
  CHECK(ask(stopped.get_token()).got);
  auto all = TestType::try_allocate(arena);
  const auto failed = arena.metrics().allocations_failed;
  CHECK(ask(steady::now()).error == alloc_error::arena_full);
  CHECK(ask(steady::time_point()).error == alloc_error::arena_full);
  CHECK(ask(steady::time_point::min()).error == alloc_error::arena_full);
  using fraction = std::chrono::time_point<steady, std::chrono::duration<double>>;
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  constexpr double endless = std::numeric_limits<double>::infinity();
  CHECK(ask(fraction(std::chrono::duration<double>(none))).error == alloc_error::arena_full);
  CHECK(ask(fraction(std::chrono::duration<double>(-endless))).error == alloc_error::arena_full);
  CHECK(ask(stopped.get_token()).error == alloc_error::arena_full);
  CHECK(arena.metrics().allocations_failed - failed == 6);
  CHECK(arena.metrics().timeouts == 6);
  CHECK(arena.waiting() == 0);
  CHECK(more_than(before) == 0);
}

TEMPLATE_LIST_TEST_CASE("who is served in time has its block", "", all_kinds) {
  const auto arena = TestType::make(1);
  std::stop_source asks;
  const auto check = [&](auto limit) {
    auto all = TestType::try_allocate(arena);
    outcome out;
    const job a = want_one<TestType>(arena, out, limit);
    CHECK(arena.waiting() == 1);
    all = std::unexpected(alloc_error::arena_full);
    REQUIRE(out.got);
    CHECK(a.done());
  };
  check(steady::now() + 1h);
  check(steady::time_point::max());
  check(std::chrono::time_point<steady, std::chrono::hours>::max());
  check(std::chrono::time_point_cast<std::chrono::seconds>(steady::now() + 1h));
  check(asks.get_token());
  check(std::stop_token());
  CHECK(TestType::is_whole(arena));
}

TEMPLATE_LIST_TEST_CASE("a coroutine waits until its time", "", all_kinds) {
  const auto arena = TestType::make(1);
  std::optional all = TestType::try_allocate(arena).value();
  const auto failed = arena.metrics().allocations_failed;
  // Where the time is over before the coroutine has begun to wait, it asks once, on this thread.
  unsigned tries = 0;
  bool waited = false;
  for (auto patience = 2ms; !waited && patience < 100s; patience *= 4) {
    const auto due = steady::now() + patience;
    shared_outcome out;
    want_elsewhere<TestType>(arena, out, due);
    await_end(out);
    ++tries;
    CHECK(steady::now() >= due);
    CHECK(out.error == alloc_error::arena_full);
    CHECK(arena.waiting() == 0);
    waited = out.where != std::this_thread::get_id();
  }
  CHECK(waited);
  CHECK(arena.metrics().allocations_failed - failed == tries);
  CHECK(arena.metrics().timeouts == tries);
  all.reset();
  CHECK(TestType::is_whole(arena));
}

TEMPLATE_LIST_TEST_CASE("a coroutine stops waiting when it is asked to", "", all_kinds) {
  const auto arena = TestType::make(1);
  std::optional all = TestType::try_allocate(arena).value();
  std::stop_source asks;
  outcome out;
  outcome next;
  const job a = want_one<TestType>(arena, out, asks.get_token());
  const job b = want_one<TestType>(arena, next);
  CHECK(arena.waiting() == 2);
  asks.request_stop();
  CHECK(out.error == alloc_error::arena_full);
  CHECK(a.done());
  CHECK(arena.waiting() == 1);
  all.reset();
  REQUIRE(next.got);
  next.got.reset();
  CHECK(TestType::is_whole(arena));
}

TEMPLATE_LIST_TEST_CASE("who is destroyed is not looked after any more", "", all_kinds) {
  const auto arena = TestType::make(1);
  std::optional all = TestType::try_allocate(arena).value();
  std::stop_source asks;
  outcome out;
  shared_outcome last;
  {
    const job a = want_one<TestType>(arena, out, asks.get_token());
    const job b = want_one<TestType>(arena, out, steady::now() + 1h);
    const job c = want_one<TestType>(arena, out, steady::now() + 2h);
    const job d = want_one<TestType>(arena, out, steady::now() + 3h);
    CHECK(arena.waiting() == 4);
  }
  asks.request_stop();
  CHECK(arena.waiting() == 0);
  want_elsewhere<TestType>(arena, last, steady::now() + 1ms);
  await_end(last);
  CHECK(last.error == alloc_error::arena_full);
  CHECK_FALSE(out.over);
  all.reset();
  CHECK(TestType::is_whole(arena));
}

TEMPLATE_LIST_TEST_CASE("who gives up runs on through its executor", "", all_kinds) {
  const auto arena = TestType::make(1);
  std::optional all = TestType::try_allocate(arena).value();
  std::vector<resumption> queue;
  const auto later = [&](const resumption& run) { queue.push_back(run); };
  std::stop_source asks;
  outcome out;
  outcome next;
  std::optional a = want_one<TestType>(arena, out, asks.get_token(), later);
  const job b = want_one<TestType>(arena, next);
  asks.request_stop();
  REQUIRE(queue.size() == 1);
  CHECK_FALSE(out.over);
  CHECK(arena.waiting() == 1);
  SECTION("and is woken once") {
    queue[0]();
    CHECK(out.error == alloc_error::arena_full);
    queue[0]();
    CHECK(a->done());
  }
  SECTION("and may be destroyed before it does; it has no block to give back") {
    a.reset();
    queue[0]();
    CHECK_FALSE(out.over);
  }
  CHECK_FALSE(next.over);
  all.reset();
  CHECK(next.got);
}

TEMPLATE_LIST_TEST_CASE("who has its block keeps it, whatever comes then", "", all_kinds) {
  const auto arena = TestType::make(1);
  std::optional all = TestType::try_allocate(arena).value();
  std::vector<resumption> queue;
  const auto later = [&](const resumption& run) { queue.push_back(run); };
  std::stop_source asks;
  outcome out;
  const job a = want_one<TestType>(arena, out, asks.get_token(), later);
  all.reset();
  REQUIRE(queue.size() == 1);
  asks.request_stop();
  CHECK(queue.size() == 1);
  queue[0]();
  CHECK(out.got);
}

TEST_CASE("one that is stopped by another one runs behind it") {
  const auto arena = slots::make(1);
  std::optional all = slots::try_allocate(arena).value();
  std::stop_source asks;
  std::vector<std::string> log;
  const auto first = [&](caiman::async_fixed_arena from) -> job {
    const auto got = co_await from.allocate();
    asks.request_stop();
    log.emplace_back("stopped");
  };
  const auto second = [&](caiman::async_fixed_arena from) -> job {
    const auto got = co_await from.allocate(asks.get_token());
    log.emplace_back(got ? "served" : "refused");
  };
  const job a = first(arena);
  const job b = second(arena);
  all.reset();
  CHECK(log == std::vector<std::string>{"stopped", "refused"});
}

TEST_CASE("room that was kept for one that gives up goes to the next") {
  const auto arena = caiman::testing::arena_of<caiman::fifo_waiters>(2);
  std::optional one = arena.try_allocate(caiman::testing::unit).value();
  const std::optional other = arena.try_allocate(caiman::testing::unit).value();
  std::stop_source asks;
  outcome large;
  outcome small;
  const job a = caiman::testing::want(arena, 2 * caiman::testing::unit, large, asks.get_token());
  const job b = caiman::testing::want(arena, caiman::testing::unit, small);
  one.reset();
  CHECK_FALSE(small.over);
  asks.request_stop();
  CHECK(large.error == alloc_error::arena_full);
  CHECK(small.got);
}

TEST_CASE("what can never be served is said at once, whatever the limit") {
  const auto arena = caiman::testing::arena_of(2);
  const auto all = arena.try_allocate(2 * caiman::testing::unit);
  outcome out;
  const job a = caiman::testing::want(arena, SIZE_MAX, out, steady::now() + 1h);
  CHECK(out.error == alloc_error::request_too_large);
  const job b = caiman::testing::want(arena, SIZE_MAX, out, std::stop_source().get_token());
  CHECK(out.error == alloc_error::request_too_large);
}

// ---- the thread of an arena's times
// --------------------------------------------------------------

namespace {

/// The order in which those came whose times were set in the order 3 4 0 2 5, with two much later
/// ones, of which one has gone. None if a time had come before all were set.
std::optional<std::vector<int>> order_of_times(std::chrono::milliseconds from_now) {
  const auto arena = slots::make(1);
  const std::optional all = slots::try_allocate(arena).value();
  std::mutex guard;
  std::vector<int> order;
  std::atomic<int> over{0};
  const auto body = [&](caiman::async_fixed_arena from, steady::time_point due,
                        int number) -> loose_job {
    const auto got = co_await from.allocate(due);
    {
      const std::lock_guard lock(guard);
      order.push_back(number);
    }
    ++over;
  };
  const auto outlived = [](caiman::async_fixed_arena from, steady::time_point due) -> job {
    const auto got = co_await from.allocate(due);
  };
  const auto start = steady::now() + from_now;
  for (const int n : {3, 4, 0, 2, 5}) body(arena, start + n * 1ms, n);
  job gone = outlived(arena, start + 1h);
  const job stays = outlived(arena, start + 2h);
  const bool in_time = arena.waiting() == 7 && steady::now() < start;
  gone = job();
  wait_until([&] { return over == 5; });
  if (!in_time) return std::nullopt;
  return order;
}

}  // namespace

TEST_CASE("times come in their order, in whichever they were set") {
  std::optional<std::vector<int>> order;
  for (auto from_now = 20ms; !order; from_now *= 2) order = order_of_times(from_now);
  CHECK(*order == std::vector<int>{0, 2, 3, 4, 5});
}

TEST_CASE("an arena has a thread from the first time that it must wait for until its end") {
  const auto before = threads();
  {
    const auto arena = slots::make(1);
    const std::optional all = slots::try_allocate(arena).value();
    outcome out;
    std::stop_source asks;
    const job a = want_one<slots>(arena, out);
    const job b = want_one<slots>(arena, out, asks.get_token());
    const job c = want_one<slots>(arena, out, steady::time_point::max());
    CHECK(more_than(before) == 0);
    const job d = want_one<slots>(arena, out, steady::now() + 1h);
    CHECK(more_than(before) == 1);
    const job e = want_one<slots>(arena, out, steady::now() + 2h);
    CHECK(more_than(before) == 1);
  }
  wait_until([&] { return more_than(before) == 0; });
}

TEST_CASE("an arena may end on the thread of its times") {
  const auto before = threads();
  bool waited = false;  // as above
  for (auto until = 2ms; !waited && until < 100s; until *= 4) {
    lent_region region(4'096);
    {
      auto arena = caiman::fixed_arena::from_region(region.at(), region.size(),
                                                    caiman::slot_spec::count(1), region.note())
                       .build_async()
                       .value();
      const auto body = [](caiman::async_fixed_arena from, buffer last,
                           std::chrono::milliseconds patience) -> loose_job {
        const auto due = steady::now() + patience;
        const auto got = co_await std::exchange(from, slots::make(1)).allocate(due);
        if (!got) std::move(last).abandon();
      };
      buffer last = arena.try_allocate().value();
      body(std::move(arena), std::move(last), until);
    }
    wait_until([&] { return region.calls() == 1; });
    CHECK(region.is_back(region.at(), region.size()));
    waited = region.last_call().thread != std::this_thread::get_id();
    wait_until([&] { return more_than(before) == 0; });
  }
  CHECK(waited);
}

TEST_CASE("blocks, times and stops that come at once leave nobody behind") {
  const auto arena = slots::make(2);
  constexpr int rounds = 2'000;
  std::atomic<int> served{0};
  std::atomic<int> refused{0};
  const auto body = [&](caiman::async_fixed_arena from, auto limit) -> loose_job {
    auto got = co_await from.allocate(limit);
    const bool had = got.has_value();
    got = std::unexpected(alloc_error::arena_full);
    ++(had ? served : refused);
  };
  const auto work = [&](unsigned seed) {
    std::mt19937 random(seed);
    for (int i = 0; i < rounds; ++i) {
      std::optional held = arena.try_allocate();
      std::stop_source asks;
      body(arena, steady::now() + std::chrono::microseconds(random() % 60));
      body(arena, asks.get_token());
      if (random() % 2 == 0) held.reset();
      asks.request_stop();
    }
  };
  {
    const std::jthread other(work, 1U);
    const std::jthread third(work, 2U);
    work(3);
  }
  wait_until([&] { return served + refused == 6 * rounds; });
  CHECK(arena.waiting() == 0);
  CHECK(slots::take_all(arena).size() == 2);
}
