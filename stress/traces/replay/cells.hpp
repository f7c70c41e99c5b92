// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// cells.hpp: where a block lies between the thread that asked for it and the one that needs it
//
// One per slot of the plan. Empty at first; then there is a block in it, or the word that the
// request was refused. A pointer is its own mark; what else a subject gives (a buffer, say) has one
// beside it.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace caiman::traces {

template <class Handle>
class cell {
 public:
  void put(Handle&& what) {
    what_ = std::move(what);
    mark_.store(mark::there, std::memory_order_release);
  }
  void refuse() { mark_.store(mark::refused, std::memory_order_release); }
  /// What is in it; `Waiting` says how it is waited for.
  template <class Waiting>
  Handle* await() {
    mark seen = mark_.load(std::memory_order_acquire);
    if (seen == mark::empty) [[unlikely]] {
      Waiting::until([&] { return (seen = mark_.load(std::memory_order_acquire)) != mark::empty; });
    }
    return seen == mark::refused ? nullptr : &what_;
  }
  static bool was_refused(const Handle* seen) { return seen == nullptr; }
  static std::byte* bytes_of(Handle& what) { return what.data(); }
  static bool is_there(const Handle& what) { return what.data() != nullptr; }

 private:
  enum class mark : unsigned char { empty, there, refused };

  std::atomic<mark> mark_{mark::empty};
  Handle what_{};
};

template <>
class cell<void*> {
 public:
  void put(void* what) { what_.store(what, std::memory_order_release); }
  void refuse() { put(refused()); }
  template <class Waiting>
  void* await() {
    void* block = what_.load(std::memory_order_acquire);
    if (block == nullptr) [[unlikely]] {
      Waiting::until([&] { return (block = what_.load(std::memory_order_acquire)) != nullptr; });
    }
    return block;
  }
  static bool was_refused(const void* seen) { return seen == refused(); }
  static std::byte* bytes_of(void* what) { return static_cast<std::byte*>(what); }
  static bool is_there(const void* what) { return what != nullptr; }

 private:
  /// Stands for a block that was refused.
  static void* refused() {
    static char mark;
    return &mark;
  }

  std::atomic<void*> what_{nullptr};
};

}  // namespace caiman::traces
