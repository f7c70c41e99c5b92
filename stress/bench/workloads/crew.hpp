// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// crew.hpp: threads that start together, work for a given time, and stop
//
// Two threads stay on two processors, more go where the system puts them, one is the caller itself:
// glibc's mutex and malloc are cheaper in a process that never had a second thread, and so is the
// program that has one. With more than one the distance of the processors is measured before and
// after, since it decides the figure. Relies on pingpong.hpp.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "../../common/meeting.hpp"
#include "../../common/pingpong.hpp"

namespace caiman::bench {

using clock = std::chrono::steady_clock;

inline double nanoseconds(clock::duration of) {
  return std::chrono::duration<double, std::nano>(of).count();
}

/// Before and after; nothing on a machine with one processor.
struct distance {
  std::optional<double> before, after;
};

inline std::optional<double> ping_pong() { return stress::ping_pong_ns(5, 300); }

inline constexpr unsigned spins_before_yield = 20'000;

/// Waits, usually for a cache line only; gives way when the peer is not running.
template <class Condition>
void spin_until(Condition holds) {
  for (unsigned spins = 0; !holds(); ++spins) {
    if (spins >= spins_before_yield) std::this_thread::yield();
  }
}

/// Threads meet here, as often as they like.
struct meeting : stress::gate {
  explicit meeting(unsigned threads) : gate(threads, spins_before_yield) {}
  void arrive() { meet(); }
};

/// Runs `body(thread)` on so many threads, pinned if they are two.
template <class Body>
distance with_threads(unsigned threads, Body body) {
  if (threads == 1) {
    body(0U);
    return {};
  }
  distance seen{ping_pong(), {}};
  const std::vector<int> cpus = stress::detail::two_processors();
  std::vector<std::thread> crew;
  for (unsigned t = 0; t < threads; ++t) {
    crew.emplace_back([&, t] {
      if (threads == 2 && cpus.size() == 2) stress::detail::stay_on(cpus[t]);
      body(t);
    });
  }
  for (std::thread& each : crew) each.join();
  seen.after = ping_pong();
  return seen;
}

/// What each thread did: so many steps in so many nanoseconds of its own.
struct work {
  double steps = 0;
  double ns = 0;
};

struct crew_result {
  std::vector<work> done;
  distance seen;

  double million_per_second() const {
    double sum = 0;
    for (const work& each : done) sum += each.steps / each.ns * 1e3;
    return sum;
  }
  double ns_per_step() const {
    double sum = 0;
    for (const work& each : done) sum += each.ns / each.steps;
    return sum / static_cast<double>(done.size());
  }
};

/// `prepare(thread)` gives what that thread works with; `step(it)` is repeated for `duration`. What
/// was prepared lives until all have stopped, so that no thread tears down beside one that
/// measures.
template <class Prepare, class Step>
crew_result run_crew(unsigned threads, clock::duration duration, Prepare prepare, Step step) {
  constexpr unsigned batch = 256;  // one look at the clock for so many steps
  std::vector<work> done(threads);
  meeting all(threads);
  const distance seen = with_threads(threads, [&](unsigned t) {
    auto mine = prepare(t);
    all.arrive();
    const auto start = clock::now();
    auto now = start;
    std::uint64_t steps = 0;
    while (now - start < duration) {
      for (unsigned i = 0; i < batch; ++i) step(*mine);
      steps += batch;
      now = clock::now();
    }
    done[t] = {static_cast<double>(steps), nanoseconds(now - start)};
    all.arrive();
  });
  return {std::move(done), seen};
}

}  // namespace caiman::bench
