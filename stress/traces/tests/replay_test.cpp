// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// replay_test.cpp: a replay does what the trace says, in an order that the trace allows
//
// Random traces on checked subjects; then, one by one, faults of a subject and of the waiting,
// which the checks must see. Where time comes in, a wait is for something that happens at once when
// the fault is there. Relies on Catch2 v2; main is in tests/unit/main.cpp.
// ---------------------------------------------------------------------------------------------
#include "../replay/replay.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "../replay/subjects.hpp"
#include "checked.hpp"
#include "made_up.hpp"
#include "waiting.hpp"

namespace {

using caiman::traces::caiman_subject;
using caiman::traces::checked_subject;
using caiman::traces::counts_of;
using caiman::traces::event_kind;
using caiman::traces::given_back;
using caiman::traces::malloc_subject;
using caiman::traces::memory_watch;
using caiman::traces::most_lead;
using caiman::traces::most_live_bytes;
using caiman::traces::no_waiting;
using caiman::traces::patient_waiting;
using caiman::traces::plan_for;
using caiman::traces::random_trace;
using caiman::traces::region_bytes_for;
using caiman::traces::replay;
using caiman::traces::replay_plan;
using caiman::traces::step_chunk;
using caiman::traces::taken;
using caiman::traces::thread_plan;
using caiman::traces::trace;
using caiman::traces::trace_of;
using caiman::traces::wait_at_most;

constexpr std::size_t mib = std::size_t{1} << 20;

// One block for all; for replays that lose what malloc would miss.
struct one_block {
  std::array<char, 100> block{};
  void* allocate(std::size_t) noexcept { return block.data(); }
  void release(void*, std::size_t) noexcept {}
};

void check_chunks(const thread_plan& plan) {
  std::size_t begin = 0;
  std::uint64_t place = 0;
  for (const step_chunk& chunk : plan.chunks) {
    CHECK(chunk.end > begin);
    CHECK(chunk.end - begin <= step_chunk::most_steps);
    CHECK(chunk.last - chunk.first <= most_lead / 2);
    CHECK(chunk.last - chunk.first >= chunk.end - begin - 1);
    CHECK((begin == 0 || chunk.first > place));
    begin = chunk.end;
    place = chunk.last;
  }
  CHECK(begin == plan.steps.size());
}

// A trace of two threads, the second of which does one thing at the start, and one long after.
trace distant_events() {
  trace made = trace_of(2, {taken(0, 8), taken(1, 8)});
  for (std::uint32_t i = 0; i < 2 * most_lead; ++i) {
    made.events.push_back(i % 2 == 0 ? taken(0, 8) : given_back(0, 2 + i / 2));
  }
  made.events.push_back(given_back(1, 1));
  return made;
}

}  // namespace

TEST_CASE("the plan of a small trace") {
  const replay_plan plan =
      plan_for(trace_of(2, {taken(0, 10), given_back(0, 0), taken(0, 20), taken(0, 30),
                            given_back(0, 1), given_back(1, 2), taken(1, 40)}));
  REQUIRE(plan.threads.size() == 2);
  const auto& first = plan.threads[0].steps;
  REQUIRE(first.size() == 5);
  CHECK(first[0].bytes() == 10);
  CHECK_FALSE(first[0].is_release());
  CHECK(first[1].bytes() == 10);
  CHECK(first[1].is_release());
  // One after the other in one slot; what the other thread releases, and what stays, apart.
  CHECK(first[2].slot() == first[0].slot());
  CHECK(first[3].slot() != first[2].slot());
  const auto& second = plan.threads[1].steps;
  REQUIRE(second.size() == 2);
  CHECK(second[0].slot() == first[3].slot());
  CHECK(second[0].bytes() == 30);
  CHECK(plan.slots == 3);
  REQUIRE(plan.left_over.steps.size() == 1);
  CHECK(plan.left_over.steps[0].slot() == second[1].slot());
  CHECK(plan.events == 7);
  CHECK(plan.peak_live_bytes == 50);
}

TEST_CASE("chunks are few steps, close together") {
  const trace what = GENERATE(random_trace(3, 40'000, 4), distant_events(), trace_of(0, {}));
  const replay_plan plan = plan_for(what);
  for (const thread_plan& each : plan.threads) check_chunks(each);
}

TEST_CASE("a replay does what the trace says") {
  const auto threads = GENERATE(1U, 2U, 8U);
  const trace what = random_trace(threads, 60'000, threads);
  const auto counts = counts_of(what);
  SECTION("on malloc") {
    malloc_subject below;
    checked_subject subject(below);
    const auto result = replay(subject, what);
    CHECK(subject.complaint().empty());
    CHECK(subject.allocations() == counts.allocations);
    CHECK(subject.releases() == counts.allocations);
    CHECK(subject.live() == 0);
    CHECK(result.threads == threads);
    CHECK(result.events == 60'000);
    CHECK(result.failures == 0);
    CHECK(result.peak_live_bytes == counts.peak_live_bytes);
    CHECK(result.seconds > 0);
  }
  SECTION("on Caiman") {
    caiman_subject below(region_bytes_for(what));
    const std::size_t free = below.blocks().free_min_blocks();
    CHECK(free == region_bytes_for(what) / caiman_subject::min_block);
    checked_subject subject(below);
    // Twice: what a replay leaves behind would be in the way of the next.
    for (int i = 0; i < 2; ++i) {
      CHECK(replay(subject, what).failures == 0);
      CHECK(subject.complaint().empty());
      CHECK(subject.live() == 0);
      CHECK(below.blocks().free_min_blocks() == free);
    }
  }
}

TEST_CASE("a trace without events is replayed in no time") {
  malloc_subject subject;
  const auto result = replay(subject, trace_of(0, {}));
  CHECK(result.events == 0);
  CHECK(result.seconds == 0);
}

TEST_CASE("refused requests are counted, and their blocks are not released") {
  struct {
    std::atomic<std::uint64_t> asked{0};
    void* allocate(std::size_t bytes) noexcept {
      return ++asked % 7 == 0 ? nullptr : malloc_subject::allocate(bytes);
    }
    static void release(void* p, std::size_t bytes) noexcept { malloc_subject::release(p, bytes); }
  } below;
  checked_subject subject(below);
  const trace what = random_trace(4, 20'000, 5);
  const auto result = replay(subject, what);
  CHECK(subject.complaint().empty());
  CHECK(result.failures == counts_of(what).allocations / 7);
  CHECK(subject.allocations() + result.failures == counts_of(what).allocations);
  CHECK(subject.live() == 0);
}

TEST_CASE("Caiman refuses what does not fit, and the replay goes on") {
  trace what = trace_of(1, {});
  for (std::uint32_t i = 0; i < 100; ++i) what.events.push_back(taken(0, 1U << 20U));
  caiman_subject below(64 * mib);
  checked_subject subject(below);
  CHECK(replay(subject, what).failures == 36);
  CHECK(subject.complaint().empty());
  CHECK(below.blocks().free_min_blocks() == 64 * mib / caiman_subject::min_block);
}

TEST_CASE("the first byte of each 4 KiB is written, and the thread that releases sees it") {
  // No lock here: under ThreadSanitizer, nothing but the replay orders the two threads.
  struct {
    std::atomic<std::uint64_t> unwritten{0};
    static void* allocate(std::size_t bytes) noexcept {
      auto* const block = static_cast<char*>(malloc_subject::allocate(bytes));
      for (std::size_t at = 0; at < bytes; at += 4096) block[at] = 0;
      return block;
    }
    void release(void* p, std::size_t bytes) noexcept {
      for (std::size_t at = 0; at < bytes; at += 4096) {
        if (static_cast<char*>(p)[at] != 1) ++unwritten;
      }
      malloc_subject::release(p, bytes);
    }
  } subject;
  CHECK(replay(subject, random_trace(3, 5'000, 6, 20'000)).failures == 0);
  CHECK(subject.unwritten == 0);
}

TEST_CASE("a block that is handed out twice is seen") {
  struct {
    std::vector<char> memory = std::vector<char>(8 * mib);
    std::size_t next = 0;
    std::uint64_t asked = 0;
    void* allocate(std::size_t bytes) noexcept {
      if (++asked != 50) next += 5000;
      return bytes <= 5000 ? memory.data() + next : nullptr;
    }
    void release(void*, std::size_t) noexcept {}
  } below;
  checked_subject subject(below);
  // Of which nothing is released, so that the block is live for certain.
  trace what = trace_of(1, {});
  for (std::uint32_t i = 0; i < 100; ++i) what.events.push_back(taken(0, 8));
  replay(subject, what);
  CHECK(subject.complaint() == "a block was handed out that is live");
}

TEST_CASE("a release with another size, and one of a block that was never there, are seen") {
  one_block below;
  replay_plan plan = plan_for(trace_of(1, {taken(0, 10), given_back(0, 0)}));
  SECTION("size") {
    checked_subject subject(below);
    plan.threads[0].steps[1] = {0, 11, event_kind::release};
    replay(subject, plan);
    CHECK(subject.complaint() == "a block was released with another size");
  }
  SECTION("block") {
    checked_subject subject(below);
    std::swap(plan.threads[0].steps[0], plan.threads[0].steps[1]);
    replay<no_waiting>(subject, plan);
    CHECK(subject.complaint() == "a block was released that is not live");
  }
}

namespace {

// Holds its first request until somebody releases something, which must not happen, or for a while.
struct slow_subject {
  std::chrono::milliseconds patience;
  std::array<char, 100> block{};
  std::atomic<bool> release_seen{false};
  std::atomic<bool> wrong_release{false};

  void* allocate(std::size_t) noexcept {
    wait_at_most(patience, [&] { return release_seen.load(); });
    return block.data();
  }
  void release(void* p, std::size_t) noexcept {
    wrong_release = wrong_release || p == nullptr;
    release_seen = true;
  }
};

// Holds the first request of the thread that is behind until the other is further ahead than it
// may be, or for a while. Requests of the two differ in size.
struct halting_subject {
  std::chrono::milliseconds patience;
  std::atomic<bool> halted{false};
  std::atomic<std::uint64_t> ahead{0};

  void* allocate(std::size_t bytes) noexcept {
    if (bytes == 9) {
      wait_at_most(patience, [&] { return ahead > most_lead; });
      halted = true;
    } else if (!halted) {
      ++ahead;
    }
    return malloc_subject::allocate(bytes);
  }
  static void release(void* p, std::size_t bytes) noexcept { malloc_subject::release(p, bytes); }
};

trace one_thread_far_ahead() {
  trace made = trace_of(2, {taken(1, 9)});
  for (std::uint32_t i = 0; i < 3 * most_lead; ++i) made.events.push_back(taken(0, 8));
  return made;
}

}  // namespace

TEST_CASE("a release on another thread waits until the block is there") {
  const trace what = trace_of(2, {taken(0, 8), given_back(1, 0)});
  slow_subject subject{.patience = std::chrono::milliseconds(30)};
  replay(subject, what);
  CHECK(subject.release_seen);
  CHECK_FALSE(subject.wrong_release);
}

TEST_CASE("a replay whose releases do not wait is seen") {
  const trace what = trace_of(2, {taken(0, 8), given_back(1, 0)});
  slow_subject subject{.patience = std::chrono::seconds(20)};
  replay<no_waiting>(subject, plan_for(what));
  CHECK(subject.wrong_release);
}

TEST_CASE("no thread runs far ahead of another") {
  halting_subject subject{.patience = std::chrono::milliseconds(100)};
  replay(subject, one_thread_far_ahead());
  CHECK(subject.ahead <= most_lead);
}

TEST_CASE("a replay whose threads run ahead is seen") {
  halting_subject subject{.patience = std::chrono::seconds(20)};
  replay<no_waiting>(subject, plan_for(one_thread_far_ahead()));
  CHECK(subject.ahead > most_lead);
}

TEST_CASE("how much can be live at once") {
  // Every second event allocates, so half of the lead and one can be ahead of the slowest.
  trace what = trace_of(1, {});
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    what.events.push_back(taken(0, 300));
    what.events.push_back(given_back(0, i));
  }
  CHECK(most_live_bytes(what, 256) == (most_lead / 2 + 1) * 512);
  CHECK(most_live_bytes(trace_of(1, {taken(0, 1), taken(0, 257)}), 256) == 256 + 512);
  CHECK(most_live_bytes(trace_of(0, {}), 256) == 0);
  // What is live for long counts in full.
  trace longer = trace_of(1, {taken(0, 1U << 20U)});
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    longer.events.push_back(taken(0, 300));
    longer.events.push_back(given_back(0, i + 1));
  }
  CHECK(most_live_bytes(longer, 256) == (1U << 20U) + (most_lead / 2 + 1) * 512);
  CHECK(most_live_bytes(trace_of(1, {taken(0, 1000), taken(0, 1000)}), 256) == 2048);
}

TEST_CASE("the region is a power of two between 64 and 512 MiB") {
  trace what = trace_of(1, {});
  CHECK(region_bytes_for(what) == 64 * mib);
  for (std::uint32_t i = 0; i < 51; ++i) what.events.push_back(taken(0, 1U << 20U));
  CHECK(region_bytes_for(what) == 64 * mib);  // 51 MiB and a quarter: just below
  what.events.push_back(taken(0, 1U << 20U));
  CHECK(region_bytes_for(what) == 128 * mib);
  for (std::uint32_t i = 0; i < 2000; ++i) what.events.push_back(taken(0, 1U << 20U));
  CHECK(region_bytes_for(what) == 512 * mib);
}

TEST_CASE("processor time is that of the time since the watch began") {
  const memory_watch watch;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (watch.seen().cpu_seconds < 0.05 && std::chrono::steady_clock::now() < end) {
  }
  CHECK(watch.seen().cpu_seconds >= 0.05);
  CHECK(memory_watch().seen().cpu_seconds < 0.05);
}

TEST_CASE("the peak of memory is that of the time since the watch began") {
  const auto peak_with = [](std::size_t bytes) {
    const memory_watch watch;
    caiman::traces::mapped_vector<char> touched(bytes, 'x');
    const auto seen = watch.seen();
    CHECK(seen.base > 0);
    CHECK(seen.peak >= seen.base + bytes - mib);
    return seen.peak;
  };
  const auto large = peak_with(64 * mib);
  CHECK(peak_with(4 * mib) + 32 * mib < large);
}
