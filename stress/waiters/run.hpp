// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// run.hpp: what the two modes of the program `waiters` share
// ---------------------------------------------------------------------------------------------
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "../common/job.hpp"
#include "caiman/async.hpp"

namespace caiman::stress {

/// What can be put in to see that it is seen.
enum class waiters_fault : unsigned char { none, lost_wake_up, torn_stamp };

struct waiters_options {
  bool storm = true;
  bool slots = false;  // all blocks alike, mode storm alone
  std::string policy = "fair";
  unsigned threads = 8;
  unsigned waiters = 64;
  double seconds = 5;
  double patience = 60;
  std::uint64_t seed = 1;
  waiters_fault fault = waiters_fault::none;
};

/// One line of what was seen wrong, empty for nothing; and what was done.
struct waiters_report {
  std::string wrong;
  std::string done;
};

waiters_report run_storm(const waiters_options& chosen, const async_buddy_arena& arena);
waiters_report run_storm(const waiters_options& chosen, const async_fixed_arena& arena);
waiters_report run_queue(const waiters_options& chosen, const async_buddy_arena& arena);

/// Nothing is live, nobody waits, all is merged; else what is not so.
std::string left_behind(const async_buddy_arena& arena);
std::string left_behind(const async_fixed_arena& arena);

/// Fills a block with one number, with plain stores: an overlap shows as another number, a
/// hand-over that nothing orders as a race under ThreadSanitizer.
inline void stamp(buffer& b, std::uint64_t number) noexcept {
  for (std::size_t at = 0; at + sizeof(number) <= b.capacity(); at += sizeof(number)) {
    std::memcpy(b.spare().data() + at, &number, sizeof(number));
  }
}
[[nodiscard]] inline bool has_stamp(buffer& b, std::uint64_t number) noexcept {
  for (std::size_t at = 0; at + sizeof(number) <= b.capacity(); at += sizeof(number)) {
    std::uint64_t there = 0;
    std::memcpy(&there, b.spare().data() + at, sizeof(there));
    if (there != number) return false;
  }
  return true;
}

/// Things on their way to a thread.
template <class T>
class mailbag {
 public:
  void put(T thing) {
    const std::lock_guard lock(mutex_);
    things_.push_back(std::move(thing));
  }
  /// All that is there, oldest first.
  [[nodiscard]] std::vector<T> take_all() {
    const std::lock_guard lock(mutex_);
    return std::exchange(things_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<T> things_;
};

}  // namespace caiman::stress
