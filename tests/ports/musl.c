// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// musl.c: what the code of Debian's libstdc++ and libgcc calls that musl has not
//
// See musl.hpp. Nothing of it is the core's: the core calls what both C libraries have.
// ---------------------------------------------------------------------------------------------
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

// 0: every count of references is atomic.
char __libc_single_threaded = 0;

// Where the unwinder finds no object by this call, it goes through all.
int _dl_find_object(void* at, void* found) {
  (void)at;
  (void)found;
  return -1;
}

// By the clock that musl has a call for.
int pthread_cond_clockwait(pthread_cond_t* cond, pthread_mutex_t* mutex, clockid_t clock,
                           const struct timespec* end) {
  struct timespec now, at;
  clock_gettime(clock, &now);
  clock_gettime(CLOCK_REALTIME, &at);
  at.tv_sec += end->tv_sec - now.tv_sec;
  at.tv_nsec += end->tv_nsec - now.tv_nsec;
  if (at.tv_nsec < 0) at.tv_sec--, at.tv_nsec += 1000000000;
  if (at.tv_nsec >= 1000000000) at.tv_sec++, at.tv_nsec -= 1000000000;
  return pthread_cond_timedwait(cond, mutex, &at);
}

uint32_t arc4random(void) { abort(); }

// Destructors of thread_local objects, last made first.
struct ending {
  void (*call)(void*);
  void* of;
  struct ending* next;
};
static pthread_key_t endings;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void end_all(void* list) {
  for (struct ending* each = list; each != NULL;) {
    struct ending* const next = each->next;
    each->call(each->of);
    free(each);
    each = next;
  }
}
static void make_key(void) {
  if (pthread_key_create(&endings, end_all) != 0) abort();
}
int __cxa_thread_atexit_impl(void (*call)(void*), void* of, void* object) {
  (void)object;
  struct ending* const each = malloc(sizeof *each);
  if (each == NULL) return -1;
  pthread_once(&once, make_key);
  each->call = call;
  each->of = of;
  each->next = pthread_getspecific(endings);
  return pthread_setspecific(endings, each);
}
