// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// two_threads.hpp: what every harness does with its two threads
// ---------------------------------------------------------------------------------------------
#pragma once

#include <pthread.h>

namespace caiman::genmc {

/// Two threads, from start to end. Then the caller goes on, and has seen what they did.
inline void run_both(void* (*first)(void*), void* (*second)(void*)) noexcept {
  pthread_t one{};
  pthread_t other{};
  (void)pthread_create(&one, nullptr, first, nullptr);
  (void)pthread_create(&other, nullptr, second, nullptr);
  (void)pthread_join(one, nullptr);
  (void)pthread_join(other, nullptr);
}

}  // namespace caiman::genmc
