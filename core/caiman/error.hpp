// ---------------------------------------------------------------------------------------------
// error.hpp: everything that can go wrong, as values
//
// A full arena is an ordinary answer and no exception, so calls return std::expected with one of
// these types. The two enums are std::error_code enums as well: a program that already speaks
// std::error_code can pass them on without knowing Caiman. The two structs carry the numbers that
// a caller needs to act, and therefore are no codes. No enumerator is 0, which std::error_code
// reads as "no error". Relies on <system_error> alone.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <string>
#include <system_error>

namespace caiman {

/// Why an allocation was refused.
enum class alloc_error {
  /// At some instant of the call no fitting run was free; the same request may succeed later.
  arena_full = 1,
  /// No state of this arena could ever satisfy the request.
  request_too_large,
  /// A peer stood still in the middle of a move for the whole bounded search, so nothing can be
  /// said about room. Rare; try again.
  contended,
};

/// Why an arena, or the geometry of one, could not be made.
enum class build_error {
  /// A size passes SIZE_MAX once it is rounded up.
  size_overflow = 1,
  /// The alignment is zero or not a power of two.
  invalid_alignment,
  /// The sizes, or the sizes and the alignment, do not form blocks that halve evenly.
  invalid_geometry,
  /// The caller's region is a null pointer.
  null_region,
  /// The caller's region does not hold a single aligned block.
  region_too_small,
  /// The system refused the memory for blocks or for metadata.
  out_of_memory,
};

/// A write that did not fit into a buffer; nothing was written. Both members are in bytes.
struct buffer_full {
  std::size_t remaining;  ///< What would have fitted; SIZE_MAX is never said.
  std::size_t requested;  ///< What was to be written.

  /// Member by member.
  friend constexpr bool operator==(const buffer_full&, const buffer_full&) noexcept = default;
};

/// A range that is not inside what it was taken from. All members are in bytes.
struct bad_range {
  std::size_t offset;    ///< Where the range was to begin.
  std::size_t length;    ///< How long it was to be.
  std::size_t capacity;  ///< What it had to lie in.

  /// Member by member.
  friend constexpr bool operator==(const bad_range&, const bad_range&) noexcept = default;
};

namespace detail {

class alloc_error_category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "caiman.alloc"; }

  [[nodiscard]] std::string message(int value) const override {
    // No default label: the compiler then names an enumerator that has no sentence.
    switch (static_cast<alloc_error>(value)) {
      case alloc_error::arena_full:
        return "No free block of the arena is large enough at the moment.";
      case alloc_error::request_too_large:
        return "The request is larger than this arena could ever serve.";
      case alloc_error::contended:
        return "Another thread stood still while it moved a block; try again.";
    }
    return "This value is not an allocation error of Caiman.";
  }
};

class build_error_category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "caiman.build"; }

  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<build_error>(value)) {
      case build_error::size_overflow:
        return "A size does not fit into std::size_t once it is rounded up.";
      case build_error::invalid_alignment:
        return "The alignment is not a power of two.";
      case build_error::invalid_geometry:
        return "The sizes and the alignment do not form a buddy geometry.";
      case build_error::null_region:
        return "The region is a null pointer.";
      case build_error::region_too_small:
        return "The region is too small for one aligned block.";
      case build_error::out_of_memory:
        return "The system has not enough memory for the arena.";
    }
    return "This value is not a build error of Caiman.";
  }
};

}  // namespace detail

/// The category of `alloc_error` codes, one object per program.
/// Thread-safe; a first call may wait for another thread's first call, every later one is
/// wait-free. O(1). `message` of the category makes a std::string and may throw std::bad_alloc.
[[nodiscard]] inline const std::error_category& alloc_category() noexcept {
  static const detail::alloc_error_category instance;
  return instance;
}

/// The category of `build_error` codes; everything said of `alloc_category` holds here too.
[[nodiscard]] inline const std::error_category& build_category() noexcept {
  static const detail::build_error_category instance;
  return instance;
}

/// What std::error_code calls when it is made from an enumerator; guarantees as `alloc_category`.
[[nodiscard]] inline std::error_code make_error_code(alloc_error error) noexcept {
  return {static_cast<int>(error), alloc_category()};
}

/// What std::error_code calls when it is made from an enumerator; guarantees as `build_category`.
[[nodiscard]] inline std::error_code make_error_code(build_error error) noexcept {
  return {static_cast<int>(error), build_category()};
}

}  // namespace caiman

template <>
struct std::is_error_code_enum<caiman::alloc_error> : std::true_type {};

template <>
struct std::is_error_code_enum<caiman::build_error> : std::true_type {};
