// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// stack_calls.hpp: the calls at the stacks, and their contracts
//
// An owner's calls run on a slot of his; a drainer's whole pass is drain() of the tree that ships,
// over a tree of one word, and slots of which one may be the drainer's own.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "caiman/protocol/stacks.hpp"
#include "caiman/protocol/tree.hpp"
#include "stack_sync.hpp"

namespace caiman::proof {

/// The calls of stacks of one depth.
template <unsigned Depth, unsigned Orders, bool Announces, bool FencesWork = true>
class stack_calls {
 public:
  using sync = stack_sync<Depth, Orders, Announces, FencesWork>;
  using stacks = protocol::owner_stacks<sync>;
  using tree = protocol::tree<sync, 6>;
  static constexpr unsigned max_order = 6;  // a tree of one word

  stack_calls() { set_word_bits(64); }

  void built() {
    const stacks one = own(true);
    stack_world::built is;
    is.flag = one.drainers().load(std::memory_order_relaxed).value();
    for (unsigned order = 0; order < Orders; ++order) {
      is.heads.push_back(one.head(order).built());
      is.entries.emplace_back();
      for (unsigned i = 1; i <= Depth; ++i)
        is.entries[order].push_back(one.entry(order, i).built());
    }
    world().must_hold_when_built(is);
  }
  void at_rest() {
    own();
    world().must_follow_at_rest();
  }

  // ---- the owner's calls ---------------------------------------------------------------------

  void push() {
    const stacks mine = own();
    world().begin("push");
    const std::uint32_t token = world().some_token(stack_world::where::in_my_hand);
    const bool kept = mine.push(0, token - 1);
    world().must_hold_only(kept ? 0 : token, "what a push keeps is in a hand, or else is not");
  }
  void push_again() {
    const stacks mine = own();
    world().begin("push_again");
    const std::uint32_t token = world().some_token(stack_world::where::in_my_hand);
    const bool kept = mine.push_again(0, token - 1);
    world().must_hold_only(kept ? 0 : token, "what a push keeps is in a hand, or else is not");
  }
  /// Of what lies in the stack already, or of an index that no block has.
  void push_again_wrongly(bool of_a_block) {
    const stacks mine = own();
    world().begin("push_again, a second time");
    const std::uint32_t token =
        of_a_block ? world().some_token(stack_world::where::in_my_stack) : 0;
    const bool kept = mine.push_again(0, token - std::size_t{1});
    world().must_be_at_rest();
    const term is_it = of_a_block ? world().is_the_token(token) : truth(true);
    world().must_follow(truth(!kept) || !is_it, "a second release passes for a first one");
  }
  void forget() {
    const stacks mine = own();
    world().begin("forget");
    const std::uint32_t token = world().some_token(stack_world::where::in_my_hand);
    mine.forget(0, token - 1);
    world().must_hold_only(token, "what is forgotten is held as before");
    world().must_be_noted(token, false, "what is forgotten is noted");
  }
  void holds_what_is_live() {
    const stacks mine = own();
    world().begin("holds, of a live block");
    const std::uint32_t token = world().some_token(stack_world::where::in_my_hand);
    const bool there = mine.holds(0, token - 1);
    world().must_hold_only(token, "a look takes something");
    world().must_follow(truth(!there) || !world().is_the_token(token),
                        "a right release counts as misuse");
  }
  void holds_what_is_kept() {
    const stacks mine = own();
    world().begin("holds, of a block that it keeps");
    const std::uint32_t token = world().some_token(stack_world::where::in_my_stack);
    const bool there = mine.holds(0, token - 1);
    world().must_hold_only(0, "a look takes something");
    world().must_follow(truth(there) || !world().is_in_my_stack(token),
                        "what the stack keeps is not found there");
  }
  void pop_top() {
    const stacks mine = own();
    world().begin("pop_top");
    std::size_t index = 0;
    const bool got = mine.pop_top(0, index);
    // When it is time to look at the flag, a pop by exchange leaves no note.
    has_popped(got ? index : stacks::nothing, !Announces);
  }
  void pop_below() {
    const stacks mine = own();
    world().begin("pop_below", true);
    has_popped(mine.pop_below(0), true);
  }

  // ---- a drainer's pass ----------------------------------------------------------------------

  /// Over `slots` slots; the thread's own is number `my_slot`, among them or not.
  void drain(unsigned slots, unsigned my_slot) {
    stack_cells& cells = stack_cells::here();
    cells = {};
    cells.slots = slots;
    cells.my_slot = my_slot;
    world().set({Depth, Orders, slots, my_slot, Announces, FencesWork});
    tree_ = std::make_unique<tree>(memory_, max_order, std::size_t{1} << max_order);
    for (unsigned slot = 0; slot < slots; ++slot) add(tree_->lanes().stacks(slot), slot);
    cells.words[&tree_->at(0).word(0)] = 0;
    world().begin("drain", true);
    tree_->drain(tree_->lanes().mine());
    world().must_hold_only(0, "what a drainer takes, the tree gets");
  }

 private:
  static stack_world& world() { return stack_world::here(); }

  // One slot, which is the thread's own.
  stacks own(bool as_built = false) {
    stack_cells::here() = {};
    const stacks one(memory_);
    one.build();
    world().set({Depth, Orders, 1, 0, Announces, FencesWork});
    if (!as_built) add(one, 0);
    return one;
  }
  void add(const stacks& of, unsigned slot) {
    stack_cells& cells = stack_cells::here();
    using kind = stack_spot::kind;
    cells.whole = {memory_, memory_ + sizeof memory_ - 1};
    cells.stacks.emplace_back(of.at_, of.at_ + stacks::bytes() - 1);
    cells.spots[of.flag_address()] = {kind::flag, slot, 0, 0};
    for (unsigned order = 0; order < Orders; ++order) {
      cells.spots[of.head_address(order)] = {kind::head, slot, order, 0};
      for (unsigned i = 1; i <= Depth; ++i)
        cells.spots[of.entry_address(order, i)] = {kind::entry, slot, order, i};
    }
    cells.pops.insert(&of.pops());
    cells.seen.insert(&of.seen());
  }
  void has_popped(std::size_t index, bool is_noted) {
    const bool got = index != stacks::nothing;
    const auto token = got ? static_cast<std::uint32_t>(index + 1) : 0;
    world().must_hold_only(token, "what a pop returns is not what it took");
    if (got && is_noted) world().must_be_noted(token, true, "what was popped last is not noted");
  }

  alignas(128) static inline std::byte memory_[tree::bytes(max_order)];
  std::unique_ptr<tree> tree_;
};

}  // namespace caiman::proof
