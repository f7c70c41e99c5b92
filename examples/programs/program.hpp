// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// program.hpp: what the programs of this folder do alike
//
// Each does one thing with several kinds of memory: `--memory KIND` chooses one, `--amount N` how
// much is done, and what is printed is one line of JSON. `--list` says what there is to choose, so
// that the driver of the benchmark knows no program by heart. The digest is of what was received or
// stored, and says nothing of the memory it came in: it is the same for every kind. Relies on CLI11
// and nlohmann-json; on Linux for the peak.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "../../stress/common/command_line.hpp"
#include "../../stress/common/histogram.hpp"
#include "../../stress/common/meeting.hpp"
#include "../expect.hpp"

namespace programs {

using clock = std::chrono::steady_clock;
using caiman::stress::histogram;

inline std::uint64_t nanoseconds(clock::duration of) {
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(of).count());
}

/// A line `KEY: N kB` of a file of /proc, in bytes; 0 where there is none.
inline std::uint64_t memory_of(const char* file, std::string_view key) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(key)) return std::stoull(line.substr(key.size() + 1)) * 1024;
  }
  return 0;
}
/// The most that was ever resident of this process.
inline std::uint64_t peak_bytes() { return memory_of("/proc/self/status", "VmHWM"); }

/// Processor time of this process and of its children that have ended, in seconds: what other
/// programs do beside it does not count.
inline double processor_seconds() {
  double sum = 0;
  for (const auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage used{};
    expect(getrusage(who, &used) == 0, "this system says what was used");
    for (const timeval each : {used.ru_utime, used.ru_stime}) {
      sum += static_cast<double>(each.tv_sec) + static_cast<double>(each.tv_usec) / 1e6;
    }
  }
  return sum;
}

/// What a run has done.
struct outcome {
  std::uint64_t requests = 0;
  clock::duration took{};
  histogram latencies{};  // of each request, in ns
  std::uint64_t digest = 0;
  std::uint64_t peak = 0;  // bytes; 0: of this process
  nlohmann::json more = nlohmann::json::object();
};

/// What one thread of several has done.
struct part {
  std::uint64_t digest = 0;
  histogram latencies{};
};

/// Does an amount on so many threads at once, a share of it each: `work(first, count, mine)`, with
/// a Part of its own. Adds what all have done to `done`.
template <class Part, class Work>
std::vector<Part> in_parts(outcome& done, unsigned threads, std::size_t amount, const Work& work) {
  std::vector<Part> parts(threads);
  const std::uint64_t share = amount / threads;
  caiman::stress::gate all(threads);
  std::vector<std::thread> running;
  const auto start = clock::now();
  for (unsigned t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      all.meet();
      work(t * share, share, parts[t]);
    });
  }
  for (std::thread& each : running) each.join();
  done.took = clock::now() - start;
  for (const part& each : parts) {
    done.digest += each.digest;
    done.latencies.add(each.latencies);
  }
  done.requests = share * threads;
  return parts;
}

struct kind {
  std::string name;
  std::function<outcome(std::size_t amount)> run;
};

struct about {
  std::string name;
  std::string request;      // what one is, in words
  unsigned threads;         // that allocate
  std::size_t brief, full;  // amounts: of a test, of a measurement
};

inline nlohmann::json line_of(const about& program, const std::string& memory,
                              const outcome& done) {
  const double seconds = std::chrono::duration<double>(done.took).count();
  nlohmann::json line{{"program", program.name},
                      {"memory", memory},
                      {"requests", done.requests},
                      {"requests_per_s", static_cast<double>(done.requests) / seconds},
                      {"cpu_us", processor_seconds() * 1e6 / static_cast<double>(done.requests)},
                      {"p50_us", static_cast<double>(done.latencies.quantile(0.5)) / 1e3},
                      {"p99.9_us", static_cast<double>(done.latencies.quantile(0.999)) / 1e3},
                      {"peak_mib", static_cast<double>(done.peak) / (1 << 20)},
                      {"digest", fmt::format("{:016x}", done.digest)}};
  line.update(done.more);
  return line;
}

inline nlohmann::json list_of(const about& program, const std::vector<kind>& kinds) {
  nlohmann::json names = nlohmann::json::array();
  for (const kind& each : kinds) names.push_back(each.name);
  return {{"program", program.name}, {"request", program.request}, {"threads", program.threads},
          {"memory", names},         {"brief", program.brief},     {"full", program.full}};
}

/// The whole of main. The first kind is ours; `add` adds options of the program's own.
inline int run_program(int argc, char** argv, const about& program, const std::vector<kind>& kinds,
                       const std::function<void(CLI::App&)>& add = {}) {
  CLI::App app("One program, with the memory of your choice.", program.name);
  std::vector<std::string> names;
  for (const kind& each : kinds) names.push_back(each.name);
  std::string memory = names.front();
  std::size_t amount = program.brief;
  bool list = false;
  app.add_option("--memory", memory, "what the program takes its memory from")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  app.add_option("--amount", amount, program.request)
      ->check(CLI::Range(std::size_t{64}, std::size_t{100'000'000}))
      ->capture_default_str();
  app.add_flag("--list", list, "only say what there is to choose");
  if (add) add(app);
  if (const auto code = caiman::stress::parse(app, argc, argv)) return *code;
  return caiman::stress::run_program(program.name, 1, [&] {
    if (list) {
      std::cout << list_of(program, kinds) << '\n';
      return 0;
    }
    for (const kind& each : kinds) {
      if (each.name != memory) continue;
      outcome done = each.run(amount);
      expect(done.requests != 0 && done.latencies.total() == done.requests,
             "each request is timed");
      if (done.peak == 0) done.peak = peak_bytes();
      expect(done.peak != 0, "this system says what is resident");
      std::cout << line_of(program, memory, done) << '\n';
    }
    return 0;
  });
}

}  // namespace programs
