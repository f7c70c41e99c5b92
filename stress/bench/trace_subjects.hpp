// ---------------------------------------------------------------------------------------------
// trace_subjects.hpp: the allocators on which a trace can be replayed
//
// The malloc of the process, which may be any library that was preloaded, Caiman over a region of
// its own, and none at all. As everywhere in a replay, a request is of one byte at least. Relies on
// mmap.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <sys/mman.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include <caiman/buddy.hpp>

#include "trace_events.hpp"

namespace caiman::bench {

// NOLINTBEGIN(cppcoreguidelines-no-malloc)
struct malloc_subject {
  static void* allocate(std::size_t bytes) noexcept { return std::malloc(bytes); }
  static void release(void* p, std::size_t) noexcept { std::free(p); }
};
// NOLINTEND(cppcoreguidelines-no-malloc)

/// A region that the system fills with memory where it is touched.
class mapped_region {
 public:
  explicit mapped_region(std::size_t bytes)
      : bytes_(bytes),
        begin_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    if (begin_ == MAP_FAILED) throw std::bad_alloc();
  }
  mapped_region(const mapped_region&) = delete;
  mapped_region& operator=(const mapped_region&) = delete;
  ~mapped_region() { munmap(begin_, bytes_); }

  std::byte* begin() const { return static_cast<std::byte*>(begin_); }

 private:
  std::size_t bytes_;
  void* begin_;
};

/// No allocator: every request of a thread gets the same block. What its replay takes is the
/// harness's own.
class no_subject {
 public:
  void* allocate(std::size_t) noexcept {
    // Two threads seldom share a block, and if they do, then only the cost of writing to it.
    static thread_local char mark;
    return region_.begin() + std::bit_cast<std::uintptr_t>(&mark) / page % blocks * block_bytes;
  }
  void release(void*, std::size_t) noexcept {}

 private:
  static constexpr std::size_t page = 4096;
  static constexpr std::size_t blocks = 61;  // a prime, since stacks lie at even distances
  static constexpr std::size_t block_bytes = largest_request + page;

  mapped_region region_{blocks * block_bytes};
};

/// Caiman's buddy with min blocks of 256 bytes. The region has a power of two of bytes.
class caiman_subject {
 public:
  static constexpr std::size_t min_block = 256;

  explicit caiman_subject(std::size_t region_bytes)
      : region_(region_bytes),
        base_(region_.begin()),
        buddy_(static_cast<unsigned>(std::bit_width(region_bytes / min_block)) - 1) {}

  void* allocate(std::size_t bytes) noexcept {
    const unsigned order = order_of(bytes);
    auto got = buddy_.allocate(order);
    // "Contended" says nothing about room; it is rare, and the advice is to try again.
    while (!got && got.error() == alloc_error::contended) got = buddy_.allocate(order);
    if (!got) return nullptr;
    return base_ + ((got->index << order) << min_block_bits);
  }

  void release(void* p, std::size_t bytes) noexcept {
    const unsigned order = order_of(bytes);
    const auto offset = static_cast<std::size_t>(static_cast<std::byte*>(p) - base_);
    buddy_.release({order, offset >> min_block_bits >> order});
  }

  const buddy<>& blocks() const { return buddy_; }

 private:
  static constexpr unsigned min_block_bits = std::countr_zero(min_block);

  static unsigned order_of(std::size_t bytes) {
    return static_cast<unsigned>(std::bit_width((bytes - 1) >> min_block_bits));
  }

  mapped_region region_;
  std::byte* base_;
  buddy<> buddy_;
};

}  // namespace caiman::bench
