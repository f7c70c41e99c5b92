// ---------------------------------------------------------------------------------------------
// report.hpp: what a run did and saw, for people and as JSON
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdint>
#include <optional>
#include <string>
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

}  // namespace caiman::stress
