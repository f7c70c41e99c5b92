// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// overload.cpp: a server of coroutines that is asked for more than it can do
//
// Connections send requests as fast as they are taken, and one thread works them off, which is
// slower. With an arena that makes its callers wait a coroutine reads a request when there is room
// for it, and until then its connection is left alone, so that TCP slows its client down; a thread
// of the server that makes reports waits for a while only, and counts how often it was turned away.
// With vectors all that comes is read, and lies in memory until its turn. Relies on Asio.
// ---------------------------------------------------------------------------------------------
// Asio 1.22 does not know that clang 19 has the coroutines of the standard.
#define ASIO_HAS_CO_AWAIT 1
#define ASIO_HAS_STD_COROUTINE 1
#include <algorithm>
#include <array>
#include <asio.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "memory.hpp"
#include "program.hpp"

namespace {

using asio::ip::tcp;
using programs::outcome;

constexpr std::size_t arena_size = std::size_t{2} << 20U;
constexpr std::size_t least = 4096;
constexpr std::size_t most = 65536;
constexpr std::size_t connection_count = 16;
constexpr int passes = 12;  // over each request: what makes the work slow

struct header {
  std::uint64_t key, length;
  programs::clock::time_point sent;
};
struct answer {
  std::uint64_t key, digest;
};

std::uint64_t work_on(std::span<const std::byte> text, std::uint64_t key) {
  std::uint64_t sum = 0;
  for (int i = 0; i < passes; ++i) sum = programs::mix(sum ^ programs::digest_of(text));
  return programs::mix(sum ^ key);
}

// ---- memory -------------------------------------------------------------------------------------

/// Where a coroutine that waited for room runs on.
struct on_context {
  asio::io_context* context;
  void operator()(const caiman::resumption& run) const { asio::post(*context, run); }
};

/// A coroutine of our own that fetches a buffer and hands it to one of Asio's.
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
fetch fetch_into(const caiman::async_buddy_arena& from, asio::io_context& context, std::size_t n,
                 Handler handler) {
  auto got = co_await from.allocate(n, on_context{&context});
  asio::post(context, [handler = std::move(handler), got = std::move(got)]() mutable {
    std::move(handler)(*std::move(got));
  });
}

class bounded {
 public:
  using buffer = caiman::buffer;
  /// Of all that may be in the queue at once.
  static constexpr std::size_t most_queued = arena_size / least;

  asio::awaitable<buffer> take(asio::io_context& context, std::size_t n) {
    // What there is room for needs no detour; while others wait their turn comes first.
    if (arena_.waiting() == 0) {
      if (auto got = arena_.try_allocate(n)) co_return std::move(*got);
    }
    ++waited_;
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(buffer)>(
        [this, &context, n](auto handler) { fetch_into(arena_, context, n, std::move(handler)); },
        asio::use_awaitable);
  }
  /// Nothing when there was no room for a while.
  std::optional<buffer> take_soon(std::size_t n) {
    auto got = arena_.allocate_for(n, std::chrono::milliseconds(5));
    if (!got) return std::nullopt;
    return std::move(*got);
  }
  static std::span<std::byte> room(buffer& of) { return of.spare(); }
  void expect_whole() const {
    expect(arena_.waiting() == 0, "nobody waits any more");
    expect(arena_.is_block_free(arena_.max_order(), 0), "all blocks came back, and are one");
  }
  std::size_t waited() const { return waited_; }

 private:
  caiman::async_buddy_arena arena_ =
      caiman::buddy_arena::builder(caiman::buddy_geometry::nearest(arena_size, 1024).value())
          .build_async()
          .value();
  std::size_t waited_ = 0;
};

class unbounded {
 public:
  using buffer = std::vector<std::byte>;
  static constexpr std::size_t most_queued = SIZE_MAX;

  static asio::awaitable<buffer> take(asio::io_context& /*context*/, std::size_t n) {
    co_return buffer(n);
  }
  static std::optional<buffer> take_soon(std::size_t n) { return buffer(n); }
  static std::span<std::byte> room(buffer& of) { return of; }
  void expect_whole() const {}
  static std::size_t waited() { return 0; }
};

// ---- the server ---------------------------------------------------------------------------------

/// What a connection is sent.
class answers {
 public:
  explicit answers(tcp::socket& to) : to_(to) {}
  void send(const answer& what) {
    queue_.push_back(what);
    if (queue_.size() == 1) write();
  }

 private:
  void write() {
    asio::async_write(to_, asio::buffer(&queue_.front(), sizeof(answer)),
                      [this](const asio::error_code& error, std::size_t) {
                        expect(!error, "who asks waits for the answer");
                        queue_.pop_front();
                        if (!queue_.empty()) write();
                      });
  }
  tcp::socket& to_;
  std::deque<answer> queue_{};
};

template <class Memory>
struct request {
  header head{};
  answers* to = nullptr;  // null: a report
  typename Memory::buffer body;
};

/// Works requests off, in order.
template <class Memory>
class worker {
 public:
  explicit worker(asio::io_context& context) : context_(context) {}

  void push(request<Memory> what) {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(what));
    most_queued_ = std::max(most_queued_, queue_.size());
    more_.notify_one();
  }
  /// So many, and then it is over.
  void run(std::size_t count) {
    for (; count != 0; --count) {
      request<Memory> one = pop();
      const std::span text = Memory::room(one.body).first(one.head.length);
      expect(programs::holds(text, one.head.key), "it is what was sent");
      const answer made{one.head.key, work_on(text, one.head.key)};
      { const auto gone = std::move(one.body); }  // whoever waits for room runs on
      latencies_.add(programs::nanoseconds(programs::clock::now() - one.head.sent));
      digest_ += made.digest;
      if (one.to != nullptr) asio::post(context_, [made, to = one.to] { to->send(made); });
    }
  }
  std::size_t most_queued() const { return most_queued_; }
  std::uint64_t digest() const { return digest_; }
  const programs::histogram& latencies() const { return latencies_; }

 private:
  request<Memory> pop() {
    std::unique_lock lock(mutex_);
    more_.wait(lock, [this] { return !queue_.empty(); });
    request<Memory> one = std::move(queue_.front());
    queue_.pop_front();
    return one;
  }

  asio::io_context& context_;
  std::mutex mutex_{};
  std::condition_variable more_{};
  std::deque<request<Memory>> queue_{};
  std::size_t most_queued_ = 0;
  std::uint64_t digest_ = 0;
  programs::histogram latencies_{};
};

template <class Memory>
asio::awaitable<void> serve(Memory& memory, asio::io_context& context, tcp::socket& from,
                            answers& to, worker<Memory>& by) {
  for (;;) {
    header head{};
    co_await asio::async_read(from, asio::buffer(&head, sizeof head), asio::use_awaitable);
    if (head.length == 0) co_return;
    expect(head.length <= most, "a request is not longer than is allowed");
    auto body = co_await memory.take(context, head.length);
    const std::span<std::byte> room = Memory::room(body).first(head.length);
    co_await asio::async_read(from, asio::buffer(room.data(), room.size()), asio::use_awaitable);
    by.push({head, &to, std::move(body)});
  }
}

/// Made by the server itself, on a thread; how often there was no room in time.
template <class Memory>
std::size_t report(Memory& memory, std::uint64_t first, std::size_t count, worker<Memory>& by) {
  std::size_t turned_away = 0;
  for (std::uint64_t key = first; key < first + count; ++key) {
    const header head{key, programs::size_for(key, least, most), programs::clock::now()};
    auto body = memory.take_soon(head.length);
    for (; !body; body = memory.take_soon(head.length)) ++turned_away;
    programs::fill(Memory::room(*body).first(head.length), key);
    by.push({head, nullptr, std::move(*body)});
  }
  return turned_away;
}

// ---- the clients --------------------------------------------------------------------------------

asio::awaitable<void> ask(tcp::socket& server, std::uint64_t first, std::size_t count) {
  std::vector<std::byte> body(most);
  for (std::uint64_t key = first; key < first + count; ++key) {
    const header head{key, programs::size_for(key, least, most), programs::clock::now()};
    programs::fill(std::span(body).first(head.length), key);
    const std::array parts{asio::const_buffer(&head, sizeof head),
                           asio::const_buffer(body.data(), head.length)};
    co_await asio::async_write(server, parts, asio::use_awaitable);
  }
  const header end{};
  co_await asio::async_write(server, asio::buffer(&end, sizeof end), asio::use_awaitable);
}

/// Gives the sum of what the answers say.
asio::awaitable<void> listen(tcp::socket& server, std::uint64_t first, std::size_t count,
                             std::uint64_t& digest) {
  for (std::uint64_t key = first; key < first + count; ++key) {
    answer got{};
    co_await asio::async_read(server, asio::buffer(&got, sizeof got), asio::use_awaitable);
    expect(got.key == key, "answers come in the order of the requests");
    digest += got.digest;
  }
}

// ---- both ---------------------------------------------------------------------------------------

/// How a coroutine ends.
void ended(const std::exception_ptr& failure) { expect(!failure, "no connection breaks"); }

struct connection {
  tcp::socket here, there;
  answers to{here};
  connection(asio::io_context& server, asio::io_context& client) : here(server), there(client) {}
};

template <class Memory>
outcome run(std::size_t amount) {
  const std::size_t share = amount / connection_count;
  const std::size_t reports = amount / 16;
  Memory memory;
  outcome done;
  asio::io_context here(1);
  asio::io_context there(1);
  tcp::acceptor acceptor(here, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  worker<Memory> by(here);
  std::vector<std::unique_ptr<connection>> all;
  std::uint64_t answered = 0;
  for (std::size_t i = 0; i < connection_count; ++i) {
    connection& one = *all.emplace_back(std::make_unique<connection>(here, there));
    one.there.connect(acceptor.local_endpoint());
    one.here = acceptor.accept();
    asio::co_spawn(here, serve(memory, here, one.here, one.to, by), ended);
    asio::co_spawn(there, ask(one.there, i * share, share), ended);
    asio::co_spawn(there, listen(one.there, i * share, share, answered), ended);
  }
  const std::size_t all_requests = share * connection_count + reports;
  std::size_t turned_away = 0;
  const auto start = programs::clock::now();
  {
    auto open = asio::make_work_guard(here);  // until all is worked off
    const std::jthread clients([&there] { there.run(); });
    const std::jthread works([&] {
      by.run(all_requests);
      open.reset();
    });
    const std::jthread makes(
        [&] { turned_away = report(memory, share * connection_count, reports, by); });
    here.run();
  }
  done.took = programs::clock::now() - start;
  memory.expect_whole();
  expect(by.most_queued() <= Memory::most_queued, "no more than there is room for");
  done.requests = all_requests;
  done.latencies = by.latencies();
  done.digest = by.digest() ^ programs::mix(answered);
  done.more["most_queued"] = by.most_queued();
  done.more["waited"] = memory.waited();
  done.more["turned_away"] = turned_away;
  return done;
}

}  // namespace

int main(int argc, char** argv) {
  return programs::run_program(argc, argv,
                               {.name = "overload",
                                .request = "requests of more than can be done at once",
                                .threads = 2,
                                .brief = 2'000,
                                .full = 8'000},
                               {{"caiman", run<bounded>}, {"vector", run<unbounded>}});
}
