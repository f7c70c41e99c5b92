// ---------------------------------------------------------------------------------------------
// attributes.hpp: what stands in the caller's code, and what stays out of it
//
// A pair of calls is some fifty instructions, so a call that a compiler leaves there, or a rare
// case that it puts there, is a good part of it. Two macros say which way it shall go, and nothing
// else does. Each use has a line of figures in the commit that brought it: instructions of a pair
// by callgrind, with and without.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

/// On the common way: always part of the caller's code.
#define CAIMAN_HOT [[gnu::__always_inline__]]
/// On a way that is seldom taken: a function of its own, whose registers nobody else saves.
#define CAIMAN_COLD [[gnu::__noinline__]]

#endif  // CAIMAN_REQUIREMENTS_MET
