// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// posix_test.cpp: what an arena is on a system that is POSIX and nothing more
//
// That the port is in force, that what it has not is done without and said, and that sleepers wake.
// Compiled with CAIMAN_OS_POSIX alone. What else runs on that port are the other sources of the
// same program. Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "caiman/arena.hpp"
#include "caiman/detail/os.hpp"

#include <catch2/catch.hpp>

#if defined(FUTEX_WAIT) || defined(MEMBARRIER_CMD_QUERY)
#error "headers of Linux are included"
#endif

namespace os = caiman::detail::os;

namespace {

std::int64_t in(std::chrono::nanoseconds time) {
  return (std::chrono::steady_clock::now().time_since_epoch() + time).count();
}

/// Wakes whoever sleeps on a word, and waits for it.
class waker {
 public:
  explicit waker(std::uint32_t& word)
      : thread_([&word] {
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
          std::atomic_ref(word).store(1);
          os::wake_one(&word);
        }) {}
  waker(const waker&) = delete;
  waker& operator=(const waker&) = delete;
  ~waker() { thread_.join(); }

 private:
  std::thread thread_;
};

}  // namespace

TEST_CASE("a thread that sleeps on a word is woken, and its time ends", "[posix]") {
  std::uint32_t word = 0;
  os::sleep_while(&word, 1);  // another value: at once
  os::sleep_while(&word, 1, INT64_MAX);
  {
    const waker one(word);
    os::sleep_while(&word, 0);
    CHECK(std::atomic_ref(word).load() == 1);
  }
  word = 0;
  {
    const waker one(word);
    os::sleep_while(&word, 0, INT64_MAX);
    CHECK(std::atomic_ref(word).load() == 1);
  }
  word = 0;
  errno = 7;
  const std::int64_t end = in(std::chrono::milliseconds(3));
  os::sleep_while(&word, 0, end);
  CHECK(in({}) >= end);
  os::sleep_while(&word, 0, in(std::chrono::hours(-1)));
  os::nap(1);
  CHECK(errno == 7);
}

TEST_CASE("what a system may lack is done without", "[posix]") {
  CHECK(!os::prepare_fence_all());
  CHECK(!os::fence_all());
  CHECK(os::processors() >= 1);
  CHECK(os::page_bytes() == static_cast<std::size_t>(::getpagesize()));
  std::vector<std::byte> secret(100, std::byte{1});
  os::scrub(secret.data() + 1, 98);
  CHECK(std::count(secret.begin(), secret.end(), std::byte{0}) == 98);
}

TEST_CASE("nothing goes back, and the arena says so", "[posix]") {
  const auto geometry = caiman::buddy_geometry::exact(std::size_t{1} << 20, 4096).value();
  const auto arena = caiman::buddy_arena::builder(geometry)
                         .init(caiman::init_policy::zero)
                         .auto_trim({.every = std::chrono::seconds(0), .keep_free = 0})
                         .lazy()
                         .build()
                         .value();
  const std::size_t all = arena.total_size();
  CHECK(arena.resident_bytes() == all);
  {
    auto b = arena.allocate(all).value();
    b.fill(std::byte{1}, all);
  }
  CHECK(arena.trim() == 0);
  CHECK(arena.resident_bytes() == all);
  const auto b = std::move(arena.allocate(all).value()).freeze(0, all).value();
  CHECK(std::all_of(b.data(), b.data() + b.size(),
                    [](std::byte one) { return one == std::byte{0}; }));
}
