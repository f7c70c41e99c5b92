// ---------------------------------------------------------------------------------------------
// diagnostics.hpp: what AddressSanitizer and Valgrind are told
//
// Free blocks may not be touched, and of a live block only what its buffer shows. Under
// AddressSanitizer that is told to its run-time library, under Valgrind to memcheck, if its header
// was there when the program was built; otherwise nothing is left of this at run time. The only
// place in the core where the preprocessor decides, because the compiler tells it in no other way.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CAIMAN_UNDER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define CAIMAN_UNDER_ASAN 1
#endif

#if defined(CAIMAN_UNDER_ASAN)
#include <sanitizer/asan_interface.h>
#elif __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define CAIMAN_WITH_VALGRIND 1
#endif

namespace caiman::detail {

#if defined(CAIMAN_WITH_VALGRIND)
/// Asked once: a request is seven stores, and a pair makes two of them.
inline const bool under_valgrind = [] { return RUNNING_ON_VALGRIND != 0; }();
#endif

#if defined(CAIMAN_UNDER_ASAN)
// AddressSanitizer has a byte for every 8 bytes, and changes it by a load and a store. Where one
// block ends and the next begins within those 8, two threads would undo each other's change. So
// such a byte only ever becomes 0, "all may be used": blocks allow it whole, and never forbid it
// again.
inline constexpr std::size_t granule = 8;
inline std::size_t past_granule(const std::byte* p) noexcept {
  return reinterpret_cast<std::uintptr_t>(p) % granule;
}
inline std::size_t to_granule(const std::byte* p) noexcept {
  return (granule - past_granule(p)) % granule;
}
inline void unpoison(const std::byte* from, std::size_t count, std::size_t whole) noexcept {
  const std::size_t more = to_granule(from + count);
  const std::size_t before = past_granule(from);
  __asan_unpoison_memory_region(from - before, before + count + (more > whole - count ? more : 0));
}
#endif

/// Nobody may touch this block, or these blocks. Wait-free without a tool.
inline void forbid([[maybe_unused]] const std::byte* from,
                   [[maybe_unused]] std::size_t count) noexcept {
#if defined(CAIMAN_UNDER_ASAN)
  const std::size_t lost = to_granule(from) + past_granule(from + count);
  if (lost < count) __asan_poison_memory_region(from + to_granule(from), count - lost);
#elif defined(CAIMAN_WITH_VALGRIND)
  if (under_valgrind) [[unlikely]] {
    VALGRIND_MAKE_MEM_NOACCESS(from, count);
  }
#endif
}

/// The first `count` bytes of a block of `whole` may be used; what they hold is not yet decided.
inline void allow([[maybe_unused]] const std::byte* from, [[maybe_unused]] std::size_t count,
                  [[maybe_unused]] std::size_t whole) noexcept {
#if defined(CAIMAN_UNDER_ASAN)
  unpoison(from, count, whole);
#elif defined(CAIMAN_WITH_VALGRIND)
  if (under_valgrind) [[unlikely]] {
    VALGRIND_MAKE_MEM_UNDEFINED(from, count);
  }
#endif
}

/// The same, and they hold what they should.
inline void allow_as_written([[maybe_unused]] const std::byte* from,
                             [[maybe_unused]] std::size_t count,
                             [[maybe_unused]] std::size_t whole) noexcept {
#if defined(CAIMAN_UNDER_ASAN)
  unpoison(from, count, whole);
#elif defined(CAIMAN_WITH_VALGRIND)
  if (under_valgrind) [[unlikely]] {
    VALGRIND_MAKE_MEM_DEFINED(from, count);
  }
#endif
}

}  // namespace caiman::detail

#undef CAIMAN_UNDER_ASAN
#undef CAIMAN_WITH_VALGRIND
