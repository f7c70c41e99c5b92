// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// rows.hpp: replays a trace on a row of the benchmark, by name
//
// What compiles the allocators is behind this, apart from what reads a command line and writes
// JSON: the one is optimised, the other takes long to optimise and runs once.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan.hpp"
#include "replay.hpp"

namespace caiman::traces {

/// The rows that a trace can be replayed on.
std::vector<std::string> replayed_rows();

/// Nothing if the library behind the row is in force; otherwise what is wrong.
std::optional<std::string> wrong_library(std::string_view row);

struct row_result {
  replay_result replayed;
  std::optional<double> ping_pong_before, ping_pong_after;  // of a trace of several threads
  std::size_t region_bytes = 0;                             // of an arena, else 0
};

/// `warm_up` replays that are not counted, then one that is. An arena gets `region_bytes`.
row_result replay_on_row(std::string_view row, const replay_plan& plan, unsigned warm_up,
                         std::size_t region_bytes);

}  // namespace caiman::traces
