// ---------------------------------------------------------------------------------------------
// burst.hpp: the moment of collision, thousands of times
//
// Two buddies released at once, two requests for the last two blocks: in ordinary churn such
// moments are rare, and what went wrong in one is often mended by the next. Here all threads meet
// at a gate, take their whole share of exact(k), meet, release another thread's blocks, meet; one
// of them checks after each step, while nothing runs. The gates order everything, so this mode
// looks for lost merges and false refusals; missing edges are for the other modes.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdint>
#include <vector>

#include "crew.hpp"

namespace caiman::stress {

/// One round of bursts with one set of threads, orders drawn by `weights`. Ends with nothing live.
void run_burst(crew& with, const std::vector<std::uint64_t>& weights, std::uint64_t seed);

}  // namespace caiman::stress
