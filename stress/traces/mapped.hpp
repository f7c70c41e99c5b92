// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// mapped.hpp: a vector whose memory is not that of malloc
//
// A replay measures the malloc of its own process, and how much memory that has. What the harness
// itself needs, a hundred megabytes at times, must neither pass through it nor stay behind in it.
// So whatever grows with a trace lies in mappings of its own, which are gone when they are
// released. Relies on mmap.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <vector>

namespace caiman::traces {

/// For std::vector: each allocation is a mapping, zero and without memory until it is touched.
template <class T>
struct mapped_allocator {
  using value_type = T;

  mapped_allocator() = default;
  template <class U>
  explicit(false) mapped_allocator(const mapped_allocator<U>&) {}

  // A vector asks for max_size() elements at most, so the product fits.
  T* allocate(std::size_t count) {
    void* const got = mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (got == MAP_FAILED) throw std::bad_alloc();
    return static_cast<T*>(got);
  }
  void deallocate(T* what, std::size_t count) { munmap(what, count * sizeof(T)); }

  friend bool operator==(const mapped_allocator&, const mapped_allocator&) = default;
};

template <class T>
using mapped_vector = std::vector<T, mapped_allocator<T>>;

}  // namespace caiman::traces
