// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// heap_subjects.hpp: malloc, the pool of the standard library, and nothing at all, as subjects
//
// malloc is whichever library the process was started with; in_force.hpp checks that it is the
// intended one. "Nothing" hands out one address for ever: what a workload costs with it is the cost
// of the harness, which is printed and never subtracted. Relies on the C and C++ libraries.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory_resource>
#include <new>

#include "subject.hpp"

namespace caiman::bench {

struct malloc_subject {
  // NOLINTBEGIN(cppcoreguidelines-no-malloc)
  static void* allocate(std::size_t bytes) noexcept { return std::malloc(bytes); }
  static void release(void* p, std::size_t /*bytes*/) noexcept { std::free(p); }
  // NOLINTEND(cppcoreguidelines-no-malloc)
};

class pool_subject {
 public:
  void* allocate(std::size_t bytes) noexcept {
    try {
      return pool_.allocate(bytes);
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }
  void release(void* p, std::size_t bytes) noexcept { pool_.deallocate(p, bytes); }

 private:
  std::pmr::synchronized_pool_resource pool_;
};

class nothing_subject {
 public:
  void* allocate(std::size_t /*bytes*/) noexcept { return &somewhere_; }
  void release(void* /*p*/, std::size_t /*bytes*/) noexcept {}  // NOLINT(*-to-static): a subject

 private:
  std::byte somewhere_{};
};

}  // namespace caiman::bench
