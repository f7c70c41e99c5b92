// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// workloads.hpp: one workload for one subject, both by name
//
// What compiles the allocators is behind this, apart from what reads a command line and writes
// JSON: the one is optimised, the other takes long to optimise and runs once.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../subjects/in_force.hpp"

namespace caiman::bench {

struct request {
  std::string subject;
  std::string workload;
  std::size_t size = 256;
  unsigned threads = 1;
  double occupancy = 0;  // of the arena, 0 to 1
  unsigned milliseconds = 50;
  unsigned steps = 100'000;
  std::uint64_t seed = 1;
};

/// Figures by name. `ping_pong_ns`: before and after a workload of several threads, if the machine
/// has processors for them.
struct outcome {
  using figures_by_name = std::vector<std::pair<std::string, double>>;
  figures_by_name figures = {};
  figures_by_name floor = {};
  bool several_threads = false;
  std::optional<std::pair<double, double>> ping_pong_ns = {};
};

/// What is known of a subject before it is measured.
struct row_facts {
  std::string_view name;
  std::string_view role;  // ours, peer, reference, harness
  heap behind;
  bool freezes = false;
  std::optional<std::size_t> metadata_bytes;  // of an arena only
};
std::vector<row_facts> all_rows();

/// What is wrong with the subject (check.hpp); nothing if all is well. Throws std::invalid_argument
/// for a name that is no subject's.
std::optional<std::string> misbehaviour(std::string_view subject);

/// Throws std::invalid_argument for a workload that the subject does not have, std::runtime_error
/// for one that could not be measured.
outcome measure(const request& what);

/// How far apart two processors are now, in ns there and back; nothing on a machine with one.
std::optional<double> distance_now();

}  // namespace caiman::bench
