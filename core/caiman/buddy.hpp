// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// buddy.hpp: the concurrent buddy over block indices, with the policy that ships
//
// The class itself is in buddy_core.hpp, which asks nothing of an operating system; this header
// adds native_sync, its default.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include "caiman/buddy_core.hpp"
#include "caiman/native_sync.hpp"

#endif  // CAIMAN_REQUIREMENTS_MET
