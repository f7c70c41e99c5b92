#include "show_text.hpp"

namespace caiman::model {
std::string text_of(const nlohmann::json& trace) { return trace.at("property").dump(); }
}  // namespace caiman::model
