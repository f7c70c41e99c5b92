// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// stack_world.hpp: one thread at the stacks, among any number of others
//
// As proof_world.hpp has it for the tree: before each access the others may have done anything that
// the clauses allow (clauses.hpp), and after it the clauses must hold again. Two things more are
// known of the others, and asked of the thread in turn: who is not the owner writes no head, and
// leaves of an entry what is there, or nothing. So an owner finds his heads as he left them, and
// his entries so or empty; one that is not live stays, since nobody may take it.
//
// Accesses happen one after the other, but for one store: that the owner announces may stay unseen
// by others until he writes again, or until a heavy fence of theirs. What that fence is for would
// not be asked otherwise.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "caiman/orders.hpp"
#include "clauses.hpp"
#include "solver/paths.hpp"
#include "solver/states.hpp"
#include "solver/symbolic_word.hpp"
#include "stack_story.hpp"
#include "tokens.hpp"

namespace caiman::proof {

/// See above. All of it is of the path that this process is on.
class stack_world {
 public:
  /// There is one.
  static stack_world& here();

  /// Before a check: so many slots, each with a stack for so many orders; one of them is mine, or
  /// none, with another number.
  struct setting {
    unsigned depth, orders, slots, my_slot;
    bool announces, fences_work;
  };
  void set(const setting& is) { is_ = is; }
  /// A call begins, with empty hands: all stacks are in any state that the clauses allow. My own
  /// are at rest, no drainer is me.
  /// `may_cut`: where it is in a state that was met before it need not go on.
  void begin(const std::string& call, bool may_cut = false);
  /// What lies there as it was built.
  struct built {
    std::uint64_t flag;
    std::vector<std::uint64_t> heads;
    std::vector<std::vector<std::uint32_t>> entries;
  };
  /// The clauses must hold of it, and nobody has a token of it.
  void must_hold_when_built(const built& as);
  /// A token, any: in my hand, in a stack of mine, or unknown where.
  enum class where : unsigned char { in_my_hand, in_my_stack, anywhere };
  /// The number of one.
  std::uint32_t some_token(where it_is);

  // ---- accesses, in the order of what the core asks for ------------------------------------

  /// The site that the next access is of.
  void next_site(protocol::site at) { site_ = at; }
  std::uint64_t load_head(const stack_spot& at, const call_state& state);
  void store_head(const stack_spot& at, std::uint64_t value);
  std::uint32_t load_entry(const stack_spot& at, const call_state& state);
  void store_entry(const stack_spot& at, std::uint32_t value);
  std::uint32_t exchange_entry(const stack_spot& at, std::uint32_t value);
  word load_flag(const stack_spot& at);
  void store_flag(const stack_spot& at, const word& value);
  bool compare_exchange_flag(const stack_spot& at, word& expected, const word& desired);
  word add_to_flag(const stack_spot& at, const word& value);
  word set_in_flag(const stack_spot& at, const word& mask);
  /// Every running thread passes a fence.
  void heavy_fence();
  /// The tree gets the block of this index.
  void give_to_tree(unsigned order, std::size_t index);

  // ---- contracts ---------------------------------------------------------------------------

  /// The call has returned: it holds the token of this number and no other, 0 for none; and what
  /// is mine is at rest.
  void must_hold_only(std::uint32_t number, const char* what);
  /// At rest; what it holds does not matter.
  void must_be_at_rest();
  /// The note names the token of this number, or not.
  void must_be_noted(std::uint32_t number, bool is, const char* what);
  /// The token is the one of this number: what is asked of one is asked when it is that.
  term is_the_token(std::uint32_t number) { return now_.token == token_of(number); }
  /// The token of this number is in a stack of mine now.
  term is_in_my_stack(std::uint32_t number);
  /// S1 and S3 follow.
  void must_follow_at_rest();
  /// `claim` must follow.
  void must_follow(const term& claim, const char* what);
  /// Something that must not be has happened.
  void fail(const std::string& what);
  /// An access is to none of the cells.
  void fail_outside();

 private:
  // stack_world.cpp
  one_stack any_stack() const;
  one_slot any_slot() const;
  void meet(one_slot& mine) const;
  void others_move();
  void assume_all();
  void begin_access(const char* kind, const stack_spot& at);
  void end_access();
  void must_clauses();
  static bool is_at_rest(one_stack& mine, std::string& text);
  bool has_empty_hands(std::string& text);
  void forget_the_rest(one_stack& mine) const;
  void cut_if_met(const call_state& state, const stack_spot& at);
  finding found(const std::string& what, const term& claim) const;

  // stack_accesses.cpp
  one_slot& slot_of(const stack_spot& at) { return now_.slots[at.slot]; }
  one_stack& stack_of(const stack_spot& at) { return slot_of(at).orders[at.order]; }
  bool is_of_token(const stack_spot& at) const { return at.order == now_.order; }
  term token_of(std::uint64_t number);
  void take(const stack_spot& at, const term& token);
  void give(const stack_spot& at, const term& token, const term& condition);
  void set_flag(const stack_spot& at, const term& from, const term& to);
  void all_is_seen(one_slot& slot);

  setting is_{};
  stacks_state now_;
  known_tokens tokens_;
  protocol::site site_{};
  story story_;
  unsigned accesses_ = 0;
  std::uint32_t found_in_stack_ = 0;  // a token that the first access finds there
  bool may_cut_ = false;
  bool at_end_ = false;
};

}  // namespace caiman::proof
