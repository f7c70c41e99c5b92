// ---------------------------------------------------------------------------------------------
// show.hpp: `caiman-check show`: a result that lies in a file, for people
// ---------------------------------------------------------------------------------------------
#pragma once

namespace CLI {
class App;
}

namespace caiman::model {

/// Adds the subcommand to the command line; `code` is set to the exit code if it was called.
void add_show(CLI::App& app, int& code);

}  // namespace caiman::model
