// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// buffer.hpp: a block with one owner, to be written
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <expected>
#include <span>
#include <string_view>
#include <utility>

#include "caiman/bytes.hpp"
#include "caiman/detail/lease.hpp"
#include "caiman/detail/raise.hpp"
#include "caiman/error.hpp"

namespace caiman::inline v0 {

/// Memory to write, with one owner; its destructor returns the block, on whichever thread, and it
/// may outlive every handle of its arena; the last thing that needs an arena ends it. Written from
/// the front: `size()` bytes are written of `capacity()`. Not thread-safe by itself, as any value.
/// Allocates nothing but for a spill. Returning the block is lock-free, wait-free where
/// buddy::release is, and O(bytes of the block) in an arena that zeroes. All else is wait-free and,
/// but for the copying, O(1). Empty after it was moved from or frozen.
class buffer {
 public:
  /// Takes the block over; `other` is empty afterwards. Wait-free, O(1).
  buffer(buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        capacity_(std::exchange(other.capacity_, 0)),
        size_(std::exchange(other.size_, 0)),
        from_(std::exchange(other.from_, {})) {}
  /// The same, and returns the block that it had.
  buffer& operator=(buffer&& other) noexcept {
    buffer taken(std::move(other));
    taken.swap(*this);
    return *this;
  }
  buffer(const buffer&) = delete;
  buffer& operator=(const buffer&) = delete;
  ~buffer() { from_.give_back(); }

  /// Exchanges the blocks. Wait-free, O(1).
  void swap(buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
    std::swap(size_, other.size_);
    std::swap(from_, other.from_);
  }
  /// The same.
  friend void swap(buffer& a, buffer& b) noexcept { a.swap(b); }

  /// Bytes that may be written in all, without moving anything.
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  /// Bytes written so far.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Bytes that may still be written: SIZE_MAX once it has spilled.
  [[nodiscard]] std::size_t remaining() const noexcept {
    return is_spilled() ? SIZE_MAX : capacity_ - size_;
  }
  /// Whether nothing is written yet.
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// Whether it lies on the heap.
  [[nodiscard]] bool is_spilled() const noexcept { return from_.heap(); }
  /// Whether so many bytes can be written where it lies now.
  [[nodiscard]] bool will_fit(std::size_t n) const noexcept { return n <= remaining(); }

  /// Writes all of `what` behind what is written. If it does not fit: in an arena with auto_spill
  /// the block is filled, moved to the heap and returned, and the writing goes on there; else
  /// throws std::length_error. A spill uses the heap and may throw std::bad_alloc. When it throws,
  /// nothing has changed. Wait-free but for a spill, O(bytes).
  void put(std::span<const std::byte> what) {
    const outcome end = append(what);
    if (end == outcome::no_room) detail::raise_length_error("caiman::buffer::put: it does not fit");
    if (end == outcome::no_heap) detail::raise_bad_alloc();
  }
  /// The same for characters.
  void put(std::string_view what) { put(std::as_bytes(std::span(what))); }

  /// The same without exceptions. Errors: buffer_full, also when the heap has no room for a spill;
  /// then nothing has changed.
  [[nodiscard]] std::expected<void, buffer_full> try_put(std::span<const std::byte> what) noexcept {
    const outcome end = append(what);
    if (end == outcome::written) return {};
    const std::size_t room = end == outcome::no_heap ? capacity_ - size_ : remaining();
    return std::unexpected(buffer_full{room, what.size()});
  }

  /// What is not written yet, to be written in place; then `advance`.
  [[nodiscard]] std::span<std::byte> spare() noexcept { return {data_ + size_, capacity_ - size_}; }
  /// The next `n` bytes of spare() are written. Throws std::length_error if there are fewer, and
  /// then nothing has changed.
  void advance(std::size_t n) {
    if (n > capacity_ - size_) {
      detail::raise_length_error("caiman::buffer::advance: past the capacity");
    }
    size_ += n;
  }
  /// What is written, for as long as it is not moved, written to or destroyed.
  [[nodiscard]] std::span<const std::byte> written() const noexcept { return {data_, size_}; }

  /// What is written, as immutable bytes, without a copy. The buffer is empty afterwards.
  /// Wait-free.
  [[nodiscard]] bytes freeze() && noexcept { return frozen(0, size_); }
  /// Any part of the capacity, whatever was said to be written. Errors: bad_range; then the buffer
  /// is as it was.
  [[nodiscard]] std::expected<bytes, bad_range> freeze(std::size_t offset,
                                                       std::size_t length) && noexcept {
    if (offset > capacity_ || length > capacity_ - offset) {
      return std::unexpected(bad_range{offset, length, capacity_});
    }
    return frozen(offset, length);
  }

  /// Returns the block now. Lock-free.
  void abandon() && noexcept { const buffer taken(std::move(*this)); }

 private:
  friend class buddy_arena;
  friend class fixed_arena;
  friend class async_buddy_arena;
  buffer(detail::arena_state* home, block b, std::byte* data, std::size_t capacity) noexcept
      : data_(data), capacity_(capacity), from_(home, b) {}

  [[nodiscard]] bytes frozen(std::size_t offset, std::size_t length) noexcept {
    if (from_.empty()) return {};
    from_.share();
    // Bytes of no length go at once, and their block with them.
    bytes made(data_ + offset, length, std::exchange(from_, {}));
    data_ = nullptr;
    capacity_ = size_ = 0;
    if (length == 0) bytes().swap(made);
    return made;
  }

  enum class outcome : unsigned char { written, no_room, no_heap };

  outcome append(std::span<const std::byte> what) noexcept {
    if (what.size() > capacity_ - size_) {
      if (from_.empty() || !(is_spilled() || from_.home()->plan().spills)) return outcome::no_room;
      return move_to_heap(what) ? outcome::written : outcome::no_heap;
    }
    // Not memcpy: `what` may be a part of spare().
    if (!what.empty()) std::memmove(data_ + size_, what.data(), what.size());
    size_ += what.size();
    return outcome::written;
  }

  /// With `what` behind the rest, which does not fit where it is. `what` may lie in the buffer.
  /// False if the heap has no room; then nothing has changed.
  bool move_to_heap(std::span<const std::byte> what) noexcept {
    if (what.size() > SIZE_MAX / 2 - size_) return false;
    const std::size_t needed = size_ + what.size();
    auto* const piece = detail::heap_piece::make((std::max)(needed, 2 * capacity_));
    if (piece == nullptr) return false;
    std::memcpy(piece->data(), data_, size_);
    std::memcpy(piece->data() + size_, what.data(), what.size());
    // The rule is that a spill fills the block before it leaves it; here, after `what` was copied.
    std::memcpy(data_ + size_, piece->data() + size_, capacity_ - size_);
    if (!is_spilled()) from_.home()->books().spilled();
    from_.give_back();
    from_ = detail::lease(piece);
    data_ = piece->data();
    capacity_ = piece->capacity;
    size_ = needed;
    return true;
  }

  std::byte* data_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  detail::lease from_;
};

}  // namespace caiman::v0

#endif  // CAIMAN_REQUIREMENTS_MET
