// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// sum_type.hpp: what those count in who decide by a sum that something ends
//
// The types of the ledger's sums and of a frozen block's shares. Nothing else names them, so that a
// check can put numbers of its own in the place of this header, as in that of word_type.hpp.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <cstdint>

namespace caiman::inline v0::protocol {

/// What the ledger adds up: all its arithmetic is modulo 2^64.
using sum_t = std::uint64_t;
/// Such a sum as one that can be below zero.
using balance_t = std::int64_t;
/// How many share a block.
using shares_t = std::uint32_t;

}  // namespace caiman::v0::protocol

#endif  // CAIMAN_REQUIREMENTS_MET
