// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// posix.hpp: what the library asks of a system that it does not know
//
// The names of linux.hpp, with what POSIX and C++ have for them. What they have not is done
// without, as where a kernel refuses: no membarrier, so that nobody announces a pop (stacks.hpp);
// no huge pages; no page goes back, and all pages count as in memory. A thread that sleeps until a
// time looks a thousand times a second, since POSIX has no sleep on a word: one on a condition
// variable would leave its lock held in a child of a fork.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
// Empty where linux.hpp is in force, so that whoever includes each header has not both.
#if defined(CAIMAN_REQUIREMENTS_MET) && (!defined(__linux__) || defined(CAIMAN_OS_POSIX))

#include <string.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace caiman::inline v0::detail::os {

/// Sleeps for so long, less than a second, and is off the processor meanwhile.
inline void nap(long nanoseconds) noexcept {
  const int before = errno;
  const ::timespec moment{0, nanoseconds};
  ::nanosleep(&moment, nullptr);
  errno = before;
}

/// Nanoseconds of the monotonic clock.
inline std::int64_t about_now() noexcept {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Sleeps while the word is `value`.
inline void sleep_while(std::uint32_t* word, std::uint32_t value) noexcept {
  const int before = errno;
  std::atomic_ref<std::uint32_t>(*word).wait(value);
  errno = before;
}
/// The same, until so many nanoseconds of the monotonic clock at most; it may be a millisecond
/// late, and so may whoever was woken.
inline void sleep_while(std::uint32_t* word, std::uint32_t value, std::int64_t until) noexcept {
  constexpr std::int64_t longest = 1'000'000;
  const std::atomic_ref<std::uint32_t> seen(*word);
  while (seen.load(std::memory_order_acquire) == value) {
    const std::int64_t now = about_now();
    if (now >= until) return;
    nap(until - now < longest ? static_cast<long>(until - now) : long{longest});
  }
}
/// Wakes one of those that sleep on the word.
inline void wake_one(std::uint32_t* word) noexcept {
  const int before = errno;
  std::atomic_ref<std::uint32_t>(*word).notify_one();
  errno = before;
}

/// No: there is no call for `fence_all`.
inline bool prepare_fence_all() noexcept { return false; }
/// No.
inline bool fence_all() noexcept { return false; }

/// No: what POSIX has for it is a hint, and the pages would not read zero afterwards.
inline bool give_pages_back(std::byte* /*start*/, std::size_t /*length*/) noexcept { return false; }
/// Calls `f(start of the page)` for every page of the range, in rising order: nobody can tell which
/// are in memory.
template <class F>
void for_each_resident(std::byte* start, std::size_t length, std::size_t page, F f) noexcept {
  for (std::size_t at = 0; at < length; at += page) f(start + at);
}

/// No pages are huge.
inline void advise_huge(std::byte* /*start*/, std::size_t /*length*/, bool /*wanted*/) noexcept {}

/// How many processors the system has; at least 1.
inline unsigned processors() noexcept {
  const long count = ::sysconf(_SC_NPROCESSORS_ONLN);
  return count < 1 ? 1 : static_cast<unsigned>(count);
}

/// Nobody can tell, so that a loaded object is taken for one that stays.
inline bool was_linked(const void* /*inside*/) noexcept { return true; }

/// Writes zeros that no optimizer leaves out because nobody reads them.
inline void scrub(std::byte* from, std::size_t count) noexcept {
  ::memset(from, 0, count);
  __asm__ __volatile__("" : : "r"(from) : "memory");
}

}  // namespace caiman::v0::detail::os

#endif
