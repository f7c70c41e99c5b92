// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// executors_test.cpp: executors that call at once, and resumptions called where one runs
//
// A thread that calls a resumption while its arena runs another one there has it run behind that
// one. So a chain of any length needs a stack as deep as there are arenas in it: shown on a thread
// with 256 KiB, and by counting what runs inside what. Order is made by looking, never by time.
// ---------------------------------------------------------------------------------------------
#include <pthread.h>

#include <exception>  // Asio leaves it out, and libc++ brings it with nothing else

#include <algorithm>
#include <asio/dispatch.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "caiman/caiman.hpp"
#include "waits.hpp"

namespace {

using namespace std::chrono_literals;
using caiman::alloc_error;
using caiman::async_buddy_arena;
using caiman::buffer;
using caiman::job;
using caiman::loose_job;
using caiman::resumption;
using caiman::testing::arena_of;
using caiman::testing::unit;
using caiman::testing::wait_until;

constexpr int long_chain = 200'000;
constexpr int chain = 20'000;  // an overflow comes after 1,000

struct at_once {
  void operator()(const resumption& run) const { run(); }
};
struct twice {
  void operator()(const resumption& run) const {
    run();
    run();
  }
};
/// For a user that has a loop of its own.
struct later {
  std::vector<resumption>* queue;
  void operator()(const resumption& run) const { queue->push_back(run); }
};
struct dispatched {
  asio::io_context* context;
  void operator()(const resumption& run) const { asio::dispatch(*context, run); }
};

/// How many run inside each other, and how many ran.
struct nesting {
  int now = 0;
  int deepest = 0;
  int ran = 0;
  void enter() {
    deepest = std::max(deepest, ++now);
    ++ran;
  }
  void leave() { --now; }
};

/// Gives back at once what it waited for.
template <class Executor>
loose_job borrow(async_buddy_arena arena, nesting& runs, Executor on) {
  auto got = co_await arena.allocate(unit, on);
  runs.enter();
  got = std::unexpected(alloc_error::arena_full);
  runs.leave();
}

/// The same of two arenas.
template <class Executor>
loose_job borrow_both(async_buddy_arena first, async_buddy_arena second, nesting& runs,
                      Executor on) {
  auto one = co_await first.allocate(unit, on);
  runs.enter();
  one = std::unexpected(alloc_error::arena_full);
  runs.leave();
  auto other = co_await second.allocate(unit, on);
  runs.enter();
  other = std::unexpected(alloc_error::arena_full);
  runs.leave();
}

/// On a thread with a stack of 256 KiB, which an overflow would end with the process.
void on_small_stack(std::function<void()> what) {
  pthread_attr_t small;
  REQUIRE(pthread_attr_init(&small) == 0);
  REQUIRE(pthread_attr_setstacksize(&small, std::size_t{256} << 10) == 0);
  pthread_t thread{};
  const auto call = [](void* f) -> void* {
    (*static_cast<std::function<void()>*>(f))();
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &small, call, &what) == 0);
  REQUIRE(pthread_join(thread, nullptr) == 0);
  REQUIRE(pthread_attr_destroy(&small) == 0);
}

template <class Executor>
nesting chain_of(int length, Executor on) {
  nesting runs;
  const auto arena = arena_of(1);
  auto all = arena.try_allocate(unit);
  for (int i = 0; i < length; ++i) borrow(arena, runs, on);
  all = std::unexpected(alloc_error::arena_full);
  return runs;
}

}  // namespace

TEST_CASE("a chain of 200,000 needs no stack, whatever the executor") {
  nesting runs;
  int length = long_chain;
  SECTION("the default") {
    on_small_stack([&] { runs = chain_of(long_chain, caiman::resume_here{}); });
  }
  SECTION("one that calls at once") {
    on_small_stack([&] { runs = chain_of(long_chain, at_once{}); });
  }
  SECTION("one that calls twice") {
    length = chain;
    on_small_stack([&] { runs = chain_of(chain, twice{}); });
  }
  SECTION("Asio's dispatch") {
    on_small_stack([&] {
      asio::io_context context{1};
      asio::post(context, [&] { runs = chain_of(long_chain, dispatched{&context}); });
      context.run();
    });
  }
  SECTION("Asio's dispatch, from another thread") {
    length = chain;
    asio::io_context context{1};
    const auto arena = arena_of(1);
    {
      const auto all = arena.try_allocate(unit);
      for (int i = 0; i < chain; ++i) borrow(arena, runs, dispatched{&context});
    }
    on_small_stack([&] { context.run(); });
  }
  CHECK(runs.ran == length);
  CHECK(runs.deepest == 1);
}

TEST_CASE("a chain through two arenas is two deep at most") {
  nesting runs;
  const auto through_both = [&](auto on) {
    const auto a = arena_of(1);
    const auto b = arena_of(1);
    auto in_a = a.try_allocate(unit);
    auto in_b = b.try_allocate(unit);
    for (int i = 0; i < chain; ++i) {
      if (i % 2 == 0) {
        borrow_both(a, b, runs, on);
      } else {
        borrow_both(b, a, runs, on);
      }
    }
    in_a = std::unexpected(alloc_error::arena_full);
    in_b = std::unexpected(alloc_error::arena_full);
  };
  SECTION("the default") {
    on_small_stack([&] { through_both(caiman::resume_here{}); });
  }
  SECTION("one that calls at once") {
    on_small_stack([&] { through_both(at_once{}); });
  }
  CHECK(runs.ran == 2 * chain);
  CHECK(runs.deepest <= 2);
}

TEST_CASE("many that are served at once run one after the other") {
  nesting runs;
  constexpr int many = 4'096;
  const auto arena = arena_of(many);
  auto all = arena.try_allocate(many * unit);
  for (int i = 0; i < 5 * many; ++i) borrow(arena, runs, at_once{});
  on_small_stack([&] { all = std::unexpected(alloc_error::arena_full); });
  CHECK(runs.ran == 5 * many);
  CHECK(runs.deepest == 1);
}

TEST_CASE("one that is served where it begins to wait does not deepen the stack") {
  const auto arena = arena_of<caiman::stack_waiters>(2);  // which keep no room
  auto half = arena.try_allocate(unit);
  std::optional<buffer> whole;
  const auto wants_both = [](async_buddy_arena from, std::optional<buffer>& out) -> job {
    out = std::move((co_await from.allocate(2 * unit)).value());
  };
  const job waits = wants_both(arena, whole);  // so that the others ask at the desk
  int rounds = 0;
  const auto again = [](async_buddy_arena from, int& n, auto on) -> loose_job {
    while (n < chain) {
      const auto got = co_await from.allocate(unit, on);
      ++n;
    }
  };
  SECTION("the default") {
    on_small_stack([&] { again(arena, rounds, caiman::resume_here{}); });
  }
  SECTION("one that calls at once") {
    on_small_stack([&] { again(arena, rounds, at_once{}); });
  }
  CHECK(rounds == chain);
  CHECK(arena.waiting() == 1);
  half = std::unexpected(alloc_error::arena_full);
  CHECK(whole);
}

namespace {

/// What happens, in the order in which it does.
using script = std::vector<std::string>;

/// Says when it runs; does `inside` then, and says when that is over.
job actor(async_buddy_arena arena, script& log, std::string name, later on,
          std::function<void(buffer&)> inside) {
  auto got = co_await arena.allocate(unit, on);
  log.push_back(name + " runs");
  if (inside) inside(*got);
  log.push_back(name + " ends");
}

struct stage {
  async_buddy_arena arena = arena_of(2);
  std::vector<resumption> queue;
  script log;
  std::optional<buffer> all = arena.try_allocate(2 * unit).value();
};

}  // namespace

TEST_CASE("a resumption that is called while one runs there has its turn behind that one") {
  stage on;
  const auto first = actor(on.arena, on.log, "1st", {&on.queue}, [&](buffer&) {
    on.queue[1]();
    on.queue[1]();  // it has its turn, and gets no second one
    on.log.emplace_back("called");
  });
  const auto second = actor(on.arena, on.log, "2nd", {&on.queue}, {});
  on.all.reset();
  REQUIRE(on.queue.size() == 2);
  on.queue[0]();
  CHECK(on.log == script{"1st runs", "called", "1st ends", "2nd runs", "2nd ends"});
}

TEST_CASE("one that was called and has no turn yet can be destroyed") {
  stage on;
  job second;
  const auto first = actor(on.arena, on.log, "1st", {&on.queue}, [&](buffer&) {
    on.queue[1]();
    second = job();
  });
  second = actor(on.arena, on.log, "2nd", {&on.queue}, {});
  const auto third = actor(on.arena, on.log, "3rd", {&on.queue}, {});
  on.all.reset();
  REQUIRE(on.queue.size() == 2);
  on.queue.reserve(4);  // it grows while its first one runs
  on.queue[0]();
  CHECK(on.log == script{"1st runs", "1st ends"});
  REQUIRE(on.queue.size() >= 3);  // the block went to the next
  on.queue[2]();
  CHECK(on.log == script{"1st runs", "1st ends", "3rd runs", "3rd ends"});
  CHECK(on.arena.waiting() == 0);
}

TEST_CASE("a resumption may go while its coroutine runs, and all else that keeps the arena") {
  std::vector<resumption> queue;
  int ran = 0;
  const auto body = [](async_buddy_arena from, std::vector<resumption>& calls, int& n) -> job {
    // The handle goes when it has its block.
    auto got = co_await std::exchange(from, arena_of(1)).allocate(unit, later{&calls});
    if (!calls.empty()) calls[1]();
    calls = {};
    got = std::unexpected(alloc_error::arena_full);
    ++n;
  };
  auto arena = arena_of(2);
  std::optional<buffer> all = arena.try_allocate(2 * unit).value();
  const auto first = body(arena, queue, ran);
  const auto second = body(std::move(arena), queue, ran);
  all.reset();
  REQUIRE(queue.size() == 2);
  queue[0]();  // the second one ends the arena, from the loop of this call
  CHECK(ran == 2);
}

TEST_CASE("a waiter for the default runs inside a release of one that was called") {
  // That one may be long after its release: no waiter that need not is to wait for its end.
  stage on;
  nesting runs;
  const auto first = actor(on.arena, on.log, "1st", {&on.queue}, [&](buffer& got) {
    { auto gone = std::move(got); }
    on.log.push_back(std::to_string(runs.ran) + " ran");
  });
  on.all.reset();
  const auto other = on.arena.try_allocate(unit);
  REQUIRE(on.queue.size() == 1);
  borrow(on.arena, runs, caiman::resume_here{});
  borrow(on.arena, runs, caiman::resume_here{});
  CHECK(runs.ran == 0);
  on.queue[0]();
  CHECK(on.log == script{"1st runs", "2 ran", "1st ends"});
  CHECK(runs.deepest == 1);
}

TEST_CASE("one that is handed to a thread on which another one runs waits for its turn there") {
  const auto arena = arena_of(2);
  auto all = arena.try_allocate(2 * unit);
  std::vector<resumption> queue;
  std::optional<resumption> handed;
  std::atomic<bool> is_handed{false};
  std::atomic<bool> first_runs{false};
  script log;
  const auto first = actor(arena, log, "1st", {&queue}, [&](buffer&) {
    first_runs = true;
    wait_until([&] { return is_handed.load(); });
    (*handed)();
    log.emplace_back("called");
  });
  const auto second = actor(arena, log, "2nd", {&queue}, {});
  all = std::unexpected(alloc_error::arena_full);
  REQUIRE(queue.size() == 2);
  std::thread other([run = queue[0]] { run(); });
  wait_until([&] { return first_runs.load(); });
  handed = queue[1];
  is_handed = true;
  other.join();
  CHECK(log == script{"1st runs", "called", "1st ends", "2nd runs", "2nd ends"});
}

TEST_CASE("one that runs on this thread keeps none on another thread from running") {
  const auto arena = arena_of(2);
  auto all = arena.try_allocate(2 * unit);
  std::vector<resumption> queue;
  std::atomic<bool> second_ran{false};
  script log;
  script elsewhere;
  const auto first = actor(arena, log, "1st", {&queue}, [&](buffer&) {
    std::thread other([run = queue[1]] { run(); });
    other.join();
    log.emplace_back(second_ran ? "the other one ran" : "it waits for us");
  });
  const auto second = actor(arena, elsewhere, "2nd", {&queue}, [&](buffer&) { second_ran = true; });
  all = std::unexpected(alloc_error::arena_full);
  REQUIRE(queue.size() == 2);
  queue[0]();
  CHECK(log == script{"1st runs", "the other one ran", "1st ends"});
}

TEST_CASE("a thread that waits runs nobody inside another one") {
  nesting runs;
  const auto arena = arena_of(1);
  auto all = arena.try_allocate(unit);
  for (int i = 0; i < 1'000; ++i) borrow(arena, runs, at_once{});
  CHECK(arena.allocate_for(unit, 0ms).error() == alloc_error::arena_full);
  on_small_stack([&] { all = std::unexpected(alloc_error::arena_full); });
  CHECK(runs.ran == 1'000);
  CHECK(runs.deepest == 1);
  CHECK(arena.allocate_for(unit, 0ms));
}
