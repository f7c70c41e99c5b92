// SPDX-License-Identifier: MIT
// The page around the data, which is no business of the readers: two words for the viewer's text.
#include "trace/page_parts.hpp"

namespace caiman::model {

const std::string_view page_before = "before";
const std::string_view page_after = "after";

}  // namespace caiman::model
