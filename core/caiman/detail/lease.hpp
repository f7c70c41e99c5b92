// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// lease.hpp: whose memory a buffer or bytes lie in
//
// A block of an arena, a piece of the heap after a spill, or nothing. Three words in the one place
// that knows the difference. Not part of the public surface.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <cstddef>
#include <cstdint>
#include <new>

#include "caiman/detail/arena_state.hpp"

namespace caiman::inline v0::detail {

/// A piece of the heap with its share count in front.
struct heap_piece {
  native_share shares{};
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
  void end() noexcept {
    this->~heap_piece();
    ::operator delete(static_cast<void*>(this));
  }
  std::byte* data() noexcept { return reinterpret_cast<std::byte*>(this) + header; }
};
static_assert(sizeof(heap_piece) <= heap_piece::header);

class lease {
 public:
  lease() noexcept = default;
  lease(arena_state* home, block b) noexcept
      : owner_(home), where_(std::uint64_t{b.index} << b.order << order_bits | b.order) {}
  explicit lease(heap_piece* piece) noexcept : owner_(piece), where_(on_heap) {}

  [[nodiscard]] bool empty() const noexcept { return owner_ == nullptr; }
  [[nodiscard]] bool heap() const noexcept { return where_ == on_heap; }
  [[nodiscard]] arena_state* home() const noexcept { return static_cast<arena_state*>(owner_); }
  [[nodiscard]] heap_piece* piece() const noexcept { return static_cast<heap_piece*>(owner_); }
  [[nodiscard]] block what() const noexcept {
    const auto order = static_cast<unsigned>(where_ & ((1U << order_bits) - 1));
    return {order, where_ >> order_bits >> order};
  }

  /// Of a sole owner: gives it back.
  void give_back() const noexcept {
    if (heap()) {
      piece()->end();
    } else if (!empty()) {
      home()->give_back(what());
    }
  }

  // ---- shared: after the sole owner has called share() -----------------------------------------

  void share() const noexcept {
    if (heap()) return;  // made with it
    ::new (home()->share_memory(what())) native_share;
    home()->books().froze();
  }
  void add() const noexcept {
    if (!empty()) shares().add();
  }
  void drop() const noexcept {
    if (!empty() && shares().drop()) give_back();
  }

 private:
  static constexpr unsigned order_bits = 6;
  static constexpr std::uint64_t on_heap = ~std::uint64_t{0};

  native_share& shares() const noexcept {
    return heap() ? piece()->shares : home()->share_of(what());
  }

  void* owner_ = nullptr;
  std::uint64_t where_ = 0;
};

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
