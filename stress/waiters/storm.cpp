// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// storm.cpp: everything that can wait and give up, at once
//
// Each thread waits for a while, waits until another thread stops it, starts coroutines that run on
// wherever they are served, also such that wait until a time or until they are stopped, starts
// coroutines that run on here and destroys half of them while they wait, and leaves small arenas
// behind with coroutines in them and nobody's handle. Every block is
// stamped. In the end all that was started has ended, and the arena is whole.
// ---------------------------------------------------------------------------------------------
#include <atomic>
#include <optional>
#include <random>
#include <stop_token>
#include <thread>

#include <fmt/format.h>

#include "run.hpp"

namespace caiman::stress {
namespace {

using clock = std::chrono::steady_clock;

/// One face for both kinds of arena.
auto allocate(const async_buddy_arena& arena, std::size_t len, auto... more) {
  return arena.allocate(len, more...);
}
auto allocate(const async_fixed_arena& arena, std::size_t /*len*/, auto... more) {
  return arena.allocate(more...);
}

template <class Arena>
struct shared {
  explicit shared(const waiters_options& options, const Arena& all)
      : chosen(options),
        arena(all),
        stops(options.threads),
        bags(options.threads),
        posted(options.threads) {}

  const waiters_options& chosen;
  const Arena& arena;
  std::vector<mailbag<std::stop_source>> stops;  // stop those that wait
  std::vector<mailbag<buffer>> bags;             // blocks to be given back by another thread
  std::vector<mailbag<resumption>> posted;       // outlives those that put something in
  std::atomic<std::uint64_t> started{0};
  std::atomic<std::uint64_t> ended{0};
  std::atomic<std::uint64_t> served{0};
  std::atomic<std::uint64_t> given_up{0};
  std::atomic<bool> torn{false};
  std::atomic<bool> fault_due{false};
};

template <class Arena>
void use(shared<Arena>& all, buffer& b, std::uint64_t number) {
  all.served.fetch_add(1, std::memory_order_relaxed);
  stamp(b, number);
  if (all.fault_due.exchange(false)) stamp(b, number + 1);
  if (!has_stamp(b, number)) all.torn.store(true);
}

/// `how`: an executor, a limit, or both.
template <class All, class Arena, class... How>
loose_job run_anywhere(shared<All>& all, Arena arena, std::size_t len, std::uint64_t number,
                       How... how) {
  auto got = co_await allocate(arena, len, how...);
  if (got) {
    use(all, *got, number);
  } else {
    all.given_up.fetch_add(1, std::memory_order_relaxed);
  }
  got = std::unexpected(alloc_error::arena_full);  // goes back before this one counts as ended
  all.ended.fetch_add(1, std::memory_order_release);
}

template <class Arena, class... How>
job run_here(shared<Arena>& all, Arena arena, std::size_t len, std::uint64_t number, How... how) {
  auto got = co_await allocate(arena, len, how...);
  if (got) use(all, *got, number);
}

template <class Arena>
class worker {
 public:
  worker(shared<Arena>& all, unsigned me)
      : all_(all), me_(me), random_(all.chosen.seed * 1'000 + me) {}

  void run(clock::time_point end) {
    while (clock::now() < end && !all_.torn.load(std::memory_order_relaxed)) {
      give_back();
      run_posted();
      stop_somebody();
      switch (below(7)) {
        case 0:
          return_soon(sized([&](auto... len) { return all_.arena.try_allocate(len...); }));
          break;
        case 1:
          wait_for_a_while();
          break;
        case 2:
          wait_until_stopped();
          break;
        case 3:
          all_.started.fetch_add(1, std::memory_order_relaxed);
          if (below(2) == 0) {
            run_anywhere(all_, all_.arena, size(), number());
          } else {
            run_anywhere(all_, all_.arena, size(), number(), [](const resumption& run) { run(); });
          }
          break;
        case 4:
          start_or_destroy();
          break;
        case 5:
          start_with_limit();
          break;
        default:
          leave_arena_behind();
      }
    }
    jobs_.clear();  // destroyed while they wait, on the thread on which they would run on
  }
  void give_back() { (void)all_.bags[me_].take_all(); }

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  std::uint64_t number() { return std::uint64_t{me_} << 48 | ++count_; }
  std::size_t size() { return std::size_t{64} << below(5); }
  /// With a length, where there are several.
  auto sized(auto call) {
    if constexpr (std::is_same_v<Arena, async_buddy_arena>) {
      return call(size());
    } else {
      return call();
    }
  }
  unsigned somebody() { return static_cast<unsigned>(below(all_.chosen.threads)); }

  void return_soon(std::expected<buffer, alloc_error> got) {
    if (!got) {
      all_.given_up.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    use(all_, *got, number());
    if (below(4) == 0) all_.bags[somebody()].put(*std::move(got));
  }
  void wait_for_a_while() {
    const std::chrono::microseconds patience(below(300));
    return_soon(sized([&](auto... len) { return all_.arena.allocate_for(len..., patience); }));
  }
  void wait_until_stopped() {
    std::stop_source mine;
    all_.stops[me_].put(mine);
    // Others may all be waiting, too: nobody waits for ever.
    const std::jthread rescue([&mine](const std::stop_token& done) {
      for (int i = 0; i < 50 && !done.stop_requested(); ++i) {
        std::this_thread::sleep_for(std::chrono::microseconds(20));
      }
      mine.request_stop();
    });
    return_soon(
        sized([&](auto... len) { return all_.arena.allocate_wait(len..., mine.get_token()); }));
  }
  void stop_somebody() {
    for (std::stop_source& one : all_.stops[somebody()].take_all()) one.request_stop();
  }
  void run_posted() {
    for (const resumption& run : all_.posted[me_].take_all()) run();
    std::erase_if(jobs_, [](const job& one) { return one.done(); });
  }
  void start_with_limit() {
    all_.started.fetch_add(1, std::memory_order_relaxed);
    const auto soon = clock::now() + std::chrono::microseconds(below(300));
    std::stop_source asks;
    switch (below(4)) {
      case 0:
        run_anywhere(all_, all_.arena, size(), number(), soon);
        return;
      case 1:
        run_anywhere(all_, all_.arena, size(), number(), soon,
                     [](const resumption& run) { run(); });
        return;
      case 2:
        run_anywhere(all_, all_.arena, size(), number(), asks.get_token());
        break;
      default:
        run_anywhere(all_, all_.arena, size(), number(), asks.get_token(),
                     [](const resumption& run) { run(); });
    }
    all_.stops[somebody()].put(asks);
  }
  void start_or_destroy() {
    if (jobs_.size() >= 8 || (!jobs_.empty() && below(2) == 0)) {
      const auto which = static_cast<std::ptrdiff_t>(below(jobs_.size()));
      jobs_.erase(jobs_.begin() + which);
      return;
    }
    jobs_.push_back(run_here(all_, all_.arena, size(), number(),
                             [this](const resumption& run) { all_.posted[me_].put(run); }));
  }
  void leave_arena_behind() {
    const auto geometry = buddy_geometry::exact(1024, 256);
    auto made = buddy_arena::builder(*geometry).build_async();
    if (!made) return;
    auto got = made->try_allocate(1024);
    if (!got) return;
    all_.started.fetch_add(2, std::memory_order_relaxed);
    run_anywhere(all_, *made, 1024, number());
    if (below(16) == 0) {  // which gives it a thread
      all_.started.fetch_add(1, std::memory_order_relaxed);
      run_anywhere(all_, *made, 512, number(), clock::now() + std::chrono::microseconds(below(99)));
    }
    run_anywhere(all_, *std::move(made), 256, number());
    all_.bags[somebody()].put(*std::move(got));
  }

  shared<Arena>& all_;
  unsigned me_;
  std::mt19937_64 random_;
  std::uint64_t count_ = 0;
  std::vector<job> jobs_;
};

template <class Arena>
waiters_report storm(const waiters_options& chosen, const Arena& arena) {
  shared<Arena> all(chosen, arena);
  all.fault_due.store(chosen.fault == waiters_fault::torn_stamp);
  const auto end = clock::now() + std::chrono::duration_cast<clock::duration>(
                                      std::chrono::duration<double>(chosen.seconds));
  {
    std::vector<std::jthread> crew;
    for (unsigned me = 0; me < chosen.threads; ++me) {
      crew.emplace_back([&all, me, end] { worker(all, me).run(end); });
    }
  }
  for (unsigned me = 0; me < chosen.threads; ++me) worker(all, me).give_back();
  // Those whose time has just come run on, on the thread of an arena's times.
  const auto enough = clock::now() + std::chrono::seconds(10);
  while (all.started != all.ended && clock::now() < enough) std::this_thread::yield();
  waiters_report report;
  report.done = fmt::format("{} served, {} given up, {} coroutines left alone", all.served.load(),
                            all.given_up.load(), all.started.load());
  if (all.torn) {
    report.wrong = "a block does not have the stamp of its owner";
  } else if (all.started != all.ended) {
    report.wrong = fmt::format("{} coroutines were never woken", all.started - all.ended);
  } else {
    report.wrong = left_behind(arena);
  }
  return report;
}

}  // namespace

waiters_report run_storm(const waiters_options& chosen, const async_buddy_arena& arena) {
  return storm(chosen, arena);
}
waiters_report run_storm(const waiters_options& chosen, const async_fixed_arena& arena) {
  return storm(chosen, arena);
}

}  // namespace caiman::stress
