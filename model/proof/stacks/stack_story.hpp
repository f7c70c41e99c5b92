// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// stack_story.hpp: how it came to what is broken at the stacks, in one state of the many
//
// The lines for people below a story.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <string>

#include "clauses.hpp"
#include "story.hpp"

namespace caiman::proof {

/// A cell of the stacks.
struct stack_spot {
  enum class kind : unsigned char { flag, head, entry, fence, block, outside } is = kind::flag;
  unsigned slot = 0;
  unsigned order = 0;
  unsigned i = 0;  ///< Of an entry, from 1.
};
/// For people, and as traces have it: "entry 2 of order 0, slot 1".
std::string name_of(const stack_spot& at);

/// A story with the stacks as they are in a state in which `claim` is false.
std::string told(const story& so_far, const term& claim, const stacks_state& now);

}  // namespace caiman::proof
