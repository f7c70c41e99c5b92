// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// writing_test.cpp: what is written into a buffer, other than spans
//
// Single bytes, numbers in both orders, text, formatted text; by iterators, too. And handles and
// buffers that begin empty. Relies on fmt, Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <iterator>
#include <limits>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "caiman/arena.hpp"
#include "caiman/async.hpp"
#include "caiman/buffer.hpp"
#include "caiman/fixed_arena.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::buddy_arena;
using caiman::buddy_geometry;
using caiman::buffer;
using caiman::buffer_full;
using caiman::bytes;

buddy_arena small_arena() {
  return buddy_arena::builder(buddy_geometry::exact(1024, 64).value()).build().value();
}
buddy_arena spilling_arena() {
  return buddy_arena::builder(buddy_geometry::exact(1024, 64).value()).auto_spill().build().value();
}
std::string_view text(const buffer& b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

}  // namespace

TEST_CASE("an empty state that is there from the beginning", "[buffer]") {
  STATIC_REQUIRE(std::is_nothrow_default_constructible_v<buffer>);
  STATIC_REQUIRE(std::is_same_v<buffer::value_type, std::byte>);
  buffer b;
  CHECK(b.empty());
  CHECK(b.capacity() == 0);
  CHECK(b.data() == nullptr);
  CHECK(b.offset() == buffer::npos);
  CHECK_THROWS_AS(b.push_back(std::byte{1}), std::length_error);
  CHECK_THROWS_AS(b.put_be(1), std::length_error);
  CHECK_THROWS_AS(b.fill(std::byte{1}, 1), std::length_error);
  CHECK_THROWS_AS(b.truncate(1), std::out_of_range);
  b.fill(std::byte{1}, 0);
  b.truncate(0);
  b.clear();
  const auto arena = small_arena();
  b = arena.allocate(64).value();
  b.put("x");
  CHECK(text(b) == "x");

  buddy_arena none;
  CHECK(none.total_size() == 0);
  CHECK(none.allocate(1).error() == caiman::alloc_error::request_too_large);
  none = arena;
  CHECK(none == arena);
  caiman::fixed_arena no_slots;
  CHECK(no_slots.slot_count() == 0);
  CHECK(no_slots.allocate().error() == caiman::alloc_error::request_too_large);
  no_slots = caiman::fixed_arena::with_slot_capacity(2, 10).build().value();
  CHECK(no_slots.allocate().has_value());
}

TEST_CASE("numbers in the order that is asked for", "[buffer]") {
  const auto arena = small_arena();
  buffer b = arena.allocate(64).value();
  b.put_be(std::uint32_t{0x61626364});
  b.put_le(std::uint32_t{0x61626364});
  b.put_be(std::uint16_t{0x4142});
  b.put_le(std::int16_t{0x4142});
  b.put_be(std::uint64_t{0x3132333435363738});
  b.put_le(std::uint64_t{0x3132333435363738});
  b.put_be('c');
  b.put_le(std::uint8_t{0x64});
  CHECK(text(b) ==
        "abcd"
        "dcba"
        "ABBA"
        "1234567887654321"
        "cd");
  b.clear();
  b.put_be(std::int32_t{-2});
  b.put_le(true);
  CHECK(text(b) == std::string_view("\xff\xff\xff\xfe\x01"));
  b.clear();
  b.put_le((std::numeric_limits<std::int64_t>::min)());
  CHECK(text(b) == std::string_view("\0\0\0\0\0\0\0\x80", 8));
}

TEST_CASE("single bytes, and many that are alike", "[buffer]") {
  const auto arena = small_arena();
  buffer b = arena.allocate(64).value();
  for (const char c : std::string_view("abc")) b.push_back(static_cast<std::byte>(c));
  b.fill(std::byte{'-'}, 60);
  CHECK(text(b) == "abc" + std::string(60, '-'));
  CHECK_THROWS_AS(b.fill(std::byte{'x'}, 2), std::length_error);
  CHECK_THROWS_AS(b.fill(std::byte{'x'}, SIZE_MAX), std::length_error);
  CHECK_THROWS_AS(b.put_be(std::uint16_t{1}), std::length_error);
  CHECK(b.size() == 63);
  b.push_back(std::byte{'!'});
  CHECK_THROWS_AS(b.push_back(std::byte{'!'}), std::length_error);
  CHECK(text(b) == "abc" + std::string(60, '-') + "!");
}

TEST_CASE("what is written can be forgotten", "[buffer]") {
  const auto arena = small_arena();
  buffer b = arena.allocate(64).value();
  b.put("0123456789");
  b.truncate(10);
  b.truncate(4);
  CHECK(text(b) == "0123");
  CHECK_THROWS_AS(b.truncate(5), std::out_of_range);
  CHECK_THROWS_AS(b.truncate(SIZE_MAX), std::out_of_range);
  CHECK(text(b) == "0123");
  CHECK(b.capacity() == 64);
  b.clear();
  CHECK(b.empty());
  CHECK(b.remaining() == 64);
  b.data()[0] = std::byte{'z'};
  b.advance(1);
  CHECK(text(b) == "z");
  CHECK(arena.metrics().bytes_live == 64);
}

TEST_CASE("text is tried, too", "[buffer]") {
  const auto arena = small_arena();
  buffer b = arena.allocate(64).value();
  REQUIRE(b.try_put("abc").has_value());
  REQUIRE(b.try_put(std::string(60, 'd')).has_value());
  CHECK(b.try_put("ef") == std::unexpected(buffer_full{1, 2}));
  CHECK(text(b) == "abc" + std::string(60, 'd'));
  const bytes more = bytes::literal("g");
  REQUIRE(b.try_put(more).has_value());
  CHECK(text(b).back() == 'g');
}

TEST_CASE("all of them spill", "[buffer][spill]") {
  const auto arena = spilling_arena();
  const auto full = [&] {
    buffer b = arena.allocate(64).value();
    b.fill(std::byte{'f'}, 63);
    return b;
  };
  const std::string before(63, 'f');
  buffer one = full();
  one.push_back(std::byte{'1'});
  CHECK_FALSE(one.is_spilled());
  one.push_back(std::byte{'2'});
  CHECK(one.is_spilled());
  CHECK(text(one) == before + "12");
  buffer number = full();
  number.put_be(std::uint32_t{0x61626364});
  CHECK(text(number) == before + "abcd");
  buffer many = full();
  many.fill(std::byte{'m'}, 1000);
  CHECK(text(many) == before + std::string(1000, 'm'));
  buffer absurd = full();
  CHECK_THROWS_AS(absurd.fill(std::byte{'x'}, SIZE_MAX), std::bad_alloc);
  CHECK_THROWS_AS(absurd.fill(std::byte{'x'}, SIZE_MAX - 63), std::bad_alloc);
  CHECK(text(absurd) == before);
  CHECK_FALSE(absurd.is_spilled());
  CHECK(arena.metrics().spills == 3);
  buffer tried = full();
  REQUIRE(tried.try_put("tried").has_value());
  CHECK(tried.is_spilled());
  tried.clear();
  CHECK(tried.is_spilled());
  CHECK(tried.offset() == buffer::npos);
}

namespace {
struct spill {
  std::size_t asked;
  std::size_t capacity;
  friend bool operator==(const spill&, const spill&) = default;
};
}  // namespace

TEST_CASE("each spill is told, once, while its block is there", "[buffer][spill]") {
  std::vector<spill> seen;
  std::size_t live = 0;
  buddy_arena arena;
  arena = buddy_arena::builder(buddy_geometry::exact(1024, 64).value())
              .auto_spill()
              .on_spill([&](std::size_t asked, std::size_t capacity) {
                seen.push_back({asked, capacity});
                live += arena.metrics().bytes_live;
                REQUIRE(arena.allocate(64).has_value());  // it may use the arena
              })
              .build()
              .value();
  buffer b = arena.allocate(128).value();
  b.put(std::string(100, 'x'));
  b.put(std::string(28, 'y'));
  CHECK(seen.empty());
  b.push_back(std::byte{'z'});
  CHECK(seen == std::vector<spill>{{129, 128}});
  CHECK(live == 128);
  b.put(std::string(10'000, 'z'));  // on the heap already
  CHECK(seen.size() == 1);
  buffer other = arena.allocate(64).value();
  CHECK_THROWS_AS(other.fill(std::byte{}, SIZE_MAX), std::bad_alloc);  // that is no spill
  CHECK(seen.size() == 1);
  REQUIRE(other.try_put(std::string(65, 'x')).has_value());
  CHECK(seen == std::vector<spill>{{129, 128}, {65, 64}});
  CHECK(arena.metrics().spills == 2);
}

TEST_CASE("all builders tell of spills, and several arenas one hook", "[buffer][spill]") {
  std::size_t spills = 0;
  const auto count = [&](std::size_t asked, std::size_t capacity) {
    spills += asked > capacity ? 1 : 0;
  };
  const auto outgrow = [](buffer b) { b.fill(std::byte{'x'}, b.capacity() + 1); };
  auto builder = buddy_arena::builder(buddy_geometry::nearest(1024, 64).value());
  builder.auto_spill().on_spill(count);
  outgrow(builder.build().value().allocate(10).value());
  outgrow(builder.build_unfaulted().value().into_inner().allocate(10).value());
  CHECK(spills == 2);
  outgrow(caiman::fixed_arena::with_slot_capacity(2, 100)
              .auto_spill()
              .on_spill(count)
              .build()
              .value()
              .allocate()
              .value());
  CHECK(spills == 3);
  alignas(64) static std::byte memory[1024];
  outgrow(buddy_arena::from_region(memory, sizeof memory, caiman::buddy_hint::min_alloc(64))
              .auto_spill()
              .on_spill(count)
              .build()
              .value()
              .allocate(1)
              .value());
  CHECK(spills == 4);
  outgrow(caiman::fixed_arena::from_region(memory, sizeof memory, caiman::slot_spec::size(64))
              .auto_spill()
              .on_spill(count)
              .build()
              .value()
              .allocate()
              .value());
  CHECK(spills == 5);
  outgrow(builder.build_async().value().try_allocate(10).value());
  outgrow(caiman::fixed_arena::with_slot_capacity(2, 100)
              .auto_spill()
              .on_spill(count)
              .build_async()
              .value()
              .try_allocate()
              .value());
  CHECK(spills == 7);
  builder.on_spill({});
  outgrow(builder.build().value().allocate(10).value());
  CHECK(spills == 7);
}

TEST_CASE("formatted text goes into the block", "[buffer]") {
  const auto arena = spilling_arena();
  buffer b = arena.allocate(64).value();
  fmt::format_to(std::back_inserter(b), "{}-{:>4}-{:#x}", 42, "ab", 255);
  CHECK(text(b) == "42-  ab-0xff");
  CHECK_FALSE(b.is_spilled());
  // Longer than a block, and than what fmt holds back at a time.
  auto end = fmt::format_to(std::back_inserter(b), "{:*^1000}", "middle");
  *end = '.';
  CHECK(b.size() == 12 + 1000 + 1);
  CHECK(text(b).ends_with("***."));
  CHECK(b.is_spilled());

  const auto tight = small_arena();
  buffer small = tight.allocate(64).value();
  CHECK_THROWS_AS(fmt::format_to(std::back_inserter(small), "{:100}", 1), std::length_error);
}

TEST_CASE("ranges go into the block", "[buffer]") {
  STATIC_REQUIRE(std::output_iterator<std::back_insert_iterator<buffer>, std::byte>);
  STATIC_REQUIRE(std::output_iterator<std::back_insert_iterator<buffer>, const char&>);
  const auto arena = small_arena();
  buffer b = arena.allocate(64).value();
  const bytes what = bytes::copy_of("bytes ");
  std::ranges::copy(what, std::back_inserter(b));
  const std::string_view more = "and characters";
  std::copy(more.begin(), more.end(), std::back_inserter(b));
  CHECK(text(b) == "bytes and characters");
}
