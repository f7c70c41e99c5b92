// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// musl.hpp: what the headers of Debian's libstdc++ want of a C library that is not theirs
//
// Debian has musl, and no C++ library over it. That of g++ is made for the GNU C library: it names
// a few things that musl has not. They stand here, so that the core is compiled over musl's
// headers; what is never called has no body. Included before all else. See musl.c.
// ---------------------------------------------------------------------------------------------
#pragma once

#define __GLIBC_PREREQ(major, minor) 0  // NOLINT(bugprone-reserved-identifier)
#define __locale_t locale_t             // NOLINT(bugprone-reserved-identifier)

#include <pthread.h>
#include <time.h>

extern "C" {
int pthread_cond_clockwait(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*);
int pthread_mutex_clocklock(pthread_mutex_t*, clockid_t, const timespec*);
int pthread_rwlock_clockrdlock(pthread_rwlock_t*, clockid_t, const timespec*);
int pthread_rwlock_clockwrlock(pthread_rwlock_t*, clockid_t, const timespec*);
}

// The classes of <ctype.h>, each a bit of its own; nobody classifies a character.
enum {
  _ISupper = 1,
  _ISlower = 2,
  _ISalpha = 4,
  _ISdigit = 8,
  _ISxdigit = 16,
  _ISspace = 32,
  _ISprint = 64,
  _ISgraph = 128,
  _ISblank = 256,
  _IScntrl = 512,
  _ISpunct = 1024,
  _ISalnum = 2048,
};
