// SPDX-License-Identifier: MIT
// Stands in for the core's own, found first by the include path: strings and error codes are more
// of the library than an engine takes. The desk uses one value of one enumeration.
#pragma once

namespace caiman::inline v0 {

enum class alloc_error { arena_full = 1, request_too_large, contended };

}  // namespace caiman::inline v0
