// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// states.hpp: whether a call has come back to where it was
//
// A loop that has no bound of its own is cut where its state is one that was met before, on this
// path or on another. The state of a call between two accesses is its stack and the registers that
// the compiler may keep things in, and what the thread holds and owes. Words that are terms are
// left out of the comparison, and may then not be used any more: whoever does ends the check. Dead
// words leave zeroes behind, and each frame begins as zeroes, so that what is of no matter is the
// same. The code under check is compiled without optimisation, which keeps its variables in its
// stack, and for the hook that zeroes frames (-mfentry), which x86-64 has.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "symbolic_word.hpp"

namespace caiman::proof {

/// Where the stack of the call under check begins: its oldest frame.
void set_stack_begin(const void* at);

/// Registers and the newest frame, taken in the function that the core calls.
struct call_state {
  std::jmp_buf registers;
  const void* frame;
};
/// Two hashes of the state: of the stack without terms, the registers, and `more`.
fingerprint fingerprint_of(const call_state& state, const std::string& more);

}  // namespace caiman::proof

/// Fills the call_state `s` of the function that this stands in: setjmp must be called there.
#define CAIMAN_PROOF_TAKE_STATE(s)            \
  do {                                        \
    std::memset(&(s), 0, sizeof(s));          \
    static_cast<void>(setjmp((s).registers)); \
    (s).frame = __builtin_frame_address(0);   \
  } while (false)
