// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// subjects.hpp: the allocators on which a trace can be replayed
//
// The rows of the benchmark, whatever those are (../bench/subjects.hpp): each as it is, or where
// memory is needed and a row has none, something that stands for it. As everywhere in a replay, a
// request is of one byte at least. Relies on mmap.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <sys/mman.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>

#include <caiman/buddy.hpp>

#include "../../bench/subjects/subjects.hpp"
#include "../events.hpp"
#include "plan.hpp"

namespace caiman::traces {

using bench::malloc_subject;

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

/// A buddy over memory. The region has a power of two of bytes;
/// `Buddy` has the calls of caiman::buddy and is built from a max_order.
template <class Buddy>
class buddy_subject {
 public:
  static constexpr std::size_t min_block = min_block_bytes;

  explicit buddy_subject(std::size_t region_bytes)
      : region_(region_bytes),
        base_(region_.begin()),
        buddy_(static_cast<unsigned>(std::bit_width(region_bytes / min_block)) - 1) {}

  void* allocate(std::size_t bytes) noexcept {
    const unsigned order = order_for(bytes);
    auto got = buddy_.allocate(order);
    // "Contended" says nothing about room; it is rare, and the advice is to try again.
    while (!got && got.error() == alloc_error::contended) got = buddy_.allocate(order);
    if (!got) return nullptr;
    return base_ + (got->index << order) * min_block;
  }

  void release(void* p, std::size_t bytes) noexcept {
    const unsigned order = order_for(bytes);
    const auto offset = static_cast<std::size_t>(static_cast<std::byte*>(p) - base_);
    buddy_.release({order, offset / min_block >> order});
  }

  const Buddy& blocks() const { return buddy_; }

 private:
  static constexpr unsigned order_for(std::size_t bytes) noexcept {
    return static_cast<unsigned>(std::bit_width((bytes - 1) / min_block));
  }

  mapped_region region_;
  std::byte* base_;
  Buddy buddy_;
};

/// The library's arena, with such min blocks.
class arena_subject : public bench::library_subject {
 public:
  arena_subject() : library_subject(min_block_bytes) {}
};

using caiman_subject = buddy_subject<buddy<>>;

// ---- what stands for a row of the benchmark --------------------------------------------------

/// The subject on which a trace is replayed for a subject of the benchmark, whose arenas have no
/// memory behind their addresses, and whose nothing has one byte. Void: there is none.
template <class S>
struct stand_in {
  using type = S;
};
template <class Buddy>
struct stand_in<bench::arena_subject<Buddy>> {
  using type = buddy_subject<Buddy>;
};
template <>
struct stand_in<bench::arena_subject<bench::best_fit_buddy>> {
  using type = void;  // not made for threads, and slow: it is a reference for refusals
};
template <>
struct stand_in<bench::library_subject> {
  using type = arena_subject;
};
template <>
struct stand_in<bench::nothing_subject> {
  using type = no_subject;
};

template <class S>
using stand_in_for = typename stand_in<S>::type;

}  // namespace caiman::traces
