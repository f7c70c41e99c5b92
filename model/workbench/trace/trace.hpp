// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// trace.hpp: a failing execution as JSON
//
// trace.md has the schema. A trace says what was run, so it can be run again, and what happened. To
// read one is to read outside input: what read_trace returns has every field of the schema, of its
// type, with ids that exist; what the texts in it say is anybody's.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "engine/engine.hpp"

namespace caiman::model {

/// What this program writes and reads.
inline constexpr int trace_version = 1;

/// How a trace is called: the scenario or control, and the program that recorded it.
struct trace_label {
  std::string title;
  std::string recorded_by = "caiman-check";
};

/// `search` is the one that convicted, as plan.hpp writes it.
nlohmann::json to_trace(const request& what, std::string_view search, const verdict& seen,
                        const trace_label& label);

/// One line on what is wrong with it, empty if nothing is.
std::string fault_of_trace(const nlohmann::json& trace);

/// The trace that this text is. Says in one line why it is none.
std::expected<nlohmann::json, std::string> parse_trace(std::string_view text);
/// The same of a file.
std::expected<nlohmann::json, std::string> read_trace(const std::string& path);
/// All of it or nothing.
std::expected<void, std::string> write_trace(const std::string& path, const nlohmann::json& trace);

}  // namespace caiman::model
