// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// fan_out.cpp: a server that sends what one client publishes to all that listen
//
// A message is read into a buffer, frozen, and written to every subscriber out of the same bytes,
// which go when the slowest has them. Some subscribers close in the middle of a message: what was
// queued for them is dropped, and the others get all, in order. The server reads no further while a
// subscriber is too far behind. Over TCP on the loopback device; relies on Asio.
// ---------------------------------------------------------------------------------------------
#include <array>
#include <asio.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "memory.hpp"
#include "program.hpp"

namespace {

using asio::ip::tcp;
using programs::outcome;

constexpr std::size_t arena_size = std::size_t{1} << 20U;
constexpr std::size_t longest = 16384;
constexpr std::size_t window = 32;  // messages that a subscriber may be behind
constexpr std::size_t batch = 8;    // messages in one write
constexpr std::size_t stayers = 5;
constexpr std::size_t droppers = 3;

std::size_t size_of_message(std::uint64_t key) { return programs::size_for(key, 256, longest); }

/// In front of each message; length 0 is the end.
struct header {
  std::uint64_t key, length;
};

// ---- the server ---------------------------------------------------------------------------------

template <class Memory>
struct message {
  header head{};
  typename Memory::shared body;
  programs::clock::time_point start{};
};

/// One that listens.
template <class Memory>
class session {
 public:
  session(tcp::socket socket, std::function<void()> drained)
      : socket_(std::move(socket)), drained_(std::move(drained)) {}

  void send(const message<Memory>& what) {
    if (dropped_) return;
    queue_.push_back(what);
    write();
  }
  /// When all has been written.
  void close() {
    closing_ = true;
    write();
  }
  bool behind() const { return queue_.size() >= window; }
  bool dropped() const { return dropped_; }
  const programs::histogram& latencies() const { return latencies_; }

 private:
  void write() {
    if (writing_ != 0) return;
    if (queue_.empty()) {
      if (closing_ && !dropped_) socket_.shutdown(tcp::socket::shutdown_send);
      return;
    }
    std::vector<asio::const_buffer> parts;
    for (; writing_ < std::min(batch, queue_.size()); ++writing_) {
      const message<Memory>& one = queue_[writing_];
      const auto body = Memory::view(one.body);
      parts.emplace_back(&one.head, sizeof one.head);
      parts.emplace_back(body.data(), body.size());
    }
    asio::async_write(socket_, parts, [this](const asio::error_code& error, std::size_t) {
      written(static_cast<bool>(error));
    });
  }
  void written(bool failed) {
    const auto now = programs::clock::now();
    for (; writing_ != 0; --writing_) {
      if (!failed) latencies_.add(programs::nanoseconds(now - queue_.front().start));
      queue_.pop_front();
    }
    if (failed) {
      dropped_ = true;
      queue_.clear();
      socket_.close();
    }
    write();
    drained_();
  }

  tcp::socket socket_;
  std::function<void()> drained_;
  std::deque<message<Memory>> queue_{};
  std::size_t writing_ = 0;
  bool closing_ = false;
  bool dropped_ = false;
  programs::histogram latencies_{};
};

template <class Memory>
class server {
 public:
  server(Memory& memory, tcp::socket publisher, std::vector<tcp::socket> subscribers)
      : memory_(memory), publisher_(std::move(publisher)) {
    for (tcp::socket& each : subscribers) {
      sessions_.push_back(
          std::make_unique<session<Memory>>(std::move(each), [this] { read_on(); }));
    }
    read_on();
  }
  const auto& sessions() const { return sessions_; }

 private:
  /// The next message, if nobody is too far behind.
  void read_on() {
    if (reading_) return;
    for (const auto& each : sessions_) {
      if (each->behind()) return;
    }
    reading_ = true;
    asio::async_read(publisher_, asio::buffer(&next_, sizeof next_),
                     [this](const asio::error_code& error, std::size_t) {
                       expect(!error && next_.length <= longest, "a message begins");
                       read_body();
                     });
  }
  void read_body() {
    if (next_.length == 0) {
      for (const auto& each : sessions_) each->close();
      return;
    }
    buffer_.emplace(take());
    const std::span<std::byte> room = Memory::room(*buffer_);
    asio::async_read(publisher_, asio::buffer(room.data(), room.size()),
                     [this](const asio::error_code& error, std::size_t) {
                       expect(!error, "all of it comes");
                       fan_out();
                     });
  }
  typename Memory::buffer take() {
    auto got = memory_.take(next_.length);
    expect(got.has_value(), "there is room for as many as anybody may be behind");
    return std::move(*got);
  }
  void fan_out() {
    const message<Memory> made{next_, Memory::share(std::move(*buffer_)), programs::clock::now()};
    buffer_.reset();
    for (const auto& each : sessions_) each->send(made);
    reading_ = false;
    read_on();
  }

  Memory& memory_;
  tcp::socket publisher_;
  std::vector<std::unique_ptr<session<Memory>>> sessions_{};
  header next_{};
  std::optional<typename Memory::buffer> buffer_{};
  bool reading_ = false;
};

// ---- the clients --------------------------------------------------------------------------------

class publisher {
 public:
  publisher(tcp::socket socket, std::uint64_t count) : socket_(std::move(socket)), left_(count) {
    write();
  }

 private:
  void write() {
    head_ = {key_, left_ == 0 ? 0 : size_of_message(key_)};
    const std::span body = std::span(body_).first(head_.length);
    programs::fill(body, key_);
    const std::array parts{asio::const_buffer(&head_, sizeof head_),
                           asio::const_buffer(body.data(), body.size())};
    asio::async_write(socket_, parts, [this](const asio::error_code& error, std::size_t) {
      expect(!error, "the server takes all that is published");
      ++key_;
      if (left_-- != 0) write();
    });
  }

  tcp::socket socket_;
  std::uint64_t left_;
  std::uint64_t key_ = 0;
  header head_{};
  std::vector<std::byte> body_ = std::vector<std::byte>(longest);
};

class subscriber {
 public:
  /// One that drops closes in the middle of the message of that number.
  subscriber(tcp::socket socket, std::optional<std::uint64_t> drops)
      : socket_(std::move(socket)), drops_(drops) {
    read();
  }
  std::uint64_t received() const { return received_; }
  std::uint64_t digest() const { return digest_; }

 private:
  void read() {
    asio::async_read(socket_, asio::buffer(&head_, sizeof head_),
                     [this](const asio::error_code& error, std::size_t) {
                       if (error == asio::error::eof && !drops_) return;
                       expect(!error && head_.key == received_, "messages come in order");
                       expect(head_.length == size_of_message(head_.key), "each of its length");
                       read_body();
                     });
  }
  void read_body() {
    const bool drops = drops_ == received_;
    const std::size_t length = drops ? head_.length / 2 : head_.length;
    asio::async_read(socket_, asio::buffer(body_.data(), length),
                     [this, length, drops](const asio::error_code& error, std::size_t) {
                       expect(!error, "all of it comes");
                       if (drops) return socket_.close();
                       take(std::span(body_).first(length));
                       read();
                     });
  }
  void take(std::span<const std::byte> text) {
    expect(programs::holds(text, head_.key), "it is what was published");
    digest_ += programs::mix(head_.key ^ programs::digest_of(text));
    ++received_;
  }

  tcp::socket socket_;
  std::optional<std::uint64_t> drops_;
  header head_{};
  std::vector<std::byte> body_ = std::vector<std::byte>(longest);
  std::uint64_t received_ = 0;
  std::uint64_t digest_ = 0;
};

// ---- both ---------------------------------------------------------------------------------------

/// The two ends of connections between two contexts.
class connections {
 public:
  connections(asio::io_context& here, asio::io_context& there)
      : there_(there), acceptor_(here, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}
  std::pair<tcp::socket, tcp::socket> make() {
    tcp::socket client(there_);
    client.connect(acceptor_.local_endpoint());
    return {acceptor_.accept(), std::move(client)};
  }

 private:
  asio::io_context& there_;
  tcp::acceptor acceptor_;
};

struct listeners {
  std::vector<tcp::socket> sockets{};
  std::vector<std::unique_ptr<subscriber>> clients{};
};

listeners connect_subscribers(connections& to, std::uint64_t count) {
  listeners all;
  for (std::size_t i = 0; i < stayers + droppers; ++i) {
    auto [here, there] = to.make();
    const bool drops = i % 2 == 1 && i / 2 < droppers;
    all.sockets.push_back(std::move(here));
    all.clients.push_back(std::make_unique<subscriber>(
        std::move(there), drops ? std::optional(count / 4 + i) : std::nullopt));
  }
  return all;
}

template <class Memory>
outcome run(std::size_t amount) {
  const std::uint64_t count = std::max<std::uint64_t>(amount / stayers, 4 * window);
  Memory memory(arena_size);
  outcome done;
  {
    asio::io_context here(1);
    asio::io_context there(1);
    connections all(here, there);
    auto [published, publishes] = all.make();
    listeners subscribed = connect_subscribers(all, count);
    publisher source(std::move(publishes), count);
    server<Memory> hub(memory, std::move(published), std::move(subscribed.sockets));
    const auto start = programs::clock::now();
    std::thread clients([&there] { there.run(); });
    here.run();
    clients.join();
    done.took = programs::clock::now() - start;
    std::size_t dropped = 0;
    for (std::size_t i = 0; i < stayers + droppers; ++i) {
      if (hub.sessions()[i]->dropped()) {
        ++dropped;
        expect(subscribed.clients[i]->received() == count / 4 + i, "it dropped where it would");
        continue;
      }
      expect(subscribed.clients[i]->received() == count, "who stays gets all");
      done.digest += subscribed.clients[i]->digest();
      done.latencies.add(hub.sessions()[i]->latencies());
    }
    expect(dropped == droppers, "the server saw who dropped");
    done.requests = count * stayers;
    done.more["dropped"] = dropped;
  }
  memory.expect_whole();
  return done;
}

}  // namespace

int main(int argc, char** argv) {
  return programs::run_program(
      argc, argv,
      {.name = "fan_out",
       .request = "messages that a subscriber got",
       .threads = 1,
       .brief = 20'000,
       .full = 200'000},
      {{"caiman", run<programs::arena_memory>}, {"shared_vector", run<programs::vector_memory>}});
}
