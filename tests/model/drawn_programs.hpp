// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// drawn_programs.hpp: small concurrent programs out of RapidCheck's random numbers
//
// To be called while RapidCheck generates. Every program is right by construction: a set-up asks
// only for what must be there (rehearsal.hpp), a release or a cut names a request of its own
// thread. Nothing is marked "must succeed" in a thread, since the history check finds every refusal
// with room by itself.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <vector>

#include "caiman-model/program.hpp"

namespace caiman::model {

/// Few blocks, most of them at hand in the stack of thread 0, where others have looked for some:
/// what the flags of the announced pop are for.
program draw_at_hand();
/// Of the specimen.
program draw_textbook();
/// Of the core: of all kinds, one in three as draw_at_hand().
program draw_any();

/// Operations, those of the set-up too.
std::size_t size_of(const program& p);
/// What a failing program is tried as next; the first that fails too is taken, and so on.
std::vector<program> smaller(const program& p);

}  // namespace caiman::model
