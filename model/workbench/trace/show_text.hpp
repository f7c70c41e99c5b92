// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// show_text.hpp: a trace for a terminal
// ---------------------------------------------------------------------------------------------
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace caiman::model {

/// A column per thread, a line per event, operations as brackets, the step that loses the property
/// marked. `trace` has no fault (trace.hpp); what its texts say is escaped. The set-up is one line
/// per operation, or all of its events if `whole`.
std::string text_of(const nlohmann::json& trace, bool whole = false);

/// Anybody's text for a terminal: what is no printable ASCII becomes \xNN.
std::string printable(std::string_view text);

}  // namespace caiman::model
