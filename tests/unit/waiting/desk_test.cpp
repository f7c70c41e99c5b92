// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// desk_test.cpp: nobody waits for another thread by spinning or yielding
//
// A thread of a high priority that yields lets none of a lower one run. So a thread stands still
// where others wait for it (in a policy, in the copying of an executor, in a move), and these must
// be asleep: for the kernel, and with no time of a processor used. A thread that spins uses time,
// and is convicted by that; so no test waits for a time to pass.
// ---------------------------------------------------------------------------------------------
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "caiman/caiman.hpp"
#include "waits.hpp"

namespace {

using namespace std::chrono_literals;
using caiman::alloc_error;
using caiman::async_buddy_arena;
using caiman::buffer;
using caiman::job;
using caiman::resumption;
using caiman::testing::outcome;
using caiman::testing::unit;
using caiman::testing::want;

/// A thread that can be looked at from outside. Joined at the end.
class watched {
 public:
  explicit watched(std::function<void()> what)
      : thread_([this, what = std::move(what)] {
          id_ = gettid();
          what();
          over_ = true;
        }) {
    while (id_ == 0) std::this_thread::yield();
  }
  watched(const watched&) = delete;
  watched& operator=(const watched&) = delete;
  ~watched() { thread_.join(); }

  /// Waits until it sleeps in the kernel and uses no time, or is over, or has used so much time
  /// since the call that it cannot be about to sleep.
  bool falls_asleep() {
    const auto enough = used() + 100ms;
    while (!over_) {
      const auto before = used();
      if (sleeps()) {
        std::this_thread::sleep_for(1ms);
        if (sleeps() && used() == before) return true;
      }
      if (used() > enough) return false;
      std::this_thread::yield();
    }
    return false;
  }
  /// The same of one that gets up now and then.
  bool rests() {
    const auto enough = used() + 100ms;
    while (!over_ && !sleeps()) {
      if (used() > enough) return false;
    }
    return !over_;
  }
  [[nodiscard]] bool over() const { return over_; }

 private:
  [[nodiscard]] bool sleeps() const {
    std::ifstream file("/proc/self/task/" + std::to_string(id_) + "/stat");
    std::string text;
    std::getline(file, text);
    const auto name_end = text.rfind(')');
    return name_end != std::string::npos && name_end + 2 < text.size() && text[name_end + 2] == 'S';
  }
  std::chrono::nanoseconds used() {
    clockid_t clock{};
    timespec time{};
    if (pthread_getcpuclockid(thread_.native_handle(), &clock) != 0) return 1h;
    if (clock_gettime(clock, &time) != 0) return 1h;
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }

  std::atomic<int> id_{0};
  std::atomic<bool> over_{false};
  std::thread thread_;
};

/// Where a thread stands still until it is told to go on.
struct gate {
  std::atomic<bool> closed{false};
  std::atomic<bool> somebody{false};
  void pass() noexcept {
    if (!closed) return;
    somebody = true;
    somebody.notify_all();
    closed.wait(true);
  }
  void await_somebody() const noexcept { somebody.wait(false); }
  void open() noexcept {
    closed = false;
    closed.notify_all();
  }
};

/// The thread at the desk picks, and may stand still there.
class standing_waiters {
 public:
  explicit standing_waiters(gate& where) noexcept : where_(&where) {}
  void add(caiman::waiter& one) noexcept { policy_.add(one); }
  void remove(caiman::waiter& one) noexcept { policy_.remove(one); }
  void serve(caiman::waiter& one) noexcept { policy_.serve(one); }
  [[nodiscard]] std::size_t size() const noexcept { return policy_.size(); }
  [[nodiscard]] caiman::waiter* pick(unsigned bar) noexcept {
    where_->pass();
    return policy_.pick(bar);
  }

 private:
  caiman::fifo_waiters policy_;
  gate* where_;
};

async_buddy_arena arena_at(gate& where, std::size_t units) {
  return caiman::testing::arena_of(units, standing_waiters(where));
}

}  // namespace

TEST_CASE("a thread that spins is convicted, and one that sleeps is not") {
  std::atomic<bool> on{true};
  gate sleeping;
  sleeping.closed = true;
  {
    watched spins([&] {
      while (on) std::this_thread::yield();
    });
    watched sleeps([&] { sleeping.pass(); });
    CHECK_FALSE(spins.falls_asleep());
    CHECK_FALSE(spins.rests());
    CHECK(sleeps.falls_asleep());
    on = false;
    sleeping.open();
  }
}

TEST_CASE("a thread that waits for the desk sleeps, and one that releases does not wait") {
  gate desk;
  const auto arena = arena_at(desk, 4);
  std::vector<buffer> held;
  for (int i = 0; i < 4; ++i) held.push_back(arena.try_allocate(unit).value());
  outcome stays;
  outcome goes;
  std::vector<resumption> queue;
  outcome posted;
  const job served =
      want(arena, unit, posted, [&](const resumption& run) { queue.push_back(run); });
  held.pop_back();
  REQUIRE(queue.size() == 1);  // it is to be called
  const job one = want(arena, 4 * unit, stays);
  job other = want(arena, unit, goes);

  desk.closed = true;
  // Out of the vector first: which element the next pop_back takes while this one's destructor is
  // still under way depends on the library.
  std::optional<buffer> last(std::move(held.back()));
  held.pop_back();
  watched looks([&] { last.reset(); });
  desk.await_somebody();
  {
    watched gives_up([&] { other = job(); });
    watched calls([&] { queue[0](); });
    watched times_out([&] {
      if (arena.allocate_for(unit, 0ms)) std::abort();
    });
    CHECK(gives_up.falls_asleep());
    CHECK(calls.falls_asleep());
    CHECK(times_out.falls_asleep());
    errno = 0;
    held.pop_back();  // a release leaves a note
    CHECK(errno == 0);
    outcome late;
    const auto waiting = want(arena, 4 * unit, late, [](const resumption&) {});  // and so does this
    CHECK_FALSE(looks.over());
    desk.open();
    while (!gives_up.over() || !calls.over() || !times_out.over()) std::this_thread::yield();
  }
  CHECK(posted.got);
  CHECK_FALSE(goes.got);
  CHECK(arena.waiting() == 1);
  held.clear();
  posted.got.reset();
  CHECK(stays.got);
}

namespace {

/// Its copy is made at the desk by the thread that hands a waiter over, and may stand still there.
struct slow_to_copy {
  gate* where;
  std::vector<resumption>* queue;
  slow_to_copy(gate& at, std::vector<resumption>& to) noexcept : where(&at), queue(&to) {}
  slow_to_copy(const slow_to_copy& other) noexcept : where(other.where), queue(other.queue) {
    where->pass();
  }
  slow_to_copy& operator=(const slow_to_copy&) = delete;
  ~slow_to_copy() = default;
  void operator()(const resumption& run) const { queue->push_back(run); }
};

}  // namespace

TEST_CASE("a waiter that is just being handed over cannot go meanwhile, and waits asleep") {
  gate copying;
  gate never;
  const auto arena = arena_at(never, 1);
  std::optional<buffer> all = arena.try_allocate(unit).value();
  std::vector<resumption> queue;
  outcome out;
  outcome next;
  job goes = want(arena, unit, out, slow_to_copy(copying, queue));
  const job behind = want(arena, unit, next);
  copying.closed = true;
  {
    watched hands_over([&] { all.reset(); });
    copying.await_somebody();
    watched destroys([&] { goes = job(); });
    CHECK(destroys.falls_asleep());
    CHECK_FALSE(destroys.over());
    copying.open();
  }
  REQUIRE(queue.size() == 1);
  queue[0]();  // nobody is there any more
  CHECK_FALSE(out.got);
  CHECK(next.got);
}

namespace {

/// An arena of one block, in which another thread is in the middle of a move for as long as one
/// likes.
struct disturbed_home {
  std::atomic<bool> moves{true};
  std::atomic<int> tries{0};
  std::expected<std::size_t, alloc_error> try_take(unsigned /*order*/) noexcept {
    ++tries;
    if (moves) return std::unexpected(alloc_error::contended);
    return std::size_t{0};
  }
  void await() noexcept {}
  void await_no_more() noexcept {}
};
struct plain_waiter : caiman::waiter {
  plain_waiter() noexcept : waiter(0) {}
};

}  // namespace

TEST_CASE("a look that is told contended rests before it tries again") {
  disturbed_home home;
  caiman::detail::waiting_room<caiman::native_sync, caiman::fifo_waiters> room{
      caiman::fifo_waiters()};
  plain_waiter one;
  caiman::waiter* woken = nullptr;
  {
    watched looks([&] {
      caiman::detail::wake_list wakes;
      room.enter(home, one, wakes);
      woken = room.next_to_wake(home, wakes);
    });
    CHECK(looks.rests());
    const int before = home.tries;
    while (home.tries == before) std::this_thread::yield();  // and tries again
    CHECK_FALSE(looks.over());
    home.moves = false;
  }
  CHECK(woken == &one);
}
