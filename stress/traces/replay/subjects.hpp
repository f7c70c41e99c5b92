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
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include <caiman/buddy.hpp>

#include "../../bench/subjects/subjects.hpp"
#include "../events.hpp"
#include "plan.hpp"

namespace caiman::traces {

/// malloc, whose realloc shrinks a block, in place or by a copy. What it gives back is the
/// library's affair; one that cannot be had stays as it is.
struct malloc_subject : bench::malloc_subject {
  static void* shrink(void* p, std::size_t /*from*/, std::size_t to) noexcept {
    void* const kept = std::realloc(p, to);  // NOLINT(cppcoreguidelines-no-malloc)
    return kept == nullptr ? p : kept;
  }
  static void* shrink_more(void* p, std::size_t from, std::size_t to) noexcept {
    return shrink(p, from, to);
  }
  static void release_shrunk(void* p, std::size_t bytes) noexcept { release(p, bytes); }
};

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
  static constexpr bool all_is_one_block = true;

  void* allocate(std::size_t) noexcept {
    // Two threads seldom share a block, and if they do, then only the cost of writing to it.
    static thread_local char mark;
    return region_.begin() + std::bit_cast<std::uintptr_t>(&mark) / page % blocks * block_bytes;
  }
  void release(void*, std::size_t) noexcept {}
  static void* shrink(void* p, std::size_t, std::size_t) noexcept { return p; }
  static void* shrink_more(void* p, std::size_t, std::size_t) noexcept { return p; }
  void release_shrunk(void*, std::size_t) noexcept {}

 private:
  static constexpr std::size_t page = 4096;
  static constexpr std::size_t blocks = 61;  // a prime, since stacks lie at even distances
  static constexpr std::size_t block_bytes = largest_request + page;

  mapped_region region_{blocks * block_bytes};
};

/// A buddy over memory. The region has a power of two of bytes;
/// `Buddy` has the calls of caiman::buddy and is built from a max_order.
template <class Buddy, std::size_t MinBlock = min_block_bytes>
class buddy_subject {
 public:
  static constexpr std::size_t min_block = MinBlock;

  explicit buddy_subject(std::size_t region_bytes, shrink_manner shrinks = shrink_manner::move)
      : region_(region_bytes),
        base_(region_.begin()),
        buddy_(static_cast<unsigned>(std::bit_width(region_bytes / min_block)) - 1),
        shrinks_(shrinks) {}

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
    buddy_.release({order, first_of(p) >> order});
  }

  void* shrink(void* p, std::size_t from, std::size_t to) noexcept {
    const unsigned order = order_for(from);
    if (shrinks_ == shrink_manner::in_place) {
      release_tail(p, order, min_blocks(to));
      return p;
    }
    if (order_for(to) == order) return p;
    void* const smaller = allocate(to);
    if (smaller == nullptr) {
      release_tail(p, order, std::size_t{1} << order_for(to));
      return p;
    }
    std::memcpy(smaller, p, to);
    release(p, from);
    return smaller;
  }
  void* shrink_more(void* p, std::size_t from, std::size_t to) noexcept {
    if (shrinks_ == shrink_manner::move) return shrink(p, from, to);  // it is a whole block again
    const std::size_t kept = min_blocks(from);
    const std::size_t keep = min_blocks(to);
    const unsigned order = order_for(from);
    if (keep < kept) buddy_.release_tail({order, first_of(p) >> order}, keep, kept);
    return p;
  }
  void release_shrunk(void* p, std::size_t bytes) noexcept {
    const std::size_t kept = min_blocks(bytes);
    if (shrinks_ == shrink_manner::move || std::has_single_bit(kept)) return release(p, bytes);
    const unsigned order = order_for(bytes);
    buddy_.release_part({order, first_of(p) >> order}, kept);
  }

  const Buddy& blocks() const { return buddy_; }

 private:
  static constexpr std::size_t min_blocks(std::size_t bytes) noexcept {
    return (bytes - 1) / min_block + 1;
  }
  static constexpr unsigned order_for(std::size_t bytes) noexcept {
    return static_cast<unsigned>(std::bit_width((bytes - 1) / min_block));
  }
  std::size_t first_of(const void* p) const noexcept {
    return static_cast<std::size_t>(static_cast<const std::byte*>(p) - base_) / min_block;
  }
  void release_tail(void* p, unsigned order, std::size_t keep) noexcept {
    if (keep < std::size_t{1} << order) buddy_.release_tail({order, first_of(p) >> order}, keep);
  }

  mapped_region region_;
  std::byte* base_;
  Buddy buddy_;
  shrink_manner shrinks_;
};

/// The library's arena, with such min blocks.
class arena_subject : public bench::library_subject {
 public:
  arena_subject() : library_subject(min_block_bytes) {}
};

/// Its buffers, as a program that has them would: what arrived is written, and kept in a smaller
/// one or shrunk to fit.
class buffer_subject {
 public:
  explicit buffer_subject(std::size_t region_bytes, shrink_manner shrinks = shrink_manner::move)
      : shrinks_(shrinks),
        arena_(buddy_arena::builder(*buddy_geometry::exact(region_bytes, min_buffer_bytes))
                   .prefault(page_size::unknown())
                   .build()
                   .value()) {}

  buffer allocate(std::size_t bytes) noexcept {
    auto got = arena_.allocate(bytes);
    while (!got && got.error() == alloc_error::contended) got = arena_.allocate(bytes);
    return got ? std::move(*got) : buffer();
  }
  static void release(buffer* what, std::size_t /*bytes*/) noexcept {
    const buffer gone(std::move(*what));
  }
  buffer* shrink(buffer* what, std::size_t /*from*/, std::size_t to) noexcept {
    what->clear();
    what->advance(to);
    if (shrinks_ == shrink_manner::in_place) {
      what->shrink_to_fit();
    } else if (to <= what->capacity() / 2) {
      buffer smaller = allocate(to);
      if (smaller.try_put(what->written())) {
        *what = std::move(smaller);
      } else {
        what->shrink_to_fit();
      }
    }
    return what;
  }
  buffer* shrink_more(buffer* what, std::size_t from, std::size_t to) noexcept {
    return shrink(what, from, to);
  }
  static void release_shrunk(buffer* what, std::size_t bytes) noexcept { release(what, bytes); }

  const buddy_arena& blocks() const noexcept { return arena_; }

 private:
  shrink_manner shrinks_;
  buddy_arena arena_;
};

using caiman_subject = buddy_subject<buddy<>>;

// ---- what stands for a row of the benchmark --------------------------------------------------

/// The subject on which a trace is replayed for a subject of the benchmark, whose arenas have no
/// memory behind their addresses, and whose nothing has one byte. Void: there is none.
template <class S>
struct stand_in {
  using type = S;
  using of_buffers = S;  // where the blocks of the trace are buffers
};
template <>
struct stand_in<bench::malloc_subject> {
  using type = malloc_subject;
  using of_buffers = malloc_subject;
};
template <class Buddy>
struct stand_in<bench::arena_subject<Buddy>> {
  using type = buddy_subject<Buddy>;
  using of_buffers = buddy_subject<Buddy, min_buffer_bytes>;
};
template <>
struct stand_in<bench::arena_subject<bench::best_fit_buddy>> {
  using type = void;  // not made for threads, and slow: it is a reference for refusals
  using of_buffers = void;
};
template <>
struct stand_in<bench::library_subject> {
  using type = arena_subject;
  using of_buffers = buffer_subject;
};
template <>
struct stand_in<bench::nothing_subject> {
  using type = no_subject;
  using of_buffers = no_subject;
};

template <class S>
using stand_in_for = typename stand_in<S>::type;
template <class S>
using stand_in_of_buffers = typename stand_in<S>::of_buffers;

}  // namespace caiman::traces
