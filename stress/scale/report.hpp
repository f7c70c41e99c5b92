// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// report.hpp: figures as tables for people, and as JSON
// ---------------------------------------------------------------------------------------------
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "growth.hpp"
#include "workloads.hpp"

namespace caiman::scale {

/// What two threads of the system take beside what the simulation says of them.
struct comparison {
  workload what;
  subject_kind under;
  double alone_ns = 0;    ///< One thread, an operation, measured.
  double beside_ns = 0;   ///< Two threads, the same of each.
  double simulated = 0;   ///< Transfers and upgrades of an operation of two threads.
  double one_way_ns = 0;  ///< Half of what a word takes to the other processor and back.

  /// As many of them as would make the difference.
  double measured() const noexcept { return (beside_ns - alone_ns) / one_way_ns; }
};

void print_curves(const std::vector<outcome>& rows);
void print_growth(const std::vector<growth_row>& rows);
void print_comparisons(const std::vector<comparison>& rows);

void to_json(nlohmann::json& into, const outcome& row);
void to_json(nlohmann::json& into, const growth_row& row);
void to_json(nlohmann::json& into, const comparison& row);

/// Throws std::runtime_error if it cannot be written.
void write_json(const std::string& file, const nlohmann::json& what);

}  // namespace caiman::scale
