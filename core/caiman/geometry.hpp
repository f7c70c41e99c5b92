// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// geometry.hpp: the sizes of an arena, and how a length in bytes becomes an order
//
// Every check of a size happens here, once, before anything is built, so that the core counts in
// orders and block indices and never sees a number that does not fit. Every way to make a geometry
// keeps one invariant:
//
//   alignment and min_block_size are powers of two, total_size is a multiple of the latter, and
//   1 <= alignment <= min_block_size <= total_size
//
// so that rounding is bit arithmetic; and a size is compared before it is computed with, so that
// nothing overflows.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include "caiman/error.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <expected>

namespace caiman::inline v0 {

/// The shape of a buddy arena: min blocks of min_block_size bytes each, 2^max_order of them, or any
/// number if it was made by `fit`. A block of order k is 2^k min blocks. A regular value type; the
/// default value is the smallest geometry there is, one block of one byte.
///
/// Every function is constexpr, touches nothing but its arguments, and hence is thread-safe,
/// wait-free and O(1). Nothing throws.
///
/// A geometry states sizes, it does not promise that they can be had: total_size may be more memory
/// than any machine has, and max_order reaches the number of bits in std::size_t minus one. The
/// core keeps metadata for every min block and takes orders up to 32; the limit is its own, and
/// is reported by what builds on a geometry (`buddy` throws std::length_error). Arithmetic
/// here, `order_for` included, is right for all of them.
class buddy_geometry {
 public:
  constexpr buddy_geometry() noexcept = default;

  /// Takes both sizes (bytes) as they are. A buffer shows its whole block.
  /// Errors: invalid_geometry unless min_block_size is a power of two, total_size is not smaller,
  /// and total_size / min_block_size is a power of two without remainder.
  [[nodiscard]] static constexpr std::expected<buddy_geometry, build_error> exact(
      std::size_t total_size, std::size_t min_block_size) noexcept {
    // Divided by a power of two, only a power of two gives a power of two without remainder.
    if (!std::has_single_bit(min_block_size) || !std::has_single_bit(total_size) ||
        total_size < min_block_size) {
      return std::unexpected(build_error::invalid_geometry);
    }
    return buddy_geometry(total_size, min_block_size, 1, rule::exact);
  }

  /// Rounds both sizes (bytes) up: first min_block_size to a power of two, then total_size to a
  /// power-of-two multiple of it. A buffer shows exactly the bytes asked for.
  /// Errors: invalid_geometry if either size is zero; size_overflow if either, rounded up, passes
  /// SIZE_MAX.
  [[nodiscard]] static constexpr std::expected<buddy_geometry, build_error> nearest(
      std::size_t total_size, std::size_t min_block_size) noexcept {
    if (total_size == 0 || min_block_size == 0) {
      return std::unexpected(build_error::invalid_geometry);
    }
    if (total_size > largest_power || min_block_size > largest_power) {
      return std::unexpected(build_error::size_overflow);
    }
    const std::size_t block = std::bit_ceil(min_block_size);
    return buddy_geometry(at_least(std::bit_ceil(total_size), block), block, 1, rule::nearest);
  }

  /// Rounds min_block_size (bytes) up to a power of two and total_size (bytes) down to a multiple
  /// of it, which need not be a power of two: blocks are aligned to their size as ever, and those
  /// that would reach past the end there are not. A buffer shows exactly the bytes asked for.
  /// Errors: invalid_geometry if either size is zero, or not one block fits; size_overflow if
  /// min_block_size, rounded up, passes SIZE_MAX.
  [[nodiscard]] static constexpr std::expected<buddy_geometry, build_error> fit(
      std::size_t total_size, std::size_t min_block_size) noexcept {
    if (total_size == 0 || min_block_size == 0) {
      return std::unexpected(build_error::invalid_geometry);
    }
    if (min_block_size > largest_power) return std::unexpected(build_error::size_overflow);
    const std::size_t block = std::bit_ceil(min_block_size);
    if (total_size < block) return std::unexpected(build_error::invalid_geometry);
    return buddy_geometry(total_size & ~(block - 1), block, 1, rule::fit);
  }

  /// The same geometry with its base, and hence every block, aligned to `alignment` (bytes).
  /// Replaces an earlier alignment; sizes that an earlier one has raised stay raised.
  /// An alignment above min_block_size raises min_block_size to it, and total_size where that is
  /// smaller still, if the geometry was made by `nearest`; of one made by `fit`, total_size is
  /// rounded down to a multiple of it.
  /// Errors: invalid_alignment unless it is a power of two; invalid_geometry if it is above
  /// min_block_size and the geometry was made by `exact`, or by `fit` and no block fits. No size
  /// can overflow: an alignment that is a power of two is at most the largest total_size.
  [[nodiscard]] constexpr std::expected<buddy_geometry, build_error> with_alignment(
      std::size_t alignment) const noexcept {
    if (!std::has_single_bit(alignment)) {
      return std::unexpected(build_error::invalid_alignment);
    }
    if (alignment > min_block_size_ &&
        (rule_ == rule::exact || (rule_ == rule::fit && alignment > total_size_))) {
      return std::unexpected(build_error::invalid_geometry);
    }
    const std::size_t block = at_least(min_block_size_, alignment);
    return buddy_geometry(at_least(total_size_, block) & ~(block - 1), block, alignment, rule_);
  }

  /// The order of the smallest block that holds `length` bytes; order 0 for a length of zero.
  /// Errors: request_too_large if `length` is above the largest block, that of max_order.
  [[nodiscard]] constexpr std::expected<unsigned, alloc_error> order_for(
      std::size_t length) const noexcept {
    if (length > min_block_size_ << max_order()) {
      return std::unexpected(alloc_error::request_too_large);
    }
    if (length <= min_block_size_) {
      return 0U;
    }
    // bit_width(length - 1) is the exponent of the least power of two >= length.
    return static_cast<unsigned>(std::bit_width(length - 1)) - exponent(min_block_size_);
  }

  /// Size of the whole arena in bytes.
  [[nodiscard]] constexpr std::size_t total_size() const noexcept { return total_size_; }

  /// Size of a block of order 0 in bytes.
  [[nodiscard]] constexpr std::size_t min_block_size() const noexcept { return min_block_size_; }

  /// Alignment of the base and of every block in bytes; 1 unless `with_alignment` was called.
  [[nodiscard]] constexpr std::size_t alignment() const noexcept { return alignment_; }

  /// The order of the largest block: the whole arena, unless it was made by `fit`.
  [[nodiscard]] constexpr unsigned max_order() const noexcept {
    return static_cast<unsigned>(std::bit_width(total_size_)) - 1 - exponent(min_block_size_);
  }

  /// Whether a buffer shows exactly the bytes asked for (`nearest`, `fit`) or its whole block
  /// (`exact`).
  [[nodiscard]] constexpr bool caps_capacity() const noexcept { return rule_ != rule::exact; }

  /// Member by member.
  friend constexpr bool operator==(const buddy_geometry&, const buddy_geometry&) noexcept = default;

 private:
  static constexpr std::size_t largest_power = std::bit_floor(std::size_t{SIZE_MAX});

  /// What was made by which call is rounded by the same rule ever after.
  enum class rule : unsigned char { exact, nearest, fit };

  constexpr buddy_geometry(std::size_t total_size, std::size_t min_block_size,
                           std::size_t alignment, rule rounding) noexcept
      : total_size_(total_size),
        min_block_size_(min_block_size),
        alignment_(alignment),
        rule_(rounding) {}

  static constexpr std::size_t at_least(std::size_t size, std::size_t bound) noexcept {
    return size < bound ? bound : size;
  }

  static constexpr unsigned exponent(std::size_t power) noexcept {
    return static_cast<unsigned>(std::countr_zero(power));
  }

  std::size_t total_size_ = 1;
  std::size_t min_block_size_ = 1;
  std::size_t alignment_ = 1;
  rule rule_ = rule::exact;
};

}  // namespace caiman::v0

#endif  // CAIMAN_REQUIREMENTS_MET
