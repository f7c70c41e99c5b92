// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// library_subject.hpp: the arena with its accounts, as programs use it
//
// The other subjects of ours are the core: indices made into addresses. This one is what a program
// links: a buddy_arena that counts, ends itself and reports. Beside the two calls of every subject,
// through its memory resource, it has the one that it is made for: a buffer that is frozen and
// dropped.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <new>

#include <caiman/arena.hpp>
#include <caiman/fixed_arena.hpp>
#include <caiman/resource.hpp>

#include "subject.hpp"

namespace caiman::bench {

class library_subject {
 public:
  library_subject() : library_subject(min_block_bytes) {}
  /// With min blocks of so many bytes.
  explicit library_subject(std::size_t min_block) : resource_(arena_of(min_block)) {}

  void* allocate(std::size_t bytes) noexcept {
    try {
      return resource_.allocate(bytes, 1);
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }
  void release(void* p, std::size_t bytes) noexcept { resource_.deallocate(p, bytes, 1); }

  const buddy_arena& blocks() const noexcept { return resource_.arena(); }
  const fixed_arena& slots() const noexcept { return slots_; }

 private:
  // What the benchmark measures touches no memory, so none is asked of the system; a replay's is
  // there where it is touched.
  static buddy_arena arena_of(std::size_t min_block) {
    return buddy_arena::builder(*buddy_geometry::exact(arena_bytes, min_block))
        .prefault(page_size::unknown())
        .build()
        .value();
  }
  buddy_resource resource_;
  fixed_arena slots_ =
      fixed_arena::with_slot_capacity(arena_bytes / min_block_bytes, min_block_bytes)
          .prefault(page_size::unknown())
          .build()
          .value();
};

}  // namespace caiman::bench
