// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// stack_checks.hpp: the calls at the stacks, one at a time, among any number of others
// ---------------------------------------------------------------------------------------------
#pragma once

#include "checks.hpp"

namespace caiman::proof {

/// All calls, at all depths.
void add_stack_checks(checks& all);

}  // namespace caiman::proof
