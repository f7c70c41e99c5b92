// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// report.hpp: what a run does, did and saw: progress, standstill, figures, JSON
// ---------------------------------------------------------------------------------------------
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "crew.hpp"

namespace caiman::stress {

struct report {
  options asked;
  tally done;
  std::uint64_t rounds = 0;
  std::uint64_t checks = 0;
  std::uint64_t rescans = 0;
  double seconds = 0;
  std::optional<double> ping_pong_ns;
  std::vector<std::string> seen;  // what was wrong; empty for a pass

  std::uint64_t operations() const { return done.allocations + done.releases; }
  double operations_per_second() const {
    return seconds > 0 ? static_cast<double>(operations()) / seconds : 0;
  }
};

/// To stdout; ends with PASS or FAIL on a line of its own.
void print(const report& of);

/// Throws std::runtime_error when the file cannot be written.
void write_json(const report& of, const std::string& file);

/// The clock and the heartbeats. It tells the threads when the time is up, shows progress on a
/// terminal (nothing in a log), and ends the program with exit code 1 when no call has returned for
/// longer than the patience allows: a thread that never comes back cannot be joined, so nobody else
/// could report it.
class watch {
 public:
  explicit watch(crew& over);

 private:
  using clock = std::chrono::steady_clock;

  void look(const std::stop_token& stop);
  void look_once();
  std::uint64_t beats() const;
  void show_progress() const;
  [[noreturn]] void report_standstill() const;

  crew& crew_;
  clock::time_point start_ = clock::now();
  clock::time_point last_move_ = start_;
  std::uint64_t last_beats_ = 0;
  bool terminal_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace caiman::stress
