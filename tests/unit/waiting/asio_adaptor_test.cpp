// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// asio_adaptor_test.cpp: async_allocate with Asio's completion tokens, and asio::buffer
//
// One thread runs the context, so that everything is foretold; then a pool of Asio's threads.
// Relies on Debian's libasio-dev, whose <asio/detail/config.hpp> must be told that clang has
// coroutines.
// ---------------------------------------------------------------------------------------------
#define ASIO_HAS_CO_AWAIT 1
#define ASIO_HAS_STD_COROUTINE 1
#include <array>
#include <asio/bind_allocator.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#include <asio/write.hpp>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "caiman/adaptors/asio.hpp"
#include "waits.hpp"

namespace {

using namespace std::chrono_literals;
using caiman::alloc_error;
using caiman::async_allocate;
using caiman::buffer;
using caiman::testing::unit;

template <class Kind>
struct in : caiman::testing::waits_in<Kind> {
  using arena_type = typename Kind::arena;
  template <class Token>
  static auto wait(const arena_type& arena, Token&& token) {
    return std::apply(
        [&](auto... size) { return async_allocate(arena, size..., std::forward<Token>(token)); },
        Kind::one);
  }
};
using slots = in<caiman::testing::fixed_kind>;
using both_kinds = std::tuple<in<caiman::testing::buddy_kind>, slots>;

/// What a handler was given.
struct ending {
  std::optional<std::error_code> error;
  std::optional<buffer> got;
  auto handler() {
    return [this](std::error_code ec, buffer b) {
      error = ec;
      got = std::move(b);
    };
  }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("a handler runs through its executor, and later", "", both_kinds) {
  asio::io_context context;
  const auto arena = TestType::make(1);
  ending first;
  ending second;
  TestType::wait(arena, asio::bind_executor(context, first.handler()));
  CHECK_FALSE(first.error);
  CHECK(context.poll() == 1);
  REQUIRE(first.error);
  CHECK_FALSE(*first.error);
  CHECK(first.got->capacity() == unit);

  TestType::wait(arena, asio::bind_executor(context, second.handler()));
  context.restart();
  CHECK(context.poll() == 0);
  CHECK_FALSE(context.stopped());  // an operation that waits is work
  CHECK(arena.waiting() == 1);
  first.got.reset();
  CHECK_FALSE(second.error);  // not inside the release
  CHECK(arena.waiting() == 0);
  CHECK(context.run() == 1);
  REQUIRE(second.error);
  CHECK_FALSE(*second.error);
  CHECK(second.got->capacity() == unit);
  second.got.reset();
  CHECK(TestType::is_whole(arena));
}

TEST_CASE("what can never be served is said through the executor, too") {
  asio::io_context context;
  const auto arena = caiman::testing::arena_of(1);
  ending too_large;
  ending empty;
  async_allocate(arena, unit + 1, asio::bind_executor(context, too_large.handler()));
  caiman::async_buddy_arena from = arena;
  const auto moved = std::move(from);
  async_allocate(from, 1, asio::bind_executor(context, empty.handler()));  // NOLINT(*-after-move)
  CHECK_FALSE(too_large.error);
  context.run();
  CHECK(too_large.error == alloc_error::request_too_large);
  CHECK(empty.error == alloc_error::request_too_large);
  CHECK(too_large.got->capacity() == 0);
}

TEMPLATE_LIST_TEST_CASE("a future has the buffer, or throws", "", both_kinds) {
  const auto arena = TestType::make(1);
  std::future<buffer> first = TestType::wait(arena, asio::use_future);
  std::optional<buffer> held = first.get();
  std::future<buffer> second = TestType::wait(arena, asio::use_future);
  CHECK(second.wait_for(0s) == std::future_status::timeout);
  held.reset();
  CHECK(second.get().capacity() == unit);
  const auto small = caiman::testing::arena_of(1);
  CHECK_THROWS_AS(async_allocate(small, 2 * unit, asio::use_future).get(), std::system_error);
}

TEMPLATE_LIST_TEST_CASE("a coroutine of Asio's awaits it", "", both_kinds) {
  asio::io_context context;
  const auto arena = TestType::make(1);
  std::vector<std::string> log;
  const auto body = [&](std::string name) -> asio::awaitable<void> {
    buffer got = co_await TestType::wait(arena, asio::use_awaitable);
    log.push_back(name);
    const auto refused = co_await async_allocate(caiman::testing::arena_of(1), 2 * unit,
                                                 asio::experimental::as_tuple(asio::use_awaitable));
    CHECK(std::get<0>(refused) == alloc_error::request_too_large);
    log.push_back(name);
  };
  for (const char* name : {"a", "b", "c"}) asio::co_spawn(context, body(name), asio::detached);
  context.run();
  CHECK(log == std::vector<std::string>{"a", "a", "b", "b", "c", "c"});
  CHECK(TestType::is_whole(arena));
}

TEMPLATE_LIST_TEST_CASE("any cancellation takes a waiter out", "", both_kinds) {
  asio::io_context context;
  const auto arena = TestType::make(1);
  std::optional held = TestType::try_allocate(arena).value();
  const auto failed = arena.metrics().allocations_failed;
  for (const auto type : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                          asio::cancellation_type::total, asio::cancellation_type::all}) {
    asio::cancellation_signal signal;
    ending out;
    TestType::wait(arena, asio::bind_cancellation_slot(
                              signal.slot(), asio::bind_executor(context, out.handler())));
    signal.emit(asio::cancellation_type::none);
    CHECK(arena.waiting() == 1);
    signal.emit(type);
    CHECK(arena.waiting() == 0);
    CHECK_FALSE(out.error);  // through the executor
    signal.emit(type);
    context.restart();
    context.run();
    CHECK(out.error == asio::error::operation_aborted);
    CHECK(out.got->capacity() == 0);
    signal.emit(type);  // nobody is there
  }
  CHECK(arena.metrics().allocations_failed - failed == 4);
  CHECK(arena.metrics().timeouts == 4);
  held.reset();
  CHECK(TestType::is_whole(arena));
}

TEST_CASE("a cancellation that comes too late leaves the buffer") {
  asio::io_context context;
  const auto arena = slots::make(1);
  std::optional held = slots::try_allocate(arena).value();
  asio::cancellation_signal signal;
  ending out;
  async_allocate(arena, asio::bind_cancellation_slot(signal.slot(),
                                                     asio::bind_executor(context, out.handler())));
  held.reset();
  signal.emit(asio::cancellation_type::all);
  context.run();
  REQUIRE(out.error);
  CHECK_FALSE(*out.error);
  CHECK(out.got->capacity() == unit);
}

TEST_CASE("with a timer of Asio's a coroutine waits until a time") {
  using namespace asio::experimental::awaitable_operators;
  asio::io_context context;
  const auto arena = slots::make(1);
  std::optional held = slots::try_allocate(arena).value();
  int timed_out = 0;
  bool served = false;
  const auto body = [&]() -> asio::awaitable<void> {
    asio::steady_timer timer(context, 2ms);
    auto first = co_await (async_allocate(arena, asio::use_awaitable) ||
                           timer.async_wait(asio::use_awaitable));
    if (first.index() == 1) ++timed_out;
    CHECK(arena.waiting() == 0);
    held.reset();
    timer.expires_after(1h);
    auto second = co_await (async_allocate(arena, asio::use_awaitable) ||
                            timer.async_wait(asio::use_awaitable));
    served = second.index() == 0 && std::get<0>(second).capacity() == unit;
  };
  asio::co_spawn(context, body(), asio::detached);
  context.run();
  CHECK(timed_out == 1);
  CHECK(served);
  CHECK(slots::is_whole(arena));
}

TEST_CASE("a context that ends takes what waits with it, uncalled") {
  const auto arena = slots::make(1);
  std::optional held = slots::try_allocate(arena).value();
  const auto known = std::make_shared<int>(0);
  const auto handler = [known](std::error_code, const buffer&) { ++*known; };
  SECTION("one that waits") {
    asio::io_context context;
    async_allocate(arena, asio::bind_executor(context, handler));
    async_allocate(arena, asio::bind_executor(context, handler));
    CHECK(arena.waiting() == 2);
    CHECK(known.use_count() == 4);
  }
  SECTION("one that has its buffer, and was not called yet") {
    asio::io_context context;
    async_allocate(arena, asio::bind_executor(context, handler));
    async_allocate(arena, asio::bind_executor(context, handler));
    held.reset();
    CHECK(arena.waiting() == 1);
    CHECK(context.poll_one() == 1);
    CHECK(*known == 1);
    *known = 0;
  }
  SECTION("a coroutine") {
    asio::io_context context;
    const auto body = [](caiman::async_fixed_arena from,
                         std::shared_ptr<int> count) -> asio::awaitable<void> {
      const buffer got = co_await async_allocate(from, asio::use_awaitable);
      ++*count;
    };
    asio::co_spawn(context, body(arena, known), asio::detached);
    context.poll();
    CHECK(arena.waiting() == 1);
  }
  CHECK(arena.waiting() == 0);
  CHECK(known.use_count() == 2);
  CHECK(*known == 0);
  held.reset();
  CHECK(slots::is_whole(arena));
}

namespace {

/// Counts what it has out.
template <class T>
struct counting {
  using value_type = T;
  int* out;
  explicit counting(int& count) noexcept : out(&count) {}
  template <class U>
  counting(const counting<U>& other) noexcept : out(other.out) {}  // NOLINT(*-explicit-*): as is
  T* allocate(std::size_t n) {
    ++*out;
    return std::allocator<T>().allocate(n);
  }
  void deallocate(T* at, std::size_t n) noexcept {
    --*out;
    std::allocator<T>().deallocate(at, n);
  }
  template <class U>
  bool operator==(const counting<U>& other) const noexcept {
    return out == other.out;
  }
};

}  // namespace

TEST_CASE("an operation lies in the handler's memory, and not any more when that is called") {
  asio::io_context context;
  const auto arena = slots::make(1);
  std::optional held = slots::try_allocate(arena).value();
  int out = 0;
  int seen = -1;
  const auto handler = [&](std::error_code, const buffer&) { seen = out; };
  async_allocate(
      arena, asio::bind_allocator(counting<std::byte>(out), asio::bind_executor(context, handler)));
  CHECK(out == 1);
  held.reset();
  context.run();
  CHECK(seen == 0);
  CHECK(out == 0);
}

TEST_CASE("operations on a pool of threads are all served or cancelled") {
  constexpr int rounds = 3'000;
  asio::thread_pool pool(3);
  const auto arena = slots::make(2);
  std::atomic<int> served{0};
  std::atomic<int> cancelled{0};
  const auto body = [&](bool gives_up) -> asio::awaitable<void> {
    using namespace asio::experimental::awaitable_operators;
    if (!gives_up) {
      const buffer got = co_await async_allocate(arena, asio::use_awaitable);
      ++served;
      co_return;
    }
    asio::steady_timer timer(co_await asio::this_coro::executor, 20us);
    const auto result = co_await (async_allocate(arena, asio::use_awaitable) ||
                                  timer.async_wait(asio::use_awaitable));
    ++(result.index() == 0 ? served : cancelled);
  };
  for (int i = 0; i < rounds; ++i) {
    asio::co_spawn(asio::make_strand(pool), body(i % 3 == 0), asio::detached);
  }
  pool.join();
  CHECK(served + cancelled == rounds);
  CHECK(arena.waiting() == 0);
  CHECK(slots::take_all(arena).size() == 2);
}

TEST_CASE("Asio reads into buffers and writes bytes") {
  asio::io_context context;
  asio::local::stream_protocol::socket here(context);
  asio::local::stream_protocol::socket there(context);
  asio::local::connect_pair(here, there);
  const auto arena = caiman::testing::arena_of(4);
  buffer out = arena.try_allocate(unit).value();
  out.put("to be written");
  CHECK(asio::buffer(out.written()).data() == out.written().data());
  CHECK(asio::write(here, asio::buffer(out.written())) == 13);
  const caiman::bytes frozen = std::move(out).freeze();
  CHECK(asio::write(here, asio::buffer(frozen)) == 13);
  CHECK(asio::write(here, asio::buffer(frozen, 5)) == 5);
  CHECK(asio::buffer(frozen, 14).size() == 13);
  const std::array both{asio::buffer(frozen), asio::buffer(frozen.slice(0, 2))};
  CHECK(asio::write(here, both) == 15);

  buffer room = arena.try_allocate(unit).value();
  CHECK(asio::buffer(room.spare()).data() == room.spare().data());
  CHECK(asio::buffer(room.spare()).size() == unit);
  CHECK(asio::buffer(room.spare(), 46).size() == 46);
  CHECK(asio::buffer(room.spare(), unit + 1).size() == unit);
  const std::size_t n = asio::read(there, asio::buffer(room.spare(), 46));
  room.advance(n);
  const caiman::bytes got = std::move(room).freeze();
  CHECK(got.as_string_view() == "to be writtento be writtento beto be writtento");
  CHECK(asio::buffer(got.as_string_view()).size() == 46);
  static_assert(std::is_same_v<decltype(asio::buffer(frozen)), asio::const_buffer>);
  static_assert(std::is_same_v<decltype(asio::buffer(out.written())), asio::const_buffer>);
  static_assert(std::is_same_v<decltype(asio::buffer(out.spare())), asio::mutable_buffer>);
  std::vector<std::byte> as_ever(3);
  CHECK(asio::buffer(as_ever).size() == 3);
}
