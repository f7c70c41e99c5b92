// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// trace_of.hpp: an execution of a structure as a trace (trace/trace.md)
// ---------------------------------------------------------------------------------------------
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "structures/campaign.hpp"

namespace caiman::model::machine {

/// Runs it once more, and writes down what happens. `program`: what the user calls.
nlohmann::json trace_of(trial& on, tested& of, const conviction& what, const std::string& program);

/// `--orders` for what the run changed, "" for nothing.
std::string changes_in_force();

}  // namespace caiman::model::machine
