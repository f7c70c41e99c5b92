// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// run_many.hpp: `caiman-check run` of scenarios by name, a process each, and how to search them
// ---------------------------------------------------------------------------------------------
#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <string>
#include <thread>
#include <vector>

// NOLINTBEGIN(readability-identifier-naming): CLI11's names
namespace CLI {
class App;
}
// NOLINTEND(readability-identifier-naming)

namespace caiman::model {

struct run_choice {
  std::vector<std::string> names;  // scenarios, or their variants
  std::string scheduler;
  unsigned bound = 2;
  std::uint64_t executions = 20'000;
  double seconds = 0;  // of one search; 0: as long as it takes
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
};
/// `by_name`: whether scenarios can be named.
void add_run_options(CLI::App& command, run_choice& chosen, bool by_name);

/// The searches that --scheduler and its like ask for; "" if none of them was given.
std::string searches_of(const CLI::App& command, const run_choice& chosen);

/// The program of a scenario, or of a variant of one.
std::expected<std::string, std::string> program_named(const std::string& name);

/// What is the same for all of them.
struct run_common {
  std::string self;
  std::string searches;
  std::string orders;
  std::uint64_t seed = 0;
  bool json = false;
  bool trace = false;
  bool sites = false;
};
/// 0 no violation, 1 a violation, 2 no such scenario or one that could not be judged.
int run_scenarios(const run_choice& chosen, const run_common& how);

}  // namespace caiman::model
