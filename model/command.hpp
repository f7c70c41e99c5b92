// ---------------------------------------------------------------------------------------------
// command.hpp: what the subcommands have in common
// ---------------------------------------------------------------------------------------------
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "show_text.hpp"

namespace caiman::model {

/// Says what is wrong with what was given, in one line; the exit code.
inline int bad_input(const std::string& message) {
  fmt::print(stderr, "caiman-check: {}\n", printable(message));
  return 2;
}

}  // namespace caiman::model
