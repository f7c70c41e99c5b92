// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// threads.hpp: what every harness does with its threads
//
// An engine that interprets a program wants little of it: pthreads, no code before main() or behind
// it, no array of function pointers to copy.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <pthread.h>

#include <cstddef>
#include <new>
#include <utility>

namespace caiman::genmc {

/// What a thread runs.
using body = void* (*)(void*);

/// A thread that calls `F`.
template <auto F, auto... Arguments>
void* calls(void* /*none*/) {
  F(Arguments...);
  return nullptr;
}

/// Two threads, from start to end. Then the caller goes on, and has seen what they did.
inline void run(body left, body right) noexcept {
  pthread_t one{};
  pthread_t other{};
  (void)pthread_create(&one, nullptr, left, nullptr);
  (void)pthread_create(&other, nullptr, right, nullptr);
  (void)pthread_join(one, nullptr);
  (void)pthread_join(other, nullptr);
}
/// The same of three.
inline void run(body left, body middle, body right) noexcept {
  pthread_t one{};
  (void)pthread_create(&one, nullptr, right, nullptr);
  run(left, middle);
  (void)pthread_join(one, nullptr);
}

/// A global that main() makes and that nobody ends, so that no code runs before it or behind it.
template <class T>
class made_late {
 public:
  /// Before any thread starts. Without arguments nothing is zeroed first, as T() would have it.
  void make() noexcept { ::new (static_cast<void*>(room_)) T; }
  /// Before any thread starts.
  template <class Argument>
  void make(Argument&& of) noexcept {
    ::new (static_cast<void*>(room_)) T(std::forward<Argument>(of));
  }
  T* operator->() noexcept { return &get(); }
  T& get() noexcept { return *std::launder(static_cast<T*>(static_cast<void*>(room_))); }

 private:
  alignas(T) std::byte room_[sizeof(T)];
};

}  // namespace caiman::genmc
