// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// page_parts.hpp: viewer/ as text, before and after the data; viewer/embed writes the source
// ---------------------------------------------------------------------------------------------
#pragma once

#include <string_view>

namespace caiman::model {

extern const std::string_view page_before;
extern const std::string_view page_after;

}  // namespace caiman::model
