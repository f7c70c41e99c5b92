// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// lease.hpp: whose memory a buffer or bytes lie in
//
// A block of an arena, a piece of the heap after a spill, or nothing: nothing to give back, that
// is; bytes that lie in static storage have such a lease, too. Two words in the one place that
// knows the difference. Not part of the public surface.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

#include "caiman/detail/arena_state.hpp"
#include "caiman/detail/attributes.hpp"

namespace caiman::inline v0::detail {

/// A piece of the heap with its share count in front, or the count of a vector's memory.
struct heap_piece {
  native_share shares{};
  bool in_vector = false;
  std::size_t capacity = 0;

  static constexpr std::size_t header = 16;
  /// A null pointer if the heap has no room.
  static heap_piece* make(std::size_t capacity) noexcept {
    if (capacity > SIZE_MAX - header) return nullptr;
    void* const at = ::operator new(header + capacity, std::nothrow);
    if (at == nullptr) return nullptr;
    auto* const made = ::new (at) heap_piece;
    made->capacity = capacity;
    return made;
  }
  /// The same for the elements of a vector, which stay where they are.
  static heap_piece* make(std::vector<std::byte>&& memory) noexcept;
  void end() noexcept;
  std::byte* data() noexcept;
  /// The same of one that is known to be no vector's.
  std::byte* behind() noexcept { return reinterpret_cast<std::byte*>(this) + header; }
};
static_assert(sizeof(heap_piece) <= heap_piece::header);

struct vector_piece : heap_piece {
  explicit vector_piece(std::vector<std::byte>&& taken) noexcept : memory(std::move(taken)) {
    in_vector = true;
    capacity = memory.size();
  }
  std::vector<std::byte> memory;
};

inline heap_piece* heap_piece::make(std::vector<std::byte>&& memory) noexcept {
  return new (std::nothrow) vector_piece(std::move(memory));
}
// NOLINTBEGIN(cppcoreguidelines-pro-type-static-cast-downcast): in_vector is what it is asked by
inline void heap_piece::end() noexcept {
  if (in_vector) {
    delete static_cast<vector_piece*>(this);
  } else {
    this->~heap_piece();
    ::operator delete(static_cast<void*>(this));
  }
}
inline std::byte* heap_piece::data() noexcept {
  return in_vector ? static_cast<vector_piece*>(this)->memory.data() : behind();
}
// NOLINTEND(cppcoreguidelines-pro-type-static-cast-downcast)

/// Who may make a buffer: what its constructor takes is no part of the public surface.
struct making {
  explicit making() = default;
};

class lease {
 public:
  lease() noexcept = default;
  lease(arena_state* home, block b) noexcept
      : owner_(home), order_(b.order), first_(static_cast<std::uint32_t>(b.index << b.order)) {}
  explicit lease(heap_piece* piece) noexcept : owner_(piece), order_(on_heap) {}

  [[nodiscard]] bool empty() const noexcept { return owner_ == nullptr; }
  [[nodiscard]] bool heap() const noexcept { return order_ == on_heap; }
  [[nodiscard]] arena_state* home() const noexcept { return static_cast<arena_state*>(owner_); }
  [[nodiscard]] heap_piece* piece() const noexcept { return static_cast<heap_piece*>(owner_); }
  /// Bytes from the start of the arena to `at`, or SIZE_MAX outside of an arena.
  [[nodiscard]] std::size_t offset_of(const std::byte* at) const noexcept {
    return empty() || heap() ? SIZE_MAX : static_cast<std::size_t>(at - home()->base());
  }

  /// Of a sole owner: gives it back.
  void give_back() const noexcept {
    if (!is_small()) [[unlikely]]
      return give_back_rarely();
    home()->give_back(as_block());
  }

  /// Of a sole owner: whole min blocks past `size` bytes from `at` on, which lies in it, go back.
  /// How many bytes from `at` on are left, or SIZE_MAX if that is as it was.
  [[nodiscard]] std::size_t shrink(const std::byte* at, std::size_t size) noexcept {
    if (empty() || heap() || order_ == 0) return SIZE_MAX;
    const std::size_t unit = home()->plan().unit;
    const auto before = static_cast<std::size_t>(at - home()->address_of(first_));
    const std::size_t used = before + size;
    const std::size_t keep = used == 0 ? 1 : (used - 1) / unit + 1;
    const std::size_t count = min_blocks();
    if (keep >= count || keep > UINT32_MAX - parts) return SIZE_MAX;
    home()->release_tail(first_, count, keep);
    order_ = std::has_single_bit(keep) ? static_cast<unsigned>(std::countr_zero(keep))
                                       : static_cast<std::uint32_t>(parts + keep);
    return keep * unit - before;
  }

  // ---- shared: after the sole owner has called share() -----------------------------------------

  void share() const noexcept {
    if (heap()) [[unlikely]]
      return;  // made with it
    ::new (home()->share_memory(first_)) native_share;
    home()->books().froze();
  }
  void add() const noexcept {
    if (!empty()) shares().add();
  }
  void drop() const noexcept {
    if (!is_small()) [[unlikely]]
      return drop_rarely();
    drop_small(home(), order_, first_);
  }
  /// Whether nobody else shares it; then it is the caller's alone, as before share().
  [[nodiscard]] bool sole() const noexcept { return !empty() && shares().is_sole(); }
  /// How many bytes from `at` on, which lies in it, a sole owner may write of whom `size` are its
  /// own: all up to its end, but in an arena whose buffers show what was asked for.
  [[nodiscard]] std::size_t writable(const std::byte* at, std::size_t size) const noexcept {
    if (heap()) return piece()->capacity - static_cast<std::size_t>(at - piece()->data());
    if (home()->plan().caps) return size;
    return min_blocks() * home()->plan().unit -
           static_cast<std::size_t>(at - home()->address_of(first_));
  }

 private:
  // What stands where the order of a block would.
  static constexpr std::uint32_t on_heap = 62;  // a piece of the heap
  static constexpr std::uint32_t nothing = 63;
  static constexpr std::uint32_t parts = 64;  // and more: so many min blocks more than that

  /// One test finds out all that is no small block of an arena.
  [[nodiscard]] bool is_small() const noexcept { return order_ < native_sync::stack_orders; }
  [[nodiscard]] block as_block() const noexcept { return {order_, first_ >> order_}; }
  /// How many min blocks there are, of an arena's.
  [[nodiscard]] std::size_t min_blocks() const noexcept {
    return order_ >= parts ? order_ - parts : std::size_t{1} << order_;
  }
  // A lease that was moved from holds nothing, which a compiler often knows.
  void give_back_rarely() const noexcept {
    if (order_ != nothing) give_back_large(*this);
  }
  void drop_rarely() const noexcept {
    if (order_ != nothing) drop_large(*this);
  }
  // By value: what is pointed to must lie in memory.
  CAIMAN_COLD static void give_back_large(lease what) noexcept {
    if (what.heap()) {
      what.piece()->end();
    } else if (what.order_ >= parts) {
      what.home()->give_back_part(what.first_, what.min_blocks());
    } else if (!what.empty()) {
      what.home()->give_back_carefully(what.as_block());
    }
  }
  // Each in a register of its own: bytes then need no memory, and what is read once stays known.
  CAIMAN_COLD static void drop_small(arena_state* home, std::uint32_t order,
                                     std::uint32_t first) noexcept {
    if (home->share_of(first).drop()) home->give_back({order, first >> order});
  }
  CAIMAN_COLD static void drop_large(lease what) noexcept {
    if (!what.empty() && what.shares().drop()) give_back_large(what);
  }

  native_share& shares() const noexcept {
    return heap() ? piece()->shares : home()->share_of(first_);
  }

  void* owner_ = nullptr;
  std::uint32_t order_ = nothing;
  std::uint32_t first_ = 0;  // min block
};

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
