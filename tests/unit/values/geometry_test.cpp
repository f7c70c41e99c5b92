// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// geometry_test.cpp: every boundary of buddy_geometry, by example
//
// A size that slips through here becomes an index out of range in the core. The boundaries are 0,
// 1, the powers of two with their neighbours, SIZE_MAX / 2 + 1 (the largest power) and SIZE_MAX.
// What holds for all sizes is in tests/property/geometry_property.cpp.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include "caiman/geometry.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <type_traits>

#include <catch2/catch.hpp>

namespace {

using caiman::alloc_error;
using caiman::buddy_geometry;
using caiman::build_error;
using result = std::expected<buddy_geometry, build_error>;

constexpr std::size_t top_power = SIZE_MAX / 2 + 1;
constexpr unsigned top_order = std::numeric_limits<std::size_t>::digits - 1;

buddy_geometry value_of(const result& made) {
  REQUIRE(made.has_value());
  return *made;
}

build_error error_of(const result& made) {
  REQUIRE_FALSE(made.has_value());
  return made.error();
}

buddy_geometry exact(std::size_t total, std::size_t min) {
  return value_of(buddy_geometry::exact(total, min));
}

buddy_geometry nearest(std::size_t total, std::size_t min) {
  return value_of(buddy_geometry::nearest(total, min));
}

build_error exact_error(std::size_t total, std::size_t min) {
  return error_of(buddy_geometry::exact(total, min));
}

build_error nearest_error(std::size_t total, std::size_t min) {
  return error_of(buddy_geometry::nearest(total, min));
}

void check_sizes(const buddy_geometry& geometry, std::size_t total, std::size_t min,
                 unsigned max_order) {
  CHECK(geometry.total_size() == total);
  CHECK(geometry.min_block_size() == min);
  CHECK(geometry.max_order() == max_order);
}

void check_order(const buddy_geometry& geometry, std::size_t length, unsigned order) {
  INFO("length " << length);
  const auto found = geometry.order_for(length);
  REQUIRE(found.has_value());
  CHECK(*found == order);
}

void check_too_large(const buddy_geometry& geometry, std::size_t length) {
  INFO("length " << length);
  const auto found = geometry.order_for(length);
  REQUIRE_FALSE(found.has_value());
  CHECK(found.error() == alloc_error::request_too_large);
}

}  // namespace

TEST_CASE("a geometry is a regular constexpr value", "[geometry]") {
  STATIC_REQUIRE(std::regular<buddy_geometry>);
  STATIC_REQUIRE(std::is_trivially_copyable_v<buddy_geometry>);
  STATIC_REQUIRE(std::is_nothrow_default_constructible_v<buddy_geometry>);
  STATIC_REQUIRE(buddy_geometry::exact(4096, 256)->max_order() == 4);
  STATIC_REQUIRE(buddy_geometry::nearest(4097, 256)->total_size() == 8192);
  STATIC_REQUIRE(buddy_geometry::exact(4096, 256)->with_alignment(16)->alignment() == 16);
  STATIC_REQUIRE(buddy_geometry::exact(4096, 256)->order_for(257) == 1U);
  STATIC_REQUIRE(buddy_geometry::exact(64, 64) == buddy_geometry::exact(64, 64));
  STATIC_REQUIRE(noexcept(buddy_geometry::exact(1, 1)));
  STATIC_REQUIRE(noexcept(buddy_geometry::nearest(1, 1)));
  STATIC_REQUIRE(noexcept(buddy_geometry().with_alignment(1)));
  STATIC_REQUIRE(noexcept(buddy_geometry().order_for(1)));
}

TEST_CASE("the default geometry is one block of one byte", "[geometry]") {
  constexpr buddy_geometry geometry;
  check_sizes(geometry, 1, 1, 0);
  CHECK(geometry.alignment() == 1);
  CHECK_FALSE(geometry.caps_capacity());
  CHECK(geometry == exact(1, 1));
}

TEST_CASE("geometries are equal when every member is", "[geometry]") {
  CHECK(exact(4096, 256) == exact(4096, 256));
  CHECK(exact(4096, 256) != exact(8192, 256));
  CHECK(exact(4096, 256) != exact(4096, 128));
  CHECK(exact(4096, 256) != nearest(4096, 256));
  CHECK(exact(4096, 256) != value_of(exact(4096, 256).with_alignment(2)));
  CHECK(nearest(4000, 200) == nearest(4096, 256));
}

TEST_CASE("exact takes sizes as they are", "[geometry]") {
  check_sizes(exact(1, 1), 1, 1, 0);
  check_sizes(exact(2, 1), 2, 1, 1);
  check_sizes(exact(4096, 4096), 4096, 4096, 0);
  check_sizes(exact(std::size_t{64} << 20U, 256), std::size_t{64} << 20U, 256, 18);
  check_sizes(exact(top_power, 1), top_power, 1, top_order);
  check_sizes(exact(top_power, 2), top_power, 2, top_order - 1);
  check_sizes(exact(top_power, top_power), top_power, top_power, 0);
  CHECK(exact(4096, 256).alignment() == 1);
  CHECK_FALSE(exact(4096, 256).caps_capacity());
}

TEST_CASE("exact refuses what does not halve evenly", "[geometry]") {
  const auto invalid = build_error::invalid_geometry;
  SECTION("zero") {
    CHECK(exact_error(0, 0) == invalid);
    CHECK(exact_error(0, 1) == invalid);
    CHECK(exact_error(1, 0) == invalid);
    CHECK(exact_error(0, top_power) == invalid);
    CHECK(exact_error(top_power, 0) == invalid);
  }
  SECTION("a min block that is not a power of two") {
    CHECK(exact_error(6, 3) == invalid);
    CHECK(exact_error(12, 6) == invalid);
    CHECK(exact_error(3, 3) == invalid);
    CHECK(exact_error(SIZE_MAX, SIZE_MAX) == invalid);
    CHECK(exact_error(top_power, top_power - 1) == invalid);
  }
  SECTION("a total below the min block") {
    CHECK(exact_error(1, 2) == invalid);
    CHECK(exact_error(255, 256) == invalid);
    CHECK(exact_error(128, 256) == invalid);
    CHECK(exact_error(top_power / 2, top_power) == invalid);
  }
  SECTION("a quotient that is not a power of two") {
    CHECK(exact_error(3, 1) == invalid);
    CHECK(exact_error(768, 256) == invalid);
    CHECK(exact_error(SIZE_MAX, 1) == invalid);
    CHECK(exact_error(top_power - 1, 1) == invalid);
    CHECK(exact_error(top_power + 1, 1) == invalid);
  }
  SECTION("a quotient with a remainder") {
    CHECK(exact_error(257, 256) == invalid);
    CHECK(exact_error(513, 256) == invalid);
    CHECK(exact_error(1023, 256) == invalid);
    CHECK(exact_error(SIZE_MAX, 2) == invalid);
    CHECK(exact_error(SIZE_MAX, top_power) == invalid);
    CHECK(exact_error(top_power + 1, top_power) == invalid);
  }
}

TEST_CASE("nearest rounds both sizes up", "[geometry]") {
  SECTION("what is even already stays") {
    check_sizes(nearest(1, 1), 1, 1, 0);
    check_sizes(nearest(2, 1), 2, 1, 1);
    check_sizes(nearest(4096, 256), 4096, 256, 4);
  }
  SECTION("4096 * 1.46") {
    const auto wanted = static_cast<std::size_t>(4096 * 1.46);
    check_sizes(nearest(wanted, 4096), 8192, 4096, 1);
    check_sizes(nearest(wanted, 256), 8192, 256, 5);
  }
  SECTION("the min block") {
    check_sizes(nearest(4096, 255), 4096, 256, 4);
    check_sizes(nearest(4096, 257), 4096, 512, 3);
    check_sizes(nearest(4096, 3), 4096, 4, 10);
  }
  SECTION("the total") {
    check_sizes(nearest(3, 1), 4, 1, 2);
    check_sizes(nearest(4095, 256), 4096, 256, 4);
    check_sizes(nearest(4097, 256), 8192, 256, 5);
    check_sizes(nearest(768, 256), 1024, 256, 2);
  }
  SECTION("a total below the min block becomes one block") {
    check_sizes(nearest(1, 256), 256, 256, 0);
    check_sizes(nearest(200, 129), 256, 256, 0);
    check_sizes(nearest(129, 200), 256, 256, 0);
    check_sizes(nearest(1, top_power), top_power, top_power, 0);
  }
  CHECK(nearest(4096, 256).alignment() == 1);
  CHECK(nearest(4096, 256).caps_capacity());
}

TEST_CASE("nearest stops at SIZE_MAX", "[geometry]") {
  SECTION("the largest power of two is the last that fits") {
    check_sizes(nearest(top_power, 1), top_power, 1, top_order);
    check_sizes(nearest(top_power - 1, 1), top_power, 1, top_order);
    check_sizes(nearest(top_power / 2 + 1, 1), top_power, 1, top_order);
    check_sizes(nearest(top_power, top_power), top_power, top_power, 0);
    check_sizes(nearest(top_power - 1, top_power - 1), top_power, top_power, 0);
    check_sizes(nearest(1, top_power / 2 + 1), top_power, top_power, 0);
  }
  SECTION("above it the total overflows") {
    CHECK(nearest_error(top_power + 1, 1) == build_error::size_overflow);
    CHECK(nearest_error(SIZE_MAX - 1, 256) == build_error::size_overflow);
    CHECK(nearest_error(SIZE_MAX, 1) == build_error::size_overflow);
    CHECK(nearest_error(SIZE_MAX, top_power) == build_error::size_overflow);
  }
  SECTION("above it the min block overflows") {
    CHECK(nearest_error(1, top_power + 1) == build_error::size_overflow);
    CHECK(nearest_error(1, SIZE_MAX) == build_error::size_overflow);
    CHECK(nearest_error(top_power, top_power + 1) == build_error::size_overflow);
    CHECK(nearest_error(SIZE_MAX, SIZE_MAX) == build_error::size_overflow);
  }
  SECTION("zero is no geometry, whatever the other size") {
    CHECK(nearest_error(0, 0) == build_error::invalid_geometry);
    CHECK(nearest_error(0, 1) == build_error::invalid_geometry);
    CHECK(nearest_error(1, 0) == build_error::invalid_geometry);
    CHECK(nearest_error(0, SIZE_MAX) == build_error::invalid_geometry);
    CHECK(nearest_error(SIZE_MAX, 0) == build_error::invalid_geometry);
  }
}

TEST_CASE("fit rounds the min block up and the total down to a multiple", "[geometry]") {
  const auto fit = [](std::size_t total, std::size_t min) {
    return value_of(buddy_geometry::fit(total, min));
  };
  check_sizes(fit(100'000, 256), 99'840, 256, 8);
  check_sizes(fit(100'000, 200), 99'840, 256, 8);
  check_sizes(fit(65 << 20, 4'096), 65 << 20, 4'096, 14);
  check_sizes(fit(256, 256), 256, 256, 0);
  check_sizes(fit(511, 256), 256, 256, 0);
  check_sizes(fit(768, 256), 768, 256, 1);
  check_sizes(fit(SIZE_MAX, 1), SIZE_MAX, 1, 63);
  check_sizes(fit(SIZE_MAX, top_power), top_power, top_power, 0);
  CHECK(fit(768, 256).caps_capacity());
  CHECK(fit(768, 256).alignment() == 1);
  CHECK(error_of(buddy_geometry::fit(0, 256)) == build_error::invalid_geometry);
  CHECK(error_of(buddy_geometry::fit(256, 0)) == build_error::invalid_geometry);
  CHECK(error_of(buddy_geometry::fit(255, 256)) == build_error::invalid_geometry);
  CHECK(error_of(buddy_geometry::fit(256, 257)) == build_error::invalid_geometry);
  CHECK(error_of(buddy_geometry::fit(SIZE_MAX, top_power + 1)) == build_error::size_overflow);
  check_order(fit(768, 256), 512, 1);
  check_too_large(fit(768, 256), 513);
  check_too_large(fit(768, 256), 768);
  STATIC_REQUIRE(buddy_geometry::fit(768, 256)->max_order() == 1);
}

TEST_CASE("fit is rounded down again by an alignment above the min block", "[geometry]") {
  const auto geometry = value_of(buddy_geometry::fit(100'000, 256));
  check_sizes(value_of(geometry.with_alignment(256)), 99'840, 256, 8);
  check_sizes(value_of(geometry.with_alignment(512)), 99'840, 512, 7);
  check_sizes(value_of(geometry.with_alignment(4'096)), 98'304, 4'096, 4);
  check_sizes(value_of(geometry.with_alignment(65'536)), 65'536, 65'536, 0);
  CHECK(error_of(geometry.with_alignment(131'072)) == build_error::invalid_geometry);
  CHECK(error_of(geometry.with_alignment(3)) == build_error::invalid_alignment);
  CHECK(value_of(geometry.with_alignment(4'096)).caps_capacity());
}

TEST_CASE("an alignment is a power of two", "[geometry]") {
  for (const auto& geometry : {exact(4096, 256), nearest(4096, 256)}) {
    for (const std::size_t bad :
         {std::size_t{0}, std::size_t{3}, std::size_t{6}, std::size_t{255}, std::size_t{257},
          top_power - 1, top_power + 1, std::size_t{SIZE_MAX}}) {
      INFO("alignment " << bad << ", caps " << geometry.caps_capacity());
      CHECK(error_of(geometry.with_alignment(bad)) == build_error::invalid_alignment);
    }
  }
}

TEST_CASE("an alignment up to the min block changes nothing else", "[geometry]") {
  for (const auto& geometry : {exact(4096, 256), nearest(4096, 256)}) {
    for (const std::size_t alignment : {1U, 2U, 128U, 256U}) {
      INFO("alignment " << alignment << ", caps " << geometry.caps_capacity());
      const auto aligned = value_of(geometry.with_alignment(alignment));
      check_sizes(aligned, 4096, 256, 4);
      CHECK(aligned.alignment() == alignment);
      CHECK(aligned.caps_capacity() == geometry.caps_capacity());
    }
    CHECK(value_of(geometry.with_alignment(1)) == geometry);
  }
  const auto whole = value_of(exact(top_power, top_power).with_alignment(top_power));
  check_sizes(whole, top_power, top_power, 0);
  CHECK(whole.alignment() == top_power);
}

TEST_CASE("exact refuses an alignment above the min block", "[geometry]") {
  for (const std::size_t alignment :
       {std::size_t{512}, std::size_t{4096}, std::size_t{8192}, top_power}) {
    INFO("alignment " << alignment);
    CHECK(error_of(exact(4096, 256).with_alignment(alignment)) == build_error::invalid_geometry);
  }
  CHECK(error_of(exact(1, 1).with_alignment(2)) == build_error::invalid_geometry);
  CHECK(error_of(buddy_geometry().with_alignment(2)) == build_error::invalid_geometry);
}

TEST_CASE("nearest grows with an alignment above the min block", "[geometry]") {
  const auto aligned = [](const buddy_geometry& geometry, std::size_t alignment) {
    const auto grown = value_of(geometry.with_alignment(alignment));
    CHECK(grown.alignment() == alignment);
    CHECK(grown.caps_capacity());
    return grown;
  };
  check_sizes(aligned(nearest(4096, 256), 512), 4096, 512, 3);
  check_sizes(aligned(nearest(4096, 256), 4096), 4096, 4096, 0);
  check_sizes(aligned(nearest(4096, 256), 8192), 8192, 8192, 0);
  check_sizes(aligned(nearest(1, 1), 2), 2, 2, 0);
  check_sizes(aligned(nearest(1, 1), top_power), top_power, top_power, 0);
  check_sizes(aligned(nearest(top_power, 1), top_power), top_power, top_power, 0);
}

TEST_CASE("a later alignment replaces an earlier one", "[geometry]") {
  const auto lowered = value_of(value_of(exact(4096, 256).with_alignment(256)).with_alignment(16));
  CHECK(lowered == value_of(exact(4096, 256).with_alignment(16)));

  const auto grown = value_of(nearest(4096, 256).with_alignment(8192));
  const auto after = value_of(grown.with_alignment(16));
  check_sizes(after, 8192, 8192, 0);
  CHECK(after.alignment() == 16);

  const auto original = exact(4096, 256);
  CHECK(error_of(original.with_alignment(3)) == build_error::invalid_alignment);
  CHECK(original == exact(4096, 256));
}

TEST_CASE("a length becomes the order of the smallest block that holds it", "[geometry]") {
  for (const auto& geometry : {exact(4096, 256), nearest(4000, 200)}) {
    check_order(geometry, 0, 0);
    check_order(geometry, 1, 0);
    check_order(geometry, 255, 0);
    check_order(geometry, 256, 0);
    check_order(geometry, 257, 1);
    check_order(geometry, 512, 1);
    check_order(geometry, 513, 2);
    check_order(geometry, 1024, 2);
    check_order(geometry, 1025, 3);
    check_order(geometry, 2048, 3);
    check_order(geometry, 2049, 4);
    check_order(geometry, 4095, 4);
    check_order(geometry, 4096, 4);
    check_too_large(geometry, 4097);
    check_too_large(geometry, top_power - 1);
    check_too_large(geometry, top_power);
    check_too_large(geometry, top_power + 1);
    check_too_large(geometry, SIZE_MAX);
  }
}

TEST_CASE("orders in geometries at the limits", "[geometry]") {
  SECTION("one block") {
    check_order(exact(1, 1), 0, 0);
    check_order(exact(1, 1), 1, 0);
    check_too_large(exact(1, 1), 2);
    check_too_large(exact(1, 1), SIZE_MAX);
  }
  SECTION("one block of the largest size") {
    check_order(exact(top_power, top_power), 0, 0);
    check_order(exact(top_power, top_power), top_power, 0);
    check_too_large(exact(top_power, top_power), top_power + 1);
    check_too_large(exact(top_power, top_power), SIZE_MAX);
  }
  SECTION("more orders than the core takes: still exact arithmetic, still no error here") {
    const auto geometry = exact(top_power, 1);
    REQUIRE(geometry.max_order() == top_order);
    check_order(geometry, 0, 0);
    check_order(geometry, 1, 0);
    check_order(geometry, 2, 1);
    check_order(geometry, 3, 2);
    check_order(geometry, top_power / 2, top_order - 1);
    check_order(geometry, top_power / 2 + 1, top_order);
    check_order(geometry, top_power - 1, top_order);
    check_order(geometry, top_power, top_order);
    check_too_large(geometry, top_power + 1);
    check_too_large(geometry, SIZE_MAX);
  }
  SECTION("an alignment that raises the min block raises what an order means") {
    const auto geometry = value_of(nearest(4096, 256).with_alignment(1024));
    check_order(geometry, 1024, 0);
    check_order(geometry, 1025, 1);
    check_order(geometry, 4096, 2);
    check_too_large(geometry, 4097);
  }
}
