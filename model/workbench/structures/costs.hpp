// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// costs.hpp: what memory orders are made of
// ---------------------------------------------------------------------------------------------
#pragma once

#include <string>

#include "machine/source_sites.hpp"

namespace caiman::model::machine {

/// A row for each site and each order that it may have: the instructions of x86-64 and of AArch64
/// with LSE as g++ 12 makes them (the test `cost` compares), and what was measured on this
/// processor.
std::string table_of_costs(const site_table& sites);

}  // namespace caiman::model::machine
