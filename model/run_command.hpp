// ---------------------------------------------------------------------------------------------
// run_command.hpp: `caiman-check run`: one program, given searches
// ---------------------------------------------------------------------------------------------
#pragma once

#include <string>

#include "plan.hpp"

// NOLINTBEGIN(readability-identifier-naming): CLI11's own
namespace CLI {
class App;
}
// NOLINTEND(readability-identifier-naming)

namespace caiman::model {

/// Adds the subcommand to the command line; `code` is set to the exit code if it was called.
/// `usual`: the program that is run unless another is given, if there is one.
void add_run(CLI::App& app, const std::string& self, int& code, const std::string& usual = {});

/// A line on one search of a program; with its replay line, and the trace if asked, if it convicts.
/// `changes`: of the orders, as --orders has them.
std::string describe(const program& p, const outcome& o, bool with_trace,
                     const std::string& changes = {});

}  // namespace caiman::model
