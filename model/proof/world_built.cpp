// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// world_built.cpp: the clauses of a tree that was just built, where they must begin to hold
// ---------------------------------------------------------------------------------------------
#include "proof_world.hpp"

namespace caiman::proof {

void world::must_begin_with(const built_word& is) {
  at_end_ = true;
  const term none = constant(0, bits());
  const word_state state{constant(is.free, bits()),
                         none,
                         constant(is.theirs, bits()),
                         constant(is.split, bits()),
                         truth(is.active),
                         constant(all_of(is.level), bits())};
  now_.insert_or_assign({is.level, is.index}, state);
  for (const clause each : {clause::one_owner, clause::none_missing, clause::empty_below})
    must_clause(each, holds_of_word(each, state));
  if (!has_hints(is.level)) return;
  std::vector<term> marks;
  for (const bool each : is.marks) marks.push_back(truth(each));
  const term nothing = constant(no_debt, 8);
  must_clause(clause::marked, is_marked(state.free, marks, nothing, nothing, shape_.log2_fanout));
}

void world::must_begin_with_node(std::uint64_t node, bool mark) {
  at_end_ = true;
  must_clause(clause::marked_above,
              is_marked_above(constant(node, bits()), truth(mark), truth(false), truth(false)));
}

}  // namespace caiman::proof
