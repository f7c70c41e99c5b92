// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// waiter_policy.cpp: a policy of one's own for which waiter is served next
//
// A server has quick requests, for small buffers, and bulk ones, for large. Quick ones come first;
// but after three of them that were served while a bulk one waited it is that one's turn, and room
// is kept for it until there is enough. A policy is a plain type: one thread at a time calls it, it
// keeps the waiters in lists that need no heap, and a waiter says its order and its number.
// ---------------------------------------------------------------------------------------------
#include <caiman/caiman.hpp>
#include <coroutine>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "expect.hpp"

namespace {

/// In either class, first come, first served.
class quick_first {
 public:
  /// Blocks of `bulk` and above are bulk.
  explicit quick_first(unsigned bulk, unsigned burst) noexcept : bulk_order_(bulk), burst_(burst) {}

  void add(caiman::waiter& one) noexcept { queue_of(one).push_back(one); }
  // NOLINTNEXTLINE(readability-convert-member-functions-to-static): a policy is an object
  void remove(caiman::waiter& one) noexcept { caiman::waiter::list::remove(one); }
  void serve(caiman::waiter& one) noexcept {
    caiman::waiter::list::remove(one);
    passed_over_ = is_bulk(one) || bulk_.empty() ? 0 : passed_over_ + 1;
  }
  [[nodiscard]] std::size_t size() const noexcept { return quick_.size() + bulk_.size(); }
  /// Nobody of an order from `bar` up can be served. Null keeps the room for whose turn it is.
  [[nodiscard]] caiman::waiter* pick(unsigned bar) noexcept {
    const bool bulk_is_next = quick_.empty() || (!bulk_.empty() && passed_over_ >= burst_);
    caiman::waiter* const next = bulk_is_next ? bulk_.first() : quick_.first();
    return next != nullptr && next->order() < bar ? next : nullptr;
  }

 private:
  [[nodiscard]] bool is_bulk(const caiman::waiter& one) const noexcept {
    return one.order() >= bulk_order_;
  }
  caiman::waiter::list& queue_of(const caiman::waiter& one) noexcept {
    return is_bulk(one) ? bulk_ : quick_;
  }

  unsigned bulk_order_;
  unsigned burst_;
  unsigned passed_over_ = 0;  // how many quick ones were served while a bulk one waited
  caiman::waiter::list quick_{};
  caiman::waiter::list bulk_{};
};
static_assert(caiman::buddy_waiter<quick_first>);

struct task {  // belongs to nobody
  // NOLINTBEGIN(readability-convert-member-functions-to-static): called on an object
  struct promise_type {
    task get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
  // NOLINTEND(readability-convert-member-functions-to-static)
};

constexpr std::size_t quick = 1'000;
constexpr std::size_t bulk = 4'000;

task note(caiman::async_buddy_arena arena, std::size_t size, std::string name,
          std::vector<std::string>& served) {
  const auto buffer = co_await arena.allocate(size);
  if (buffer) served.push_back(std::move(name));
}  // the buffer goes back, and the next one has it

std::vector<std::string> order_of(const caiman::async_buddy_arena& arena) {
  std::vector<std::string> served;
  std::optional all = arena.try_allocate(arena.total_size()).value();
  for (const char* name : {"bulk 1", "bulk 2"}) note(arena, bulk, name, served);
  for (const char* name : {"1", "2", "3", "4", "5", "6", "7"}) note(arena, quick, name, served);
  expect(served.empty() && arena.waiting() == 9, "all wait");
  all.reset();
  expect(arena.waiting() == 0, "all were served");
  return served;
}

}  // namespace

int main() {
  const auto geometry = caiman::buddy_geometry::exact(4'096, 1'024).value();
  const auto builder = caiman::buddy_arena::builder(geometry);
  const auto ours = builder.build_async_with(quick_first(2, 3)).value();
  using names = std::vector<std::string>;
  expect(order_of(ours) == names{"1", "2", "3", "bulk 1", "4", "5", "6", "bulk 2", "7"},
         "three quick ones, then a bulk one");
  const auto fifo = builder.build_async_with(caiman::fifo_waiters()).value();
  expect(order_of(fifo) == names{"bulk 1", "bulk 2", "1", "2", "3", "4", "5", "6", "7"},
         "the shipped policies do otherwise");
  expect(ours.is_block_free(ours.max_order(), 0), "all memory is back");
}
