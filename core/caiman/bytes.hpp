// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// bytes.hpp: frozen bytes, shared without copying
//
// Relies on <format> where the library has it, and does without where it has not (g++ 12).
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>
#if defined(__cpp_lib_format)
#include <format>
#endif

#include "caiman/detail/lease.hpp"
#include "caiman/detail/raise.hpp"

namespace caiman::inline v0 {

class buffer;

/// Immutable bytes. Copies and slices share the block that they lie in and keep it from going back;
/// the last of them returns it, on whichever thread, and it may outlive every handle of its arena.
///
/// Different objects may be used by different threads at once, also if they share a block; one
/// object as any value. All is wait-free and allocates nothing but `copy_of`, `from` and
/// `into_owned`; returning the block is lock-free, and of an arena that scrubs, as long as its
/// block. Empty by default and after it was moved from.
///
/// They may also lie on the heap, after a spill or by `copy_of` and `from`, or in static storage
/// (`literal`). They compare by content, as unsigned bytes from the first on, also with what is a
/// view of bytes or of characters; of a string literal it is the characters before its first 0.
/// std::hash is that of a std::string_view of the same content, and std::format, where the library
/// has it, writes what it would write of that.
class bytes {
 public:
  /// What offset() says outside of an arena.
  static constexpr std::size_t npos = SIZE_MAX;

  /// No bytes, of no block.
  bytes() noexcept = default;
  /// One sharer more. Wait-free, one read-modify-write.
  bytes(const bytes& other) noexcept : data_(other.data_), size_(other.size_), from_(other.from_) {
    from_.add();
  }
  /// Takes the share over; `other` is empty afterwards. Wait-free, O(1).
  bytes(bytes&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        from_(std::exchange(other.from_, {})) {}
  /// One sharer more; drops the share that it had.
  bytes& operator=(const bytes& other) noexcept {
    bytes(other).swap(*this);
    return *this;
  }
  /// Takes the share over; drops the one that it had.
  bytes& operator=(bytes&& other) noexcept {
    bytes taken(std::move(other));
    taken.swap(*this);
    return *this;
  }
  ~bytes() { from_.drop(); }

  /// A copy on the heap. O(bytes). Throws std::bad_alloc.
  [[nodiscard]] static bytes copy_of(std::span<const std::byte> what) {
    if (what.empty()) return {};
    auto* const piece = detail::heap_piece::make(what.size());
    if (piece == nullptr) detail::raise_bad_alloc();
    std::memcpy(piece->behind(), what.data(), what.size());
    return {piece->behind(), what.size(), detail::lease(piece)};
  }
  /// The same of characters.
  [[nodiscard]] static bytes copy_of(std::string_view what) {
    return copy_of(std::as_bytes(std::span(what)));
  }
  /// The elements of a vector, which stay where they are; the vector ends with the last share.
  /// Takes a piece of the heap for the count. O(1). Throws std::bad_alloc, and then the vector has
  /// ended.
  [[nodiscard]] static bytes from(std::vector<std::byte> what) {
    if (what.empty()) return {};
    auto* const piece = detail::heap_piece::make(std::move(what));
    if (piece == nullptr) detail::raise_bad_alloc();
    return {piece->data(), piece->capacity, detail::lease(piece)};
  }
  /// What lies in static storage, and so outlives all bytes: nothing is copied or counted. O(1).
  [[nodiscard]] static bytes literal(std::string_view text) noexcept {
    if (text.empty()) return {};
    return {reinterpret_cast<const std::byte*>(text.data()), text.size(), {}};
  }

  /// Exchanges the shares. Wait-free, O(1).
  void swap(bytes& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(from_, other.from_);
  }
  /// The same.
  friend void swap(bytes& a, bytes& b) noexcept { a.swap(b); }

  /// Where they lie, for as long as this object is not changed. O(1).
  [[nodiscard]] const std::byte* data() const noexcept { return data_; }
  /// In bytes.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Whether there are none. O(1).
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// The first byte. O(1).
  [[nodiscard]] const std::byte* begin() const noexcept { return data_; }
  /// Past the last byte. O(1).
  [[nodiscard]] const std::byte* end() const noexcept { return data_ + size_; }
  /// A view of them, for as long as this object is not changed. O(1).
  // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions): a view, as of a vector
  operator std::span<const std::byte>() const noexcept { return {data_, size_}; }
  /// The same. Of its own, since g++'s -Wconversion takes a dislike to how else it would be chosen.
  // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions): the same
  operator std::span<const std::byte>() noexcept { return {data_, size_}; }
  /// The same bytes as characters, for as long as this object lives and is not changed.
  [[nodiscard]] std::string_view as_string_view() const noexcept {
    return {reinterpret_cast<const char*>(data_), size_};
  }

  /// A part that shares the block. One of no length shares nothing.
  /// Throws std::out_of_range unless offset + length (bytes) lies within size().
  [[nodiscard]] bytes slice(std::size_t offset, std::size_t length) const {
    if (offset > size_ || length > size_ - offset) {
      detail::raise_out_of_range("caiman::bytes::slice: the range is not inside");
    }
    if (length == 0) return {};
    from_.add();
    return {data_ + offset, length, from_};
  }

  // ---- smaller, without a copy: each throws std::out_of_range for more than size() bytes, and
  // then
  // ---- nothing has changed; what becomes empty drops its share --------------------------------

  /// Takes the first `n` bytes out of these.
  [[nodiscard]] bytes split_to(std::size_t n) {
    must_fit(n <= size_, "caiman::bytes::split_to: past the end");
    if (n == size_) return std::move(*this);
    bytes front = slice(0, n);
    drop_front(n);
    return front;
  }
  /// Takes all but the first `n` bytes out of these.
  [[nodiscard]] bytes split_off(std::size_t n) {
    must_fit(n <= size_, "caiman::bytes::split_off: past the end");
    if (n == 0) return std::move(*this);
    bytes back = slice(n, size_ - n);
    size_ = n;
    return back;
  }
  /// Leaves the first `n` bytes out.
  void advance(std::size_t n) {
    must_fit(n <= size_, "caiman::bytes::advance: past the end");
    if (n == size_) return clear();
    drop_front(n);
  }
  /// Leaves all but the first `n` bytes out.
  void truncate(std::size_t n) {
    must_fit(n <= size_, "caiman::bytes::truncate: past the end");
    if (n == 0) return clear();
    size_ = n;
  }
  /// Leaves all out, and drops the share.
  void clear() noexcept { bytes().swap(*this); }

  // ---- alone ---------------------------------------------------------------------------------

  /// Whether these are the only bytes of their block, or piece of the heap: then that is so until
  /// they are copied. False for empty ones and in static storage. Wait-free, one load.
  [[nodiscard]] bool is_unique() const noexcept { return from_.sole(); }
  /// The only bytes of their block become a buffer again, without a copy: it begins where these
  /// begin, these are written of it (`size()`), and its capacity goes up to the end of the block,
  /// or of the piece of the heap. So of a slice what lies behind it may be overwritten, and what
  /// lies before it is of no use until the block goes back. In an arena with a geometry that shows
  /// what was asked for (`nearest`, `fit`) the capacity is size(). These are empty afterwards.
  /// Error: these, as they were, if they are not unique. Wait-free. Defined in buffer.hpp.
  [[nodiscard]] std::expected<buffer, bytes> try_into_buffer() && noexcept;

  /// How many bytes after the arena's base they lie; npos if they lie in none. O(1).
  [[nodiscard]] std::size_t offset() const noexcept { return from_.offset_of(data_); }

  /// A copy on the heap; this share is dropped. Throws std::bad_alloc, and then nothing has
  /// changed.
  [[nodiscard]] std::vector<std::byte> into_owned() && {
    std::vector<std::byte> copy(data_, data_ + size_);
    bytes().swap(*this);
    return copy;
  }

  // ---- by content: O(bytes), wait-free -------------------------------------------------------

  /// Whether both are the same bytes.
  friend bool operator==(const bytes& a, const bytes& b) noexcept { return same(a, b); }
  /// The same.
  friend bool operator==(const bytes& a, std::span<const std::byte> b) noexcept {
    return same(a, b);
  }
  /// The same.
  friend bool operator==(const bytes& a, std::string_view b) noexcept {
    return same(a, std::as_bytes(std::span(b)));
  }
  /// As std::memcmp, and what ends first comes first.
  friend std::strong_ordering operator<=>(const bytes& a, const bytes& b) noexcept {
    return compare(a, b);
  }
  /// The same.
  friend std::strong_ordering operator<=>(const bytes& a, std::span<const std::byte> b) noexcept {
    return compare(a, b);
  }
  /// The same.
  friend std::strong_ordering operator<=>(const bytes& a, std::string_view b) noexcept {
    return compare(a, std::as_bytes(std::span(b)));
  }

 private:
  friend class buffer;
  bytes(const std::byte* data, std::size_t size, detail::lease from) noexcept
      : data_(data), size_(size), from_(from) {}

  static void must_fit(bool inside, const char* message) {
    if (!inside) [[unlikely]]
      detail::raise_out_of_range(message);
  }
  void drop_front(std::size_t n) noexcept {
    data_ += n;
    size_ -= n;
  }
  // The pointers may be null where there are no bytes.
  static int differ(const std::byte* a, const std::byte* b, std::size_t n) noexcept {
    return n == 0 ? 0 : std::memcmp(a, b, n);
  }
  static bool same(std::span<const std::byte> a, std::span<const std::byte> b) noexcept {
    return a.size() == b.size() && differ(a.data(), b.data(), a.size()) == 0;
  }
  static std::strong_ordering compare(std::span<const std::byte> a,
                                      std::span<const std::byte> b) noexcept {
    const int first = differ(a.data(), b.data(), (std::min)(a.size(), b.size()));
    return first != 0 ? first <=> 0 : a.size() <=> b.size();
  }

  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  detail::lease from_{};
};

}  // namespace caiman::v0

/// By content, as of a std::string_view.
template <>
struct std::hash<caiman::bytes> {
  /// O(bytes).
  [[nodiscard]] std::size_t operator()(const caiman::bytes& what) const noexcept {
    return std::hash<std::string_view>()(what.as_string_view());
  }
};

#if defined(__cpp_lib_format)
/// As of a std::string_view.
template <>
struct std::formatter<caiman::bytes> : std::formatter<std::string_view> {
  /// Writes the bytes as characters.
  template <class Context>
  auto format(const caiman::bytes& what, Context& context) const {
    return std::formatter<std::string_view>::format(what.as_string_view(), context);
  }
};
#endif

#endif  // CAIMAN_REQUIREMENTS_MET
