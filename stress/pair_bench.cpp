// ---------------------------------------------------------------------------------------------
// pair_bench.cpp: what one allocate + release pair costs, as ratios
//
// Nanoseconds are the machine's, ratios are ours: to two uncontended compare-exchanges on one word
// (no allocator with a shared word per block can be cheaper), to a mutex around the same core on
// sequential_sync, and of two threads to one. The machine changes its speed and the distance of its
// processors while it runs, so every round measures every row once, a ratio is taken within its
// round, and what is printed is the median over the rounds. Relies on Google Benchmark to time.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <expected>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <caiman/buddy.hpp>
#include <caiman/native_sync.hpp>
#include <caiman/sequential_sync.hpp>
#include <nlohmann/json.hpp>

#include "pingpong.hpp"

namespace caiman::stress {
namespace {

constexpr unsigned max_order = 18;
constexpr unsigned cycle_length = 7;  // orders 0 to 6, one after the other

// ---- the rows ---------------------------------------------------------------------------------

class mutex_buddy {
 public:
  std::expected<block, alloc_error> allocate(unsigned order) {
    const std::lock_guard lock(guard_);
    return buddy_.allocate(order);
  }
  void release(block what) {
    const std::lock_guard lock(guard_);
    buddy_.release(what);
  }

 private:
  std::mutex guard_;
  buddy<sequential_sync> buddy_{max_order};
};

class lock_free_buddy {
 public:
  std::expected<block, alloc_error> allocate(unsigned order) { return buddy_.allocate(order); }
  void release(block what) { buddy_.release(what); }

 private:
  buddy<> buddy_{max_order};
};

// One per row and process: a row with two threads shares it, and each round finds it warm.
template <class Allocator>
Allocator& shared_allocator() {
  static Allocator only;
  return only;
}

template <class Allocator>
bool pair(Allocator& from, unsigned order) {
  const auto given = from.allocate(order);
  if (!given) return false;
  std::size_t index = given->index;  // not the struct: that would time its way through memory
  benchmark::DoNotOptimize(index);
  from.release({order, index});
  return true;
}

template <class Allocator>
void same_order(benchmark::State& state) {
  auto& from = shared_allocator<Allocator>();
  const auto order = static_cast<unsigned>(state.range(0));
  for (auto _ : state) {
    if (!pair(from, order)) state.SkipWithError("a request failed");
  }
}

template <class Allocator>
void order_cycle(benchmark::State& state) {
  auto& from = shared_allocator<Allocator>();
  unsigned order = 0;
  for (auto _ : state) {
    if (!pair(from, order)) state.SkipWithError("a request failed");
    order = order + 1 == cycle_length ? 0 : order + 1;
  }
}

// The loop of a pair with nothing around it: look, claim a bit, look, give it back.
void two_cas(benchmark::State& state) {
  alignas(128) static std::atomic<std::uint64_t> word{~std::uint64_t{0}};
  for (auto _ : state) {
    std::uint64_t now = word.load(std::memory_order_relaxed);
    const std::uint64_t bit = now & -now;
    bool done = word.compare_exchange_strong(now, now & ~bit, std::memory_order_seq_cst,
                                             std::memory_order_relaxed);
    benchmark::DoNotOptimize(done);
    now = word.load(std::memory_order_relaxed);
    done = word.compare_exchange_strong(now, now | bit, std::memory_order_seq_cst,
                                        std::memory_order_relaxed);
    benchmark::DoNotOptimize(done);
  }
}

void declare_rows() {
  // Rows of one thread go by its processor time, so that other programs on the machine do not
  // count; where threads are compared, only the clock on the wall says what they did together.
  const auto row = [](const char* name, void (*body)(benchmark::State&)) {
    return benchmark::RegisterBenchmark(name, body);
  };
  row("two_cas", two_cas);
  row("buddy", same_order<lock_free_buddy>)->Arg(0)->Arg(3);
  row("mutex", same_order<mutex_buddy>)->Arg(0)->Arg(3);
  row("buddy_cycle", order_cycle<lock_free_buddy>)->UseRealTime()->Threads(1)->Threads(2);
  row("mutex_cycle", order_cycle<mutex_buddy>)->UseRealTime()->Threads(1)->Threads(2);
}

// ---- rounds, medians, ratios ------------------------------------------------------------------

using round_times = std::map<std::string, double>;  // ns per pair, all threads together

class collector final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred)
        throw std::runtime_error(run.benchmark_name() + ": " + run.error_message);
      const bool threads = !run.run_name.threads.empty();
      const double seconds = threads ? run.real_accumulated_time : run.cpu_accumulated_time;
      times[short_name(run)] = seconds * 1e9 / static_cast<double>(run.iterations);
    }
  }

  round_times times;

 private:
  static std::string short_name(const Run& run) {
    std::string name = run.run_name.function_name;
    if (!run.run_name.args.empty()) name += " order " + run.run_name.args;
    if (!run.run_name.threads.empty()) name += run.threads == 1 ? " 1 thread" : " 2 threads";
    return name;
  }
};

double median(std::vector<double> of) {
  const auto middle = of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2);
  std::nth_element(of.begin(), middle, of.end());
  return *middle;
}

struct spread {
  double low, middle, high;
};

template <class Figure>
spread over(const std::vector<round_times>& rounds, Figure figure) {
  std::vector<double> values;
  values.reserve(rounds.size());
  for (const round_times& round : rounds) values.push_back(figure(round));
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return {*low, median(values), *high};
}

std::vector<std::string> names_in(const std::vector<round_times>& rounds) {
  std::vector<std::string> names;
  names.reserve(rounds.front().size());
  for (const auto& row : rounds.front()) names.push_back(row.first);
  return names;
}

spread time_of(const std::string& name, const std::vector<round_times>& rounds) {
  return over(rounds, [&](const round_times& round) { return round.at(name); });
}

struct ratio {
  const char* label;
  const char* key;
  const char* over;
  const char* under;
};

// Throughput ratios are turned round: time of one thread over time of two.
constexpr std::array ratios{
    ratio{"pair of order 0 / two CAS", "order0_to_two_cas", "buddy order 0", "two_cas"},
    ratio{"pair of order 3 / two CAS", "order3_to_two_cas", "buddy order 3", "two_cas"},
    ratio{"pair of order 0 / mutex", "order0_to_mutex", "buddy order 0", "mutex order 0"},
    ratio{"pair of order 3 / mutex", "order3_to_mutex", "buddy order 3", "mutex order 3"},
    ratio{"throughput, 2 threads / 1", "throughput_2_to_1", "buddy_cycle 1 thread",
          "buddy_cycle 2 threads"},
    ratio{"throughput, 2 threads / 1, mutex", "mutex_throughput_2_to_1", "mutex_cycle 1 thread",
          "mutex_cycle 2 threads"},
};

spread ratio_of(const ratio& which, const std::vector<round_times>& rounds) {
  return over(rounds, [&](const round_times& r) { return r.at(which.over) / r.at(which.under); });
}

// ---- command line and output ------------------------------------------------------------------

struct options {
  unsigned rounds = 9;
  double seconds = 0.05;  // per row and round
  bool quick = false;
  std::string json;
};

std::optional<int> parse(int argc, char** argv, options& chosen) {
  CLI::App app{"Times allocate + release pairs on the buddy core, as ratios."};
  app.add_option("--rounds", chosen.rounds, "each measures every row once; medians are printed")
      ->check(CLI::Range(9U, 999U))
      ->capture_default_str();
  app.add_option("--seconds", chosen.seconds, "least time per row and round")
      ->check(CLI::Range(0.001, 60.0))
      ->capture_default_str();
  app.add_flag("--quick", chosen.quick, "2 ms per row and round: to see that it works");
  app.add_option("--json", chosen.json, "write the figures to this file, too");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "pair_bench: {}\n", error.what());
    return 2;
  }
  if (chosen.quick) chosen.seconds = 0.002;
  if (!chosen.json.empty() && !std::ofstream(chosen.json, std::ios::app)) {
    fmt::print(stderr, "pair_bench: --json: cannot write '{}'\n", chosen.json);
    return 2;
  }
  return std::nullopt;
}

void set_up_library(double seconds) {
  std::string name = "pair_bench";
  std::string least = fmt::format("--benchmark_min_time={}", seconds);
  std::array<char*, 3> arguments{name.data(), least.data(), nullptr};
  int count = 2;
  benchmark::Initialize(&count, arguments.data());
}

void print(const std::vector<round_times>& rounds, const std::vector<double>& distances) {
  fmt::print("{:<36}{:>9}{:>9}{:>9}\n", "ns per pair, all threads together", "median", "least",
             "most");
  for (const std::string& name : names_in(rounds)) {
    const spread s = time_of(name, rounds);
    fmt::print("{:<36}{:>9.2f}{:>9.2f}{:>9.2f}\n", name, s.middle, s.low, s.high);
  }
  fmt::print("\n{:<36}{:>9}{:>9}{:>9}\n", "ratio", "median", "least", "most");
  for (const ratio& which : ratios) {
    const spread s = ratio_of(which, rounds);
    fmt::print("{:<36}{:>9.2f}{:>9.2f}{:>9.2f}\n", which.label, s.middle, s.low, s.high);
  }
  if (distances.empty()) {
    fmt::print("\nping-pong: n/a, one processor: the two threads took turns on it\n");
    return;
  }
  const auto [low, high] = std::minmax_element(distances.begin(), distances.end());
  fmt::print("\nping-pong: {:.0f} ns per round trip, {:.0f} to {:.0f} over {} rounds ({})\n",
             median(distances), *low, *high, rounds.size(), distance_word(median(distances)));
}

void write_json(const std::vector<round_times>& rounds, const std::vector<double>& distances,
                const std::string& file) {
  nlohmann::json all{{"rounds", rounds}, {"ping_pong_ns", distances}, {"max_order", max_order}};
  for (const std::string& name : names_in(rounds)) {
    all["median_ns"][name] = time_of(name, rounds).middle;
  }
  for (const ratio& which : ratios) all["ratios"][which.key] = ratio_of(which, rounds).middle;
  std::ofstream out(file);
  out << all.dump(2) << '\n';
  if (!out.flush()) throw std::runtime_error("cannot write '" + file + "'");
}

int run(int argc, char** argv) {
  options chosen;
  if (const auto exit_code = parse(argc, argv, chosen)) return *exit_code;
  set_up_library(chosen.seconds);
  declare_rows();
  std::vector<round_times> rounds;
  std::vector<double> distances;
  while (rounds.size() < chosen.rounds) {
    // First of all: glibc's mutex is cheaper in a process that never had a second thread.
    if (const auto distance = ping_pong_ns(3, 1000)) distances.push_back(*distance);
    collector seen;
    benchmark::RunSpecifiedBenchmarks(&seen);
    rounds.push_back(seen.times);
  }
  print(rounds, distances);
  if (!chosen.json.empty()) write_json(rounds, distances, chosen.json);
  return 0;
}

}  // namespace
}  // namespace caiman::stress

int main(int argc, char** argv) {
  try {
    return caiman::stress::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "pair_bench: {}\n", error.what());
    return 1;
  }
}
