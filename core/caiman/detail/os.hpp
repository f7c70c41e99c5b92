// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// os.hpp: all that the library asks of the operating system
//
// Here is what every POSIX system has, and the choice of who has the rest: system/linux.hpp, or
// system/posix.hpp on any other system, and on Linux if CAIMAN_OS_POSIX is defined, by which that
// port is tested. These three know a system and nothing else does, so they are what a port would
// edit. CAIMAN_OS_POSIX is for all units of a program or for none: a thread that sleeps as one of
// them has it is not woken as the other does.
//
// All is a plain call, none takes the heap but the start of a thread, and all but a thread's may be
// called by any threads at once.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#if defined(__linux__) && !defined(CAIMAN_OS_POSIX)
#include "caiman/detail/system/linux.hpp"
#else
#include "caiman/detail/system/posix.hpp"
#endif

namespace caiman::inline v0::detail::os {

/// Lets another thread have this core.
inline void yield() noexcept { ::sched_yield(); }

/// A thread of the library's own. It handles no signal: what the program does in a handler, it does
/// not expect here. Not known in a child of a fork, in which there is none.
class own_thread {
 public:
  /// False if the system has none.
  [[nodiscard]] bool start(void* (*run)(void*), void* of) noexcept {
    ::sigset_t all;
    ::sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool begun = ::pthread_create(&id_, nullptr, run, of) == 0;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (begun) process_ = ::getpid();
    return begun;
  }
  /// Whether it was started in this process.
  [[nodiscard]] bool is_here() const noexcept { return process_ != 0 && process_ == ::getpid(); }
  /// Whether it is the caller.
  [[nodiscard]] bool is_this() const noexcept {
    return is_here() && ::pthread_equal(id_, ::pthread_self()) != 0;
  }
  /// Waits for its end.
  void join() const noexcept { ::pthread_join(id_, nullptr); }
  /// Nobody will.
  void leave_alone() const noexcept { ::pthread_detach(id_); }

 private:
  ::pthread_t id_{};
  ::pid_t process_ = 0;
};

/// Bytes of a page.
inline std::size_t page_bytes() noexcept {
  return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// So many bytes of fresh zeroed memory, from the start of a page on; null if there are none.
inline std::byte* map(std::size_t length) noexcept {
  void* const at = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
  // NOLINTNEXTLINE(performance-no-int-to-ptr): MAP_FAILED is how the system says it
  return at == MAP_FAILED ? nullptr : static_cast<std::byte*>(at);
}
/// Gives back what `map` gave.
inline void unmap(std::byte* start, std::size_t length) noexcept { ::munmap(start, length); }

/// The number of this process.
inline std::uint32_t process() noexcept { return static_cast<std::uint32_t>(::getpid()); }

/// Calls `part(context, i)` once for each i below `count`, at most 64 of them at once: on a thread
/// each, as far as the system has any, and the rest on this one. Blocking, till all have returned.
inline void in_parallel(unsigned count, void (*part)(void*, unsigned), void* context) noexcept {
  struct job {
    void (*part)(void*, unsigned);
    void* context;
    unsigned number;
    ::pthread_t thread;
  };
  constexpr unsigned most = 64;
  job jobs[most];
  unsigned started = 0;
  for (unsigned i = 1; i < count; ++i) {
    if (started < most) {
      job& one = jobs[started];
      one = {part, context, i, {}};
      const auto run = [](void* which) -> void* {
        const job& mine = *static_cast<job*>(which);
        mine.part(mine.context, mine.number);
        return nullptr;
      };
      if (::pthread_create(&one.thread, nullptr, run, &one) == 0) {
        ++started;
        continue;
      }
    }
    part(context, i);
  }
  if (count != 0) part(context, 0);
  while (started != 0) ::pthread_join(jobs[--started].thread, nullptr);
}

}  // namespace caiman::v0::detail::os

#endif  // CAIMAN_REQUIREMENTS_MET
