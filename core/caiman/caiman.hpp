// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// caiman.hpp: the umbrella. A program that wants one thing includes that header instead.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include "caiman/allocator.hpp"
#include "caiman/arena.hpp"
#include "caiman/async.hpp"
#include "caiman/buddy.hpp"
#include "caiman/buffer.hpp"
#include "caiman/bytes.hpp"
#include "caiman/error.hpp"
#include "caiman/fixed_arena.hpp"
#include "caiman/geometry.hpp"
#include "caiman/metrics.hpp"
#include "caiman/native_sync.hpp"
#include "caiman/offset_allocator.hpp"
#include "caiman/region.hpp"
#include "caiman/resource.hpp"
#include "caiman/sequential_sync.hpp"
#include "caiman/version.hpp"

#endif  // CAIMAN_REQUIREMENTS_MET
