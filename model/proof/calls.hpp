// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// calls.hpp: the calls of the tree, one at a time, among any number of others
//
// Each is run for given arguments from a state in which the thread holds what the call is for, and
// has a contract for what it holds and owes when it returns. Compiled without optimisation
// (states.hpp) and with access to what is private.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <vector>

#include "checks.hpp"

namespace caiman::proof {

/// Which arguments stand for all at fan-out 64: moves those in the middle on.
std::size_t& sample_shift();
/// All numbers below `count`, or where there are many a few that stand for them.
std::vector<std::size_t> some_of(std::size_t count);

/// All calls at all geometries.
void add_call_checks(checks& all);

}  // namespace caiman::proof
