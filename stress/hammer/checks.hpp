// ---------------------------------------------------------------------------------------------
// checks.hpp: what must hold when nothing runs
//
// All threads are joined (or held at a gate), so the allocator's observers are exact, and the slots
// say what is live. Held against each other, at every stop of a run, with part of the arena live,
// all of it, or nothing:
//   S3  free + live = all min blocks;
//   S4  free blocks are merged as far as they go: counts per order, largest order, is_free;
//   S5  what is free can be had: a request of the largest free order succeeds, through the hints;
//   S6  one order more is refused, with `arena_full` (nobody is in the middle of anything, so
//       `contended` would be wrong), one above max_order with `request_too_large`;
//   and live blocks + maximal free blocks = 1 + splits - coalesces.
// An observer may tidy up what releases left for later, and a request must succeed without that; so
// the requests come first, before the observers and, once more, after them.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <string_view>

#include "crew.hpp"
#include "truth.hpp"

namespace caiman::stress {

/// What is free by the slots' own account: held and parked blocks are live, mailboxes are empty.
/// Reports blocks that overlap. O(2^max_order).
free_map map_of(crew& with, std::string_view when);

/// All checks above; the requests it makes are released again. O(2^max_order).
void check_quiescent(crew& with, std::string_view when);

/// The cheap part of them for the two states in which the truth needs no map: all live, all free.
/// It makes its requests before any observer has had a chance to tidy up.
void check_all_live(crew& with, std::string_view when);
void check_all_free(crew& with, std::string_view when);

}  // namespace caiman::stress
