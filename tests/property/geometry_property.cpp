// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// geometry_property.cpp: what holds for all sizes, against arithmetic by doubling
//
// geometry.hpp rounds with bit operations; here the same answers come from adding a number to
// itself until it is large enough, so that a slip in one is not repeated in the other.
// RC_PARAMS="seed=..." repeats a run, RC_PARAMS="reproduce=..." a failure.
// Relies on RapidCheck and Catch2 v2; main is elsewhere.
// ---------------------------------------------------------------------------------------------
#include "caiman/geometry.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <optional>
#include <ostream>

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

namespace {

using caiman::alloc_error;
using caiman::buddy_geometry;
using caiman::build_error;
using result = std::expected<buddy_geometry, build_error>;

constexpr unsigned size_bits = std::numeric_limits<std::size_t>::digits;

// `start`, doubled until it is at least `bound`, and how often that was; nothing past SIZE_MAX.
struct doubled {
  std::size_t size;
  unsigned times;
};

std::optional<doubled> double_until(std::size_t start, std::size_t bound) {
  doubled reached{start, 0};
  while (reached.size < bound) {
    if (reached.size > SIZE_MAX - reached.size) {
      return std::nullopt;
    }
    reached.size += reached.size;
    ++reached.times;
  }
  return reached;
}

bool is_power(std::size_t size) {
  const auto reached = double_until(1, size);
  return size != 0 && reached && reached->size == size;
}

rc::Gen<std::size_t> any_power() {
  return rc::gen::map(rc::gen::inRange(0U, size_bits),
                      [](unsigned shift) { return std::size_t{1} << shift; });
}

// Calls `check` with each power of two and with its two neighbours on either side. 2^0 is beside
// both ends: 2^0 - 1 is 0, and 2^0 - 2 wraps to SIZE_MAX.
template <class Check>
void for_each_boundary(Check check) {
  for (unsigned shift = 0; shift < size_bits; ++shift) {
    for (std::size_t above = 0; above < 5; ++above) {
      check((std::size_t{1} << shift) - 2 + above);
    }
  }
}

// Numbers of any magnitude; half of them are such a boundary, which chance alone hardly meets.
rc::Gen<std::size_t> any_size() {
  const auto boundary =
      rc::gen::apply([](std::size_t power, std::size_t above) { return power - 2 + above; },
                     any_power(), rc::gen::inRange<std::size_t>(0, 5));
  return rc::gen::oneOf(rc::gen::arbitrary<std::size_t>(), boundary);
}

// Every geometry that can be made, with and without an alignment.
rc::Gen<buddy_geometry> any_geometry() {
  return rc::gen::apply(
      [](bool caps, std::size_t one, std::size_t other, std::size_t alignment) {
        const auto [min, total] = std::minmax(one, other);
        const auto made =
            caps ? buddy_geometry::nearest(total, min) : buddy_geometry::exact(total, min);
        return made.value().with_alignment(alignment).value_or(made.value());
      },
      rc::gen::arbitrary<bool>(), any_power(), any_power(), any_power());
}

// RapidCheck's capture of an expression does not compile with the comparisons of std::expected.
void assert_same(const result& left, const result& right) {
  RC_ASSERT(left.has_value());
  RC_ASSERT(right.has_value());
  RC_ASSERT(*left == *right);
}

void assert_error(const result& made, build_error error) {
  RC_ASSERT(!made.has_value());
  RC_ASSERT(made.error() == error);
}

void assert_invariant(const buddy_geometry& geometry) {
  RC_ASSERT(is_power(geometry.alignment()));
  RC_ASSERT(is_power(geometry.min_block_size()));
  RC_ASSERT(geometry.alignment() <= geometry.min_block_size());
  const auto total = double_until(geometry.min_block_size(), geometry.total_size());
  RC_ASSERT(total.has_value());
  RC_ASSERT(total->size == geometry.total_size());
  RC_ASSERT(total->times == geometry.max_order());
}

// What the table in the surface says of nearest, by doubling.
void assert_nearest(std::size_t total, std::size_t min) {
  const result made = buddy_geometry::nearest(total, min);
  if (total == 0 || min == 0) {
    assert_error(made, build_error::invalid_geometry);
    return;
  }
  const auto block = double_until(1, min);
  const auto whole = block ? double_until(block->size, total) : std::nullopt;
  if (!whole) {
    assert_error(made, build_error::size_overflow);
    return;
  }
  RC_ASSERT(made.has_value());
  RC_ASSERT(made->min_block_size() == block->size);
  RC_ASSERT(made->total_size() == whole->size);
  RC_ASSERT(made->max_order() == whole->times);
  RC_ASSERT(made->alignment() == 1U);
  RC_ASSERT(made->caps_capacity());
}

// What the table says of fit, by doubling and by counting.
void assert_fit(std::size_t total, std::size_t min) {
  const result made = buddy_geometry::fit(total, min);
  const auto block = double_until(1, min);
  if (total == 0 || min == 0 || (block && block->size > total)) {
    assert_error(made, build_error::invalid_geometry);
    return;
  }
  if (!block) {
    assert_error(made, build_error::size_overflow);
    return;
  }
  RC_ASSERT(made.has_value());
  RC_ASSERT(made->min_block_size() == block->size);
  RC_ASSERT(made->total_size() == total / block->size * block->size);
  const auto beyond = double_until(block->size, made->total_size() / 2 + 1);
  RC_ASSERT(beyond.has_value());  // the least block larger than half of it is the largest one
  RC_ASSERT(made->max_order() == beyond->times);
  RC_ASSERT(made->alignment() == 1U);
  RC_ASSERT(made->caps_capacity());
}

// What the table says of exact, by doubling.
void assert_exact(std::size_t total, std::size_t min) {
  const result made = buddy_geometry::exact(total, min);
  const auto whole = is_power(min) ? double_until(min, total) : std::nullopt;
  if (!whole || whole->size != total) {
    assert_error(made, build_error::invalid_geometry);
    return;
  }
  RC_ASSERT(made.has_value());
  RC_ASSERT(made->min_block_size() == min);
  RC_ASSERT(made->total_size() == total);
  RC_ASSERT(made->max_order() == whole->times);
  RC_ASSERT(made->alignment() == 1U);
  RC_ASSERT(!made->caps_capacity());
}

void assert_aligned(const buddy_geometry& geometry, std::size_t alignment) {
  const result aligned = geometry.with_alignment(alignment);
  if (!is_power(alignment)) {
    assert_error(aligned, build_error::invalid_alignment);
    return;
  }
  if (alignment > geometry.min_block_size() && !geometry.caps_capacity()) {
    assert_error(aligned, build_error::invalid_geometry);
    return;
  }
  RC_ASSERT(aligned.has_value());
  assert_invariant(*aligned);
  RC_ASSERT(aligned->alignment() == alignment);
  RC_ASSERT(aligned->caps_capacity() == geometry.caps_capacity());
  RC_ASSERT(aligned->min_block_size() == std::max(geometry.min_block_size(), alignment));
  RC_ASSERT(aligned->total_size() == std::max(geometry.total_size(), alignment));
}

void assert_order(const buddy_geometry& geometry, std::size_t length) {
  const auto order = geometry.order_for(length);
  if (length > geometry.total_size()) {
    RC_ASSERT(!order.has_value());
    RC_ASSERT(order.error() == alloc_error::request_too_large);
    return;
  }
  RC_ASSERT(order.has_value());
  RC_ASSERT(*order <= geometry.max_order());
  const auto block = double_until(geometry.min_block_size(), length);
  RC_ASSERT(block.has_value());
  RC_ASSERT(*order == block->times);
}

}  // namespace

namespace caiman {

// RapidCheck, which gave it its name, prints the geometry of a failing case with it.
// NOLINTNEXTLINE(readability-identifier-naming)
static void showValue(const buddy_geometry& geometry, std::ostream& out) {
  out << (geometry.caps_capacity() ? "nearest(" : "exact(") << geometry.total_size() << ", "
      << geometry.min_block_size() << ").with_alignment(" << geometry.alignment() << ")";
}

}  // namespace caiman

namespace rc {

template <>
struct Arbitrary<buddy_geometry> {
  static Gen<buddy_geometry> arbitrary() { return any_geometry(); }
};

}  // namespace rc

TEST_CASE("nearest is the least geometry that is large enough", "[geometry][property]") {
  rc::prop("for any two sizes", [] { assert_nearest(*any_size(), *any_size()); });
  rc::prop("at every boundary of one size, for any other", [] {
    const auto other = *any_size();
    for_each_boundary([other](std::size_t size) {
      assert_nearest(size, other);
      assert_nearest(other, size);
    });
  });
  rc::prop("and rounds nothing twice", [] {
    const auto made = buddy_geometry::nearest(*any_size(), *any_size());
    RC_PRE(made.has_value());
    assert_same(buddy_geometry::nearest(made->total_size(), made->min_block_size()), made);
  });
}

TEST_CASE("fit is the greatest geometry that is not too large", "[geometry][property]") {
  rc::prop("for any two sizes", [] { assert_fit(*any_size(), *any_size()); });
  rc::prop("at every boundary of one size, for any other", [] {
    const auto other = *any_size();
    for_each_boundary([other](std::size_t size) {
      assert_fit(size, other);
      assert_fit(other, size);
    });
  });
  rc::prop("and rounds nothing twice", [] {
    const auto made = buddy_geometry::fit(*any_size(), *any_power());
    RC_PRE(made.has_value());
    assert_same(buddy_geometry::fit(made->total_size(), made->min_block_size()), made);
  });
  rc::prop("and does not care whether min or the alignment raises the block", [] {
    const auto total = *any_size();
    const auto min = *any_power();
    const auto alignment = *any_power();
    const auto before = buddy_geometry::fit(total, std::max(min, alignment));
    const auto after = buddy_geometry::fit(total, min);
    RC_PRE(after.has_value());
    const auto aligned = after->with_alignment(alignment);
    RC_ASSERT(aligned.has_value() == before.has_value());
    if (before) assert_same(before->with_alignment(alignment), aligned);
  });
}

TEST_CASE("exact takes what doubles evenly and nothing else", "[geometry][property]") {
  rc::prop("for any two sizes", [] { assert_exact(*any_size(), *any_size()); });
  rc::prop("for any two powers of two", [] { assert_exact(*any_power(), *any_power()); });
  rc::prop("at every boundary of one size, for any power of two as the other", [] {
    const auto other = *any_power();
    for_each_boundary([other](std::size_t size) {
      assert_exact(size, other);
      assert_exact(other, size);
    });
  });
  rc::prop("and the sizes of a geometry make it again", [](buddy_geometry geometry) {
    const auto total = geometry.total_size();
    const auto min = geometry.min_block_size();
    const auto remade = geometry.caps_capacity() ? buddy_geometry::nearest(total, min)
                                                 : buddy_geometry::exact(total, min);
    RC_ASSERT(remade.has_value());
    assert_same(remade->with_alignment(geometry.alignment()), geometry);
  });
}

TEST_CASE("an alignment is obeyed, at the least price", "[geometry][property]") {
  rc::prop("every geometry keeps the invariant",
           [](buddy_geometry geometry) { assert_invariant(geometry); });
  rc::prop("for any size as alignment",
           [](buddy_geometry geometry) { assert_aligned(geometry, *any_size()); });
  rc::prop("for an alignment at every boundary", [](buddy_geometry geometry) {
    for_each_boundary([&geometry](std::size_t alignment) { assert_aligned(geometry, alignment); });
  });
  rc::prop("the same alignment twice is the same as once", [](buddy_geometry geometry) {
    const auto once = geometry.with_alignment(*any_power());
    RC_PRE(once.has_value());
    assert_same(once->with_alignment(once->alignment()), once);
  });
  rc::prop("nearest does not care whether min or the alignment raises the block", [] {
    const auto total = *any_power();
    const auto min = *any_power();
    const auto alignment = *any_power();
    const auto before = buddy_geometry::nearest(total, std::max(min, alignment));
    const auto after = buddy_geometry::nearest(total, min);
    RC_ASSERT(before.has_value());
    RC_ASSERT(after.has_value());
    assert_same(before->with_alignment(alignment), after->with_alignment(alignment));
  });
}

TEST_CASE("order_for is the least order that fits", "[geometry][property]") {
  rc::prop("for any length", [](buddy_geometry geometry) { assert_order(geometry, *any_size()); });
  rc::prop("for a length at every boundary", [](buddy_geometry geometry) {
    for_each_boundary([&geometry](std::size_t length) { assert_order(geometry, length); });
  });
}
