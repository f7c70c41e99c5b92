// ---------------------------------------------------------------------------------------------
// job.hpp: a coroutine as the tests and the stress need it
//
// Starts at once, runs on wherever it is resumed, and is destroyed with its owner, also while it
// waits. What it throws ends the program.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

namespace caiman {

/// Owns a coroutine that nobody awaits.
class job {
 public:
  struct promise_type {
    job get_return_object() noexcept {
      return job(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    static std::suspend_never initial_suspend() noexcept { return {}; }
    static std::suspend_always final_suspend() noexcept { return {}; }
    static void return_void() noexcept {}
    [[noreturn]] static void unhandled_exception() noexcept { std::terminate(); }
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

}  // namespace caiman
