// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// words.hpp: the checks of the arithmetic on words
// ---------------------------------------------------------------------------------------------
#pragma once

#include "checks.hpp"

namespace caiman::proof {

/// best_fit, largest_class, merged_class and free_groups for all words of a fan-out.
void add_word_checks(checks& all);

}  // namespace caiman::proof
