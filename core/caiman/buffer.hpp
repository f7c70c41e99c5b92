// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// buffer.hpp: a block with one owner, to be written
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>

#include "caiman/bytes.hpp"
#include "caiman/detail/attributes.hpp"
#include "caiman/detail/lease.hpp"
#include "caiman/detail/raise.hpp"
#include "caiman/error.hpp"

namespace caiman::inline v0 {

/// What buffer::freeze is told so that it shrinks the buffer first.
struct shrink_t {
  /// Of `shrink`.
  explicit shrink_t() = default;
};
/// The one value of its type.
inline constexpr shrink_t shrink{};

/// Memory to write, with one owner; its destructor returns the block, on whichever thread, and it
/// may outlive every handle of its arena; the last thing that needs an arena ends it. Written from
/// the front: `size()` bytes are written of `capacity()`. Not thread-safe by itself, as any value.
/// Allocates nothing but for a spill. Returning the block is lock-free, wait-free where
/// buddy::release is, and O(bytes of the block) in an arena that zeroes. All else is wait-free and,
/// but for the copying, O(1). Empty by default, and after it was moved from or frozen.
/// std::back_inserter takes bytes and characters: fmt::format_to and std::format_to write there.
class buffer {
 public:
  /// Of back_inserter.
  using value_type = std::byte;
  /// What offset() says outside of an arena.
  static constexpr std::size_t npos = SIZE_MAX;

  /// Of no block: no capacity, and it refuses whatever is written. Wait-free.
  buffer() noexcept = default;
  /// Of an arena alone: not part of the public surface.
  buffer(detail::making /*tag*/, detail::arena_state* home, block b, std::byte* data,
         std::size_t capacity) noexcept
      : data_(data), capacity_(capacity), from_(home, b) {}
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
  void put(std::span<const std::byte> what) { must(append(what)); }
  /// The same for characters.
  void put(std::string_view what) { put(std::as_bytes(std::span(what))); }
  /// The same for one byte.
  void push_back(std::byte what) {
    must(extend(1, [&](std::byte* to) { *to = what; }));
  }
  /// The same for `n` bytes that are all alike.
  void fill(std::byte what, std::size_t n) {
    must(extend(n, [&](std::byte* to) { std::fill_n(to, n, what); }));
  }
  /// The same for a number, its highest byte first, whatever the processor's order.
  template <std::integral T>
  void put_be(T number) {
    put_number<std::endian::big>(number);
  }
  /// The same for a number, its lowest byte first.
  template <std::integral T>
  void put_le(T number) {
    put_number<std::endian::little>(number);
  }

  /// The same without exceptions. Errors: buffer_full, also when the heap has no room for a spill;
  /// then nothing has changed.
  [[nodiscard]] std::expected<void, buffer_full> try_put(std::span<const std::byte> what) noexcept {
    const outcome end = append(what);
    if (end == outcome::written) return {};
    const std::size_t room = end == outcome::no_heap ? capacity_ - size_ : remaining();
    return std::unexpected(buffer_full{room, what.size()});
  }
  /// The same for characters.
  [[nodiscard]] std::expected<void, buffer_full> try_put(std::string_view what) noexcept {
    return try_put(std::as_bytes(std::span(what)));
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
  /// Forgets what is written, and keeps the block.
  void clear() noexcept { size_ = 0; }
  /// Forgets all but the first `n` bytes that are written. Throws std::out_of_range if there are
  /// fewer, and then nothing has changed.
  void truncate(std::size_t n) {
    if (n > size_) detail::raise_out_of_range("caiman::buffer::truncate: past what is written");
    size_ = n;
  }

  /// Where it begins, for as long as it is not moved, written to past its capacity or destroyed.
  [[nodiscard]] std::byte* data() noexcept { return data_; }
  /// The same.
  [[nodiscard]] const std::byte* data() const noexcept { return data_; }
  /// How many bytes after the arena's base it begins; npos if it lies in none, as after a spill.
  [[nodiscard]] std::size_t offset() const noexcept { return from_.offset_of(data_); }
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

  /// shrink_to_fit and freeze in one: `std::move(b).freeze(caiman::shrink)`. Lock-free.
  [[nodiscard]] bytes freeze(shrink_t /*tag*/) && noexcept {
    shrink_to_fit();
    return frozen(0, size_);
  }

  /// Gives whole min blocks past what is written back, but for the first one; they are free for
  /// anybody at once, and the rest is kept until this buffer, or the bytes that it becomes, go.
  /// `capacity()` is what is left. A buffer that has spilled stays as it is. Lock-free, O(bytes
  /// that go back) in an arena that zeroes.
  void shrink_to_fit() noexcept { capacity_ = (std::min)(capacity_, from_.shrink(data_, size_)); }

  /// Returns the block now. Lock-free.
  void abandon() && noexcept { const buffer taken(std::move(*this)); }

 private:
  friend class buddy_arena;
  friend class fixed_arena;
  friend class bytes;
  /// A block of an arena, of which `shown` bytes are shown. The rare case answers in registers, so
  /// that a caller's compiler may keep a buffer there, too.
  CAIMAN_HOT static std::expected<buffer, alloc_error> taken(detail::arena_state* home,
                                                             unsigned order,
                                                             std::size_t shown) noexcept {
    block b{order, 0};
    if (!home->take_at_hand(order, b.index)) [[unlikely]] {
      const auto got = home->take_rarely(order, shown);
      if (!got.ok) return std::unexpected(got.why);
      b.index = got.index;
    }
    return of(home, b, shown);
  }
  CAIMAN_HOT static std::expected<buffer, alloc_error> of(detail::arena_state* home, block b,
                                                          std::size_t shown) noexcept {
    return std::expected<buffer, alloc_error>(std::in_place, detail::making(), home, b,
                                              home->address_of(b), shown);
  }

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

  static void must(outcome end) {
    if (end == outcome::no_room) detail::raise_length_error("caiman::buffer::put: it does not fit");
    if (end == outcome::no_heap) detail::raise_bad_alloc();
  }
  template <std::endian Order, std::integral T>
  void put_number(T number) {
    if constexpr (sizeof(T) > 1 && Order != std::endian::native) number = std::byteswap(number);
    put(std::as_bytes(std::span(&number, 1)));
  }

  outcome append(std::span<const std::byte> what) noexcept {
    // Not memcpy: `what` may be a part of spare().
    return extend(what.size(), [&](std::byte* to) {
      if (!what.empty()) std::memmove(to, what.data(), what.size());
    });
  }

  /// By `n` bytes, which `write` writes where it is told.
  template <class Write>
  outcome extend(std::size_t n, const Write& write) noexcept {
    if (n > capacity_ - size_) {
      if (from_.empty() || !(is_spilled() || from_.home()->plan().spills)) return outcome::no_room;
      return move_to_heap(n, write) ? outcome::written : outcome::no_heap;
    }
    write(data_ + size_);
    size_ += n;
    return outcome::written;
  }

  /// With `n` bytes behind the rest, which do not fit where it is. What `write` reads may lie in
  /// the buffer. False if the heap has no room; then nothing has changed.
  template <class Write>
  bool move_to_heap(std::size_t n, const Write& write) noexcept {
    if (n > SIZE_MAX / 2 - size_) return false;
    const std::size_t needed = size_ + n;
    auto* const piece = detail::heap_piece::make((std::max)(needed, 2 * capacity_));
    if (piece == nullptr) return false;
    std::memcpy(piece->behind(), data_, size_);
    write(piece->behind() + size_);
    // The rule is that a spill fills the block before it leaves it; here, after that was copied.
    std::memcpy(data_ + size_, piece->behind() + size_, capacity_ - size_);
    if (!is_spilled()) from_.home()->spilled(needed, capacity_);
    from_.give_back();
    from_ = detail::lease(piece);
    data_ = piece->behind();
    capacity_ = piece->capacity;
    size_ = needed;
    return true;
  }

  std::byte* data_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  detail::lease from_{};
};

inline std::expected<buffer, bytes> bytes::try_into_buffer() && noexcept {
  if (!is_unique()) return std::unexpected(std::move(*this));
  buffer made;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): it was written before it was frozen
  made.data_ = const_cast<std::byte*>(std::exchange(data_, nullptr));
  made.size_ = std::exchange(size_, 0);
  made.capacity_ = from_.writable(made.data_, made.size_);
  made.from_ = std::exchange(from_, {});
  return made;
}

}  // namespace caiman::v0

/// As ever, and takes characters, too: what formats writes those.
template <>
class std::back_insert_iterator<caiman::buffer> {
 public:
  using iterator_category = std::output_iterator_tag;  ///< Writes alone.
  using value_type = void;                             ///< As of any output iterator.
  using difference_type = std::ptrdiff_t;              ///< The same.
  using pointer = void;                                ///< The same.
  using reference = void;                              ///< The same.
  using container_type = caiman::buffer;               ///< Where it writes.

  /// Writes behind what is written.
  constexpr explicit back_insert_iterator(caiman::buffer& to) noexcept : container(&to) {}
  /// As buffer::push_back.
  back_insert_iterator& operator=(std::byte what) {
    container->push_back(what);
    return *this;
  }
  /// The same.
  back_insert_iterator& operator=(char what) { return *this = static_cast<std::byte>(what); }
  /// Itself: what is assigned to it is written.
  [[nodiscard]] back_insert_iterator& operator*() noexcept { return *this; }
  /// Does nothing.
  back_insert_iterator& operator++() noexcept { return *this; }
  /// Does nothing.
  // NOLINTNEXTLINE(cert-dcl21-cpp): as of every iterator
  back_insert_iterator operator++(int) noexcept { return *this; }

 protected:
  caiman::buffer* container;  ///< Of this name in every library.
};

#endif  // CAIMAN_REQUIREMENTS_MET
