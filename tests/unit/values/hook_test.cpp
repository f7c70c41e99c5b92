// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// hook_test.cpp: what is kept for later is called, moved and ended once
//
// Each kind of callable, inside the hook and on the heap, with a count of how often it lives.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include "caiman/detail/lean/hook.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "caiman/region.hpp"

namespace {

using adder = caiman::detail::hook<int(int)>;

static_assert(!std::is_copy_constructible_v<adder> && !std::is_copy_assignable_v<adder>);
static_assert(std::is_nothrow_move_constructible_v<adder> &&
              std::is_nothrow_move_assignable_v<adder> &&
              std::is_nothrow_default_constructible_v<adder>);
static_assert(std::is_constructible_v<adder, long (*)(long)>);  // what converts
static_assert(!std::is_constructible_v<adder, int (*)(int*)>);  // another argument
static_assert(!std::is_constructible_v<adder, int>);            // nothing that can be called
static_assert(!std::is_constructible_v<caiman::spill_hook, void (*)(std::byte*)>);

int twice(int of) { return 2 * of; }

/// Counts those that live; `Weight` bytes more do not fit into a hook.
template <std::size_t Weight>
struct counted {
  explicit counted(int& count) noexcept : living(&count) { ++*living; }
  counted(const counted& other) noexcept : living(other.living), called(other.called) { ++*living; }
  counted(counted&& other) noexcept : living(other.living), called(other.called) { ++*living; }
  counted& operator=(const counted&) = delete;
  counted& operator=(counted&&) = delete;
  ~counted() { --*living; }
  int operator()(int of) { return of + ++called; }

  int* living;
  int called = 0;
  std::array<std::byte, Weight> weight{};
};

template <std::size_t Weight>
void lives_once() {
  int living = 0;
  {
    adder one = counted<Weight>(living);
    CHECK(living == 1);
    CHECK(one(10) == 11);
    CHECK(one(10) == 12);  // its own state
    adder other = std::move(one);
    CHECK(living == 1);
    CHECK((!one && one == nullptr));  // NOLINT(bugprone-use-after-move): empty, it says
    CHECK(other(10) == 13);
    one = std::move(other);
    CHECK(one(10) == 14);
    adder& itself = one;
    one = std::move(itself);
    CHECK(one(10) == 15);
    one = twice;
    CHECK(living == 0);
    CHECK(one(10) == 20);
    one = counted<Weight>(living);
    one = nullptr;
    CHECK((living == 0 && !one));
    one = counted<Weight>(living);
  }
  CHECK(living == 0);
}

TEST_CASE("what a hook holds lives once, inside it and on the heap") {
  lives_once<1>();
  lives_once<100>();
}

TEST_CASE("a hook of nothing is empty") {
  int (*const none)(int) = nullptr;
  CHECK(!adder());
  CHECK(!adder(nullptr));
  CHECK(!adder(none));
  CHECK(!adder(std::function<int(int)>()));
  CHECK(adder(std::function<int(int)>(twice))(4) == 8);
  CHECK(adder(twice)(4) == 8);
  CHECK(adder([](int of) { return of + 1; })(4) == 5);
#if defined(__cpp_lib_move_only_function)
  CHECK(!adder(std::move_only_function<int(int)>()));
  CHECK(adder(std::move_only_function<int(int)>(twice))(4) == 8);
  CHECK(std::move_only_function<int(int)>(adder(twice))(4) == 8);
#endif
}

TEST_CASE("a hook owns what its callable owns, and drops what it answers where nobody asks") {
  std::byte memory[2]{};
  const std::byte* seen = nullptr;
  caiman::region_release hook = [&seen, kept = std::make_unique<int>(7)](std::byte* at,
                                                                         std::size_t size) {
    seen = at + size + *kept - 7;
    return 3;
  };
  caiman::region_release moved = std::exchange(hook, nullptr);
  CHECK(!hook);
  moved(memory, 1);
  CHECK(seen == memory + 1);
}

}  // namespace
