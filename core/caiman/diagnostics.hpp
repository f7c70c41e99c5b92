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

/// Whether the tool can be told of each block by itself, if they lie at multiples of `unit` bytes
/// from `base` on. AddressSanitizer has one note per 8 bytes: threads whose blocks share one would
/// overwrite each other's, and a block that is live would be reported.
[[nodiscard]] inline bool can_tell_apart([[maybe_unused]] const std::byte* base,
                                         [[maybe_unused]] std::size_t unit) noexcept {
#if defined(CAIMAN_UNDER_ASAN)
  return (reinterpret_cast<std::uintptr_t>(base) | unit) % 8 == 0;
#else
  return true;
#endif
}

/// Nobody may touch these bytes. Wait-free without a tool.
inline void forbid([[maybe_unused]] const std::byte* from,
                   [[maybe_unused]] std::size_t count) noexcept {
#if defined(CAIMAN_UNDER_ASAN)
  __asan_poison_memory_region(from, count);
#elif defined(CAIMAN_WITH_VALGRIND)
  VALGRIND_MAKE_MEM_NOACCESS(from, count);
#endif
}

/// These bytes may be used; what they hold is not yet decided.
inline void allow([[maybe_unused]] const std::byte* from,
                  [[maybe_unused]] std::size_t count) noexcept {
#if defined(CAIMAN_UNDER_ASAN)
  __asan_unpoison_memory_region(from, count);
#elif defined(CAIMAN_WITH_VALGRIND)
  VALGRIND_MAKE_MEM_UNDEFINED(from, count);
#endif
}

/// These bytes may be used and hold what they should.
inline void allow_as_written([[maybe_unused]] const std::byte* from,
                             [[maybe_unused]] std::size_t count) noexcept {
#if defined(CAIMAN_UNDER_ASAN)
  __asan_unpoison_memory_region(from, count);
#elif defined(CAIMAN_WITH_VALGRIND)
  VALGRIND_MAKE_MEM_DEFINED(from, count);
#endif
}

}  // namespace caiman::detail

#undef CAIMAN_UNDER_ASAN
#undef CAIMAN_WITH_VALGRIND
