// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// fan_out.cpp: a hub that sends what four clients publish to all that listen, and records itself
//
//   trace_fan_out OUT.raw [MESSAGES]
//
// The hub takes messages of 200 B to 64 KiB as datagrams: how long one is shows when it is there.
// So it is read into a buffer for the longest, which is made to fit what arrived (realloc), shared
// by the eight subscribers, and goes with whoever has written it last, on one of four threads. A
// hub that is too far behind reads no further. What is recorded is each request, each shrinking and
// each release of such a buffer, as the recorder of this folder would do it (raw.hpp), and nothing
// else: what Asio, queues and clients allocate is no buffer. Exit code 2: bad arguments, or the
// file cannot be written; 1: what a subscriber got was not what was published. Relies on Asio.
// ---------------------------------------------------------------------------------------------
#include <fmt/format.h>

#include <algorithm>
#include <asio.hpp>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <new>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../../common/command_line.hpp"
#include "raw.hpp"

namespace caiman::traces {
namespace {

using asio::local::datagram_protocol;
using asio::local::stream_protocol;

constexpr std::size_t longest = 65'536;
constexpr double shortest = 200;
constexpr std::size_t publishers = 4;
constexpr std::size_t listeners = 8;
constexpr std::size_t hub_threads = 4;
constexpr std::size_t most_behind = 256;  // messages that are not yet with all that listen
constexpr std::size_t batch = 8;          // messages in one write

// ---- buffers, and the record of them ------------------------------------------------------------

// As in recorder.cpp: a release takes its number before the block goes back, all else afterwards.
class record_book {
 public:
  std::uint64_t take_number() { return next_.fetch_add(1, std::memory_order_acq_rel); }
  void put(std::uint64_t number, raw_kind kind, const std::byte* at, std::size_t bytes) {
    page& mine = page_of_thread();
    mine.records.push_back({number, std::bit_cast<std::uintptr_t>(at), bytes, mine.thread, kind});
  }
  /// When no thread puts any more.
  bool write(const std::string& to) const {
    std::ofstream file(to, std::ios::binary | std::ios::trunc);
    const raw_head head{};
    file.write(reinterpret_cast<const char*>(&head), sizeof head);
    for (const page& each : pages_) {
      file.write(reinterpret_cast<const char*>(each.records.data()),
                 static_cast<std::streamsize>(each.records.size() * sizeof(raw_record)));
    }
    file.close();
    if (!file) std::filesystem::remove(to);
    return static_cast<bool>(file);
  }

 private:
  struct page {
    std::uint32_t thread = 0;
    std::vector<raw_record> records{};
  };

  page& page_of_thread() {
    static thread_local page* mine = nullptr;
    if (mine == nullptr) {
      const std::lock_guard lock(guard_);
      mine = &pages_.emplace_back(page{static_cast<std::uint32_t>(pages_.size())});
    }
    return *mine;
  }

  std::atomic<std::uint64_t> next_{1};
  std::mutex guard_{};
  std::deque<page> pages_{};
};

// NOLINTBEGIN(cppcoreguidelines-no-malloc): what is recorded is what malloc would be asked for
class buffer {
 public:
  explicit buffer(record_book& book)
      : book_(&book), at_(static_cast<std::byte*>(std::malloc(longest))) {
    if (at_ == nullptr) throw std::bad_alloc();
    book_->put(book_->take_number(), raw_kind::allocated, at_, longest);
  }
  buffer(buffer&& other) noexcept
      : book_(other.book_), at_(std::exchange(other.at_, nullptr)), size_(other.size_) {}
  buffer(const buffer&) = delete;
  buffer& operator=(buffer&&) = delete;
  buffer& operator=(const buffer&) = delete;
  ~buffer() {
    if (at_ == nullptr) return;
    book_->put(book_->take_number(), raw_kind::released, at_, 0);
    std::free(at_);
  }

  std::span<std::byte> bytes() const { return {at_, size_}; }
  void shrink(std::size_t to) {
    const std::uint64_t before = book_->take_number();
    auto* const kept = static_cast<std::byte*>(std::realloc(at_, to));
    if (kept == nullptr) throw std::bad_alloc();
    book_->put(before, raw_kind::resized_from, at_, 0);
    book_->put(book_->take_number(), raw_kind::resized_to, kept, to);
    at_ = kept;
    size_ = to;
  }

 private:
  record_book* book_;
  std::byte* at_;
  std::size_t size_ = longest;
};
// NOLINTEND(cppcoreguidelines-no-malloc)

// ---- the hub ------------------------------------------------------------------------------------

struct message {
  message(buffer&& text, std::atomic<std::size_t>& behind) : body(std::move(text)), live(behind) {
    live.fetch_add(1);
    length = static_cast<std::uint32_t>(body.bytes().size());
  }
  message(const message&) = delete;
  message& operator=(const message&) = delete;
  ~message() { live.fetch_sub(1); }

  buffer body;
  std::atomic<std::size_t>& live;
  std::uint32_t length = 0;
};
using shared_message = std::shared_ptr<const message>;

/// One that listens; null is the end.
class session {
 public:
  explicit session(stream_protocol::socket socket) : socket_(std::move(socket)) {}

  void send(shared_message what) {
    asio::post(socket_.get_executor(), [this, kept = std::move(what)]() mutable {
      queue_.push_back(std::move(kept));
      write();
    });
  }

 private:
  void write() {
    if (writing_ != 0 || queue_.empty()) return;
    std::vector<asio::const_buffer> parts;
    for (; writing_ < std::min(batch, queue_.size()) && queue_[writing_]; ++writing_) {
      const message& one = *queue_[writing_];
      parts.emplace_back(&one.length, sizeof one.length);
      parts.emplace_back(one.body.bytes().data(), one.length);
    }
    if (writing_ == 0) return socket_.shutdown(stream_protocol::socket::shutdown_send);
    asio::async_write(socket_, parts, [this](const asio::error_code& error, std::size_t) {
      if (error) std::abort();  // who listens goes when it has seen the end
      for (; writing_ != 0; --writing_) queue_.pop_front();
      write();
    });
  }

  stream_protocol::socket socket_;
  std::deque<shared_message> queue_{};
  std::size_t writing_ = 0;
};

struct hub {
  asio::io_context context{static_cast<int>(hub_threads)};
  record_book book{};
  std::atomic<std::size_t> live{0};
  std::atomic<std::size_t> reading{publishers};
  std::vector<std::unique_ptr<session>> sessions{};
};

/// One that publishes. A datagram of one byte is the end.
class source {
 public:
  source(hub& all, datagram_protocol::socket socket)
      : all_(all), socket_(std::move(socket)), pause_(socket_.get_executor()) {
    read();
  }

 private:
  void read() {
    if (all_.live.load() > most_behind) {
      pause_.expires_after(std::chrono::microseconds(100));
      return pause_.async_wait([this](const asio::error_code&) { read(); });
    }
    auto room = std::make_unique<buffer>(all_.book);
    const asio::mutable_buffer where(room->bytes().data(), room->bytes().size());
    socket_.async_receive(
        where, [this, kept = std::move(room)](const asio::error_code& error, std::size_t length) {
          if (error) std::abort();
          arrived(*kept, length);
        });
  }
  void arrived(buffer& what, std::size_t length) {
    what.shrink(length);
    if (length > 1) {
      const auto made = std::make_shared<const message>(std::move(what), all_.live);
      for (const auto& each : all_.sessions) each->send(made);
      return read();
    }
    if (all_.reading.fetch_sub(1) != 1) return;
    for (const auto& each : all_.sessions) each->send(nullptr);
  }

  hub& all_;
  datagram_protocol::socket socket_;
  asio::steady_timer pause_;
};

// ---- the clients --------------------------------------------------------------------------------

// Every byte of a message says which one of its publisher it is.
void publish(datagram_protocol::socket& to, unsigned seed, std::size_t count) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> doublings(0, std::log2(longest / shortest));
  std::vector<std::uint8_t> text(longest);
  for (std::size_t i = 0; i < count; ++i) {
    const auto length = static_cast<std::size_t>(shortest * std::exp2(doublings(random)));
    std::fill_n(text.begin(), length, static_cast<std::uint8_t>(length * 31 % 251));
    to.send(asio::buffer(text.data(), length));
  }
  to.send(asio::buffer(text.data(), 1));
}

/// Reads to the end; how many messages were as they should be, if all were.
std::size_t listen(stream_protocol::socket& from) {
  std::vector<std::uint8_t> text(longest);
  std::size_t good = 0;
  asio::error_code error;
  for (std::uint32_t length = 0;; ++good) {
    asio::read(from, asio::buffer(&length, sizeof length), error);
    if (error) return good;
    asio::read(from, asio::buffer(text.data(), length));
    const auto wanted = static_cast<std::uint8_t>(std::size_t{length} * 31 % 251);
    if (std::any_of(text.begin(), text.begin() + length, [&](auto c) { return c != wanted; })) {
      return 0;
    }
  }
}

bool run(hub& all, std::size_t messages) {
  asio::io_context there;
  std::vector<datagram_protocol::socket> publishing;
  std::vector<stream_protocol::socket> listening;
  std::vector<std::unique_ptr<source>> sources;
  for (std::size_t i = 0; i < listeners; ++i) {
    stream_protocol::socket here(asio::make_strand(all.context));
    asio::local::connect_pair(here, listening.emplace_back(there));
    all.sessions.push_back(std::make_unique<session>(std::move(here)));
  }
  for (std::size_t i = 0; i < publishers; ++i) {
    datagram_protocol::socket here(asio::make_strand(all.context));
    asio::local::connect_pair(here, publishing.emplace_back(there));
    sources.push_back(std::make_unique<source>(all, std::move(here)));
  }
  std::atomic<std::size_t> good{0};
  std::vector<std::jthread> crew;
  for (auto& each : listening) crew.emplace_back([&] { good += listen(each); });
  for (std::size_t i = 0; i < publishers; ++i) {
    crew.emplace_back(
        [&, i] { publish(publishing[i], static_cast<unsigned>(i), messages / publishers); });
  }
  for (std::size_t i = 0; i < hub_threads; ++i) crew.emplace_back([&] { all.context.run(); });
  crew.clear();  // joins
  return good == messages / publishers * publishers * listeners;
}

int start(int argc, char** argv) {
  std::string out;
  std::size_t messages = 40'000;
  CLI::App app{"Records the buffers of a hub that fans messages out.", "trace_fan_out"};
  app.add_option("OUT", out, "the recording to write, for trace_pack")->required();
  app.add_option("MESSAGES", messages, "how many are published")
      ->check(CLI::Range(publishers, std::size_t{1'000'000}))
      ->capture_default_str();
  if (const auto exit_code = stress::parse(app, argc, argv)) return *exit_code;
  hub all;
  if (!run(all, messages)) {
    throw std::runtime_error("what a subscriber got is not what was published");
  }
  if (!all.book.write(out))
    return stress::complain("trace_fan_out", fmt::format("'{}': cannot be written", out));
  return 0;
}

}  // namespace
}  // namespace caiman::traces

int main(int argc, char** argv) {
  return caiman::stress::run_program("trace_fan_out", 1,
                                     [&] { return caiman::traces::start(argc, argv); });
}
