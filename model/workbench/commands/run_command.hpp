// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// run_command.hpp: `caiman-check run`: one program, given searches
// ---------------------------------------------------------------------------------------------
#pragma once

#include <string>

// NOLINTBEGIN(readability-identifier-naming): CLI11's own
namespace CLI {
class App;
}
// NOLINTEND(readability-identifier-naming)

namespace caiman::model {

/// Adds the subcommand to the command line; `code` is set to the exit code if it was called.
/// `usual`: the program that is run unless another is given, if there is one.
void add_run(CLI::App& app, const std::string& self, int& code, const std::string& usual = {});

}  // namespace caiman::model
