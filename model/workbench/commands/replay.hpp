// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// replay.hpp: `caiman-check replay`: runs the execution of a trace again, and compares
// ---------------------------------------------------------------------------------------------
#pragma once

#include <expected>
#include <string>

#include <nlohmann/json.hpp>

// NOLINTBEGIN(readability-identifier-naming): CLI11's own
namespace CLI {
class App;
}
// NOLINTEND(readability-identifier-naming)

namespace caiman::model {

/// Adds the subcommand to the command line; `code` is set to the exit code if it was called.
void add_replay(CLI::App& app, const std::string& self, int& code);

/// What came of it, in this process. An error: the trace asks for what this program has not.
struct replayed {
  bool same = false;  // property, text and every event
  std::string text;   // one line
};
std::expected<replayed, std::string> replay_here(const nlohmann::json& trace);

}  // namespace caiman::model
