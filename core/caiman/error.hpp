// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// error.hpp: everything that can go wrong, as values
//
// A full arena is an ordinary answer and no exception, so calls return std::expected with one of
// these types. The two enums are std::error_code enums as well: a program that already speaks
// std::error_code can pass them on without knowing Caiman. The two structs carry the numbers that
// a caller needs to act, and therefore are no codes. No enumerator is 0, which std::error_code
// reads as "no error". Relies on <system_error>.
//
// Code that does not know Caiman compares with std::errc: each value is equivalent to one or more
// of these. Code that does, with the enumerator, and that must hold in a program of several
// shared objects, each of which may have category objects of its own: then the name of the category
// decides, not its address. Two std::error_codes the standard compares by address, whatever we do.
//
// What is no error but a misuse ends the program; here is who is told of that before.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <atomic>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "caiman/version.hpp"

namespace caiman::inline v0 {

/// Why an allocation was refused. As a std::error_code also equal to the std::errc that are named.
enum class alloc_error {
  /// At some instant of the call no fitting run was free; the same request may succeed later.
  /// not_enough_memory, and resource_unavailable_try_again.
  arena_full = 1,
  /// No state of this arena could ever satisfy the request. value_too_large.
  request_too_large,
  /// A peer stood still in the middle of a move for the whole bounded search, or others released
  /// without a pause, so nothing can be said about room. Rare; try again.
  /// resource_unavailable_try_again.
  contended,
};

/// Why an arena, or the geometry of one, could not be made. As a std::error_code also equal to the
/// std::errc that are named; all but out_of_memory, which are the caller's to mend, also to
/// invalid_argument.
enum class build_error {
  /// A size passes SIZE_MAX once it is rounded up. value_too_large.
  size_overflow = 1,
  /// The alignment is zero or not a power of two. invalid_argument.
  invalid_alignment,
  /// The sizes, or the sizes and the alignment, do not form blocks that halve evenly.
  /// invalid_argument.
  invalid_geometry,
  /// The caller's region is a null pointer. bad_address.
  null_region,
  /// The caller's region does not hold a single aligned block. no_buffer_space.
  region_too_small,
  /// The system refused the memory for blocks or for metadata. not_enough_memory.
  out_of_memory,
};

/// A write that did not fit into a buffer; nothing was written. Both members are in bytes.
struct buffer_full {
  std::size_t remaining;  ///< What would have fitted; never SIZE_MAX.
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

/// What is to be known of an error, besides its number. No std::errc is 0, so that is none.
struct error_row {
  int value = 0;
  const char* sentence = "";
  std::errc same = {};  // the default condition
  std::errc also = {};

  [[nodiscard]] bool is(const std::error_condition& other) const noexcept {
    return (same != std::errc() && other == make_error_condition(same)) ||
           (also != std::errc() && other == make_error_condition(also));
  }
};

inline constexpr error_row alloc_rows[] = {
    {static_cast<int>(alloc_error::arena_full),
     "No free block of the arena is large enough at the moment.", std::errc::not_enough_memory,
     std::errc::resource_unavailable_try_again},
    {static_cast<int>(alloc_error::request_too_large),
     "The request is larger than this arena could ever serve.", std::errc::value_too_large},
    {static_cast<int>(alloc_error::contended),
     "Another thread stood still while it moved a block; try again.",
     std::errc::resource_unavailable_try_again},
    {0, "This value is not an allocation error of Caiman.", {}}};

inline constexpr error_row build_rows[] = {
    {static_cast<int>(build_error::size_overflow),
     "A size does not fit into std::size_t once it is rounded up.", std::errc::value_too_large,
     std::errc::invalid_argument},
    {static_cast<int>(build_error::invalid_alignment), "The alignment is not a power of two.",
     std::errc::invalid_argument},
    {static_cast<int>(build_error::invalid_geometry),
     "The sizes and the alignment do not form a buddy geometry.", std::errc::invalid_argument},
    {static_cast<int>(build_error::null_region), "The region is a null pointer.",
     std::errc::bad_address, std::errc::invalid_argument},
    {static_cast<int>(build_error::region_too_small),
     "The region is too small for one aligned block.", std::errc::no_buffer_space,
     std::errc::invalid_argument},
    {static_cast<int>(build_error::out_of_memory),
     "The system has not enough memory for the arena.", std::errc::not_enough_memory},
    {0, "This value is not a build error of Caiman.", {}}};

/// A category as a table, whose last row is for all values that have none.
class error_table final : public std::error_category {
 public:
  constexpr error_table(const char* name, std::span<const error_row> rows) noexcept
      : name_(name), rows_(rows) {}
  error_table(const error_table&) = delete;
  error_table& operator=(const error_table&) = delete;
  ~error_table() override = default;

  [[nodiscard]] const char* name() const noexcept override { return name_; }
  [[nodiscard]] std::string message(int value) const override { return row_of(value).sentence; }

  [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
    const std::errc same = row_of(value).same;
    return same == std::errc() ? std::error_condition(value, *this) : make_error_condition(same);
  }
  [[nodiscard]] bool equivalent(int value,
                                const std::error_condition& other) const noexcept override {
    return row_of(value).is(other) || (is_same(other.category()) && other.value() == value);
  }
  [[nodiscard]] bool equivalent(const std::error_code& code, int value) const noexcept override {
    return is_same(code.category()) && code.value() == value;
  }

 private:
  /// Whether it is this category, perhaps as another shared object of the program has it.
  [[nodiscard]] bool is_same(const std::error_category& other) const noexcept {
    return this == &other || std::string_view(name_) == other.name();
  }
  [[nodiscard]] const error_row& row_of(int value) const noexcept {
    for (const error_row& row : rows_) {
      if (row.value == value) return row;
    }
    return rows_.back();
  }

  const char* name_;
  std::span<const error_row> rows_;
};

}  // namespace detail

/// The category of `alloc_error` codes: one object per program, or one per shared object where the
/// linker does not unite them (hidden visibility, dlopen).
/// Thread-safe; a first call may wait for another thread's first call, every later one is
/// wait-free. O(1). `message` of the category makes a std::string and may throw std::bad_alloc.
[[nodiscard]] inline const std::error_category& alloc_category() noexcept {
  static const detail::error_table instance("caiman.alloc", detail::alloc_rows);
  return instance;
}

/// The category of `build_error` codes; everything said of `alloc_category` holds here too.
[[nodiscard]] inline const std::error_category& build_category() noexcept {
  static const detail::error_table instance("caiman.build", detail::build_rows);
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

/// Whether a code says this error, whichever shared object of the program made it; so do the forms
/// with `!=` and with the sides exchanged. Two std::error_codes compare by the address of their
/// category, which is the standard's rule: made in two shared objects they can differ, though each
/// equals the enumerator. Thread-safe, wait-free but for the first call (`alloc_category`), O(1).
[[nodiscard]] inline bool operator==(const std::error_code& code, alloc_error error) noexcept {
  return alloc_category().equivalent(code, static_cast<int>(error));
}
/// The same.
[[nodiscard]] inline bool operator==(const std::error_code& code, build_error error) noexcept {
  return build_category().equivalent(code, static_cast<int>(error));
}

/// Told of a misuse before it ends the program: `line` is what stands on stderr already, without
/// the end of the line, and goes when the hook returns.
using misuse_hook = void (*)(const char* line) noexcept;

namespace detail {
// One for all objects that the dynamic linker lets share it, whatever their visibility else.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): what this is about
[[gnu::__visibility__("default")]] constinit inline std::atomic<misuse_hook> hook_of_misuse{
    nullptr};
}  // namespace detail

/// From now on `hook` is told of each misuse, and of each broken invariant, that ends the program:
/// on the thread that misused, after the line was written to stderr, with whatever locks that
/// thread holds. When the hook returns the program is aborted all the same; it must not throw, and
/// must not use what was misused. A null pointer, as to begin with: nobody is told. Returns the
/// hook before, as std::set_terminate does. Exceptions are not misuse: those that nobody catches go
/// to std::terminate.
///
/// One hook per program where the dynamic linker makes the objects of the program share it. An
/// executable keeps its own unless it is linked with -rdynamic, or to a shared object that uses
/// Caiman as well. So a plugin that such a program opens with dlopen has a hook of its own, and a
/// misuse that code of the plugin finds tells that one: the plugin sets it. Thread-safe, wait-free,
/// O(1).
inline misuse_hook set_misuse_hook(misuse_hook hook) noexcept {
  return detail::hook_of_misuse.exchange(hook);
}

}  // namespace caiman::v0

template <>
struct std::is_error_code_enum<caiman::alloc_error> : std::true_type {};

template <>
struct std::is_error_code_enum<caiman::build_error> : std::true_type {};

#endif  // CAIMAN_REQUIREMENTS_MET
