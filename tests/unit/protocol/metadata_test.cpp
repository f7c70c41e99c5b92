// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// metadata_test.cpp: what a buddy costs in memory, and that it never asks for more
//
// The operators new and delete of the whole test program are replaced here by ones that count and
// can refuse. So it shows that metadata_size is what the constructor asks for, to the byte, that
// nothing is asked for afterwards, and that a machine without the memory means std::bad_alloc.
// The counts are compared while no other thread runs.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <expected>
#include <new>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include "caiman/buddy.hpp"
#include "caiman/sequential_sync.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::announced_pop_sync;
using caiman::block;
using caiman::buddy;
using caiman::native_sync;
using caiman::sequential_sync;
using caiman::tree_only_sync;

// What went through the operators below. Plain requests are those without an alignment.
struct heap_log {
  std::atomic<std::size_t> plain_calls{0};
  std::atomic<std::size_t> aligned_calls{0};
  std::atomic<std::size_t> aligned_bytes{0};
  std::atomic<std::size_t> last_alignment{0};
  std::atomic<std::size_t> aligned_returns{0};
  std::atomic<std::size_t> refuse_from{SIZE_MAX};  // bytes
};
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): operator new takes no more
constinit heap_log heap;

void* counted(std::size_t bytes) {
  ++heap.plain_calls;
  // NOLINTNEXTLINE(cppcoreguidelines-no-malloc): there is nothing below operator new
  return std::malloc(bytes == 0 ? 1 : bytes);
}

void* or_throw(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

// NOLINTNEXTLINE(cppcoreguidelines-no-malloc): as above
void give_back(void* memory) noexcept { std::free(memory); }

}  // namespace

// The array forms end up in these; the forms that do not throw would under a sanitizer end up in
// the sanitizer, which then calls our delete a mismatch. Not inline, or g++ takes malloc and delete
// for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t bytes) { return or_throw(counted(bytes)); }
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return counted(bytes);
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
  ++heap.aligned_calls;
  heap.aligned_bytes += bytes;
  heap.last_alignment = static_cast<std::size_t>(alignment);
  if (bytes >= heap.refuse_from) throw std::bad_alloc();
  const auto to = static_cast<std::size_t>(alignment);
  return or_throw(std::aligned_alloc(to, (bytes + to - 1) / to * to));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { give_back(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { give_back(memory); }
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept {
  give_back(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  ++heap.aligned_returns;
  give_back(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  ++heap.aligned_returns;
  give_back(memory);
}

namespace {

std::size_t calls() { return heap.plain_calls + heap.aligned_calls; }

// Counts first and compares then: a comparison of Catch2 asks for memory itself.
struct cost {
  std::size_t calls;
  std::size_t bytes;
  std::size_t alignment;
  std::size_t returns;
};

template <class Sync, unsigned Log2Fanout>
cost cost_of_building(unsigned max_order) {
  const std::size_t plain = heap.plain_calls;
  const std::size_t aligned = heap.aligned_calls;
  const std::size_t bytes = heap.aligned_bytes;
  const std::size_t returns = heap.aligned_returns;
  { const buddy<Sync, Log2Fanout> tree(max_order); }
  return {heap.plain_calls - plain + heap.aligned_calls - aligned, heap.aligned_bytes - bytes,
          heap.last_alignment, heap.aligned_returns - returns};
}

template <class Sync, unsigned Log2Fanout>
void check_cost() {
  INFO("fan-out " << (1U << Log2Fanout));
  for (unsigned max_order = 0; max_order <= 16; ++max_order) {
    INFO("max_order " << max_order);
    const cost seen = cost_of_building<Sync, Log2Fanout>(max_order);
    CHECK(seen.calls == 1);
    CHECK(seen.bytes == buddy<Sync, Log2Fanout>::metadata_size(max_order));
    CHECK(seen.alignment == 128);
    CHECK(seen.returns == 1);
  }
}

// How many requests for memory `steps` random calls make, observers included.
template <class Sync, unsigned Log2Fanout>
std::size_t requests_of_run(unsigned max_order, unsigned steps, std::size_t& refused) {
  buddy<Sync, Log2Fanout> tree(max_order);
  std::vector<block> live;
  live.reserve(steps);
  std::mt19937_64 random(max_order);
  std::size_t seen = 0;
  const std::size_t before = calls();
  for (unsigned step = 0; step < steps; ++step) {
    const auto order = static_cast<unsigned>(random() % (max_order + 1));
    if (random() % 2 == 0 && !live.empty()) {
      std::swap(live[random() % live.size()], live.back());
      tree.release(live.back());
      live.pop_back();
    } else if (const auto got = tree.allocate(order); got) {
      live.push_back(*got);
    } else {
      ++refused;
    }
    if (step % 16 != 0) continue;
    seen += tree.free_count(order) + tree.free_min_blocks() + tree.counts().splits;
    if (tree.is_free({order, 0}) || tree.largest_free_order() == order) ++seen;
    seen += tree.rescans();
  }
  const std::size_t requests = calls() - before;
  CHECK(seen > 0);
  for (const block& b : live) tree.release(b);
  return requests;
}

template <class Sync, unsigned Log2Fanout>
void check_run() {
  INFO("fan-out " << (1U << Log2Fanout));
  static_cast<void>(Sync::thread_slot(
      typename Sync::home()));  // the C++ runtime may note its destructor on the heap
  std::size_t refused = 0;
  for (const unsigned max_order : {0U, 1U, 5U, 9U}) {
    CHECK(requests_of_run<Sync, Log2Fanout>(max_order, 20'000, refused) == 0);
  }
  CHECK(refused > 0);  // so the searches that fail have been there too
}

// As a user with few threads would derive it: threads past the 15th share a slot.
struct few_slots_sync : native_sync {
  static constexpr unsigned exclusive_slots = 15;
  static unsigned scaled_slot() noexcept {
    return std::min(native_sync::scaled_slot(), exclusive_slots * slot_scale);
  }
  static unsigned thread_slot(const home& of) noexcept {
    return std::min(native_sync::thread_slot(of), exclusive_slots);
  }
  static unsigned slots_seen(const home& of) noexcept {
    return std::min(native_sync::slots_seen(of), exclusive_slots);
  }
};
static_assert(caiman::sync_policy<few_slots_sync>);

template <class Sync>
constexpr std::size_t stride = caiman::protocol::slot_table<Sync>::stride;

// Bits of metadata per min block, apart from the slots of the threads, in hundredths.
template <unsigned Log2Fanout>
constexpr std::size_t centibits(unsigned max_order) {
  const std::size_t bytes = buddy<native_sync, Log2Fanout>::metadata_size(max_order) -
                            caiman::protocol::slot_table<native_sync>::bytes();
  return bytes * 8 * 100 >> max_order;
}

}  // namespace

TEST_CASE("the size of the metadata is known to the compiler", "[metadata]") {
  using fast = buddy<native_sync, 6>;
  STATIC_REQUIRE(noexcept(fast::metadata_size(0)));
  // 64 MiB of 256 bytes: a bit per min block and a 63rd of that for the levels above, 8 hint
  // bitmaps per 64 words; in all about 1.15
  STATIC_REQUIRE(fast::metadata_size(18) >= (std::size_t{1} << 18) / 8);
  STATIC_REQUIRE(centibits<6>(18) >= 113);
  STATIC_REQUIRE(centibits<6>(18) <= 120);
  STATIC_REQUIRE(centibits<6>(32) >= 113);
  STATIC_REQUIRE(centibits<6>(32) <= 120);
  // 64 slots of a line of counters, hints of 8 bytes for 33 orders, and a line of heights and 16
  // entries of 4 bytes for 8 orders; each slot rounded up to a power of two
  STATIC_REQUIRE(stride<native_sync> >= 64 + 33 * 8 + 64 + 8 * 16 * 4);
  STATIC_REQUIRE(stride<native_sync> == 1024);
  STATIC_REQUIRE(caiman::protocol::slot_table<native_sync>::bytes() == 64 * stride<native_sync>);
  STATIC_REQUIRE(fast::metadata_size(18) < std::size_t{102} * 1024);
  // One that 16 threads at most work with
  STATIC_REQUIRE(buddy<few_slots_sync, 6>::metadata_size(18) <= std::size_t{64} * 1024);
  // Without stacks a slot takes no memory for them
  STATIC_REQUIRE(caiman::protocol::owner_stacks<tree_only_sync>::bytes() == 0);
  STATIC_REQUIRE(caiman::protocol::owner_stacks<sequential_sync>::bytes() == 0);
  STATIC_REQUIRE(stride<tree_only_sync> == 512);
  STATIC_REQUIRE(fast::metadata_size(18) - buddy<tree_only_sync, 6>::metadata_size(18) ==
                 std::size_t{64} * 512);
  STATIC_REQUIRE(fast::metadata_size(18) == buddy<announced_pop_sync, 6>::metadata_size(18));
  STATIC_REQUIRE(fast::metadata_size(32) < std::size_t{1} << 30);
  // A narrow word still takes 8 bytes: two min blocks in it cost 32 bits each, and hints come on
  // top.
  STATIC_REQUIRE(buddy<native_sync, 1>::metadata_size(18) >= std::size_t{4} << 18);
  STATIC_REQUIRE(buddy<native_sync, 3>::metadata_size(18) >= std::size_t{1} << 18);
  STATIC_REQUIRE(buddy<sequential_sync, 6>::metadata_size(18) < fast::metadata_size(18));
}

TEMPLATE_TEST_CASE_SIG("the metadata never shrinks with the order", "[metadata]",
                       ((unsigned Log2Fanout), Log2Fanout), 1, 2, 3, 4, 5, 6) {
  using tree = buddy<native_sync, Log2Fanout>;
  for (unsigned max_order = 1; max_order <= tree::largest_max_order; ++max_order) {
    INFO("max_order " << max_order);
    CHECK(tree::metadata_size(max_order) >= tree::metadata_size(max_order - 1));
    CHECK(tree::metadata_size(max_order) >= (std::size_t{1} << max_order) / 8);
  }
}

// What a buddy asks for depends on the fan-out and on the policy, each by itself: no need to
// compile every pair.
TEMPLATE_TEST_CASE_SIG("a buddy asks for its metadata, once, and for nothing else", "[metadata]",
                       ((unsigned Log2Fanout), Log2Fanout), 1, 2, 3, 4, 5, 6) {
  check_cost<native_sync, Log2Fanout>();
  check_run<native_sync, Log2Fanout>();
}

TEMPLATE_TEST_CASE("whatever its policy", "[metadata]", announced_pop_sync, tree_only_sync,
                   few_slots_sync, sequential_sync) {
  check_cost<TestType, 2>();
  check_run<TestType, 2>();
}

TEST_CASE("the counting of requests can fail", "[metadata][control]") {
  const std::size_t plain = heap.plain_calls;
  const std::size_t aligned = heap.aligned_calls;
  const std::size_t bytes = heap.aligned_bytes;
  const std::size_t returns = heap.aligned_returns;
  // The operators themselves: a pair of new and delete may be left out by the compiler.
  ::operator delete(::operator new(8));
  ::operator delete (::operator new (384, std::align_val_t{128}), std::align_val_t{128});
  const std::size_t seen[] = {heap.plain_calls - plain, heap.aligned_calls - aligned,
                              heap.aligned_bytes - bytes, heap.aligned_returns - returns};
  CHECK(seen[0] == 1);
  CHECK(seen[1] == 1);
  CHECK(seen[2] == 384);
  CHECK(seen[3] == 1);
}

TEMPLATE_TEST_CASE_SIG("a buddy that has no memory to live in is a bad_alloc", "[metadata]",
                       ((unsigned Log2Fanout), Log2Fanout), 1, 2, 3, 4, 5, 6) {
  using tree = buddy<native_sync, Log2Fanout>;
  const std::size_t returns = heap.aligned_returns;
  for (const unsigned max_order : {0U, 18U, 32U}) {
    INFO("max_order " << max_order);
    heap.refuse_from = tree::metadata_size(max_order);
    CHECK_THROWS_AS(tree(max_order), std::bad_alloc);
    heap.refuse_from = SIZE_MAX;
  }
  const std::size_t returned = heap.aligned_returns - returns;
  CHECK(returned == 0);
}

TEMPLATE_TEST_CASE_SIG("an order past 32 is a length_error", "[metadata]",
                       ((unsigned Log2Fanout), Log2Fanout), 1, 2, 3, 4, 5, 6) {
  STATIC_REQUIRE(buddy<native_sync, Log2Fanout>::largest_max_order == 32);
  STATIC_REQUIRE(buddy<sequential_sync, Log2Fanout>::largest_max_order == 32);
  const std::size_t aligned = heap.aligned_calls;
  for (const unsigned max_order : {33U, 34U, 64U, ~0U}) {
    INFO("max_order " << max_order);
    CHECK_THROWS_AS((buddy<native_sync, Log2Fanout>(max_order)), std::length_error);
    CHECK_THROWS_AS((buddy<sequential_sync, Log2Fanout>(max_order)), std::length_error);
  }
  const std::size_t asked = heap.aligned_calls - aligned;
  CHECK(asked == 0);
}

TEST_CASE("a buddy of millions of min blocks works", "[metadata]") {
  for (unsigned max_order = 20; max_order <= 24; ++max_order) {
    INFO("max_order " << max_order);
    buddy<> tree(max_order);
    const std::size_t all = std::size_t{1} << max_order;
    REQUIRE(tree.free_min_blocks() == all);
    std::vector<block> live;
    std::vector<bool> used(all);
    std::size_t overlaps = 0;
    for (unsigned order = 0; order < max_order; ++order) {
      live.push_back(tree.allocate(order).value());
      const std::size_t first = live.back().index << order;
      for (std::size_t i = first; i < first + (std::size_t{1} << order); ++i) {
        if (used[i]) ++overlaps;
        used[i] = true;
      }
    }
    CHECK(overlaps == 0);
    CHECK(tree.free_min_blocks() == 1);  // all - (1 + 2 + 4 + ...)
    CHECK(tree.largest_free_order() == 0U);
    CHECK(tree.allocate(1) == std::unexpected(caiman::alloc_error::arena_full));
    CHECK(tree.counts().splits == max_order);
    for (const block& b : live) tree.release(b);
    CHECK(tree.free_min_blocks() == all);
    REQUIRE(tree.allocate(max_order) == block{max_order, 0});
  }
}
