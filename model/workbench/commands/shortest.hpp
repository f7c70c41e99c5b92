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
/// How long all of it takes at most; less if the search itself was given less.
inline constexpr double most_seconds = 20;

/// Puts the shorter execution's trace in place of the random one's, if one of the bounds 0 to
/// `most_switches` breaks the same property; says in `found.again` what came of it. Nothing to do
/// for what a tree search found. SIGINT and SIGTERM end the look and not the program: what was
/// found is still to be told.
/// `tell` is called first, and is safe from them, too.
void show_shortest(request what, outcome& found, const trace_label& label,
                   const std::function<void()>& tell = {});

}  // namespace caiman::model
