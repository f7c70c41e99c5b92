// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// ledger_checks.hpp: the calls of the ledger and of shares, one at a time, among any others
// ---------------------------------------------------------------------------------------------
#pragma once

#include <string>
#include <vector>

#include "checks.hpp"

namespace caiman::proof {

/// All calls, in both ways that returns are counted, on both kinds of lines.
void add_ledger_checks(checks& all);

}  // namespace caiman::proof
