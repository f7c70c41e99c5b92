// SPDX-License-Identifier: MIT
// What plan.cpp refers to besides its parsers. The target reads texts and runs nothing, so the
// engine, which no sanitizer stands, is left out.
#include <cstdlib>

#include "engine/crash.hpp"
#include "engine/engine.hpp"

namespace caiman::model {

verdict run(const request& /*what*/) { std::abort(); }
const char* text_of_signal(int /*signal*/) noexcept { std::abort(); }
void end_searches(bool /*yes*/) noexcept { std::abort(); }
bool searches_end() noexcept { std::abort(); }

}  // namespace caiman::model
