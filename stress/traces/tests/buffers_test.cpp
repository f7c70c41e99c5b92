// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// buffers_test.cpp: blocks that shrink, and payload that is written and read
//
// Random traces on checked subjects, in each way to shrink; then the faults, one by one: a subject
// whose blocks share bytes, one that loses what it should keep, and a replay that does not wait.
// Relies on Catch2 v2; main is in tests/unit/main.cpp.
// ---------------------------------------------------------------------------------------------
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "../replay/replay.hpp"
#include "../replay/subjects.hpp"
#include "checked.hpp"
#include "made_up.hpp"
#include "waiting.hpp"

// NOLINTBEGIN(cppcoreguidelines-no-malloc): subjects are made of malloc
namespace {

using caiman::buddy;
using namespace caiman::traces;  // all of it is what is tested
using buddy_of_buffers = buddy_subject<buddy<>, min_buffer_bytes>;

constexpr std::size_t mib = std::size_t{1} << 20;

template <class Subject>
replay_result with_payload(Subject& subject, const trace& what, const plan_options& chosen = {}) {
  return replay<patient_waiting, payload::yes>(subject, plan_for(what, chosen));
}

// As malloc_subject; faults are added to it.
struct plain_subject {
  static void* allocate(std::size_t bytes) noexcept { return malloc_subject::allocate(bytes); }
  static void release(void* p, std::size_t bytes) noexcept { malloc_subject::release(p, bytes); }
  static void* shrink(void* p, std::size_t from, std::size_t to) noexcept {
    return malloc_subject::shrink(p, from, to);
  }
  static void* shrink_more(void* p, std::size_t from, std::size_t to) noexcept {
    return shrink(p, from, to);
  }
  static void release_shrunk(void* p, std::size_t bytes) noexcept { release(p, bytes); }
};

}  // namespace

TEST_CASE("the plan of a block that shrinks on its own thread") {
  const trace what = trace_of(
      1, {taken(0, 900), shrunk(0, 0, 300), shrunk(0, 0, 20), given_back(0, 0), taken(0, 7)});
  const replay_plan plan = plan_for(what);
  const auto& [steps, notes, chunks] = plan.threads[0];
  REQUIRE(steps.size() == 5);
  REQUIRE(notes.size() == 4);
  CHECK(steps[0].shrinks());
  CHECK(steps[0].bytes() == 900);
  CHECK(notes[0].bytes == 20);
  CHECK(steps[1].is_shrinking());
  CHECK_FALSE(steps[1].shrinks());  // it has not before
  CHECK(steps[1].bytes() == 300);
  CHECK(notes[1].bytes == 900);
  CHECK(steps[2].shrinks());
  CHECK(notes[2].bytes == 300);
  CHECK(steps[3].is_release());
  CHECK(steps[3].shrinks());
  CHECK(steps[3].bytes() == 20);
  CHECK(notes[3].bytes == 20);
  for (const step_note& each : notes) CHECK(each.slot == steps[0].slot());
  CHECK(plan.slots == 2);  // what is left at the end has one to itself
  CHECK(plan.shrinkings == 2);
  CHECK_FALSE(steps[4].shrinks());
}

TEST_CASE("a block that threads share moves from slot to slot as it shrinks") {
  const trace what =
      trace_of(2, {taken(0, 900), shrunk(1, 0, 300), shrunk(0, 0, 20), given_back(0, 0)});
  const replay_plan plan = plan_for(what);
  CHECK(plan.slots == 3);
  CHECK(plan.threads[0].notes[0].slot == 2);
  CHECK(plan.threads[1].steps[0].slot() == 0);
  CHECK(plan.threads[1].notes[0].slot == 1);
  CHECK(plan.threads[0].steps[1].slot() == 1);
  CHECK(plan.threads[0].notes[1].slot == 2);
  CHECK(plan.threads[0].steps[2].slot() == 2);
}

TEST_CASE("where tails are kept, the program needs no more of a block than before") {
  const trace what = trace_of(
      2, {taken(0, 900), shrunk(1, 0, 300), given_back(0, 0), taken(1, 50), shrunk(1, 1, 5)});
  const replay_plan plan = plan_for(what, {.keep_tails = true});
  CHECK(plan.shrinkings == 0);
  const auto& first = plan.threads[0];
  REQUIRE(first.steps.size() == 2);
  CHECK(first.steps[1].bytes() == 900);
  REQUIRE(first.notes.size() == 2);
  CHECK(first.notes[0].bytes == 300);
  CHECK(first.notes[1].bytes == 300);
  CHECK(plan.threads[1].steps.size() == 1);
  REQUIRE(plan.left_over.steps.size() == 1);
  CHECK(plan.left_over.steps[0].bytes() == 50);
  CHECK(plan.left_over.notes[0].bytes == 5);
}

TEST_CASE("a replay of blocks that shrink does what the trace says, and all is whole again") {
  const auto threads = GENERATE(1U, 2U, 8U);
  const trace what = random_shrinking_trace(threads, 30'000, threads, 20'000);
  const auto counts = counts_of(what);
  const std::size_t region = region_bytes_for(what, min_buffer_bytes);
  const auto checked = [&](auto& below) {
    checked_subject subject(below);
    for (int i = 0; i < 2; ++i) {  // what one leaves behind would be in the way of the next
      const auto result = with_payload(subject, what);
      CHECK(subject.complaint().empty());
      CHECK(result.failures == 0);
      CHECK(result.damaged == 0);
      CHECK(result.shrinkings == counts.shrinkings);
      CHECK(subject.live() == 0);
    }
    CHECK(subject.shrinkings() == 2 * counts.shrinkings);
    CHECK(subject.releases() == 2 * counts.allocations);
  };
  SECTION("malloc") {
    malloc_subject below;
    checked(below);
  }
  SECTION("Caiman") {
    const auto how = GENERATE(shrink_manner::move, shrink_manner::in_place);
    buddy_of_buffers below(region, how);
    checked(below);
    CHECK(below.blocks().free_min_blocks() == region / min_buffer_bytes);
  }
  SECTION("its buffers") {
    const auto how = GENERATE(shrink_manner::move, shrink_manner::in_place);
    buffer_subject subject(region, how);
    const auto result = with_payload(subject, what);
    CHECK(result.failures == 0);
    CHECK(result.damaged == 0);
    CHECK(subject.blocks().metrics().bytes_live == 0);
    CHECK(subject.blocks().metrics().largest_free_block == region);
  }
  SECTION("with tails that are kept") {
    buddy_of_buffers below(region);
    checked_subject subject(below);
    CHECK(with_payload(subject, what, {.keep_tails = true}).damaged == 0);
    CHECK(subject.complaint().empty());
    CHECK(subject.shrinkings() == 0);
    CHECK(below.blocks().free_min_blocks() == region / min_buffer_bytes);
  }
}

TEST_CASE("what is in the way is refused, and what shrinks nevertheless is whole again") {
  // 1 MiB is far too little, so that there is no room to move to, either.
  const trace what = random_shrinking_trace(3, 20'000, 5, 60'000);
  buddy_of_buffers below(mib);
  checked_subject subject(below);
  const auto result = with_payload(subject, what);
  CHECK(result.failures > 0);
  CHECK(result.damaged == 0);
  CHECK(subject.complaint().empty());
  CHECK(below.blocks().free_min_blocks() == mib / min_buffer_bytes);
  buffer_subject buffers(mib);
  CHECK(with_payload(buffers, what).damaged == 0);
  CHECK(buffers.blocks().metrics().bytes_live == 0);
}

TEST_CASE("all of a block is written, and read by who releases it") {
  // No lock here: under ThreadSanitizer, nothing but the replay orders the two threads.
  struct : plain_subject {
    std::atomic<std::uint64_t> unwritten{0};
    static void* allocate(std::size_t bytes) noexcept { return std::calloc(bytes, 1); }
    void release(void* p, std::size_t bytes) noexcept {
      const auto* const text = static_cast<unsigned char*>(p);
      // Of 8 bytes on end, one at least is not 0; a last part of fewer may be.
      for (std::size_t at = 0; at + 8 <= bytes; at += 8) {
        bool any = false;
        for (std::size_t i = at; i < at + 8; ++i) any = any || text[i] != 0;
        if (!any) ++unwritten;
      }
      plain_subject::release(p, bytes);
    }
    void release_shrunk(void* p, std::size_t bytes) noexcept { release(p, bytes); }
  } subject;
  const trace what = random_shrinking_trace(3, 5'000, 6, 20'000);
  CHECK(with_payload(subject, what).damaged == 0);
  CHECK(subject.unwritten == 0);
  CHECK(replay(subject, what).failures == 0);  // without payload
  CHECK(subject.unwritten > 0);
}

TEST_CASE("no more of a block is written than is kept of it") {
  struct : plain_subject {
    std::uint64_t written = 0;
    static void* allocate(std::size_t bytes) noexcept { return std::calloc(bytes, 1); }
    void* shrink(void* p, std::size_t from, std::size_t to) noexcept {
      for (std::size_t at = to; at < from; ++at) written += static_cast<char*>(p)[at] != 0 ? 1 : 0;
      return plain_subject::shrink(p, from, to);
    }
  } subject;
  with_payload(subject, trace_of(1, {taken(0, 65'536), shrunk(0, 0, 1'001), given_back(0, 0)}));
  CHECK(subject.written == 0);
}

TEST_CASE("a block that is handed out twice is convicted by its payload") {
  struct {
    std::vector<char> memory = std::vector<char>(16 * mib);
    std::size_t next = 0;
    std::uint64_t asked = 0;
    void* allocate(std::size_t) noexcept {
      if (++asked != 50) next += 5'000;
      return memory.data() + next;
    }
    void release(void*, std::size_t) noexcept {}
  } subject;
  trace what = trace_of(1, {});
  for (std::uint32_t i = 0; i < 100; ++i) what.events.push_back(taken(0, 5'000));
  SECTION("released in the trace") {
    for (std::uint32_t i = 0; i < 100; ++i) what.events.push_back(given_back(0, i));
  }
  SECTION("left over at its end") {}
  CHECK(with_payload(subject, what).damaged == 1);
}

TEST_CASE("so is one byte that two blocks have") {
  struct {
    std::vector<char> memory = std::vector<char>(mib);
    std::size_t next = 0;
    void* allocate(std::size_t bytes) noexcept {
      next += bytes;
      return memory.data() + next - bytes - (next > bytes ? 1 : 0);
    }
    void release(void*, std::size_t) noexcept {}
  } subject;
  CHECK(with_payload(subject, trace_of(1, {taken(0, 801), taken(0, 801), given_back(0, 0),
                                           given_back(0, 1)}))
            .damaged == 1);
}

TEST_CASE("a subject that moves a block and not its content is convicted") {
  struct : plain_subject {
    static void* shrink(void* p, std::size_t from, std::size_t to) noexcept {
      release(p, from);
      return std::calloc(to, 1);
    }
  } subject;
  const trace what = trace_of(
      1, {taken(0, 900), shrunk(0, 0, 300), given_back(0, 0), taken(0, 900), given_back(0, 1)});
  CHECK(with_payload(subject, what).damaged == 1);
  CHECK(replay(subject, what).damaged == 0);  // nothing looks
}

TEST_CASE("the loop alone, whose blocks are one, is not accused of that") {
  no_subject subject;
  CHECK(with_payload(subject, random_shrinking_trace(1, 2'000, 8)).damaged == 0);
}

namespace {

// Holds its first shrinking until somebody releases something, which must not happen, or a while.
struct slow_shrinker {
  std::chrono::milliseconds patience;
  std::array<std::byte, 100> block{};
  std::atomic<bool> release_seen{false};
  std::atomic<bool> shrunk_before{false};
  std::atomic<bool> has_shrunk{false};

  void* allocate(std::size_t) noexcept { return block.data(); }
  void* shrink(void* p, std::size_t, std::size_t) noexcept {
    wait_at_most(patience, [&] { return release_seen.load(); });
    has_shrunk = true;
    return p;
  }
  static void* shrink_more(void* p, std::size_t, std::size_t) noexcept { return p; }
  void release(void*, std::size_t) noexcept {}
  void release_shrunk(void*, std::size_t) noexcept {
    shrunk_before = has_shrunk.load();
    release_seen = true;
  }
};

}  // namespace

TEST_CASE("a release on another thread waits until the block has shrunk") {
  const trace what = trace_of(2, {taken(0, 80), shrunk(0, 0, 8), given_back(1, 0)});
  slow_shrinker subject{.patience = std::chrono::milliseconds(30)};
  replay(subject, what);
  CHECK(subject.release_seen);
  CHECK(subject.shrunk_before);
}

TEST_CASE("a release that does not wait for that is seen") {
  const trace what = trace_of(2, {taken(0, 80), shrunk(0, 0, 8), given_back(1, 0)});
  replay_plan plan = plan_for(what);
  // The fault of a plan that leaves the block in the slot that it had.
  plan.threads[1].steps[0] = {plan.threads[0].steps[0].slot(), 8, event_kind::release, true};
  slow_shrinker subject{.patience = std::chrono::seconds(20)};
  replay(subject, plan);
  CHECK(subject.release_seen);
  CHECK_FALSE(subject.shrunk_before);
}
// NOLINTEND(cppcoreguidelines-no-malloc)
