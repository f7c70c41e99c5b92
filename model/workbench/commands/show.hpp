// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// show.hpp: `caiman-check show`: a result that lies in a file, for people
// ---------------------------------------------------------------------------------------------
#pragma once

// NOLINTBEGIN(readability-identifier-naming): CLI11's own
namespace CLI {
class App;
}
// NOLINTEND(readability-identifier-naming)

namespace caiman::model {

/// Adds the subcommand to the command line; `code` is set to the exit code if it was called.
void add_show(CLI::App& app, int& code);

}  // namespace caiman::model
