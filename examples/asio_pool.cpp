// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// asio_pool.cpp: a pool of coroutines over an arena that is too small for all of them
//
// Sixteen connections, each of which needs a buffer of 16 KiB for every message, and 64 KiB of
// memory for all. A connection that finds no room waits, without a thread of its own, and is run on
// by Asio's threads: the arena is given an executor that posts to its context.
// ---------------------------------------------------------------------------------------------
// Asio 1.22 does not know that clang 19 has the coroutines of the standard.
#define ASIO_HAS_CO_AWAIT 1
#define ASIO_HAS_STD_COROUTINE 1
#include <asio.hpp>
#include <atomic>
#include <caiman/caiman.hpp>
#include <thread>

#include "expect.hpp"

namespace {

constexpr std::size_t message_size = 16 << 10;
constexpr int connections = 16;
constexpr int messages = 200;

/// Where a coroutine that waited for room runs on. A copy goes into every request, so it is small.
struct on_context {
  asio::io_context* context;
  void operator()(const caiman::resumption& run) const { asio::post(*context, run); }
};

struct pool {
  caiman::async_buddy_arena arena;
  asio::io_context context{1};
  std::atomic<int> done{0};
  std::atomic<int> live{0};
  std::atomic<int> most_live{0};
};

void note_live(pool& all) {
  const int now = all.live.fetch_add(1) + 1;
  int most = all.most_live.load();
  while (most < now && !all.most_live.compare_exchange_weak(most, now)) {
  }
}

/// One connection: asio::awaitable awaits what Asio knows, so the buffer is fetched by a coroutine
/// of our own, which hands it over through a channel of one: the completion of this operation.
struct fetch {
  // NOLINTBEGIN(readability-convert-member-functions-to-static): called on an object
  struct promise_type {
    fetch get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
  // NOLINTEND(readability-convert-member-functions-to-static)
};
template <class Handler>
fetch fetch_into(pool& all, std::size_t size, Handler handler) {
  auto got = co_await all.arena.allocate(size, on_context{&all.context});
  // Through the context, also when there was room at once: as every operation of Asio's does.
  asio::post(all.context, [handler = std::move(handler), got = std::move(got)]() mutable {
    std::move(handler)(*std::move(got));
  });
}
auto async_fetch(pool& all, std::size_t size) {
  return asio::async_initiate<const asio::use_awaitable_t<>&, void(caiman::buffer)>(
      [&all, size](auto handler) { fetch_into(all, size, std::move(handler)); },
      asio::use_awaitable);
}

asio::awaitable<void> serve(pool& all) {
  for (int i = 0; i < messages; ++i) {
    caiman::buffer buffer = co_await async_fetch(all, message_size);
    note_live(all);
    buffer.put("a message");
    co_await asio::post(all.context, asio::use_awaitable);  // as if it were being sent
    all.live.fetch_sub(1);
    all.done.fetch_add(1);
  }
}

}  // namespace

int main() {
  const auto geometry = caiman::buddy_geometry::exact(4 * message_size, 1 << 10).value();
  pool all{caiman::buddy_arena::builder(geometry).build_async().value()};
  for (int i = 0; i < connections; ++i) asio::co_spawn(all.context, serve(all), asio::detached);
  {
    const std::jthread second([&all] { all.context.run(); });
    all.context.run();
  }
  expect(all.done == connections * messages, "every message was served");
  expect(all.most_live <= 4, "never more buffers than there is room for");
  expect(all.most_live > 1, "and more than one at a time");
  expect(all.arena.waiting() == 0, "nobody waits any more");
  expect(all.arena.is_block_free(all.arena.max_order(), 0), "all memory is back");
}
