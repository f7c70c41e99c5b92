// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// diagnostics.hpp: what AddressSanitizer and Valgrind are told
//
// Free blocks may not be touched, and of a live block only what its buffer shows. Which tool
// watches is asked once per arena, at run time, so that every unit of a program compiles the same
// code: one with AddressSanitizer and one without meet in one program, and so do two of which only
// one found Valgrind's headers. An arena without a tool tests one byte on the way out and one on
// the way back (arena_state.hpp).
//
// AddressSanitizer's two functions are weak here: they are there where its run-time library is.
// Valgrind's requests are instructions without effect outside of it, of a form that its manual and
// headers fix ("client requests"); they are written here because its headers may be missing. Not
// part of the public surface.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <cstddef>
#include <cstdint>

namespace caiman::inline v0::detail {

extern "C" {
/// Where the run-time library of AddressSanitizer is; else null.
[[gnu::__weak__]] void caiman_asan_poison(const volatile void* from,
                                          std::size_t count) __asm__("__asan_poison_memory_region");
/// The same.
[[gnu::__weak__]] void caiman_asan_unpoison(const volatile void* from, std::size_t count) __asm__(
    "__asan_unpoison_memory_region");
}

/// A request to Valgrind, or 0 outside of it and where it has no form for the processor.
inline std::uint64_t ask_valgrind(std::uint64_t what, const volatile void* from,
                                  std::size_t count) noexcept {
  const volatile std::uint64_t request[6] = {
      what, reinterpret_cast<std::uintptr_t>(from), count, 0, 0, 0};
  std::uint64_t answer = 0;
#if defined(__x86_64__)
  asm volatile(
      "rolq $3, %%rdi\n\t"
      "rolq $13, %%rdi\n\t"
      "rolq $61, %%rdi\n\t"
      "rolq $51, %%rdi\n\t"
      "xchgq %%rbx, %%rbx"
      : "+d"(answer)
      : "a"(&request[0])
      : "cc", "memory");
#elif defined(__aarch64__)
  asm volatile(
      "mov x3, %0\n\t"
      "mov x4, %1\n\t"
      "ror x12, x12, #3\n\t"
      "ror x12, x12, #13\n\t"
      "ror x12, x12, #51\n\t"
      "ror x12, x12, #61\n\t"
      "orr x10, x10, x10\n\t"
      "mov %0, x3"
      : "+r"(answer)
      : "r"(&request[0])
      : "cc", "memory", "x3", "x4", "x12");
#endif
  return answer;
}

/// The tool that watches the memory of one arena. A value type; all calls are for the owner of the
/// bytes. Wait-free without a tool.
class memory_watch {
 public:
  /// Asks which tool there is.
  static memory_watch at_hand() noexcept {
    memory_watch found;
    if (&caiman_asan_poison != nullptr && &caiman_asan_unpoison != nullptr) {
      found.poison_ = &caiman_asan_poison;
      found.unpoison_ = &caiman_asan_unpoison;
    }
    // Memcheck alone answers this with -1; the other tools of Valgrind count, and know no bytes.
    const std::byte nothing{};
    found.memcheck_ = ask_valgrind(defined, &nothing, 0) != 0;
    return found;
  }

  /// Whether there is a tool.
  [[nodiscard]] bool watches() const noexcept { return poison_ != nullptr || memcheck_; }

  /// Nobody may touch this block, or these blocks.
  void forbid(const std::byte* from, std::size_t count) const noexcept {
    if (poison_ != nullptr) {
      const std::size_t lost = to_granule(from) + past_granule(from + count);
      if (lost < count) poison_(from + to_granule(from), count - lost);
    }
    if (memcheck_) ask_valgrind(no_access, from, count);
  }
  /// The first `count` bytes of a block of `whole` may be used; what they hold is not yet decided.
  void allow(const std::byte* from, std::size_t count, std::size_t whole) const noexcept {
    unpoison(from, count, whole);
    if (memcheck_) ask_valgrind(undefined, from, count);
  }
  /// The same, and they hold what they should.
  void allow_as_written(const std::byte* from, std::size_t count,
                        std::size_t whole) const noexcept {
    unpoison(from, count, whole);
    if (memcheck_) ask_valgrind(defined, from, count);
  }

 private:
  // Of Valgrind's tool memcheck ('M', 'C').
  static constexpr std::uint64_t no_access = 0x4d430000;
  static constexpr std::uint64_t undefined = 0x4d430001;
  static constexpr std::uint64_t defined = 0x4d430002;

  // AddressSanitizer has a byte for every 8 bytes, and changes it by a load and a store. Where one
  // block ends and the next begins within those 8, two threads would undo each other's change. So
  // such a byte only ever becomes 0, "all may be used": blocks allow it whole, and never forbid it
  // again.
  static constexpr std::size_t granule = 8;
  static std::size_t past_granule(const std::byte* p) noexcept {
    return reinterpret_cast<std::uintptr_t>(p) % granule;
  }
  static std::size_t to_granule(const std::byte* p) noexcept {
    return (granule - past_granule(p)) % granule;
  }
  void unpoison(const std::byte* from, std::size_t count, std::size_t whole) const noexcept {
    if (poison_ == nullptr) return;
    const std::size_t more = to_granule(from + count);
    const std::size_t before = past_granule(from);
    unpoison_(from - before, before + count + (more > whole - count ? more : 0));
  }

  void (*poison_)(const volatile void*, std::size_t) = nullptr;
  void (*unpoison_)(const volatile void*, std::size_t) = nullptr;
  bool memcheck_ = false;
};

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
