// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// asio_pool.cpp: a pool of coroutines over an arena that is too small for all of them
//
// Sixteen connections, each of which needs a buffer of 16 KiB for every message, and 64 KiB of
// memory for all. A connection that finds no room waits, without a thread of its own, and is run on
// by Asio's threads: for Asio a request is an operation as any other.
// ---------------------------------------------------------------------------------------------
// Asio 1.22 does not know that clang 19 has the coroutines of the standard.
#define ASIO_HAS_CO_AWAIT 1
#define ASIO_HAS_STD_COROUTINE 1
#include <asio.hpp>
#include <atomic>
#include <caiman/adaptors/asio.hpp>
#include <caiman/caiman.hpp>
#include <thread>

#include "expect.hpp"

namespace {

constexpr std::size_t message_size = 16 << 10;
constexpr int connections = 16;
constexpr int messages = 200;

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

/// One connection.
asio::awaitable<void> serve(pool& all) {
  for (int i = 0; i < messages; ++i) {
    caiman::buffer buffer =
        co_await caiman::async_allocate(all.arena, message_size, asio::use_awaitable);
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
