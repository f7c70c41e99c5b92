// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// prefault_test.cpp: who touches the pages of an arena, and when
//
// lazy() touches none, any number of threads touches all that one would, each part on a thread of
// its own, and where the system has no thread all the same. What prefaulting without threads does
// is arena_test.cpp's. Relies on mincore of Linux, and Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "../child.hpp"
#include "../sanitized.hpp"
#include "caiman/async.hpp"
#include "caiman/fixed_arena.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::buddy_arena;
using caiman::buddy_geometry;
using caiman::fixed_arena;
using caiman::page_size;
namespace os = caiman::detail::os;

constexpr std::size_t total = std::size_t{1} << 19;

std::size_t page() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

std::size_t touched(const std::byte* base) {
  std::vector<unsigned char> pages(total / page());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): mincore writes nothing there
  REQUIRE(mincore(const_cast<std::byte*>(base), total, pages.data()) == 0);
  return static_cast<std::size_t>(
      std::ranges::count_if(pages, [](unsigned char p) { return (p & 1) != 0; }));
}

void check(auto builder) {
  const std::size_t all = total / page();
  builder.lazy();
  CHECK(touched(builder.build().value().base()) == 0);
  CHECK(touched(builder.build_unfaulted().value().fault_pages().base()) == 0);
  CHECK(touched(builder.build_async().value().base()) == 0);
  builder.prefault_parallel();
  CHECK(touched(builder.build().value().base()) == all);
  CHECK(touched(builder.build_async().value().base()) == all);
  CHECK(touched(builder.build_unfaulted().value().into_inner().base()) == 0);
  CHECK(touched(builder.build_unfaulted().value().fault_pages().base()) == all);
  for (const unsigned threads : {0U, 1U, 2U, 3U, 7U, 64U, 65U, 66U, 127U, 128U, 1'000U, ~0U}) {
    INFO(threads << " threads");
    builder.prefault(page_size::automatic(), threads);
    CHECK(touched(builder.build().value().base()) == all);
    builder.prefault(page_size::of(3 * page()), threads);
    CHECK(touched(builder.build().value().base()) == (all + 2) / 3);
    builder.prefault(page_size::of(SIZE_MAX), threads);
    CHECK(touched(builder.build().value().base()) == 1);
    builder.prefault(page_size::unknown(), threads);
    CHECK(touched(builder.build().value().base()) == 0);
  }
}

TEST_CASE("pages are touched by nobody, by one thread or by many", "[prefault]") {
  SECTION("blocks") { check(buddy_arena::builder(buddy_geometry::exact(total, 256).value())); }
  SECTION("slots") { check(fixed_arena::with_slot_capacity(total / 512, 512)); }
}

TEST_CASE("parts that run at once have a thread each", "[prefault]") {
  for (const unsigned count : {0U, 1U, 2U, 5U, 64U, 65U}) {
    std::vector<::pthread_t> on(count);
    std::vector<int> times(count);
    struct seen {
      std::vector<::pthread_t>* on;
      std::vector<int>* times;
    } all{&on, &times};
    os::in_parallel(
        count,
        [](void* context, unsigned i) {
          const seen& of = *static_cast<seen*>(context);
          (*of.on)[i] = ::pthread_self();
          ++(*of.times)[i];
        },
        &all);
    CHECK(std::ranges::count(times, 1) == static_cast<std::ptrdiff_t>(count));
    std::ranges::sort(on);
    CHECK(std::ranges::unique(on).empty());  // all live till the end, so none is used again
  }
  CHECK(os::processors() >= 1);
}

TEST_CASE("where there are no threads all pages are touched as well", "[prefault][needs-kernel]") {
#if defined(CAIMAN_TEST_SANITIZED)
  SUCCEED("a sanitizer does not bear such a limit; the plain build tests it");
#else
  auto arena = buddy_arena::builder(buddy_geometry::exact(total, 256).value())
                   .prefault(page_size::automatic(), 8)
                   .build_unfaulted()
                   .value();
  const auto end = child::in_child([&] {
    // Stacks that no thread needs any more are kept, but none of this size.
    ::pthread_attr_t large;
    if (::pthread_attr_init(&large) != 0) _exit(8);
    if (::pthread_attr_setstacksize(&large, std::size_t{256} << 20) != 0) _exit(8);
    if (::pthread_setattr_default_np(&large) != 0) _exit(9);
    const rlimit little{1 << 20, 1 << 20};
    if (setrlimit(RLIMIT_AS, &little) != 0) _exit(10);
    ::pthread_t none{};
    if (::pthread_create(
            &none, nullptr, [](void* p) { return p; }, nullptr) == 0)
      _exit(11);
    const auto whole = std::move(arena).fault_pages();
    std::array<unsigned char, total / 4096> pages{};
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): mincore writes nothing there
    if (mincore(const_cast<std::byte*>(whole.base()), total, pages.data()) != 0) _exit(12);
    for (std::size_t i = 0; i < total / page(); ++i) {
      if ((pages[i] & 1) == 0) _exit(13);
    }
    _exit(0);
  });
  CHECK(end.signal == 0);
  CHECK(end.exit_code == 0);
#endif
}

}  // namespace
