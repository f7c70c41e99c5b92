// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// bytes.hpp: frozen bytes, shared without copying
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "caiman/detail/lease.hpp"
#include "caiman/detail/raise.hpp"

namespace caiman::inline v0 {

/// Immutable bytes. Copies and slices share the block that they lie in and keep it from going back;
/// the last of them returns it, on whichever thread, and it may outlive every handle of its arena.
///
/// Different objects may be used by different threads at once, also if they share a block; one
/// object as any value. All is wait-free and allocates nothing but `into_owned`; returning the
/// block is lock-free, and of an arena that scrubs, as long as its block. Empty by default and
/// after it was moved from.
class bytes {
 public:
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

  /// A copy on the heap; this share is dropped. Throws std::bad_alloc, and then nothing has
  /// changed.
  [[nodiscard]] std::vector<std::byte> into_owned() && {
    std::vector<std::byte> copy(data_, data_ + size_);
    bytes().swap(*this);
    return copy;
  }

 private:
  friend class buffer;
  bytes(const std::byte* data, std::size_t size, detail::lease from) noexcept
      : data_(data), size_(size), from_(from) {}

  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  detail::lease from_{};
};

}  // namespace caiman::v0

#endif  // CAIMAN_REQUIREMENTS_MET
