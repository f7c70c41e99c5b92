// ---------------------------------------------------------------------------------------------
// library_subject.hpp: the arena with its accounts, as programs use it
//
// The other subjects of ours are the core: indices made into addresses. This one is what a program
// links: a buddy_arena that counts, ends itself and reports. Beside the two calls of every subject,
// through its memory resource, it has the one that it is made for: a buffer that is frozen and
// dropped.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <utility>

#include <caiman/arena.hpp>
#include <caiman/fixed_arena.hpp>
#include <caiman/resource.hpp>

#include "cas_pair.hpp"
#include "churn.hpp"
#include "crew.hpp"
#include "subject.hpp"

namespace caiman::bench {

class library_subject {
 public:
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
  // What is measured touches no memory, so none is asked of the system.
  buddy_resource resource_{
      buddy_arena::builder(*buddy_geometry::exact(arena_bytes, min_block_bytes))
          .prefault(page_size::unknown())
          .build()
          .value()};
  fixed_arena slots_ =
      fixed_arena::with_slot_capacity(arena_bytes / min_block_bytes, min_block_bytes)
          .prefault(page_size::unknown())
          .build()
          .value();
};

/// Whether a subject has buffers to freeze.
template <class S>
inline constexpr bool freezes = requires(const S& s) {
  s.blocks();
  s.slots();
};

/// ns per thread for: allocate 256 bytes, freeze them, drop the bytes. The payload is not touched.
template <class Allocate>
crew_result time_freezing(Allocate allocate, unsigned threads, clock::duration duration) {
  struct nothing {};
  return run_crew(
      threads, duration, [](unsigned /*thread*/) { return std::make_unique<nothing>(); },
      [&](nothing& /*mine*/) {
        auto got = allocate();
        if (!got) [[unlikely]]
          std::terminate();  // one block a thread of 262,144
        const auto frozen = std::move(*got).freeze(0, min_block_bytes);
        const std::byte* at = frozen->data();
        keep(at);
      });
}

/// The floor in the same process: a pair of CAS.
inline double two_cas_ns(clock::duration duration) {
  alignas(128) std::atomic<std::uint64_t> word{~std::uint64_t{0}};
  const auto start = clock::now();
  auto now = start;
  std::uint64_t pairs = 0;
  for (; now - start < duration; now = clock::now()) {
    for (unsigned i = 0; i < 256; ++i) cas_pair(word);
    pairs += 256;
  }
  return nanoseconds(now - start) / static_cast<double>(pairs);
}

}  // namespace caiman::bench
