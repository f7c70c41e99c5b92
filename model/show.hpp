// ---------------------------------------------------------------------------------------------
// show.hpp: `caiman-check show`: a result that lies in a file, for people
// ---------------------------------------------------------------------------------------------
#pragma once

// NOLINTNEXTLINE(readability-identifier-naming): CLI11's names
namespace CLI {
class App;  // NOLINT(readability-identifier-naming)
}

namespace caiman::model {

/// Adds the subcommand to the command line; `code` is set to the exit code if it was called.
void add_show(CLI::App& app, int& code);

}  // namespace caiman::model
