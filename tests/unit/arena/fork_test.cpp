// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// fork_test.cpp: what docs/guarantees.md says of fork and of exit
//
// A peer thread does something, the parent forks, and the child, which has no such thread, looks at
// what it inherited. The child starts no thread, which ThreadSanitizer does not allow, but one:
// this is no test for ThreadSanitizer. Forks at random points, with threads in the middle of calls:
// stress/freeze --fork. Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <source_location>
#include <utility>

#include "../../../stress/common/job.hpp"
#include "../../peer.hpp"
#include "../child.hpp"
#include "caiman/arena.hpp"
#include "caiman/async.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::alloc_error;
using caiman::buddy_arena;
using caiman::buddy_geometry;
using caiman::buffer;
using caiman::testing::peer;
using child::in_child;

constexpr std::size_t block_size = 256;
constexpr std::size_t block_count = 16;

buddy_arena fresh() {
  const auto geometry = buddy_geometry::exact(block_count * block_size, block_size);
  return caiman::buddy_arena::builder(geometry.value()).build().value();
}

/// Ends the child, with an exit code that tells the line, unless it holds.
void expect(bool holds, std::source_location at = std::source_location::current()) {
  if (!holds) _exit(1 + static_cast<int>(at.line() % 200));
}

TEST_CASE("after a fork there are two arenas") {
  const buddy_arena arena = fresh();
  auto held = arena.allocate(block_size);
  held->put("before");
  const auto end = in_child([&] {
    held->put(", child");
    auto more = arena.allocate(block_size * block_count / 2);
    expect(more && held->size() == 13);
    std::move(*held).abandon();
    expect(arena.metrics().bytes_live == block_size * block_count / 2);
  });
  CHECK(end.exit_code == 0);
  CHECK(held->size() == 6);
  CHECK(arena.metrics().bytes_live == block_size);
}

TEST_CASE("what a thread kept at hand can be had in a child without that thread") {
  const buddy_arena arena = fresh();
  peer other;
  other.run([&] { const auto gone = arena.allocate(block_size); });  // now in its stack
  const auto end = in_child([&] {
    expect(arena.allocate(block_size * block_count).has_value());  // all of it
  });
  CHECK(end.exit_code == 0);
}

TEST_CASE("what a thread held is live in a child, and its slot is taken") {
  const buddy_arena arena = fresh();
  std::optional<buffer> theirs;
  unsigned slot = 0;
  peer other;
  other.run([&] {
    theirs = arena.allocate(block_size).value();
    slot = caiman::native_sync::thread_slot();
  });
  const auto end = in_child([&] {
    const auto all = arena.allocate(block_size * block_count);
    expect(!all && all.error() == alloc_error::arena_full);
    for (unsigned i = 0; i < caiman::native_sync::exclusive_slots; ++i) {
      expect(caiman::detail::own_slots<caiman::native_sync>.pool.take() != slot);
    }
  });
  CHECK(end.exit_code == 0);
  other.run([&] { theirs.reset(); });
}

TEST_CASE("a bracket that was open at the fork stays open in the child") {
  caiman::buddy<> blocks(4);
  peer other;
  other.run([&] { blocks.inside().lanes().mine().begin_move(); });  // a split, say
  const auto end = in_child([&] {
    const auto all = blocks.allocate(4);
    expect(all.has_value());
    expect(blocks.allocate(0).error() == alloc_error::contended);
    blocks.release(*all);  // nothing else is worse
    expect(blocks.allocate(4) == all);
  });
  CHECK(end.exit_code == 0);
}

/// Waits for a slot until a time.
template <class Job>
Job wait_until(caiman::async_fixed_arena arena, std::chrono::steady_clock::time_point due,
               std::atomic<bool>& refused) {
  const auto got = co_await arena.allocate(due);
  refused = !got;
}

/// A waiter of the parent's, whose thread for times is not in the child.
struct waiting_parent {
  std::optional<caiman::async_fixed_arena> arena =
      caiman::fixed_arena::with_slot_capacity(1, 64).build_async().value();
  std::optional<buffer> all = arena->try_allocate().value();
  std::atomic<bool> refused{false};
  std::optional<caiman::job> waits = wait_until<caiman::job>(
      *arena, std::chrono::steady_clock::now() + std::chrono::hours(1), refused);

  void end_all() {
    waits.reset();
    all.reset();
    arena.reset();  // of which it is not to wait for the parent's
  }
  void check_goes_on() const {
    CHECK(arena->waiting() == 1);
    CHECK_FALSE(refused);
  }
};

TEST_CASE("a child has no thread for times, and ends without") {
  waiting_parent of;
  CHECK(in_child([&] { of.end_all(); }).exit_code == 0);
  of.check_goes_on();
}

// qemu-user 7.2 ends a child that starts a thread after its parent had several.
TEST_CASE("a child has a thread for times when it needs one", "[needs-kernel]") {
  waiting_parent of;
  const auto with_thread = in_child([&] {
    wait_until<caiman::loose_job>(
        *of.arena, std::chrono::steady_clock::now() + std::chrono::milliseconds(1), of.refused);
    while (!of.refused) {
    }
    expect(of.arena->waiting() == 1);
    of.end_all();
  });
  CHECK(with_thread.exit_code == 0);
  of.check_goes_on();
}

/// Static, and destroyed after the main thread has given its slot back.
struct at_exit {
  std::optional<buddy_arena> arena;
  std::optional<buffer> held;
  at_exit() = default;
  at_exit(const at_exit&) = delete;
  at_exit& operator=(const at_exit&) = delete;
  ~at_exit() {
    if (!arena) return;
    expect(caiman::native_sync::thread_slot() == caiman::native_sync::exclusive_slots);
    expect(arena->allocate(block_size).has_value());
    expect(arena->metrics().bytes_live == block_size);
    expect(!arena->allocate(2 * block_size * block_count).has_value());
    expect(arena->metrics().allocations_failed == 1);
    arena.reset();  // the block keeps it
    const std::byte one{1};
    expect(held->try_put({&one, 1}).has_value());  // and goes by itself
  }
};

TEST_CASE("static arenas and buffers may be used and end at exit") {
  const auto end = in_child([] {
    static at_exit last;
    last.arena = fresh();
    last.held = last.arena->allocate(block_size).value();
    std::exit(0);  // NOLINT(concurrency-mt-unsafe): the child has one thread
  });
  CHECK(end.signal == 0);
  CHECK(end.exit_code == 0);
}

}  // namespace
