// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// bytes_test.cpp: bytes as values: compared, hashed, taken apart, made of other memory
//
// What is not of an arena (the heap, a vector, static storage), what is taken apart without a copy
// and how long each part keeps the block, and who may write again.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include "caiman/bytes.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "caiman/arena.hpp"
#include "caiman/buffer.hpp"
#include "caiman/fixed_arena.hpp"

#include <catch2/catch.hpp>

// NOLINTBEGIN(bugprone-use-after-move): what is left of an object that was moved from is tested
// here

namespace {

using caiman::buddy_arena;
using caiman::buddy_geometry;
using caiman::buffer;
using caiman::bytes;

buddy_arena small_arena() {
  return buddy_arena::builder(buddy_geometry::exact(1024, 64).value()).build().value();
}
bytes frozen(const buddy_arena& arena, std::string_view what) {
  buffer b = arena.allocate(what.size()).value();
  b.put(what);
  return std::move(b).freeze();
}
std::span<const std::byte> raw(std::string_view what) { return std::as_bytes(std::span(what)); }
std::string_view text(std::span<const std::byte> what) {
  return {reinterpret_cast<const char*>(what.data()), what.size()};
}
std::vector<std::byte> vector_of(std::string_view what) {
  return {raw(what).begin(), raw(what).end()};
}
std::size_t live(const buddy_arena& arena) { return arena.metrics().bytes_live; }

constexpr std::string_view no_text;

// Nothing, of nobody.
bool is_nothing(const bytes& b) {
  return b.empty() && !b.is_unique() && b.offset() == bytes::npos && b == no_text;
}

}  // namespace

TEST_CASE("bytes are equal by content, whatever they lie in", "[bytes]") {
  const auto arena = small_arena();
  const bytes a = frozen(arena, "abc");
  const bytes same = bytes::copy_of("abc");
  const bytes other = frozen(arena, "abd");
  const bytes longer = frozen(arena, "abcd");
  CHECK(a == same);
  CHECK(a != other);
  CHECK(a != longer);
  const bytes none;
  const bytes none_either;
  CHECK(none == none_either);
  CHECK(a != none);
  // Views, on both sides: of bytes, of characters, and what becomes one by itself.
  CHECK(a == "abc");
  CHECK("abc" == a);
  CHECK(a != "ab");
  CHECK(a == std::string_view("abc"));
  CHECK(a == std::string("abc"));
  CHECK(raw("abc") == a);
  CHECK(a == raw("abc"));
  CHECK(a == vector_of("abc"));
  CHECK(a != std::array<std::byte, 1>{});
  CHECK(a == longer.slice(0, 3));
  CHECK(none == no_text);
  const char with_zero[] = {'a', 0, 'b', 0};
  const bytes three = bytes::literal(std::string_view(with_zero, 3));
  CHECK(three == std::string_view(with_zero, 3));
  CHECK(three != with_zero);  // a literal ends at its first 0
  CHECK(three.slice(0, 1) == with_zero);
}

TEST_CASE("bytes are ordered as unsigned ones, and what ends first comes first", "[bytes]") {
  const bytes low = bytes::literal("\x7f");
  const bytes high = bytes::literal("\x80");
  CHECK(low < high);
  CHECK(high > "\x7f");
  CHECK((low <=> high) == std::strong_ordering::less);
  CHECK(bytes::literal("ab") < bytes::literal("abc"));
  CHECK(bytes::literal("b") > "abc");
  CHECK("abc" < bytes::literal("b"));
  CHECK(bytes() < low);
  CHECK((bytes() <=> bytes()) == std::strong_ordering::equal);
  CHECK((bytes() <=> std::string_view()) == std::strong_ordering::equal);
  CHECK((low <=> raw("\x7f")) == std::strong_ordering::equal);
  CHECK((raw("\x80") <=> low) == std::strong_ordering::greater);
  STATIC_REQUIRE(std::is_same_v<decltype(low <=> high), std::strong_ordering>);
}

TEST_CASE("bytes of one content have one hash, that of their characters", "[bytes]") {
  const auto arena = small_arena();
  const std::hash<bytes> hash;
  CHECK(hash(frozen(arena, "abc")) == hash(bytes::literal("abc")));
  CHECK(hash(frozen(arena, "abc")) == std::hash<std::string_view>()("abc"));
  CHECK(hash(bytes()) == std::hash<std::string_view>()(""));
  std::unordered_map<bytes, int> table;
  table.emplace(frozen(arena, "one"), 1);
  table.emplace(frozen(arena, "two"), 2);
  CHECK(table.at(bytes::literal("two")) == 2);
  CHECK_FALSE(table.contains(bytes::literal("three")));
}

TEST_CASE("bytes are taken apart without a copy", "[bytes]") {
  const auto arena = small_arena();
  bytes rest = frozen(arena, "0123456789");
  const std::byte* const at = rest.data();
  bytes front = rest.split_to(3);
  CHECK(front == "012");
  CHECK(front.data() == at);
  CHECK(rest == "3456789");
  CHECK(rest.data() == at + 3);
  bytes back = rest.split_off(5);
  CHECK(back == "89");
  CHECK(back.data() == at + 8);
  CHECK(rest == "34567");
  rest.advance(1);
  CHECK(rest == "4567");
  CHECK(rest.data() == at + 4);
  rest.truncate(2);
  CHECK(rest == "45");
  CHECK(live(arena) == 64);

  front.clear();
  CHECK(is_nothing(front));
  back.truncate(0);
  CHECK(is_nothing(back));
  CHECK(live(arena) == 64);
  CHECK(rest.is_unique());
  rest.advance(2);
  CHECK(is_nothing(rest));
  CHECK(live(arena) == 0);
}

TEST_CASE("at both ends one part is all, and the other is nothing", "[bytes]") {
  const auto arena = small_arena();
  bytes all = frozen(arena, "abc");
  CHECK(is_nothing(all.split_to(0)));
  CHECK(is_nothing(all.split_off(3)));
  all.advance(0);
  all.truncate(3);
  CHECK(all == "abc");
  CHECK(all.is_unique());
  bytes moved = all.split_to(3);
  CHECK(is_nothing(all));
  CHECK(moved.is_unique());
  all = moved.split_off(0);
  CHECK(is_nothing(moved));
  CHECK(all == "abc");
  CHECK(all.is_unique());
  CHECK(live(arena) == 64);
  moved.advance(0);
  moved.truncate(0);
  moved.clear();
  CHECK(is_nothing(moved.split_to(0)));
  CHECK(is_nothing(moved.split_off(0)));
}

TEST_CASE("past the end nothing is taken, and all is as it was", "[bytes]") {
  const auto arena = small_arena();
  bytes b = frozen(arena, "abc");
  bytes nothing;
  for (const std::size_t n : {std::size_t{4}, SIZE_MAX, SIZE_MAX - 2}) {
    CHECK_THROWS_AS(b.split_to(n), std::out_of_range);
    CHECK_THROWS_AS(b.split_off(n), std::out_of_range);
    CHECK_THROWS_AS(b.advance(n), std::out_of_range);
    CHECK_THROWS_AS(b.truncate(n), std::out_of_range);
    CHECK_THROWS_AS(nothing.advance(n), std::out_of_range);
  }
  CHECK(b == "abc");
  CHECK(b.is_unique());
  CHECK(live(arena) == 64);
}

TEST_CASE("bytes are copied to the heap, or taken from a vector where they are", "[bytes]") {
  const bytes copy = bytes::copy_of(raw("hello"));
  CHECK(copy == "hello");
  CHECK(copy.is_unique());
  CHECK(copy.offset() == bytes::npos);
  CHECK(is_nothing(bytes::copy_of("")));
  CHECK(is_nothing(bytes::copy_of(std::span<const std::byte>())));

  std::vector<std::byte> source = vector_of("from a vector");
  const std::byte* const at = source.data();
  bytes taken = bytes::from(std::move(source));
  CHECK(taken.data() == at);
  CHECK(taken == "from a vector");
  CHECK(taken.is_unique());
  bytes part = taken.slice(5, 1);
  CHECK_FALSE(taken.is_unique());
  taken.clear();
  CHECK(part == "a");  // the vector's memory is kept
  CHECK(part.is_unique());
  CHECK(std::move(part).into_owned() == vector_of("a"));
  CHECK(is_nothing(bytes::from({})));
}

TEST_CASE("static storage is shared without a count", "[bytes]") {
  static constexpr std::string_view words = "always there";
  bytes all = bytes::literal(words);
  CHECK(text(all).data() == words.data());
  const bytes copy = all;
  const bytes part = all.slice(7, 5);
  CHECK_FALSE(all.is_unique());
  CHECK_FALSE(part.is_unique());
  CHECK(all.offset() == bytes::npos);
  all.clear();
  CHECK(copy == words);
  CHECK(part == "there");
  bytes kept = copy;
  auto refused = std::move(kept).try_into_buffer();
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error() == words);
  CHECK(bytes(copy).into_owned() == vector_of(words));
  CHECK(is_nothing(bytes::literal("")));
}

TEST_CASE("offsets are from the arena's base", "[bytes]") {
  const auto arena = small_arena();
  const buffer first = arena.allocate(64).value();
  buffer b = arena.allocate(128).value();
  b.put("0123456789");
  const auto from_base = static_cast<std::size_t>(b.data() - arena.base());
  CHECK(b.offset() == from_base);
  CHECK(first.offset() != from_base);
  const bytes all = std::move(b).freeze();
  CHECK(b.offset() == buffer::npos);
  CHECK(all.offset() == from_base);
  CHECK(all.slice(4, 2).offset() == from_base + 4);
  CHECK(bytes().offset() == bytes::npos);
}

TEST_CASE("the sole holder writes again, in the same block", "[bytes]") {
  const auto arena = small_arena();
  bytes b = frozen(arena, "hello");
  const std::byte* const at = b.data();
  bytes copy = b;
  auto refused = std::move(b).try_into_buffer();
  REQUIRE_FALSE(refused.has_value());
  CHECK(is_nothing(b));
  CHECK(refused.error() == "hello");
  CHECK(refused.error().data() == at);
  copy.clear();
  CHECK(refused.error().is_unique());

  buffer again = std::move(refused.error()).try_into_buffer().value();
  CHECK(is_nothing(refused.error()));
  CHECK(again.data() == at);
  CHECK(again.size() == 5);
  CHECK(again.capacity() == 64);
  CHECK(live(arena) == 64);
  again.put(" world");
  const bytes both = std::move(again).freeze();
  CHECK(both == "hello world");
  CHECK(both.data() == at);
  CHECK(both.is_unique());
  CHECK(arena.metrics().frozen == 2);
  CHECK(arena.metrics().allocations_ok == 1);
}

TEST_CASE("a slice's sole holder writes from there to the block's end", "[bytes]") {
  const auto arena = small_arena();
  bytes part = frozen(arena, "0123456789").slice(4, 3);  // the rest has gone
  CHECK(part.is_unique());
  const std::byte* const at = part.data();
  buffer b = std::move(part).try_into_buffer().value();
  CHECK(text(b.written()) == "456");
  CHECK(b.data() == at);
  CHECK(b.capacity() == 60);
  b.fill(std::byte{'x'}, 57);
  CHECK(b.remaining() == 0);
  CHECK_THROWS_AS(b.put("y"), std::length_error);
  CHECK(std::move(b).freeze(60, 1).error() == caiman::bad_range{60, 1, 60});
  const bytes all = std::move(b).freeze();
  CHECK(all == "456" + std::string(57, 'x'));
  CHECK(live(arena) == 64);
}

TEST_CASE("of a block that shrank the sole holder has what is left", "[bytes]") {
  const auto arena = buddy_arena::builder(buddy_geometry::exact(4096, 64).value())
                         .init(caiman::init_policy::zero)
                         .build()
                         .value();
  buffer large = arena.allocate(1024).value();
  large.fill(std::byte{'x'}, 150);
  bytes part = std::move(large).freeze(caiman::shrink).slice(70, 10);
  CHECK(live(arena) == 192);
  buffer b = std::move(part).try_into_buffer().value();
  CHECK(b.capacity() == 192 - 70);
  b.fill(std::byte{'y'}, b.remaining());
  const buffer neighbour = arena.allocate(64).value();
  b.truncate(10);
  b.shrink_to_fit();
  CHECK(b.capacity() == 128 - 70);
  CHECK(live(arena) == 128 + 64);
  b.put("z");
  const bytes again = std::move(b).freeze();
  CHECK(again == "xxxxxxxxxxz");
}

TEST_CASE("in an arena that caps, the sole holder has what it showed", "[bytes]") {
  const auto arena =
      buddy_arena::builder(buddy_geometry::nearest(1024, 64).value()).auto_spill().build().value();
  bytes part = frozen(arena, "0123456789").slice(2, 5);
  buffer b = std::move(part).try_into_buffer().value();
  CHECK(b.capacity() == 5);
  CHECK(b.remaining() == 0);
  b.clear();
  b.put("abcde");
  CHECK_FALSE(b.is_spilled());
  b.put("f");
  CHECK(b.is_spilled());
  CHECK(text(b.written()) == "abcdef");
  CHECK(arena.metrics().spills == 1);
  CHECK(live(arena) == 0);
}

TEST_CASE("on the heap the sole holder writes again, too, and past the end", "[bytes]") {
  bytes copy = bytes::copy_of("0123456789");
  copy.advance(4);
  const std::byte* const at = copy.data();
  buffer b = std::move(copy).try_into_buffer().value();
  CHECK(b.data() == at);
  CHECK(b.size() == 6);
  CHECK(b.capacity() == 6);
  CHECK(b.is_spilled());
  b.truncate(2);
  b.put("abcd");
  CHECK(b.data() == at);
  b.put("efgh");  // as after a spill
  CHECK(std::move(b).freeze() == "45abcdefgh");

  bytes taken = bytes::from(vector_of("0123456789"));
  taken.truncate(3);
  const std::byte* const in_vector = taken.data();
  buffer of_vector = std::move(taken).try_into_buffer().value();
  CHECK(of_vector.data() == in_vector);
  CHECK(of_vector.size() == 3);
  CHECK(of_vector.capacity() == 10);
  of_vector.put("x");
  CHECK(of_vector.data() == in_vector);
  bytes again = std::move(of_vector).freeze();
  CHECK(again == "012x");
  CHECK(again.is_unique());

  const auto spilling =
      buddy_arena::builder(buddy_geometry::exact(1024, 64).value()).auto_spill().build().value();
  buffer spilled = spilling.allocate(64).value();
  spilled.fill(std::byte{'s'}, 65);
  bytes on_heap = std::move(spilled).freeze();
  buffer once_more = std::move(on_heap).try_into_buffer().value();
  CHECK(once_more.capacity() >= 65);
  CHECK(spilling.metrics().spills == 1);
}

TEST_CASE("slots and empty bytes, asked for a buffer", "[bytes]") {
  const auto slots = caiman::fixed_arena::with_slot_capacity(3, 100).build().value();
  buffer slot = slots.allocate().value();
  slot.put("abc");
  bytes b = std::move(slot).freeze();
  CHECK(b.offset() % 100 == 0);
  buffer again = std::move(b).try_into_buffer().value();
  CHECK(again.capacity() == 100);
  CHECK(again.size() == 3);
  auto nothing = bytes().try_into_buffer();
  REQUIRE_FALSE(nothing.has_value());
  CHECK(is_nothing(nothing.error()));
}

TEST_CASE("the last of two threads to drop lets the other write", "[bytes]") {
  const auto arena = small_arena();
  for (int round = 0; round < 200; ++round) {
    bytes mine = frozen(arena, "shared");
    std::thread reader([theirs = mine]() mutable {
      CHECK(theirs == "shared");
      theirs.clear();
    });
    // What a peer reads is not written: it sees the other's share go, or must ask again.
    for (;;) {
      auto got = std::move(mine).try_into_buffer();
      if (got) {
        got->clear();
        got->put("mine now");
        break;
      }
      mine = std::move(got.error());
      std::this_thread::yield();
    }
    reader.join();
  }
  CHECK(live(arena) == 0);
}

// NOLINTEND(bugprone-use-after-move)
