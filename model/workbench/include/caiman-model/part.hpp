// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// part.hpp: a subject with operations of its own
//
// Not everything is an allocator of blocks (world.hpp): a stack, a count of references, the end of
// an arena have no blocks to search and nothing to merge. Such a part is checked alone, in programs
// of a few accesses that a full search gets to the end of. A part judges its own answers; races
// are Relacy's to find.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <string>

#include "program.hpp"
#include "world.hpp"

namespace caiman::model {

class part : public subject {
 public:
  /// Thread `thread` does it; what comes of it is thread `owner`'s.
  virtual void operate(unsigned thread, const operation& op, unsigned owner) = 0;
  /// For traces, by the thread that is about to do `op`, or has just done it. Empty: as the program
  /// has it.
  virtual std::string text_of(unsigned /*thread*/, const operation& /*op*/) const { return {}; }
  virtual std::string result_of(unsigned /*thread*/) const { return "done"; }
  /// Quiescent; afterwards it drops what is left, and looks again.
  virtual finding quiescent_fault() = 0;
};

}  // namespace caiman::model
