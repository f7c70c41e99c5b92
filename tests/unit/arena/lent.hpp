// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// lent.hpp: memory of a test's own that an arena borrows, and what came of it
//
// A region full of garbage, a release function that writes down each of its calls, and a look at
// memory that nobody may touch any more: AddressSanitizer knows that a free block is forbidden, but
// whether it is zero, or untouched, can be seen there only.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <new>
#include <span>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "caiman/arena.hpp"

namespace caiman::testing {

inline constexpr std::byte garbage{0xA5};

/// How many bytes from `from` on are not `expected`. Looks at what sanitizers forbid, too.
[[gnu::no_sanitize_address]] inline std::size_t count_other(const std::byte* from,
                                                            std::size_t count, std::byte expected) {
  std::size_t other = 0;
  for (std::size_t i = 0; i < count; ++i) {
    // volatile, or it becomes a call that a sanitizer looks into
    other += std::size_t{static_cast<const volatile std::byte*>(from)[i] != expected};
  }
  return other;
}
inline bool all_zero(std::span<const std::byte> what) {
  return std::ranges::all_of(what, [](std::byte b) { return b == std::byte{0}; });
}

/// A buffer as large as `what`, written and frozen.
inline bytes frozen(const buddy_arena& arena, std::string_view what) {
  buffer b = arena.allocate(what.size()).value();
  b.put(what);
  return std::move(b).freeze();
}

/// Garbage, at a multiple of the page.
class lent_region {
 public:
  struct call {
    std::byte* at;
    std::size_t length;
    std::thread::id thread;
  };

  explicit lent_region(std::size_t size)
      : size_(size), at_(static_cast<std::byte*>(::operator new(size, page))) {
    std::memset(at_, static_cast<int>(garbage), size);
  }
  lent_region(const lent_region&) = delete;
  lent_region& operator=(const lent_region&) = delete;
  ~lent_region() { ::operator delete(at_, page); }

  [[nodiscard]] std::byte* at() const { return at_; }
  [[nodiscard]] std::size_t size() const { return size_; }

  /// Notes each call.
  [[nodiscard]] region_release note() {
    return [this](std::byte* p, std::size_t n) {
      const std::lock_guard lock(guard_);
      calls_.push_back({p, n, std::this_thread::get_id()});
    };
  }
  [[nodiscard]] std::size_t calls() {
    const std::lock_guard lock(guard_);
    return calls_.size();
  }
  [[nodiscard]] call last_call() {
    const std::lock_guard lock(guard_);
    return calls_.back();
  }
  /// Whether it came back once, with this address and length.
  [[nodiscard]] bool is_back(const std::byte* p, std::size_t n) {
    const std::lock_guard lock(guard_);
    return calls_.size() == 1 && calls_[0].at == p && calls_[0].length == n;
  }

 private:
  static constexpr std::align_val_t page{4096};
  std::size_t size_;
  std::byte* at_;
  std::mutex guard_;
  std::vector<call> calls_;
};

}  // namespace caiman::testing
