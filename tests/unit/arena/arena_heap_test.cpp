// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// arena_heap_test.cpp: what an arena asks of the heap, and which lines of it threads write
//
// The operators new and delete of the whole test program are replaced by ones that count, refuse,
// and remember what is live. Below them malloc is counted: natively by one in front of the C
// library's, under a sanitizer by its hooks. So it shows that from build() on nothing is asked for,
// that an arena which finds no memory is an error that leaves nothing behind, and, since all state
// of an arena is then known byte by byte, that two threads on blocks of their own write no cache
// line in common.
// Relies on glibc or a sanitizer's run-time library, and Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <expected>
#include <iterator>
#include <new>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "../../peer.hpp"
#include "../sanitized.hpp"
#include "caiman/arena.hpp"
#include "caiman/fixed_arena.hpp"
#include "lent.hpp"

#include <catch2/catch.hpp>

// NOLINTBEGIN(bugprone-use-after-move): what is left of an object that was moved from is tested
// here

namespace {

// What went through malloc and the operators below.
struct heap_log {
  static constexpr std::size_t room = 64;
  struct piece {
    std::byte* at;
    std::size_t bytes;
  };
  std::atomic<std::size_t> mallocs{0};
  std::atomic<std::size_t> news{0};
  std::atomic<std::size_t> deletes{0};
  std::atomic<std::size_t> refuse_at{0};  // 1: the next request, 0: none
  // Written by one thread, while it builds an arena.
  bool remembers = false;
  std::size_t pieces = 0;
  piece seen[room] = {};
};
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): operator new takes no more
constinit heap_log heap;

void* requested_or_null(std::size_t bytes, std::size_t alignment) noexcept {
  ++heap.news;
  if (heap.refuse_at != 0) {
    --heap.refuse_at;
    if (heap.refuse_at == 0) return nullptr;
  }
  bytes = (std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
  // NOLINTNEXTLINE(cppcoreguidelines-no-malloc): there is nothing else below operator new
  void* const got = alignment <= 16 ? std::malloc(bytes) : std::aligned_alloc(alignment, bytes);
  if (got == nullptr) return nullptr;
  if (heap.remembers && heap.pieces < heap_log::room) {
    heap.seen[heap.pieces++] = {static_cast<std::byte*>(got), bytes};
  }
  return got;
}
void* requested(std::size_t bytes, std::size_t alignment) {
  void* const got = requested_or_null(bytes, alignment);
  if (got == nullptr) throw std::bad_alloc();
  return got;
}
void give_back(void* memory) noexcept {
  if (memory != nullptr) ++heap.deletes;
  std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc): nothing is below operator delete
}

}  // namespace

#if defined(CAIMAN_TEST_SANITIZED)
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*,
                                                                           std::size_t),
                                                         void (*on_free)(const volatile void*));
namespace {
const int hooked = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t) { ++heap.mallocs; }, [](const volatile void*) {});
}
#else
// NOLINTBEGIN(clang-diagnostic-reserved-identifier,readability-identifier-naming): so the C
// library calls its own
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t nmemb, std::size_t size);
void* __libc_realloc(void* ptr, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void* malloc(std::size_t size) {
  ++heap.mallocs;
  return __libc_malloc(size);
}
void* calloc(std::size_t nmemb, std::size_t size) {
  ++heap.mallocs;
  return __libc_calloc(nmemb, size);
}
void* realloc(void* ptr, std::size_t size) {
  ++heap.mallocs;
  return __libc_realloc(ptr, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++heap.mallocs;
  return __libc_memalign(alignment, size);
}
void* memalign(std::size_t alignment, std::size_t size) { return aligned_alloc(alignment, size); }
int posix_memalign(void** memptr, std::size_t alignment, std::size_t size) {
  *memptr = aligned_alloc(alignment, size);
  return *memptr == nullptr ? ENOMEM : 0;
}
}
// NOLINTEND(clang-diagnostic-reserved-identifier,readability-identifier-naming)
namespace {
constexpr int hooked = 1;
}
#endif

// Not inline, or g++ takes malloc and delete for a mismatch; every form, or a sanitizer has its
// own, which calls none of these. See metadata_test.cpp.
[[gnu::noinline]] void* operator new(std::size_t bytes) { return requested(bytes, 16); }
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return requested_or_null(bytes, 16);
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment,
                                     const std::nothrow_t&) noexcept {
  return requested_or_null(bytes, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return requested_or_null(bytes, 16);
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return requested(bytes, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void* operator new[](std::size_t bytes) { return requested(bytes, 16); }
[[gnu::noinline]] void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return requested(bytes, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { give_back(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { give_back(memory); }
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept {
  give_back(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  give_back(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  give_back(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t,
                                       const std::nothrow_t&) noexcept {
  give_back(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  give_back(memory);
}

[[gnu::noinline]] void operator delete[](void* memory) noexcept { give_back(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { give_back(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::align_val_t) noexcept {
  give_back(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  give_back(memory);
}

namespace {

using caiman::buddy_arena;
using caiman::buddy_geometry;
using caiman::buddy_hint;
using caiman::buffer;
using caiman::build_error;
using caiman::bytes;
using caiman::fixed_arena;
using caiman::init_policy;
using caiman::slot_spec;
using caiman::testing::lent_region;
using caiman::testing::peer;

// Counts first and compares then: a comparison of Catch2 asks for memory itself.
struct requests {
  std::size_t mallocs = heap.mallocs;
  std::size_t news = heap.news;
  [[nodiscard]] std::size_t since() const { return heap.mallocs - mallocs + heap.news - news; }
};

template <class Take>
void live_and_die(const Take& take, unsigned rounds) {
  for (unsigned round = 0; round < rounds; ++round) {
    auto got = take(round);
    if (!got) continue;
    got->put("written");
    auto other = take(round + 1);
    bytes whole = std::move(*got).freeze();
    const bytes copy = whole;
    bytes part = copy.slice(2, 3);
    whole = std::move(part);
    if (other) {
      *got = *std::move(other);
      static_cast<void>(got->try_put(std::as_bytes(std::span(std::string_view("more")))));
      static_cast<void>(std::move(*got).freeze(0, 100'000).has_value());  // a refusal
      std::move(*got).abandon();
    }
  }
}

// Every kind of arena; `f(build)` gets a function that builds one and returns its error, if any.
template <class F>
void for_each_kind(lent_region& region, std::size_t total, const F& f) {
  const auto outcome = [](const auto& made) {
    heap.refuse_at = 0;  // what comes now is the test's
    return made ? std::optional<build_error>() : std::optional<build_error>(made.error());
  };
  const auto geometry = buddy_geometry::exact(total, 64).value();
  f([&] { return outcome(buddy_arena::builder(geometry).build()); });
  f([&] { return outcome(buddy_arena::builder(geometry).build_unfaulted()); });
  f([&] {
    return outcome(
        buddy_arena::from_region(region.at(), total, buddy_hint::min_alloc(64), region.note())
            .init(init_policy::zero)
            .build());
  });
  f([&] { return outcome(fixed_arena::with_slot_capacity(100, 64).build()); });
  f([&] {
    return outcome(
        fixed_arena::from_region(region.at(), total, slot_spec::count(100), region.note())
            .init(init_policy::zero)
            .build());
  });
}

}  // namespace

TEST_CASE("the counting of requests can fail", "[heap][control]") {
  REQUIRE(hooked > 0);
  const requests before;
  ::operator delete(::operator new(8));
  const std::size_t of_new = before.since();
  void* volatile memory = std::malloc(8);  // NOLINT(cppcoreguidelines-no-malloc): it is counted
  const std::size_t of_malloc = before.since() - of_new;
  std::free(memory);   // NOLINT(cppcoreguidelines-no-malloc)
  CHECK(of_new == 2);  // the operator, and what is below it
  CHECK(of_malloc == 1);
}

TEST_CASE("from build() on nothing is asked of the heap", "[heap]") {
  lent_region region(1 << 14);
  const auto policy = GENERATE(init_policy::uninit, init_policy::zero);
  const auto own = buddy_arena::builder(buddy_geometry::nearest(1 << 14, 64).value())
                       .auto_spill()
                       .init(policy)
                       .build()
                       .value();
  const auto lent = buddy_arena::from_region(region.at(), 1 << 13, buddy_hint::min_alloc(64))
                        .init(policy)
                        .build()
                        .value();
  const auto slots = fixed_arena::from_region(region.at() + (1 << 13), 1 << 13, slot_spec::count(3))
                         .init(policy)
                         .build()
                         .value();
  const auto sized = [](const buddy_arena& arena) {
    return [&arena](unsigned round) { return arena.allocate(round * 37 % 9'000 + 8); };
  };
  static_cast<void>(own.metrics());  // the thread has its slot
  const requests before;
  live_and_die(sized(own), 400);
  live_and_die(sized(lent), 400);
  live_and_die([&](unsigned) { return slots.allocate(); }, 100);
  const buddy_arena copy(own);  // NOLINT(performance-unnecessary-copy-initialization): it counts
  const bool seen = copy.metrics().frozen > 0 && lent.metrics().allocations_failed > 0 &&
                    slots.metrics().slots_free == 3 && copy.is_block_free(8, 0) &&
                    copy.free_block_count(8) == 1;
  const std::size_t asked = before.since();
  CHECK(seen);
  CHECK(asked == 0);
}

TEST_CASE("a spill and an owned copy ask for what they need", "[heap]") {
  const auto arena =
      buddy_arena::builder(buddy_geometry::exact(1'024, 64).value()).auto_spill().build().value();
  buffer b = arena.allocate(64).value();
  b.put("abc");
  const char long_text[100] = {};
  const requests before;
  b.put(std::string_view(long_text, 100));
  const std::size_t spill = heap.news - before.news;
  bytes all = std::move(b).freeze();
  bytes copy = all;
  const std::size_t shared = heap.news - before.news - spill;
  const auto owned = std::move(copy).into_owned();
  const std::size_t copied = heap.news - before.news - spill - shared;
  CHECK(spill == 1);
  CHECK(shared == 0);
  CHECK(copied == 1);

  // And when there is nothing, all is as it was.
  buffer other = arena.allocate(64).value();
  other.put("abc");
  heap.refuse_at = 1;
  CHECK_THROWS_AS(other.put(std::string_view(long_text, 100)), std::bad_alloc);
  heap.refuse_at = 1;
  const auto refused = other.try_put(std::as_bytes(std::span(long_text)));
  heap.refuse_at = 0;
  CHECK(refused.error() == caiman::buffer_full{61, 100});
  CHECK(other.size() == 3);
  CHECK_FALSE(other.is_spilled());
  CHECK(arena.metrics().spills == 1);
  heap.refuse_at = 1;
  CHECK_THROWS_AS(std::move(all).into_owned(), std::bad_alloc);
  heap.refuse_at = 0;
  CHECK(all.size() == 103);
}

TEST_CASE("an arena that finds no memory is an error and leaves nothing behind", "[heap][build]") {
  lent_region region(1 << 14);
  for_each_kind(region, 1 << 14, [&](const auto& build) {
    static_cast<void>(build());  // notes are made
    const std::size_t calls = region.calls();
    std::size_t refusals = 0;
    for (bool more = true; more; ++refusals) {
      const std::size_t kept = heap.news - heap.deletes;
      heap.refuse_at = refusals + 1;
      const auto error = build();
      more = error.has_value();
      // A request that was refused was counted and has no delete.
      const std::size_t leaked = heap.news - heap.deletes - kept - std::size_t{error.has_value()};
      if (more) {
        CHECK(error == build_error::out_of_memory);
        CHECK(region.calls() == calls);
        CHECK(caiman::testing::count_other(region.at(), region.size(), caiman::testing::garbage) ==
              0);
      } else {
        CHECK_FALSE(error.has_value());
      }
      CHECK(leaked <= std::size_t{!more});  // the note of a region that came back
    }
    CHECK(refusals >= 3);  // state, metadata, shares; and then it works
  });
}

TEST_CASE("a region comes back when the metadata has gone", "[heap][region]") {
  lent_region region(4'096);
  std::size_t deletes = 0;
  std::size_t pieces = 0;
  {
    heap.pieces = 0;
    auto builder = buddy_arena::from_region(
        region.at(), 4'096, buddy_hint::min_alloc(64),
        [&](std::byte*, std::size_t) { deletes = heap.deletes - deletes; });
    heap.remembers = true;
    auto arena = builder.build();
    heap.remembers = false;
    pieces = heap.pieces;
    deletes = heap.deletes;
  }
  CHECK(deletes == pieces - 1);  // all but the state that calls
}

namespace {

// All that an arena has on the heap, and what a thread changes there.
class anatomy {
 public:
  using lines = std::set<std::uintptr_t>;

  template <class Build>
  explicit anatomy(const Build& build) {
    heap.pieces = 0;
    heap.remembers = true;
    build();
    heap.remembers = false;
    REQUIRE(heap.pieces >= 3);
    REQUIRE(heap.pieces < heap_log::room);
    pieces_.assign(heap.seen, heap.seen + heap.pieces);
    for (const heap_log::piece& p : pieces_) now_.emplace_back(p.at, p.at + p.bytes);
  }

  /// Notes the lines that differ from the last look.
  void look(lines& changed) {
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      for (std::size_t at = 0; at < pieces_[i].bytes; ++at) {
        if (pieces_[i].at[at] == now_[i][at]) continue;
        changed.insert(reinterpret_cast<std::uintptr_t>(pieces_[i].at + at) / 64);
        now_[i][at] = pieces_[i].at[at];
      }
    }
  }

 private:
  std::vector<heap_log::piece> pieces_;
  std::vector<std::vector<std::byte>> now_;
};

// One life of a block, with a look after each step, since a count that went up and down again
// would look as if nobody had written it.
anatomy::lines written_by_a_round(const buddy_arena& arena, anatomy& state, std::size_t length) {
  anatomy::lines changed;
  state.look(changed);
  changed.clear();
  buffer b = arena.allocate(length).value();
  state.look(changed);
  b.put("x");
  bytes whole = std::move(b).freeze();
  state.look(changed);
  bytes copy = whole;
  state.look(changed);
  bytes part = copy.slice(0, 1);
  state.look(changed);
  copy = {};
  state.look(changed);
  whole = {};
  state.look(changed);
  part = {};
  state.look(changed);
  return changed;
}

}  // namespace

TEST_CASE("threads on blocks of their own write no line in common", "[heap][lines][threads]") {
  const std::size_t length = GENERATE(64U, 256U, 1'024U);
  const auto policy = GENERATE(init_policy::uninit, init_policy::zero);
  INFO("blocks of " << length);
  std::optional<buddy_arena> arena;
  lent_region region(1 << 16);
  anatomy state([&] {
    arena = buddy_arena::from_region(region.at(), 1 << 16, buddy_hint::min_alloc(64))
                .init(policy)
                .build()
                .value();
  });
  peer one;
  peer other;
  anatomy::lines ours;
  anatomy::lines theirs;
  // At first both take what there is; from then on each has a block of its own at hand.
  std::optional<buffer> first;
  one.run([&] { first = arena->allocate(length).value(); });
  other.run([&] { written_by_a_round(*arena, state, length); });
  one.run([&] { first.reset(); });
  for (unsigned round = 0; round < 3; ++round) {
    one.run([&] { ours.merge(written_by_a_round(*arena, state, length)); });
    other.run([&] { theirs.merge(written_by_a_round(*arena, state, length)); });
  }
  CHECK(ours.size() >= 3);  // the books, the stack, the shares
  CHECK(theirs.size() >= 3);
  std::vector<std::uintptr_t> common;
  std::ranges::set_intersection(ours, theirs, std::back_inserter(common));
  CHECK(common.empty());
  // The control: handles are counted in one place.
  anatomy::lines of_copies[2];
  for (unsigned i = 0; i < 2; ++i) {
    (i == 0 ? one : other).run([&] {
      anatomy::lines ignored;
      state.look(ignored);
      // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): it counts
      const buddy_arena copy = *arena;
      state.look(of_copies[i]);
    });
  }
  common.clear();
  std::ranges::set_intersection(of_copies[0], of_copies[1], std::back_inserter(common));
  CHECK(common.size() == 1);
}

// NOLINTEND(bugprone-use-after-move)
