// ---------------------------------------------------------------------------------------------
// resource.hpp: an arena behind std::pmr
// ---------------------------------------------------------------------------------------------
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <new>
#include <utility>

#include "caiman/arena.hpp"

namespace caiman {

/// Gives the standard containers memory from a buddy_arena. A request takes the smallest block that
/// holds it and is at least as large as its alignment. What the arena cannot serve, because it is
/// full or too small, or because the alignment is above that of the arena's base, goes to
/// `upstream`; without one it throws std::bad_alloc. As long as its arena: lock-free, without heap;
/// all members may be called by any threads at once. The resource keeps the arena's handle; memory
/// that it gave must be given back to it, as to any memory_resource.
class buddy_resource : public std::pmr::memory_resource {
 public:
  /// Keeps a handle of `arena`; `upstream`, if there is one, must live as long as the resource.
  explicit buddy_resource(buddy_arena arena, std::pmr::memory_resource* upstream = nullptr) noexcept
      : arena_(std::move(arena)), upstream_(upstream) {}

  /// The arena that it serves from. O(1).
  [[nodiscard]] const buddy_arena& arena() const noexcept { return arena_; }
  /// Where the rest goes, or a null pointer. O(1).
  [[nodiscard]] std::pmr::memory_resource* upstream() const noexcept { return upstream_; }

 private:
  void* do_allocate(std::size_t size, std::size_t alignment) override {
    detail::arena_state* const home = arena_.home_.get();
    const std::size_t block_size = std::max(size, alignment);
    if (home != nullptr && block_size <= home->total() && alignment <= base_alignment()) {
      const unsigned order = buddy_arena::order_for(home->plan(), block_size);
      if (const auto got = home->take(order, size)) return home->address_of(*got);
    }
    if (upstream_ == nullptr) throw std::bad_alloc();
    return upstream_->allocate(size, alignment);
  }

  void do_deallocate(void* p, std::size_t size, std::size_t alignment) override {
    detail::arena_state* const home = arena_.home_.get();
    if (home == nullptr || !lies_in_arena(p)) {
      upstream_->deallocate(p, size, alignment);
      return;
    }
    const unsigned order = buddy_arena::order_for(home->plan(), std::max(size, alignment));
    const auto offset = static_cast<std::size_t>(static_cast<std::byte*>(p) - home->base());
    home->give<&buddy<>::release>({order, offset / home->size_of(order)});
  }

  /// Two resources are equal if they are the same, or serve the same arena with the same upstream:
  /// what one gave the other can take.
  [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    if (this == &other) return true;
    const auto* const peer = dynamic_cast<const buddy_resource*>(&other);
    return peer != nullptr && peer->arena_ == arena_ && peer->upstream_ == upstream_;
  }

  [[nodiscard]] std::size_t base_alignment() const noexcept {
    const auto base = reinterpret_cast<std::uintptr_t>(arena_.base());
    return std::size_t{1} << std::countr_zero(base);
  }
  [[nodiscard]] bool lies_in_arena(const void* p) const noexcept {
    const auto at = reinterpret_cast<std::uintptr_t>(p);
    const auto base = reinterpret_cast<std::uintptr_t>(arena_.base());
    return at >= base && at - base < arena_.total_size();
  }

  buddy_arena arena_;
  std::pmr::memory_resource* upstream_;
};

}  // namespace caiman
