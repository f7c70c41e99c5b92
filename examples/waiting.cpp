// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// waiting.cpp: requests that wait for room, as coroutines and as threads
//
// Two coroutines run on inside the releases that serve them; a thread waits for a while, another
// one until it is stopped; and a waiter that gives up leaves nothing behind.
// ---------------------------------------------------------------------------------------------
#include <caiman/caiman.hpp>
#include <chrono>
#include <coroutine>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "expect.hpp"

namespace {

using namespace std::chrono_literals;

/// Any coroutine type will do: one that owns its coroutine, and destroys it wherever it stands.
class task {
 public:
  // NOLINTBEGIN(readability-convert-member-functions-to-static): called on an object
  struct promise_type {
    task get_return_object() {
      return task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
  // NOLINTEND(readability-convert-member-functions-to-static)
  task(task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  task& operator=(task&&) = delete;
  task(const task&) = delete;
  task& operator=(const task&) = delete;
  ~task() {
    if (frame_) frame_.destroy();
  }

 private:
  explicit task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  std::coroutine_handle<promise_type> frame_;
};

task note(caiman::async_buddy_arena arena, int number, std::vector<int>& order) {
  auto buffer = co_await arena.allocate(4096);
  if (!buffer) co_return;  // larger than the arena: nothing else is an error here
  order.push_back(number);
}  // the buffer goes back, and the next one has it

void coroutines(const caiman::async_buddy_arena& arena) {
  std::vector<int> order;
  auto all = arena.try_allocate(4096);
  const task first = note(arena, 1, order);
  std::optional<task> second;
  second.emplace(note(arena, 2, order));
  const task third = note(arena, 3, order);
  expect(arena.waiting() == 3, "there is no room");
  second.reset();  // gives up, and leaves nothing behind
  expect(arena.waiting() == 2, "two are left");
  std::move(*all).abandon();
  expect(order == std::vector{1, 3}, "each is served when the one before it returns its block");
}

void threads(const caiman::async_buddy_arena& arena) {
  auto all = arena.try_allocate(4096);
  const auto late = arena.allocate_for(256, 5ms);
  expect(late.error() == caiman::alloc_error::arena_full, "the time is up");

  std::jthread stopped([&arena](const std::stop_token& stop) {
    const auto got = arena.allocate_wait(256, stop);
    expect(!got, "it was stopped");
  });
  stopped.request_stop();
  stopped.join();

  std::jthread served([&arena] { expect(arena.allocate_wait(1000).has_value(), "it is served"); });
  std::move(*all).abandon();
}

}  // namespace

int main() {
  const auto geometry = caiman::buddy_geometry::exact(4096, 256).value();
  const auto arena = caiman::buddy_arena::builder(geometry).build_async().value();
  coroutines(arena);
  threads(arena);
  const auto by_arrival =
      caiman::buddy_arena::builder(geometry).build_async_with(caiman::fifo_waiters()).value();
  coroutines(by_arrival);
}
