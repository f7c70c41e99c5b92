// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// verify.hpp: the main job: every scenario against what ships, every control against the checks, a
// table, one word at the end
// ---------------------------------------------------------------------------------------------
#pragma once

#include <string>

// NOLINTBEGIN(readability-identifier-naming): CLI11's names
namespace CLI {
class App;
}
// NOLINTEND(readability-identifier-naming)

namespace caiman::model {

/// Adds the subcommand to the command line; `code` is set to the exit code if it was called.
void add_verify(CLI::App& app, const std::string& self, int& code);

}  // namespace caiman::model
