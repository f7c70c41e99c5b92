// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// linux.hpp: what the library asks of Linux
//
// futex, membarrier, madvise and mincore of the kernel; explicit_bzero, which the GNU C library and
// musl have; a steady_clock that is CLOCK_MONOTONIC; and, where it is there, dladdr1 of the GNU C
// library, with what ELF and the debuggers' interface lay down. posix.hpp has the same names.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <dlfcn.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace caiman::inline v0::detail::os {

/// Sleeps for so long, and is off the processor meanwhile.
inline void nap(long nanoseconds) noexcept {
  const ::timespec moment{0, nanoseconds};
  ::clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, nullptr);
}

/// Nanoseconds of the monotonic clock; it may be some milliseconds late.
inline std::int64_t about_now() noexcept {
  ::timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

/// A call of futex(2) on a word of this process; errno stays what it was.
inline void call_futex(std::uint32_t* word, int call, std::uint32_t value) noexcept {
  const int before = errno;
  ::syscall(SYS_futex, word, call, value, nullptr, nullptr, 0);
  errno = before;
}
/// Sleeps while the word is `value`; may also return for no reason.
inline void sleep_while(std::uint32_t* word, std::uint32_t value) noexcept {
  call_futex(word, FUTEX_WAIT_PRIVATE, value);
}
/// The same, until so many nanoseconds of the monotonic clock at most.
inline void sleep_while(std::uint32_t* word, std::uint32_t value, std::int64_t until) noexcept {
  const int before = errno;
  const ::timespec end{until / 1'000'000'000, until % 1'000'000'000};
  ::syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, &end, nullptr,
            FUTEX_BITSET_MATCH_ANY);
  errno = before;
}
/// Wakes one of those that sleep on the word: the one of the highest priority.
inline void wake_one(std::uint32_t* word) noexcept { call_futex(word, FUTEX_WAKE_PRIVATE, 1); }

/// Whether the process was made known to the kernel for `fence_all`; false where the kernel, or a
/// filter of system calls, says no.
inline bool prepare_fence_all() noexcept {
  return ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}
/// Every running thread of the process passes a full fence; false if the kernel refused.
inline bool fence_all() noexcept {
  return ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}

/// Pages of private memory of the process's own, from the start of a page on, go back: they read
/// zero afterwards, and the next use of each finds a fresh one. False if the system says no, as of
/// memory that is locked.
inline bool give_pages_back(std::byte* start, std::size_t length) noexcept {
  const int before = errno;
  const bool gone = ::madvise(start, length, MADV_DONTNEED) == 0;
  errno = before;
  return gone;
}
/// Calls `f(start of the page)` for every page of the range, which begins with one, that is in
/// memory now, in rising order. Of what is not mapped, for none.
template <class F>
void for_each_resident(std::byte* start, std::size_t length, std::size_t page, F f) noexcept {
  constexpr std::size_t most = 512;
  unsigned char seen[most];
  const int before = errno;
  while (length != 0) {
    const std::size_t part = length < most * page ? length : most * page;
    if (::mincore(start, part, seen) == 0) {
      for (std::size_t i = 0; i * page < part; ++i) {
        if ((seen[i] & 1) != 0) f(start + i * page);
      }
    }
    start += part;
    length -= part;
  }
  errno = before;
}

/// Asks for huge pages there, or for none. A kernel that has no huge pages refuses either, and then
/// there are none.
inline void advise_huge(std::byte* start, std::size_t length, bool wanted) noexcept {
  ::madvise(start, length, wanted ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

/// On how many processors this thread may run; at least 1.
inline unsigned processors() noexcept {
  ::cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  const int count = CPU_COUNT(&allowed);
  return count < 1 ? 1 : static_cast<unsigned>(count);
}

// What <link.h> declares; that one would bring thousands of macros to whoever includes this.
/// An entry of an object's dynamic section.
struct elf_entry {
  static constexpr long needed = 1, strings = 5, own_name = 14;
  long kind;
  std::uintptr_t value;
};
/// An object that is loaded: the first is the program, and what is loaded later comes later.
struct elf_object {
  std::uintptr_t base;
  const char* path;
  const elf_entry* entries;
  const elf_object* next;
  const elf_object* previous;

  /// Calls `f(name)` for every entry of that kind.
  template <class F>
  void for_each(long kind, F f) const noexcept {
    std::uintptr_t names = 0;
    for (const elf_entry* e = entries; e->kind != 0; ++e) {
      if (e->kind == elf_entry::strings) names = e->value < base ? base + e->value : e->value;
    }
    for (const elf_entry* e = entries; e->kind != 0; ++e) {
      // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader has it as a number
      if (e->kind == kind) f(reinterpret_cast<const char*>(names) + e->value);
    }
  }
  /// Whether others that need `name` have this one for it.
  [[nodiscard]] bool is_called(const char* name) const noexcept {
    const char* const folder = ::strrchr(path, '/');
    bool is = ::strcmp(path, name) == 0 || (folder != nullptr && ::strcmp(folder + 1, name) == 0);
    for_each(elf_entry::own_name, [&](const char* own) { is = is || ::strcmp(own, name) == 0; });
    return is;
  }
};
/// Whether the loaded object that `inside` lies in was there when the program began, so that it
/// stays until the end: it is the program, or needed by it, or preloaded. True where nobody can
/// tell. Of what was there the loader has put each behind the first that needs it.
inline bool was_linked(const void* inside) noexcept {
#if defined(__GLIBC__)
  ::Dl_info place;
  void* found_there = nullptr;
  if (::dladdr1(inside, &place, &found_there, RTLD_DL_LINKMAP) == 0) return true;
  const auto* const mine = static_cast<const elf_object*>(found_there);
  const elf_object* each = mine;
  while (each->previous != nullptr) each = each->previous;
  for (const elf_object* last = each; each != mine; each = each->next) {
    each->for_each(elf_entry::needed, [&](const char* name) {
      const elf_object* found = last->next;
      while (found != nullptr && !found->is_called(name)) found = found->next;
      if (found != nullptr) last = found;
    });
    if (each == last) return false;
  }
#else
  static_cast<void>(inside);
#endif
  return true;
}

/// Writes zeros that no optimizer leaves out because nobody reads them.
inline void scrub(std::byte* from, std::size_t count) noexcept { ::explicit_bzero(from, count); }

}  // namespace caiman::v0::detail::os

#endif  // CAIMAN_REQUIREMENTS_MET
