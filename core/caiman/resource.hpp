// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// resource.hpp: an arena behind std::pmr
//
// deallocate() is told a pointer, a size and an alignment, and believes none of them: a container
// may speak to another resource than it was given its memory by. What cannot be a block that this
// resource gave ends the program with one line before the arena is touched (raw_blocks.hpp).
// Relies on <memory_resource>.
//
// A class with virtual functions is another one without RTTI: where its table should lead to its
// type_info there is a null pointer, and a dynamic_cast of a program's own falls over it. If the
// linker kept one table for both, it would do so in units with RTTI as well. So without RTTI the
// class has a tag in its name: the two live in one program side by side, as memory_resources, and
// where one is handed over as a buddy_resource, the program does not link.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <cstddef>
#include <cstring>
#include <memory_resource>
#include <utility>

#include "caiman/arena.hpp"
#include "caiman/detail/raise.hpp"
#include "caiman/detail/raw_blocks.hpp"

#if defined(__cpp_rtti)
/// Of this header alone: what the class is marked with where there is no RTTI.
#define CAIMAN_NO_RTTI_TAG
#else
/// The same.
#define CAIMAN_NO_RTTI_TAG [[gnu::__abi_tag__("no_rtti")]]
#endif

namespace caiman::inline v0 {

/// Gives the standard containers memory from a buddy_arena. A request takes the smallest block that
/// holds it and is at least as large as its alignment. What the arena cannot serve, because it is
/// full or too small, or because the alignment is above that of the arena's base, goes to
/// `upstream`; without one it throws std::bad_alloc. As long as its arena: lock-free, without heap;
/// all members may be called by any threads at once. The resource keeps the arena's handle.
///
/// Memory that it gave must be given back to it, or to one that is equal, with the same size and
/// alignment. What lies outside the arena goes to `upstream`, which may judge it. Else the program
/// ends, in every build, with one line on stderr that says why: where there is no upstream, where
/// no block that was handed out so begins at that address (one of a buffer, or one that came back
/// already), and where it is one of another order than takes that size and alignment. Not seen:
/// another size that takes a block of the same order.
class CAIMAN_NO_RTTI_TAG buddy_resource : public std::pmr::memory_resource {
 public:
  /// Keeps a handle of `arena`; `upstream`, if there is one, must live as long as the resource.
  explicit buddy_resource(buddy_arena arena, std::pmr::memory_resource* upstream = nullptr) noexcept
      : arena_(std::move(arena)), upstream_(upstream) {}
  /// One more resource of the same arena, equal to `other`. Wait-free.
  buddy_resource(const buddy_resource& other) noexcept = default;
  /// Takes arena and upstream over. `other` serves nothing any more (std::bad_alloc), and a
  /// container that gives memory back to it, since it had that before, ends the program with one
  /// line. Wait-free.
  buddy_resource(buddy_resource&& other) noexcept
      : std::pmr::memory_resource(other),
        arena_(std::move(other.arena_)),
        upstream_(std::exchange(other.upstream_, nullptr)) {}
  // What containers have of a resource, it must be able to take back: so it cannot become another.
  buddy_resource& operator=(const buddy_resource&) = delete;
  buddy_resource& operator=(buddy_resource&&) = delete;
  ~buddy_resource() override = default;

  /// The arena that it serves from. O(1).
  [[nodiscard]] const buddy_arena& arena() const noexcept { return arena_; }
  /// Where the rest goes, or a null pointer. O(1).
  [[nodiscard]] std::pmr::memory_resource* upstream() const noexcept { return upstream_; }

 private:
  void* do_allocate(std::size_t size, std::size_t alignment) override {
    if (void* const at = blocks().take_at_hand(size, alignment)) [[likely]]
      return at;
    return allocate_rarely(size, alignment);
  }
  CAIMAN_COLD void* allocate_rarely(std::size_t size, std::size_t alignment) {
    if (void* const at = blocks().take(size, alignment)) return at;
    if (upstream_ == nullptr) detail::raise_bad_alloc();
    return upstream_->allocate(size, alignment);
  }

  void do_deallocate(void* p, std::size_t size, std::size_t alignment) override {
    const auto own = blocks();
    if (own.has(p)) {
      own.give(p, size, alignment);
    } else if (upstream_ != nullptr) {
      upstream_->deallocate(p, size, alignment);
    } else {
      decltype(own)::wrong(p, size, alignment, whose());
    }
  }

  /// Two resources are equal if they are the same, or serve the same arena with the same upstream:
  /// what one gave the other can take. Of a unit without RTTI and one with it they never are.
  [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    if (this == &other) return true;
    const buddy_resource* const peer = as_own_kind(other);
    return peer != nullptr && peer->arena_ == arena_ && peer->upstream_ == upstream_;
  }

  /// A null pointer if it is none.
  // NOLINTNEXTLINE(readability-convert-member-functions-to-static): not without RTTI
  [[nodiscard]] const buddy_resource* as_own_kind(
      const std::pmr::memory_resource& other) const noexcept {
    const void* const* table = nullptr;  // of virtual functions; right before them the type_info
    std::memcpy(static_cast<void*>(&table), static_cast<const void*>(&other), sizeof table);
#if defined(__cpp_rtti)
    // What was compiled without RTTI has none, and is none of ours.
    return table[-1] == nullptr ? nullptr : dynamic_cast<const buddy_resource*>(&other);
#else
    const void* const* own = nullptr;
    std::memcpy(static_cast<void*>(&own), static_cast<const void*>(this), sizeof own);
    return table == own ? static_cast<const buddy_resource*>(&other) : nullptr;
#endif
  }
  [[nodiscard]] detail::raw_blocks<buddy_arena> blocks() const noexcept {
    return detail::raw_blocks(arena_);
  }
  [[nodiscard]] const char* whose() const noexcept {
    return detail::arena_insides::home_of(arena_) != nullptr
               ? "it is not of this resource's arena, and there is no upstream"
               : "the resource has no arena; perhaps it was moved from";
  }
  buddy_arena arena_;
  std::pmr::memory_resource* upstream_;
};

}  // namespace caiman::v0

#undef CAIMAN_NO_RTTI_TAG

#endif  // CAIMAN_REQUIREMENTS_MET
