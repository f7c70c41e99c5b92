// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// attributes.hpp: what stands in the caller's code, and what stays out of it
//
// A pair of calls is some fifty instructions, so a call that a compiler leaves there, or a rare
// case that it puts there, is a good part of it. Two macros say which way it shall go, and nothing
// else does. Without CAIMAN_HOT a pair of g++ 12 takes 76 instructions (with it 77), with announced
// pops 79 (63), of the tree alone 177 (145), of clang 19 there 221 (184). Without CAIMAN_COLD those
// of g++ take 88 (77), 70 (63) and 176 (145), an arena's 143 (108); clang's do not change. By
// callgrind, -O3, loops of 10,000 pairs; a new use has such a line in its commit.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

/// On the common way: always part of the caller's code.
#define CAIMAN_HOT [[gnu::__always_inline__]]
/// On a way that is seldom taken: a function of its own, whose registers nobody else saves.
#define CAIMAN_COLD [[gnu::__noinline__]]

#endif  // CAIMAN_REQUIREMENTS_MET
