// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// queue.cpp: more waiters than there is room for, and how long each waits
//
// Coroutines of mixed sizes over an arena that holds a few of them, run on by a few threads. Each
// takes a block, keeps it for some turns, gives it back and asks again. How long one waits is
// printed and not judged: a thread that loses its processor makes it long. What a policy bounds,
// blocks for others meanwhile, the unit tests count, where nothing is left to chance.
// ---------------------------------------------------------------------------------------------
#include <atomic>
#include <thread>

#include <fmt/format.h>

#include "run.hpp"

namespace caiman::stress {
namespace {

using clock = std::chrono::steady_clock;
constexpr unsigned orders = 6;

struct floor_of_hall {
  async_buddy_arena arena;
  clock::time_point end;
  mailbag<resumption> to_run;
  mailbag<std::coroutine_handle<>> resting;
  std::atomic<std::uint64_t> served{0};
  std::atomic<unsigned> gone{0};
  std::atomic<bool> torn{false};
  std::atomic<bool> loses_one{false};
};

/// What one coroutine saw.
struct account {
  unsigned order = 0;
  std::uint64_t served = 0;
  clock::duration longest{};
};

/// Goes on in a later turn of some thread.
struct rest {
  floor_of_hall& hall;
  // NOLINTBEGIN(readability-convert-member-functions-to-static): called on an object
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> one) const { hall.resting.put(one); }
  void await_resume() const noexcept {}
  // NOLINTEND(readability-convert-member-functions-to-static)
};

job visitor(floor_of_hall& hall, account& mine, std::uint64_t number) {
  const auto on = [&hall](const resumption& run) {
    if (!hall.loses_one.exchange(false)) hall.to_run.put(run);
  };
  while (clock::now() < hall.end) {
    const auto asked = clock::now();
    auto got = co_await hall.arena.allocate(hall.arena.min_block_size() << mine.order, on);
    hall.served.fetch_add(1, std::memory_order_relaxed);
    mine.longest = std::max(mine.longest, clock::now() - asked);
    ++mine.served;
    if (!got) break;
    stamp(*got, number);
    for (std::uint64_t turns = 1 + number % 3; turns > 0; --turns) co_await rest{hall};
    if (!has_stamp(*got, number)) hall.torn.store(true);
  }
  hall.gone.fetch_add(1, std::memory_order_release);
}

/// Until all have gone home.
void turn_wheel(floor_of_hall& hall, unsigned visitors) {
  while (hall.gone.load(std::memory_order_acquire) != visitors) {
    bool idle = true;
    for (const resumption& run : hall.to_run.take_all()) {
      run();
      idle = false;
    }
    for (const std::coroutine_handle<> one : hall.resting.take_all()) {
      one.resume();
      idle = false;
    }
    if (idle) std::this_thread::yield();
  }
}

}  // namespace

waiters_report run_queue(const waiters_options& chosen, const async_buddy_arena& arena) {
  floor_of_hall hall{arena,
                     clock::now() + std::chrono::duration_cast<clock::duration>(
                                        std::chrono::duration<double>(chosen.seconds)),
                     {},
                     {}};
  hall.loses_one.store(chosen.fault == waiters_fault::lost_wake_up);
  std::vector<account> accounts(chosen.waiters);
  std::vector<job> jobs;
  for (unsigned i = 0; i < chosen.waiters; ++i) {
    accounts[i].order = i % orders;
    jobs.push_back(visitor(hall, accounts[i], i + 1));
  }
  {
    std::vector<std::jthread> crew;
    for (unsigned i = 0; i < chosen.threads; ++i) {
      crew.emplace_back([&] { turn_wheel(hall, chosen.waiters); });
    }
  }
  const auto later = [](const account& a, const account& b) { return a.longest < b.longest; };
  const account& longest = *std::max_element(accounts.begin(), accounts.end(), later);
  std::uint64_t least = ~std::uint64_t{0};
  for (const account& one : accounts) least = std::min(least, one.served);
  waiters_report report;
  report.done = fmt::format(
      "{} served, each of {} at least {} times; longest wait {:.3f} ms (order {})",
      hall.served.load(), chosen.waiters, least,
      std::chrono::duration<double, std::milli>(longest.longest).count(), longest.order);
  if (hall.torn) {
    report.wrong = "a block does not have the stamp of its owner";
  } else if (least == 0) {
    report.wrong = "a waiter was never served";
  } else {
    report.wrong = left_behind(arena);
  }
  return report;
}

}  // namespace caiman::stress
