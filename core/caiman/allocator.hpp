// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// allocator.hpp: an arena behind the standard containers' own allocator
//
// For containers and functions that take an Allocator and know nothing of std::pmr: no virtual
// call, and the arena is a part of the container's type. What comes back is looked at as by a
// buddy_resource, by the same code (raw_blocks.hpp).
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "caiman/arena.hpp"
#include "caiman/detail/raise.hpp"
#include "caiman/detail/raw_blocks.hpp"

namespace caiman::inline v0 {

/// Gives containers memory from a buddy_arena: an Allocator of the standard. A request takes the
/// smallest block that holds it and is at least as large as its alignment. What the arena cannot
/// serve, because it is full or too small, or because the alignment is above that of the arena's
/// base, throws std::bad_alloc. It is a handle of the arena, which so lives as long as any
/// container; there is no default, since no arena is meant by saying nothing. Two are equal if they
/// are of one arena, whatever they allocate, and then one takes back what the other gave.
///
/// A container takes the allocator along when it is moved or swapped, so both are O(1) and throw
/// nothing, also between arenas. A copy is of the same arena, but a container that is assigned a
/// copy stays in its own.
///
/// libstdc++ 12 does not end the allocator of a node handle that is inserted into a container, so
/// that an arena whose nodes move so never ends; other libraries do.
///
/// Memory must come back to an equal allocator, with the number that was asked for. Else the
/// program ends, in every build, with one line on stderr that says why; see buddy_resource. All
/// calls may be made by any threads at once. Lock-free, without heap, as the arena.
template <class T>
class arena_allocator {
 public:
  /// What it allocates.
  using value_type = T;
  /// A container that is assigned a copy keeps its own arena.
  using propagate_on_container_copy_assignment = std::false_type;
  /// A container that is moved takes its arena along.
  using propagate_on_container_move_assignment = std::true_type;
  /// The same of containers that are swapped.
  using propagate_on_container_swap = std::true_type;
  /// Of two arenas they are not.
  using is_always_equal = std::false_type;

  /// Of this arena. Where a container wants an allocator, an arena will do.
  // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions): as of pmr's
  arena_allocator(buddy_arena arena) noexcept : arena_(std::move(arena)) {}
  /// Of the same arena.
  template <class Other>
  // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions): as the standard asks
  arena_allocator(const arena_allocator<Other>& other) noexcept : arena_(other.arena()) {}

  /// The same. One that is moved from stays what it was, as the standard asks.
  arena_allocator(const arena_allocator&) noexcept = default;
  /// The same.
  arena_allocator& operator=(const arena_allocator&) noexcept = default;
  ~arena_allocator() = default;

  /// Memory for `n` objects, which are not there yet. Throws std::bad_alloc.
  [[nodiscard]] T* allocate(std::size_t n) {
    if (n > most) [[unlikely]]
      detail::raise_bad_alloc();
    if (void* const at = detail::raw_blocks(arena_).take_at_hand(n * each, alignof(T))) [[likely]]
      return static_cast<T*>(at);
    return allocate_rarely(n);
  }
  /// Takes back what an equal allocator gave for the same `n`.
  void deallocate(T* p, std::size_t n) noexcept {
    void* const at = static_cast<void*>(p);
    const detail::raw_blocks own(arena_);
    // What allocate() refuses is too large for any arena.
    const std::size_t size = n > most ? SIZE_MAX : n * each;
    if (!own.has(at)) [[unlikely]] {
      decltype(own)::wrong(at, size, alignof(T), "it is not of this allocator's arena");
    }
    own.give(at, size, alignof(T));
  }

  /// The arena that it allocates from. O(1).
  [[nodiscard]] const buddy_arena& arena() const noexcept { return arena_; }

  /// Whether one may take back what the other gave.
  template <class Other>
  [[nodiscard]] bool operator==(const arena_allocator<Other>& other) const noexcept {
    return arena_ == other.arena();
  }

 private:
  [[nodiscard]] CAIMAN_COLD T* allocate_rarely(std::size_t n) {
    void* const at = detail::raw_blocks(arena_).take(n * each, alignof(T));
    if (at == nullptr) [[unlikely]]
      detail::raise_bad_alloc();
    return static_cast<T*>(at);
  }

  // NOLINTNEXTLINE(bugprone-sizeof-expression): containers do allocate pointers
  static constexpr std::size_t each = sizeof(T);
  static constexpr std::size_t most = SIZE_MAX / each;

  buddy_arena arena_;
};

}  // namespace caiman::v0

#endif  // CAIMAN_REQUIREMENTS_MET
