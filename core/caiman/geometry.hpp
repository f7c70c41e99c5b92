// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// geometry.hpp: the sizes of an arena, and how a length in bytes becomes an order
//
// Every check of a size happens here, once, before anything is built, so that the core counts in
// orders and block indices and never sees a number that does not fit. Every way to make a geometry
// keeps one invariant:
//
//   alignment, min_block_size and total_size are powers of two, and
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

/// The shape of a buddy arena: 2^max_order min blocks of min_block_size bytes each. A block of
/// order k is 2^k min blocks. A regular value type; the default value is the smallest geometry
/// there is, one block of one byte.
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
    return buddy_geometry(total_size, min_block_size, 1, false);
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
    return buddy_geometry(at_least(std::bit_ceil(total_size), block), block, 1, true);
  }

  /// The same geometry with its base, and hence every block, aligned to `alignment` (bytes).
  /// Replaces an earlier alignment; sizes that an earlier one has raised stay raised.
  /// An alignment above min_block_size raises min_block_size to it, and total_size where that is
  /// smaller still, if the geometry was made by `nearest`.
  /// Errors: invalid_alignment unless it is a power of two; invalid_geometry if it is above
  /// min_block_size and the geometry was made by `exact`. No size can overflow: an alignment that
  /// is a power of two is at most the largest total_size.
  [[nodiscard]] constexpr std::expected<buddy_geometry, build_error> with_alignment(
      std::size_t alignment) const noexcept {
    if (!std::has_single_bit(alignment)) {
      return std::unexpected(build_error::invalid_alignment);
    }
    if (alignment > min_block_size_ && !caps_capacity_) {
      return std::unexpected(build_error::invalid_geometry);
    }
    return buddy_geometry(at_least(total_size_, alignment), at_least(min_block_size_, alignment),
                          alignment, caps_capacity_);
  }

  /// The order of the smallest block that holds `length` bytes; order 0 for a length of zero.
  /// Errors: request_too_large if `length` is above total_size.
  [[nodiscard]] constexpr std::expected<unsigned, alloc_error> order_for(
      std::size_t length) const noexcept {
    if (length > total_size_) {
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

  /// The order of the block that is the whole arena.
  [[nodiscard]] constexpr unsigned max_order() const noexcept {
    return exponent(total_size_) - exponent(min_block_size_);
  }

  /// Whether a buffer shows exactly the bytes asked for (`nearest`) or its whole block (`exact`).
  [[nodiscard]] constexpr bool caps_capacity() const noexcept { return caps_capacity_; }

  /// Member by member.
  friend constexpr bool operator==(const buddy_geometry&, const buddy_geometry&) noexcept = default;

 private:
  static constexpr std::size_t largest_power = std::bit_floor(std::size_t{SIZE_MAX});

  constexpr buddy_geometry(std::size_t total_size, std::size_t min_block_size,
                           std::size_t alignment, bool caps_capacity) noexcept
      : total_size_(total_size),
        min_block_size_(min_block_size),
        alignment_(alignment),
        caps_capacity_(caps_capacity) {}

  static constexpr std::size_t at_least(std::size_t size, std::size_t bound) noexcept {
    return size < bound ? bound : size;
  }

  static constexpr unsigned exponent(std::size_t power) noexcept {
    return static_cast<unsigned>(std::countr_zero(power));
  }

  std::size_t total_size_ = 1;
  std::size_t min_block_size_ = 1;
  std::size_t alignment_ = 1;
  bool caps_capacity_ = false;
};

}  // namespace caiman::v0

#endif  // CAIMAN_REQUIREMENTS_MET
