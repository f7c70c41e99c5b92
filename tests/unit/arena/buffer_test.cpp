// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// buffer_test.cpp: one owner that writes, many that read
//
// Buffers and bytes over small arenas: writing to the last byte and past it, with a spill and
// without; what a failed call leaves behind; moves, self-moves and empty ones; how long copies and
// slices keep a block; parts that are frozen. The region of the test's own shows what a spill did
// to the block that it left.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include "caiman/buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "caiman/arena.hpp"
#include "lent.hpp"

#include <catch2/catch.hpp>

// NOLINTBEGIN(bugprone-use-after-move): what is left of an object that was moved from is tested
// here

namespace {

using caiman::bad_range;
using caiman::buddy_arena;
using caiman::buddy_geometry;
using caiman::buddy_hint;
using caiman::buffer;
using caiman::buffer_full;
using caiman::bytes;
using caiman::testing::garbage;
using caiman::testing::lent_region;

buddy_arena small_arena() {
  return buddy_arena::builder(buddy_geometry::exact(1024, 64).value()).build().value();
}
buddy_arena spilling_arena() {
  return buddy_arena::builder(buddy_geometry::exact(1024, 64).value()).auto_spill().build().value();
}

std::string_view text(std::span<const std::byte> what) {
  return {reinterpret_cast<const char*>(what.data()), what.size()};
}
std::span<const std::byte> raw(std::string_view what) { return std::as_bytes(std::span(what)); }

std::size_t live(const buddy_arena& arena) { return arena.metrics().bytes_live; }

// NOLINTBEGIN(readability-container-size-empty): both are asked, and must agree
bool is_empty(const buffer& b) {
  return b.empty() && b.size() == 0 && b.capacity() == 0 && b.remaining() == 0 &&
         b.written().empty() && !b.is_spilled() && b.will_fit(0) && !b.will_fit(1);
}
bool is_empty(const bytes& b) {
  return b.empty() && b.size() == 0 && b.as_string_view().empty() && b.begin() == b.end();
}
// NOLINTEND(readability-container-size-empty)

// Whatever a buffer that holds nothing is asked for, it refuses and harms nobody.
void check_refuses(buffer& nothing) {
  CHECK(is_empty(nothing));
  CHECK_THROWS_AS(nothing.put("x"), std::length_error);
  CHECK_THROWS_AS(nothing.advance(1), std::length_error);
  CHECK(nothing.try_put(raw("xy")) == std::unexpected(buffer_full{0, 2}));
  CHECK(nothing.spare().empty());
  nothing.put("");
  nothing.advance(0);
  CHECK(std::move(nothing).freeze(0, 1).error() == bad_range{0, 1, 0});
  CHECK(is_empty(std::move(nothing).freeze(0, 0).value()));
  CHECK(is_empty(std::move(nothing).freeze()));
  std::move(nothing).abandon();
  CHECK(is_empty(nothing));
}

}  // namespace

TEST_CASE("a buffer is a value that moves, bytes are one that copies", "[buffer]") {
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<buffer>);
  STATIC_REQUIRE(std::is_nothrow_move_assignable_v<buffer>);
  STATIC_REQUIRE(!std::is_copy_constructible_v<buffer>);
  STATIC_REQUIRE(!std::is_copy_assignable_v<buffer>);
  STATIC_REQUIRE(std::is_nothrow_copy_constructible_v<bytes>);
  STATIC_REQUIRE(std::is_nothrow_move_assignable_v<bytes>);
  STATIC_REQUIRE(std::is_nothrow_default_constructible_v<bytes>);
  STATIC_REQUIRE(std::is_convertible_v<const bytes&, std::span<const std::byte>>);
}

TEST_CASE("a buffer takes its capacity and not a byte more", "[buffer]") {
  const auto arena = small_arena();
  buffer b = arena.allocate(100).value();
  CHECK(b.capacity() == 128);
  CHECK(b.empty());
  CHECK(b.remaining() == 128);
  b.put(std::string(100, 'a'));
  CHECK(b.size() == 100);
  CHECK(b.remaining() == 28);
  CHECK(b.will_fit(28));
  CHECK_FALSE(b.will_fit(29));
  CHECK_FALSE(b.will_fit(SIZE_MAX));

  CHECK_THROWS_AS(b.put(std::string(29, 'b')), std::length_error);
  CHECK(b.try_put(raw(std::string(29, 'b'))) == std::unexpected(buffer_full{28, 29}));
  CHECK(text(b.written()) == std::string(100, 'a'));  // nothing has changed
  CHECK(b.remaining() == 28);

  REQUIRE(b.try_put(raw(std::string(28, 'c'))).has_value());
  CHECK(b.remaining() == 0);
  b.put("");
  CHECK(b.try_put(raw("d")) == std::unexpected(buffer_full{0, 1}));
  CHECK(text(b.written()) == std::string(100, 'a') + std::string(28, 'c'));
  CHECK_FALSE(b.is_spilled());
}

TEST_CASE("a write that fails leaves every byte of the block alone", "[buffer]") {
  lent_region region(256);
  const auto arena =
      buddy_arena::from_region(region.at(), 256, buddy_hint::min_alloc(64)).build().value();
  buffer b = arena.allocate(64).value();
  b.put("abc");
  const auto* const at = b.written().data();
  CHECK_THROWS_AS(b.put(std::string(62, 'x')), std::length_error);
  CHECK_FALSE(b.try_put(raw(std::string(62, 'x'))).has_value());
  CHECK(std::memcmp(at, "abc", 3) == 0);
  CHECK(caiman::testing::count_other(at + 3, 61, garbage) == 0);
}

TEST_CASE("what is written in place counts when it is said", "[buffer]") {
  const auto arena = small_arena();
  buffer b = arena.allocate(64).value();
  b.put("ab");
  REQUIRE(b.spare().size() == 62);
  std::memcpy(b.spare().data(), "cdef", 4);
  CHECK(text(b.written()) == "ab");
  b.advance(2);
  CHECK(text(b.written()) == "abcd");
  for (const std::size_t n : {std::size_t{61}, SIZE_MAX, SIZE_MAX - 3}) {
    CHECK_THROWS_AS(b.advance(n), std::length_error);
  }
  CHECK(text(b.written()) == "abcd");
  CHECK(b.remaining() == 60);
  b.advance(60);
  CHECK(b.remaining() == 0);
  CHECK(b.spare().empty());
}

TEST_CASE("a buffer can be told to write what lies in it", "[buffer]") {
  const auto arena = spilling_arena();
  buffer b = arena.allocate(64).value();
  b.put("abcd");
  b.put(b.written());
  CHECK(text(b.written()) == "abcdabcd");
  std::memcpy(b.spare().data(), "..0123456789", 12);
  b.put(b.spare().subspan(2, 10));  // to where it begins: both overlap
  CHECK(text(b.written()) == "abcdabcd0123456789");
  while (!b.is_spilled()) b.put(b.written());
  CHECK(text(b.written()).substr(0, 36) == "abcdabcd0123456789abcdabcd0123456789");
  const std::string before(text(b.written()));
  b.put(b.written());
  b.put(b.written().first(3));
  CHECK(text(b.written()) == before + before + "abc");
}

TEST_CASE("a spill fills the block, gives it back at once and goes on", "[buffer][spill]") {
  lent_region region(128);
  const auto arena = buddy_arena::from_region(region.at(), 128, buddy_hint::min_alloc(64))
                         .auto_spill()
                         .build()
                         .value();
  buffer b = arena.allocate(64).value();
  const std::byte* const block = b.written().data();
  b.put(std::string(60, 'a'));
  CHECK(b.remaining() == 4);
  CHECK(arena.metrics().spills == 0);

  b.put("bcdefg");
  CHECK(b.is_spilled());
  CHECK(b.remaining() == SIZE_MAX);
  CHECK(b.will_fit(SIZE_MAX));
  CHECK(text(b.written()) == std::string(60, 'a') + "bcdefg");
  CHECK(b.capacity() >= b.size());
  CHECK(b.written().data() != block);
  // The block was filled, and is there for others.
  CHECK(caiman::testing::count_other(block, 60, std::byte{'a'}) == 0);
  CHECK(caiman::testing::count_other(block + 60, 1, std::byte{'b'}) == 0);
  CHECK(caiman::testing::count_other(block + 63, 1, std::byte{'e'}) == 0);
  const auto seen = arena.metrics();
  CHECK(seen.spills == 1);
  CHECK(seen.frees == 1);
  CHECK(seen.bytes_live == 0);
  REQUIRE(arena.allocate(128).has_value());

  b.put(std::string(1000, 'h'));
  REQUIRE(b.try_put(raw("i")).has_value());
  CHECK(arena.metrics().spills == 1);  // it left the block once
  CHECK(b.size() == 1067);
  b.spare()[0] = std::byte{'j'};
  b.advance(1);
  CHECK_THROWS_AS(b.advance(b.capacity()), std::length_error);

  const bytes all = std::move(b).freeze();
  CHECK(is_empty(b));
  CHECK(all.as_string_view() == std::string(60, 'a') + "bcdefg" + std::string(1000, 'h') + "ij");
  CHECK(live(arena) == 0);
}

// [no-range]: a library that looks at ranges ends the program at this one.
TEST_CASE("a spill by try_put, and one that the heap cannot serve", "[buffer][spill][no-range]") {
  const auto arena = spilling_arena();
  buffer b = arena.allocate(64).value();
  b.put("abc");
  const std::span<const std::byte> absurd(b.written().data(), SIZE_MAX);
  CHECK(b.try_put(absurd) == std::unexpected(buffer_full{61, SIZE_MAX}));
  CHECK_THROWS_AS(b.put(absurd), std::bad_alloc);
  CHECK_FALSE(b.is_spilled());
  CHECK(text(b.written()) == "abc");
  CHECK(live(arena) == 64);
  REQUIRE(b.try_put(raw(std::string(64, 'x'))).has_value());
  CHECK(b.is_spilled());
  CHECK_FALSE(b.try_put(absurd).has_value());
  CHECK(text(b.written()) == "abc" + std::string(64, 'x'));
  CHECK(b.remaining() == SIZE_MAX);
}

TEST_CASE("an empty buffer refuses everything and harms nobody", "[buffer]") {
  const auto arena = spilling_arena();
  buffer b = arena.allocate(64).value();
  b.put("abc");
  buffer other = std::move(b);
  check_refuses(b);
  CHECK(text(other.written()) == "abc");
  CHECK(live(arena) == 64);

  std::move(other).abandon();
  check_refuses(other);
  CHECK(live(arena) == 0);

  buffer frozen = arena.allocate(64).value();
  const bytes kept = std::move(frozen).freeze(0, 1).value();
  check_refuses(frozen);
  frozen = arena.allocate(64).value();  // and may be filled again
  frozen.put("x");
  CHECK(live(arena) == 128);
}

TEST_CASE("moves of buffers, to others and to themselves", "[buffer]") {
  const auto arena = small_arena();
  buffer a = arena.allocate(64).value();
  a.put("a");
  buffer b = arena.allocate(128).value();
  b.put("b");
  buffer& same = a;
  a = std::move(same);
  CHECK(text(a.written()) == "a");
  CHECK(live(arena) == 64 + 128);
  swap(a, b);
  CHECK(text(a.written()) == "b");
  CHECK(text(b.written()) == "a");
  swap(a, same);
  CHECK(text(a.written()) == "b");
  a = std::move(b);  // gives its own block back
  CHECK(text(a.written()) == "a");
  CHECK(live(arena) == 64);
  CHECK(is_empty(b));
  b = std::move(same);
  CHECK(is_empty(a));
  a = std::move(same);
  CHECK(is_empty(a));
  CHECK(arena.metrics().frees == 1);
}

TEST_CASE("freezing shows what was written, without a copy", "[bytes]") {
  const auto arena = small_arena();
  buffer b = arena.allocate(64).value();
  b.put("hello");
  const std::byte* const at = b.written().data();
  const bytes whole = std::move(b).freeze();
  CHECK(is_empty(b));
  CHECK(whole.data() == at);
  CHECK(whole.size() == 5);
  CHECK(whole.as_string_view() == "hello");
  const std::span<const std::byte> view = whole;
  CHECK(view.data() == at);
  CHECK(view.size() == 5);
  CHECK(arena.metrics().frozen == 1);
  CHECK(live(arena) == 64);
}

TEST_CASE("a part of the capacity can be frozen, or the buffer stays as it was", "[bytes]") {
  const auto arena = small_arena();
  buffer b = arena.allocate(64).value();
  b.put("ab");
  std::memcpy(b.spare().data(), "cdef", 4);
  const std::pair<std::size_t, std::size_t> wrong[] = {{0, 65},
                                                       {64, 1},
                                                       {65, 0},
                                                       {SIZE_MAX, 1},
                                                       {1, SIZE_MAX},
                                                       {1, SIZE_MAX - 1},
                                                       {SIZE_MAX, SIZE_MAX},
                                                       {32, 33}};
  for (const auto& [offset, length] : wrong) {
    const auto refused = std::move(b).freeze(offset, length);
    CHECK(refused.error() == bad_range{offset, length, 64});
  }
  CHECK(text(b.written()) == "ab");
  CHECK(b.capacity() == 64);
  CHECK(b.remaining() == 62);
  CHECK(live(arena) == 64);
  CHECK(arena.metrics().frozen == 0);

  const bytes part = std::move(b).freeze(1, 4).value();
  CHECK(part.as_string_view() == "bcde");
  CHECK(is_empty(b));

  buffer whole = arena.allocate(64).value();
  CHECK(std::move(whole).freeze(0, 64).value().size() == 64);
  buffer end = arena.allocate(64).value();
  CHECK(is_empty(std::move(end).freeze(64, 0).value()));
  CHECK(live(arena) == 64);  // only what `part` keeps
}

TEST_CASE("of a capped buffer nothing past the cap can be frozen", "[bytes]") {
  const auto arena =
      buddy_arena::builder(buddy_geometry::nearest(1024, 64).value()).build().value();
  buffer b = arena.allocate(100).value();
  CHECK(b.capacity() == 100);
  CHECK(std::move(b).freeze(90, 11).error() == bad_range{90, 11, 100});
  CHECK(std::move(b).freeze(90, 10).value().size() == 10);
}

TEST_CASE("bytes of no length keep no block", "[bytes]") {
  const auto arena = small_arena();
  const bytes nothing = arena.allocate(64).value().freeze();
  CHECK(is_empty(nothing));
  CHECK(live(arena) == 0);
  buffer b = arena.allocate(64).value();
  b.put("abc");
  bytes some = std::move(b).freeze();
  const bytes none = some.slice(3, 0);
  CHECK(is_empty(none));
  some = {};
  CHECK(live(arena) == 0);
  CHECK(is_empty(bytes().slice(0, 0)));
  CHECK(bytes().into_owned().empty());
}

TEST_CASE("copies and slices keep the block, the last one returns it", "[bytes]") {
  const auto arena = small_arena();
  buffer b = arena.allocate(64).value();
  b.put("0123456789");
  bytes whole = std::move(b).freeze();
  bytes copy = whole;
  bytes middle = copy.slice(2, 5);
  bytes inner = middle.slice(1, 3);
  CHECK(middle.as_string_view() == "23456");
  CHECK(inner.as_string_view() == "345");
  CHECK(inner.data() == whole.data() + 3);
  const std::pair<std::size_t, std::size_t> wrong[] = {
      {0, 6}, {5, 1}, {6, 0}, {1, SIZE_MAX}, {SIZE_MAX, 1}, {SIZE_MAX, SIZE_MAX}};
  for (const auto& [offset, length] : wrong) {
    CHECK_THROWS_AS(middle.slice(offset, length), std::out_of_range);
  }
  CHECK_THROWS_AS(bytes().slice(0, 1), std::out_of_range);

  whole = {};
  copy = {};
  middle = {};
  CHECK(live(arena) == 64);
  CHECK(inner.as_string_view() == "345");
  inner = {};
  CHECK(live(arena) == 0);
  CHECK(arena.metrics().frees == 1);
}

TEST_CASE("assignments of bytes, to others and to themselves", "[bytes]") {
  const auto arena = small_arena();
  const auto made = [&](std::string_view what) {
    buffer b = arena.allocate(64).value();
    b.put(what);
    return std::move(b).freeze();
  };
  bytes a = made("a");
  bytes b = made("b");
  bytes& same = a;
  a = same;
  CHECK(a.as_string_view() == "a");
  a = std::move(same);
  CHECK(a.as_string_view() == "a");
  swap(a, same);
  CHECK(a.as_string_view() == "a");
  CHECK(live(arena) == 128);
  swap(a, b);
  CHECK(a.as_string_view() == "b");
  b = a;  // gives the block of "a" back
  CHECK(live(arena) == 64);
  a = std::move(b);  // two shares of one block
  CHECK(is_empty(b));
  CHECK(a.as_string_view() == "b");
  CHECK(live(arena) == 64);
  b = a.slice(0, 1);
  a = b.slice(0, 1);
  b = bytes();
  CHECK(live(arena) == 64);
  a = std::move(b);
  CHECK(live(arena) == 0);
  const bytes of_nothing = a;
  CHECK(is_empty(of_nothing));
}

TEST_CASE("an owned copy is the caller's, and the share goes", "[bytes]") {
  const auto arena = small_arena();
  buffer b = arena.allocate(64).value();
  b.put("abc");
  bytes whole = std::move(b).freeze();
  bytes part = whole.slice(1, 2);
  const std::vector<std::byte> owned = std::move(part).into_owned();
  CHECK(text(owned) == "bc");
  CHECK(is_empty(part));
  CHECK(live(arena) == 64);
  const std::vector<std::byte> rest = std::move(whole).into_owned();
  CHECK(text(rest) == "abc");
  CHECK(live(arena) == 0);
}

TEST_CASE("spilled bytes are shared as others are", "[bytes][spill]") {
  bytes part;
  {
    const auto arena = spilling_arena();
    buffer b = arena.allocate(64).value();
    b.put(std::string(100, 'a'));
    b.put("bcd");
    buffer moved = std::move(b);
    CHECK(is_empty(b));
    CHECK(moved.is_spilled());
    const std::size_t capacity = moved.capacity();
    CHECK(std::move(moved).freeze(0, capacity + 1).error() == bad_range{0, capacity + 1, capacity});
    CHECK(moved.size() == 103);
    const bytes whole = std::move(moved).freeze();
    part = whole.slice(100, 3);
    const bytes copy = part;
    CHECK(copy.data() == whole.data() + 100);
  }
  CHECK(part.as_string_view() == "bcd");
  CHECK(text(std::move(part).into_owned()) == "bcd");
}

// NOLINTEND(bugprone-use-after-move)
