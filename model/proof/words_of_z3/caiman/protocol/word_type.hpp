// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// word_type.hpp: what the tree is made of, for the solver
//
// Stands in the place of the core's own header of this name: its folder comes first in the paths.
// Everything else of the core is compiled as it ships.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <bit>
#include <cstdint>

#include "solver/symbolic_word.hpp"

namespace caiman::inline v0::protocol {

using word_t = proof::word;
using count_t = proof::number;
using flag_t = proof::word;
using proof::countl_zero;
using proof::countr_zero;
using proof::popcount;
using std::countl_zero;
using std::countr_zero;
using std::popcount;

}  // namespace caiman::v0::protocol
