// ---------------------------------------------------------------------------------------------
// list.hpp: `caiman-check list`: the scenarios, the controls, and the sites of orders.hpp
// ---------------------------------------------------------------------------------------------
#pragma once

// NOLINTNEXTLINE(readability-identifier-naming): CLI11 calls itself so
namespace CLI {
class App;
}

namespace caiman::model {

/// Adds the subcommand to the command line; `code` is set to the exit code if it was called.
void add_list(CLI::App& app, int& code);

}  // namespace caiman::model
