// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// word_type.hpp: what the tree and the flags of its stacks are made of
//
// The type of its words, of what counts their bits, the functions that count, and the type of a
// flag. Nothing else names them, so that a check can put words of its own in the place of this
// header.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <bit>
#include <cstdint>

namespace caiman::inline v0::protocol {

/// What the tree is made of: up to 64 bits.
using word_t = std::uint64_t;
/// A number of bits of a word.
using count_t = unsigned;
/// What drainers raise (stacks.hpp): 64 bits.
using flag_t = std::uint64_t;
using std::countl_zero;
using std::countr_zero;
using std::popcount;

}  // namespace caiman::v0::protocol

#endif  // CAIMAN_REQUIREMENTS_MET
