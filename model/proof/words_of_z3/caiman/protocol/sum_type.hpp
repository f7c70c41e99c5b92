// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// sum_type.hpp: what the ledger and shares count in, for the solver
//
// Stands in the place of the core's own header of this name: its folder comes first in the paths.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "ledger/integer.hpp"

namespace caiman::inline v0::protocol {

using sum_t = proof::integer<64>;
using balance_t = proof::integer<64, proof::below_zero::may_be>;
using shares_t = proof::integer<32>;

}  // namespace caiman::v0::protocol
