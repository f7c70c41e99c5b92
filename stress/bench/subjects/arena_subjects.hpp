// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// arena_subjects.hpp: buddies of block indices as subjects
//
// A buddy hands out indices; a workload wants addresses. They are made by arithmetic over a region
// of address space that is reserved and never touched, as a program with one arena would do it.
// Relies on mmap to reserve.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <mutex>
#include <new>

#include <caiman/buddy.hpp>
#include <caiman/sequential_sync.hpp>

#include "subject.hpp"

namespace caiman::bench {

/// Address space without memory behind it.
class reserved_region {
 public:
  explicit reserved_region(std::size_t bytes)
      : bytes_(bytes),
        base_(
            ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): MAP_FAILED is how the system says it
    if (base_ == MAP_FAILED) throw std::bad_alloc();
  }
  reserved_region(const reserved_region&) = delete;
  reserved_region& operator=(const reserved_region&) = delete;
  ~reserved_region() { ::munmap(base_, bytes_); }

  std::byte* base() const noexcept { return static_cast<std::byte*>(base_); }

 private:
  std::size_t bytes_;
  void* base_;
};

/// A buddy over the arena. `Buddy` has the calls of caiman::buddy and is built from a max_order.
template <class Buddy>
class arena_subject {
 public:
  explicit arena_subject(unsigned max_order = arena_order)
      : region_(min_block_bytes << max_order), base_(region_.base()), buddy_(max_order) {}

  void* allocate(std::size_t bytes) noexcept {
    const unsigned order = order_for(bytes);
    const auto got = buddy_.allocate(order);
    if (!got) return nullptr;
    return base_ + (got->index << (order + min_block_shift));
  }
  void release(void* p, std::size_t bytes) noexcept {
    const unsigned order = order_for(bytes);
    const auto offset = static_cast<std::size_t>(static_cast<std::byte*>(p) - base_);
    buddy_.release({order, offset >> (order + min_block_shift)});
  }

  static constexpr std::size_t metadata_bytes() noexcept {
    return Buddy::metadata_size(arena_order);
  }

 private:
  reserved_region region_;
  std::byte* base_;
  Buddy buddy_;
};

/// The shipped buddy, for a caller that owns its blocks by construction, as the arena's buffers do.
struct owned_buddy : buddy<> {
  using buddy<>::buddy;
  void release(block what) noexcept { release_owned(what); }
};

/// Our core without atomics behind one lock: what most programs would write.
class mutex_buddy {
 public:
  explicit mutex_buddy(unsigned max_order) : buddy_(max_order) {}
  std::expected<block, alloc_error> allocate(unsigned order) noexcept {
    const std::lock_guard lock(guard_);
    return buddy_.allocate(order);
  }
  void release(block what) noexcept {
    const std::lock_guard lock(guard_);
    buddy_.release(what);
  }
  void release_tail(block what, std::size_t keep) noexcept {
    const std::lock_guard lock(guard_);
    buddy_.release_tail(what, keep);
  }
  void release_tail(block what, std::size_t keep, std::size_t kept) noexcept {
    const std::lock_guard lock(guard_);
    buddy_.release_tail(what, keep, kept);
  }
  void release_part(block what, std::size_t kept) noexcept {
    const std::lock_guard lock(guard_);
    buddy_.release_part(what, kept);
  }
  static constexpr std::size_t metadata_size(unsigned max_order) noexcept {
    return buddy<sequential_sync>::metadata_size(max_order);
  }

 private:
  std::mutex guard_;
  buddy<sequential_sync> buddy_;
};

}  // namespace caiman::bench
