// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// one_size.hpp: W1, one thread and one size; and the floor
//
// Timed with Google Benchmark, by processor time, so that other programs on the machine do not
// count; in the same process and moment it times the floor, what any block word that threads share
// must cost. The payload is never touched.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "../subjects/subject.hpp"
#include "cas_pair.hpp"
#include "pairs.hpp"

namespace caiman::bench {

inline void two_cas(benchmark::State& state) {
  alignas(128) static std::atomic<std::uint64_t> word{~std::uint64_t{0}};
  for (auto _ : state) cas_pair(word);
}

/// Two releasing stores and one exchange: the least for a thread that owns a stack and must notice
/// others at it.
inline void one_exchange(benchmark::State& state) {
  alignas(128) static std::atomic<std::uint64_t> top{1};
  alignas(128) static std::atomic<std::uint64_t> below{1};
  for (auto _ : state) {
    std::uint64_t taken = top.exchange(0, std::memory_order_acq_rel);
    benchmark::DoNotOptimize(taken);
    below.store(taken, std::memory_order_release);
    top.store(taken, std::memory_order_release);
  }
}

/// Keeps the ns of each benchmark that was run; prints nothing.
class collector final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& /*context*/) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) throw std::runtime_error(run.error_message);
      ns[run.run_name.function_name] =
          run.cpu_accumulated_time * 1e9 / static_cast<double>(run.iterations);
    }
  }
  std::map<std::string, double> ns;
};

/// Names "pair", "two_cas", "one_exchange", in ns.
template <subject S>
std::map<std::string, double> time_pairs(S& from, std::size_t bytes, double seconds) {
  std::string name = "bench_worker";
  std::string least = "--benchmark_min_time=" + std::to_string(seconds);
  std::array<char*, 3> arguments{name.data(), least.data(), nullptr};
  int count = 2;
  benchmark::Initialize(&count, arguments.data());
  benchmark::RegisterBenchmark("two_cas", two_cas)->MinTime(seconds / 4);
  benchmark::RegisterBenchmark("one_exchange", one_exchange)->MinTime(seconds / 4);
  benchmark::RegisterBenchmark("pair", [&from, bytes](benchmark::State& state) {
    for (auto _ : state) {
      if (!pair(from, bytes)) state.SkipWithError("a request of W1 was refused");
    }
  });
  collector seen;
  benchmark::RunSpecifiedBenchmarks(&seen);
  return seen.ns;
}

}  // namespace caiman::bench
