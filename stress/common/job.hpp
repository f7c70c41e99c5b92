// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// job.hpp: coroutines as the tests and the stress need them
//
// Both start at once and run on wherever they are resumed. A job is destroyed with its owner, also
// while it waits; a loose job belongs to nobody and ends by itself. What they throw ends the
// program.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

namespace caiman {

// NOLINTBEGIN(readability-convert-member-functions-to-static): a coroutine calls them on an object
struct started_promise {
  [[nodiscard]] std::suspend_never initial_suspend() const noexcept { return {}; }
  void return_void() const noexcept {}
  [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
};

/// Owns a coroutine that nobody awaits.
class job {
 public:
  struct promise_type : started_promise {
    job get_return_object() noexcept {
      return job(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    [[nodiscard]] std::suspend_always final_suspend() const noexcept { return {}; }
  };

  job() noexcept = default;
  job(job&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  job& operator=(job&& other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  job(const job&) = delete;
  job& operator=(const job&) = delete;
  ~job() {
    if (frame_) frame_.destroy();
  }

  /// Of a job that no other thread may run on at the moment.
  [[nodiscard]] bool done() const noexcept { return !frame_ || frame_.done(); }

 private:
  explicit job(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
  std::coroutine_handle<promise_type> frame_;
};

/// A coroutine that belongs to nobody.
struct loose_job {
  struct promise_type : started_promise {
    [[nodiscard]] loose_job get_return_object() const noexcept { return {}; }
    [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
  };
};
// NOLINTEND(readability-convert-member-functions-to-static)

}  // namespace caiman
