// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// offset_heap_test.cpp: what an offset allocator asks of the heap
//
// The operators new of the whole test program count and refuse: so it shows that nothing is asked
// for once the allocator is made, and that one which finds no memory is an error.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <sys/resource.h>

#include <cstddef>
#include <cstdlib>
#include <new>

#include "../child.hpp"
#include "../sanitized.hpp"
#include "caiman/offset_allocator.hpp"

#include <catch2/catch.hpp>

namespace {

struct heap_log {
  std::size_t asked = 0;
  std::size_t refuse_at = 0;  // 1: the next request, 0: none
};
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): operator new takes no more
constinit heap_log heap;

void* requested_or_null(std::size_t bytes, std::size_t alignment) noexcept {
  ++heap.asked;
  if (heap.refuse_at != 0) {
    --heap.refuse_at;
    if (heap.refuse_at == 0) return nullptr;
  }
  bytes = (bytes + alignment - 1) / alignment * alignment;
  // NOLINTNEXTLINE(cppcoreguidelines-no-malloc): there is nothing else below operator new
  return std::aligned_alloc(alignment, bytes);
}
void* requested(std::size_t bytes, std::size_t alignment) {
  void* const got = requested_or_null(bytes, alignment);
  if (got == nullptr) throw std::bad_alloc();
  return got;
}

}  // namespace

// NOLINTBEGIN(cppcoreguidelines-no-malloc): nothing is below operator delete
void* operator new(std::size_t bytes) { return requested(bytes, 16); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return requested(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t& /*sort*/) noexcept {
  return requested_or_null(bytes, 16);
}
void* operator new(std::size_t bytes, std::align_val_t alignment,
                   const std::nothrow_t& /*sort*/) noexcept {
  return requested_or_null(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t /*bytes*/) noexcept { std::free(at); }
void operator delete(void* at, std::align_val_t /*alignment*/) noexcept { std::free(at); }
void operator delete(void* at, std::size_t /*bytes*/, std::align_val_t /*alignment*/) noexcept {
  std::free(at);
}
// NOLINTEND(cppcoreguidelines-no-malloc)

namespace {

using caiman::build_error;
using caiman::offset_allocator;

TEST_CASE("an offset allocator asks the heap for nothing once it is made", "[offset_heap]") {
  auto all = offset_allocator::make(1 << 20, 64).value();
  const std::size_t before = heap.asked;
  bool served = true;
  std::size_t live = 0;
  for (std::size_t round = 0; round < 2'000; ++round) {
    const auto kept = all.allocate(round % 300, 64, &all);
    const auto held = all.allocate_unique(round * 37 % 5'000, 256);
    served = served && kept && held;
    if (kept && round % 3 != 0) all.release(*kept);
    live = all.statistics().live;
  }
  all.for_each_live([&](const offset_allocator::live_range& each) { live -= each.size < 300; });
  const bool refused = !all.allocate(1 << 21);
  const std::size_t after = heap.asked;
  CHECK(before > 0);
  CHECK(served);
  CHECK(live == 1);  // the handle's own has gone since
  CHECK(refused);
  CHECK(after == before);
}

TEST_CASE("an offset allocator that finds no memory is an error", "[offset_heap][needs-kernel]") {
  for (const std::size_t which : {1U, 2U}) {
    heap.refuse_at = which;
    const auto got = offset_allocator::make(1 << 20, 64);
    const bool there_was_one = heap.refuse_at == 0;
    heap.refuse_at = 0;
    CHECK(there_was_one);
    REQUIRE_FALSE(got);
    CHECK(got.error() == build_error::out_of_memory);
  }
  CHECK(offset_allocator::make(1 << 20, 64));
#if !defined(CAIMAN_TEST_SANITIZED)
  // The records are the system's, and it may have none; a sanitizer could not go on then.
  const auto end = child::in_child([] {
    const rlimit none{1 << 20, 1 << 20};
    if (setrlimit(RLIMIT_AS, &none) != 0) ::_exit(2);
    const auto got = offset_allocator::make(std::size_t{1} << 32, 64);
    ::_exit(!got && got.error() == build_error::out_of_memory ? 0 : 1);
  });
  CHECK(end.exit_code == 0);
#endif
}

}  // namespace
