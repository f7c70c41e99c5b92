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

/// Whether blocks of a row can shrink, where they are buffers or where they are not. A plan for one
/// that cannot keeps the tails.
bool row_shrinks(std::string_view row, bool buffers);

struct row_options {
  bool buffers = false;          // with payload; ours have min blocks for buffers, and buffers
  unsigned warm_up = 0;          // replays that are not counted, before the one that is
  std::size_t region_bytes = 0;  // that an arena gets
  shrink_manner shrinks = shrink_manner::move;
};

row_result replay_on_row(std::string_view row, const replay_plan& plan, const row_options& chosen);

}  // namespace caiman::traces
