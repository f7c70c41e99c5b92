// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// clauses.hpp: what holds of the stacks of a slot between any two accesses
//
// An entry is a token. One token stands for all: the solver chooses which. It is in a live entry,
// or in my hand, or in a hand of all others (the tree's among them). Live are the entries up to the
// live height: the height in memory, one more while the owner has stored an entry and not yet its
// height, one less once he took the top by a plain load, which he has when he has announced that
// and then found the flag down.
//
//   one-place     the token is in one place at most                                          (S1)
//   some-place    the token is in one place at least                                         (S3)
//   within-depth  neither the height, nor the live one, nor a reach is larger than the depth; what
//                 is announced is there, and for what is noted there is room                 (S1)
//   empty-above   between the live height and the reach of a drainer, entries are empty      (S1)
//   his-top       what its owner took by a load is announced, and in his hand                (S1)
//   noted         what the note names is at no entry up to the height                        (S8)
//   counted       the flag says how many drainers are there; who has a reach is there        (S1)
//   fenced        where the flag says so, or a drainer goes by it, a fence was passed since the
//                 flag went up; it is up then, and nobody took what is unseen                (S1)
//
// A drainer is there from raising the flag to leaving, and its reach is how far up it may take.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <string_view>
#include <vector>

#include "solver/known.hpp"

namespace caiman::proof {

/// The clauses.
enum class stack_clause : unsigned char {
  one_place,
  some_place,
  within_depth,
  empty_above,
  his_top,
  noted,
  counted,
  fenced
};
/// How many there are.
inline constexpr unsigned stack_clause_count = 8;
/// As above.
std::string_view name_of(stack_clause which);

/// Which clauses are in force: all, but in controls.
struct stack_rules {
  bool left_out[stack_clause_count] = {};  ///< Neither assumed nor asked for.
  bool has(stack_clause which) const { return !left_out[static_cast<unsigned>(which)]; }
};
/// Those of this process.
stack_rules& stack_rules_in_force();

/// The stack of one order. Heights and reaches have 8 bits, tokens 32.
struct one_stack {
  term height, announced, note;  ///< The head, as it is in memory.
  std::vector<term> entries;     ///< From entry 1.
  term pushed;                   ///< The owner has stored an entry, and not yet its height.
  term taken;                    ///< The top is the owner's: announced, and the flag was down.
  term unseen;                   ///< The others do not see yet that it is announced.
  term reach, my_reach;          ///< The largest of all other drainers, and mine.

  term live_height() const;
  const term& entry(unsigned i) const { return entries[i - 1]; }
  term& entry(unsigned i) { return entries[i - 1]; }
};

/// The stacks of one slot, and their flag.
struct one_slot {
  bool is_mine;         ///< I am the owner.
  term flag, drainers;  ///< 64 bits; how many others are there, 32 bits.
  term others_passed;   ///< One of the others there goes by a fence that was passed.
  term passed;          ///< One was, since the flag went up.
  bool am_there;        ///< I am a drainer there.
  term i_passed;        ///< And go by a fence that was passed.
  std::vector<one_stack> orders;
};

/// Everything that the clauses speak of.
struct stacks_state {
  unsigned depth = 0;
  bool announces = true;     ///< Pops are announced; else exchanges, and nobody raises a flag.
  bool fences_work = true;   ///< Else the flag is up for good.
  unsigned order = 0;        ///< Of the token.
  term token = truth(true);  ///< 32 bits.
  term mine = truth(true);   ///< It is in my hand.
  term theirs = truth(true);
  std::vector<one_slot> slots;
};

/// A clause of all stacks.
term holds_of(stack_clause which, const stacks_state& all);
/// What is no clause: no height is larger than what stands for "too large", there are less than
/// 2^31 threads, and a token is not 0.
term background(const stacks_state& all);
/// A height or a reach.
term height_of(unsigned n);

}  // namespace caiman::proof
