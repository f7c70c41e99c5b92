// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// workloads.cpp: see workloads.hpp
// ---------------------------------------------------------------------------------------------
#include "workloads.hpp"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <memory>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "../common/meeting.hpp"
#include "../common/pingpong.hpp"
#include "machine.hpp"

namespace caiman::scale {
namespace {

using clock = std::chrono::steady_clock;

/// Where the threads run.
class host {
 public:
  host() = default;
  host(const host&) = delete;
  host& operator=(const host&) = delete;
  virtual ~host() = default;
  virtual void meet() = 0;
  /// What a program does between two requests.
  virtual void work() = 0;
  /// What a thread does that waits for another.
  virtual void rest() = 0;
};
class virtual_host final : public host {
 public:
  void meet() override { machine::only().meet(); }
  void work() override { machine::only().think(5 + machine::only().below(16)); }
  void rest() override { machine::only().think(50); }
};
class real_host final : public host {
 public:
  explicit real_host(unsigned threads) : all_(threads, note_time{this}) {}
  void meet() override { all_.arrive_and_wait(); }
  clock::time_point met() const noexcept { return met_; }
  void work() override {}
  void rest() override { std::this_thread::yield(); }

 private:
  struct note_time {
    real_host* in;
    void operator()() const noexcept { in->met_ = clock::now(); }
  };
  clock::time_point met_;
  std::barrier<note_time> all_;
};

/// Of the sizes 192, 768, 2048, 6144, 12288, 3072, 512, 16384 over min blocks of 256 B.
constexpr std::array<unsigned, 8> order_cycle{0, 2, 3, 5, 6, 4, 1, 6};
constexpr unsigned orders = 7;
struct place {
  unsigned order = 0;
  std::size_t index = none;
  static constexpr std::size_t none = ~std::size_t{0};
};
using ring = stress::spsc_ring<std::size_t, 128>;

/// What the threads of a run share.
struct crew {
  plan of;
  subject& from;
  host& on;
  unsigned warm;
  unsigned operations;
  std::vector<std::unique_ptr<ring>> rings{};
  std::array<std::uint64_t, most_threads> refused{};
};

void pairs(crew& with, unsigned t) {
  for (unsigned i = 0; i < with.warm + with.operations; ++i) {
    if (i == with.warm) with.on.meet();
    const unsigned order = order_cycle[(i + t) % order_cycle.size()];
    std::size_t index = 0;
    with.on.work();
    if (with.from.take(order, index)) {
      with.from.give(order, index);
    } else if (i >= with.warm) {
      ++with.refused[t];
    }
  }
}

/// A population as of stress/bench/workloads/churn.hpp: sizes wander, their sum stays.
class population {
 public:
  population(crew& with, unsigned t, double share)
      : with_(with), me_(t), random_(with.of.seed * most_threads + t) {
    for (unsigned& spare : spares_) spare = 1 + below(orders - 1);
    const double wanted = share * static_cast<double>(share_of_thread);
    for (std::size_t sum = 0; static_cast<double>(sum) < wanted;) {
      live_.push_back({1 + below(orders - 1), place::none});
      sum += std::size_t{1} << live_.back().order;
    }
    for (place& each : live_) fill(each);
  }
  void step() {
    place& victim = live_[below(static_cast<unsigned>(live_.size()))];
    if (victim.index != place::none) with_.from.give(victim.order, victim.index);
    std::swap(victim.order, spares_[below(static_cast<unsigned>(spares_.size()))]);
    fill(victim);
  }
  std::size_t size() const noexcept { return live_.size(); }

 private:
  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
  void fill(place& into) {
    with_.on.work();
    into.index = place::none;
    std::size_t index = 0;
    if (with_.from.take(into.order, index)) {
      into.index = index;
    } else {
      ++with_.refused[me_];
    }
  }

  crew& with_;
  unsigned me_;
  std::mt19937_64 random_;
  std::array<unsigned, 32> spares_{};
  std::vector<place> live_;
};

void churn(crew& with, unsigned t, double share) {
  population mine(with, t, share);
  for (std::size_t i = 0; i < 4 * mine.size(); ++i) mine.step();
  with.on.meet();
  with.refused[t] = 0;
  for (unsigned i = 0; i < with.operations; ++i) mine.step();
}

/// Threads 2k and 2k + 1 are a pair; one that is left over does nothing.
void hand_over(crew& with, unsigned t) {
  if (t / 2 >= with.rings.size()) return with.on.meet();
  ring& between = *with.rings[t / 2];
  const bool gives = t % 2 != 0;
  for (unsigned i = 0; i < with.warm + with.operations; ++i) {
    if (i == with.warm) with.on.meet();
    const unsigned order = order_cycle[(i + t / 2) % order_cycle.size()];
    std::size_t index = 0;
    with.on.work();
    if (gives) {
      while (!between.try_take(index)) with.on.rest();
      with.from.give(order, index);
    } else {
      for (; !with.from.take(order, index); with.on.rest()) ++with.refused[t];
      while (!between.try_put(index)) with.on.rest();
    }
  }
}

void fail(crew& with, unsigned t) {
  for (unsigned i = 0; i < with.warm + with.operations; ++i) {
    if (i == with.warm) with.on.meet();
    std::size_t index = 0;
    with.on.work();
    if (with.from.take(0, index)) throw std::runtime_error("a full arena has room");
    if (i >= with.warm) ++with.refused[t];
  }
}

void run_thread(crew& with, unsigned t) {
  // Every thread has called before any goes on, and so has its slot.
  if (std::size_t index = 0; with.from.take(0, index)) with.from.give(0, index);
  with.on.meet();
  switch (with.of.what) {
    case workload::w2:
      return pairs(with, t);
    case workload::w3:
      return churn(with, t, 0.5);
    case workload::near:
      return churn(with, t, 0.97);
    case workload::w4:
      return hand_over(with, t);
    case workload::fail:
      return fail(with, t);
  }
}

/// What there is before the threads start.
void set_up(crew& with) {
  if (with.of.what == workload::w4) {
    if (with.of.threads < 2) throw std::invalid_argument("W4 is for two threads or more");
    for (unsigned i = 0; i < with.of.threads / 2; ++i) {
      with.rings.push_back(std::make_unique<ring>());
    }
  }
  if (with.of.what != workload::fail) return;
  for (unsigned order = 33; order-- > 0;) {
    for (std::size_t index = 0; with.from.take(order, index);) {
    }
  }
}

outcome result_of(const crew& with) {
  outcome got{.of = with.of};
  const unsigned busy = with.of.what == workload::w4 ? with.of.threads / 2 : with.of.threads;
  got.operations = std::uint64_t{busy} * with.operations;
  for (const std::uint64_t each : with.refused) got.refused += each;
  return got;
}

}  // namespace

double outcome::ns_of_operation() const noexcept {
  const unsigned busy = of.what == workload::w4 ? of.threads / 2 : of.threads;
  return per_operation(ns) * busy;
}

outcome simulate(const plan& what) {
  machine on(what.threads, what.seed);
  virtual_host threads;
  const auto from = simulated(what.under, what.min_blocks(), what.with);
  // A failing request looks at much and changes nothing: few of them say all.
  const bool fails = what.what == workload::fail;
  crew with{.of = what,
            .from = *from,
            .on = threads,
            .warm = fails ? 4U : 128U,
            .operations = fails ? 16U : std::clamp(16384 / what.threads, 128U, 2048U)};
  set_up(with);
  on.run([&](unsigned t) { run_thread(with, t); });
  outcome got = result_of(with);
  got.fences = on.fences();
  got.counted = on.memory().counted();
  got.ns = on.elapsed();
  return got;
}

outcome measure(const plan& what, unsigned operations) {
  real_host threads(what.threads);
  const auto from = native(what.under, what.min_blocks());
  if (!from) throw std::invalid_argument("this subject does not ship");
  crew with{
      .of = what, .from = *from, .on = threads, .warm = operations / 4, .operations = operations};
  set_up(with);
  const std::vector<int> processors = stress::detail::two_processors();
  std::vector<clock::time_point> ended(what.threads);
  std::vector<std::thread> crew_threads;
  for (unsigned t = 0; t < what.threads; ++t) {
    crew_threads.emplace_back([&, t] {
      if (!processors.empty()) stress::detail::stay_on(processors[t % processors.size()]);
      run_thread(with, t);
      ended[t] = clock::now();
    });
  }
  for (std::thread& each : crew_threads) each.join();
  outcome got = result_of(with);
  const auto took = std::ranges::max(ended) - threads.met();
  got.ns = static_cast<std::uint64_t>(std::chrono::nanoseconds(took).count());
  return got;
}

}  // namespace caiman::scale
