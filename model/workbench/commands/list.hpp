// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// list.hpp: `caiman-check list`: the scenarios, the controls, and the sites of orders.hpp
// ---------------------------------------------------------------------------------------------
#pragma once

// NOLINTBEGIN(readability-identifier-naming): CLI11's names
namespace CLI {
class App;
}
// NOLINTEND(readability-identifier-naming)

namespace caiman::model {

/// Adds the subcommand to the command line; `code` is set to the exit code if it was called.
void add_list(CLI::App& app, int& code);

}  // namespace caiman::model
