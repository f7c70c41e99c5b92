// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// shortest.hpp: a failure that random search found, found again with few switches
//
// Random search is the best finder, and its schedules jump between the threads at every step. What
// people read is the same failure under the smallest context bound that still shows it.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "commands/plan.hpp"

namespace caiman::model {

/// Largest context bound that is tried, and how many executions each gets.
inline constexpr unsigned most_switches = 3;
inline constexpr std::uint64_t most_tries = 100'000;

/// Puts the shorter execution's trace in place of the random one's, if one of the bounds 0 to
/// `most_switches` breaks the same property; says in `found.again` what came of it. Nothing to do
/// for what a tree search found.
void show_shortest(request what, outcome& found, const trace_label& label);

}  // namespace caiman::model
