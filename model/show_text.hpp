// ---------------------------------------------------------------------------------------------
// show_text.hpp: a trace for a terminal
// ---------------------------------------------------------------------------------------------
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace caiman::model {

/// A column per thread, a line per event, the step that loses the property marked. Control
/// characters of the trace's texts are escaped.
std::string text_of(const nlohmann::json& trace);

}  // namespace caiman::model
