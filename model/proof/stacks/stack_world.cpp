// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// stack_world.cpp: what the others may have done, contracts, cuts
// ---------------------------------------------------------------------------------------------
#include "stack_world.hpp"

#include <stdexcept>

namespace caiman::proof {
namespace {

// More than any path takes that is not caught in a loop.
constexpr unsigned most_at_stacks = 2000;

// True or false where it must be, as a constant.
bool is_settled(term& truth_value) {
  for (const bool value : {false, true}) {
    if (!known::here().holds(truth_value == truth(value))) continue;
    truth_value = truth(value);
    return true;
  }
  return false;
}

}  // namespace

stack_world& stack_world::here() {
  static stack_world one;
  return one;
}

one_stack stack_world::any_stack() const {
  known& here = known::here();
  one_stack any{here.fresh("height", 8),
                here.fresh_truth("announced"),
                here.fresh("note", 32),
                {},
                here.fresh_truth("pushed"),
                here.fresh_truth("taken"),
                here.fresh_truth("unseen"),
                here.fresh("reach", 8),
                height_of(0)};
  for (unsigned i = 0; i < is_.depth; ++i) any.entries.push_back(here.fresh("entry", 32));
  return any;
}

one_slot stack_world::any_slot() const {
  known& here = known::here();
  one_slot any{false,
               here.fresh("flag", 64),
               here.fresh("drainers", 32),
               here.fresh_truth("others_passed"),
               here.fresh_truth("passed"),
               false,
               truth(false),
               {}};
  for (unsigned order = 0; order < is_.orders; ++order) any.orders.push_back(any_stack());
  return any;
}

void stack_world::begin(const std::string& call, bool may_cut) {
  known& here = known::here();
  now_ = {};
  now_.depth = is_.depth;
  now_.announces = is_.announces;
  now_.fences_work = is_.fences_work;
  now_.order = choose(is_.orders);
  now_.token = here.fresh("token", 32);
  now_.mine = truth(false);
  now_.theirs = here.fresh_truth("theirs");
  for (unsigned slot = 0; slot < is_.slots; ++slot) {
    now_.slots.push_back(any_slot());
    if (slot != is_.my_slot) continue;
    now_.slots[slot].is_mine = true;
    for (one_stack& in : now_.slots[slot].orders) {
      in.announced = in.pushed = in.taken = in.unseen = truth(false);
      here.assume(z3::ule(in.height, height_of(is_.depth + 1)));
    }
  }
  tokens_.forget();
  found_in_stack_ = 0;
  may_cut_ = may_cut;
  accesses_ = 0;
  at_end_ = false;
  story_.begin(call);
}

std::uint32_t stack_world::some_token(where it_is) {
  const term token = known::here().fresh("given", 32);
  known::here().assume(token != constant(0, 32));
  const std::uint32_t number = tokens_.add(token);
  if (it_is == where::in_my_hand) now_.mine = now_.token == token;
  if (it_is == where::in_my_stack) found_in_stack_ = number;
  return number;
}

// Of what is mine the others have changed the flag, and taken what is live.
void stack_world::meet(one_slot& mine) const {
  one_slot next = any_slot();
  next.is_mine = true;
  for (unsigned order = 0; order < is_.orders; ++order) {
    one_stack& in = next.orders[order];
    const one_stack& before = mine.orders[order];
    in.height = before.height;
    in.announced = before.announced;
    in.note = before.note;
    in.pushed = before.pushed;
    in.taken = before.taken;
    const term live = before.live_height();
    for (unsigned i = 1; i <= is_.depth; ++i) {
      const term is_taken = in.entry(i) == constant(0, 32) && z3::ule(height_of(i), live);
      known::here().assume(in.entry(i) == before.entry(i) || is_taken);
    }
    known::here().assume(before.unseen || !in.unseen);
  }
  mine = next;
}

void stack_world::others_move() {
  for (one_slot& slot : now_.slots) {
    if (slot.is_mine) {
      meet(slot);
      continue;
    }
    one_slot next = any_slot();
    next.am_there = slot.am_there;
    next.i_passed = slot.i_passed;
    for (unsigned order = 0; order < is_.orders; ++order)
      next.orders[order].my_reach = slot.orders[order].my_reach;
    slot = next;
  }
  now_.theirs = known::here().fresh_truth("theirs");
  assume_all();
}

void stack_world::assume_all() {
  known& here = known::here();
  here.assume(background(now_));
  for (unsigned i = 0; i < stack_clause_count; ++i) {
    const auto which = static_cast<stack_clause>(i);
    if (stack_rules_in_force().has(which)) here.assume(holds_of(which, now_));
  }
  if (found_in_stack_ != 0) here.assume(is_in_my_stack(found_in_stack_));
  found_in_stack_ = 0;
}

void stack_world::begin_access(const char* kind, const stack_spot& at) {
  count_access();
  story_.access(name_of(site_), kind, name_of(at));
  if (++accesses_ > most_at_stacks) throw std::runtime_error("a path does not end");
  others_move();
}

void stack_world::end_access() { must_clauses(); }

void stack_world::must_clauses() {
  term all = truth(true);
  for (unsigned i = 0; i < stack_clause_count; ++i) {
    const auto which = static_cast<stack_clause>(i);
    if (stack_rules_in_force().has(which)) all = all && holds_of(which, now_);
  }
  if (known::here().holds(all)) return;
  for (unsigned i = 0; i < stack_clause_count; ++i) {
    const auto which = static_cast<stack_clause>(i);
    if (stack_rules_in_force().has(which))
      must_follow(holds_of(which, now_), std::string(name_of(which)).c_str());
  }
}

// What a thread knows of a stack of its own between two looks, if that is at rest.
bool stack_world::is_at_rest(one_stack& mine, std::string& text) {
  if (!mine.announced.is_false() || !mine.taken.is_false() || !mine.pushed.is_false()) return false;
  text += mine.height.is_numeral() ? "h" + std::to_string(mine.height.get_numeral_uint64()) : "?";
  for (unsigned i = 1; i <= mine.entries.size(); ++i) {
    if (!known::here().holds(mine.entry(i) == constant(0, 32))) continue;
    mine.entry(i) = constant(0, 32);
    text += "e" + std::to_string(i);
  }
  return true;
}

// What it knows of all, if it holds nothing.
bool stack_world::has_empty_hands(std::string& text) {
  if (!is_settled(now_.mine) || now_.mine.is_true()) return false;
  text += std::to_string(now_.order);
  for (one_slot& slot : now_.slots) {
    if (!is_settled(slot.i_passed)) return false;
    text += std::string(slot.am_there ? "there" : "") + (slot.i_passed.is_true() ? "passed" : "");
    for (one_stack& in : slot.orders) {
      if (slot.is_mine && !is_at_rest(in, text)) return false;
      if (!slot.is_mine) text += "r" + std::to_string(in.my_reach.get_numeral_uint64());
    }
  }
  return true;
}

// It knows no more than that.
void stack_world::forget_the_rest(one_stack& mine) const {
  const one_stack any = any_stack();
  mine.note = any.note;
  if (!mine.height.is_numeral()) mine.height = any.height;
  for (unsigned i = 1; i <= is_.depth; ++i) {
    if (!mine.entry(i).is_numeral()) mine.entry(i) = any.entry(i);
  }
}

// A call goes on from here as one that was here before: it holds nothing, the others may have done
// anything, and of its own stacks, which are at rest, the heights are what they were, and what it
// knows to be empty is. So the token is chosen anew, and numbers that it met before must not be
// used any more.
void stack_world::cut_if_met(const call_state& state, const stack_spot& at) {
  std::string more = name_of(site_) + name_of(at);
  if (!has_empty_hands(more)) return;
  if (!is_new_state(fingerprint_of(state, more))) end_path(path_end::again);
  now_.token = known::here().fresh("token", 32);
  for (one_slot& slot : now_.slots) {
    for (one_stack& in : slot.orders) {
      if (slot.is_mine) forget_the_rest(in);
    }
  }
  tokens_.forget();
  forbid_older_terms();
}

finding stack_world::found(const std::string& what, const term& claim) const {
  return {what, at_end_ ? "the end" : name_of(site_), told(story_, claim, now_)};
}
void stack_world::fail(const std::string& what) { report(found(what, truth(false))); }
void stack_world::fail_outside() {
  story_.access(name_of(site_), "load", name_of(stack_spot{stack_spot::kind::outside, 0, 0, 0}));
  fail("there is no such entry");
}
void stack_world::must_follow(const term& claim, const char* what) {
  must(claim, what, [&] { return found(what, claim); });
}

void stack_world::must_hold_when_built(const built& as) {
  begin("built");
  now_.theirs = truth(true);
  for (one_slot& slot : now_.slots) {
    slot.flag = constant(as.flag, 64);
    slot.drainers = constant(0, 32);
    slot.others_passed = truth(false);
    slot.passed = bit(slot.flag, 32);
    for (unsigned order = 0; order < is_.orders; ++order) {
      one_stack& in = slot.orders[order];
      in.height = height_of(static_cast<unsigned>(as.heads[order]));
      in.note = constant(as.heads[order] >> 32, 32);
      in.reach = height_of(0);
      for (unsigned i = 1; i <= is_.depth; ++i)
        in.entry(i) = constant(as.entries[order][i - 1], 32);
    }
  }
  known::here().assume(now_.token != constant(0, 32));
  at_end_ = true;
  must_clauses();
}

void stack_world::must_be_at_rest() {
  at_end_ = true;
  for (const one_slot& slot : now_.slots) {
    must_follow(truth(!slot.am_there), "a drainer does not leave");
    if (!slot.is_mine) continue;
    for (const one_stack& in : slot.orders)
      must_follow(!in.announced && !in.taken && !in.pushed, "the owner's call ends in between");
  }
}

void stack_world::must_hold_only(std::uint32_t number, const char* what) {
  must_be_at_rest();
  const term expected = number == 0 ? truth(false) : now_.token == token_of(number);
  must_follow(now_.mine == expected, what);
}

void stack_world::must_be_noted(std::uint32_t number, bool is, const char* what) {
  const term noted = now_.slots[is_.my_slot].orders[0].note == token_of(number);
  must_follow(is ? noted : !noted, what);
}

term stack_world::is_in_my_stack(std::uint32_t number) {
  const one_stack& in = now_.slots[is_.my_slot].orders[0];
  const term token = token_of(number);
  term result = truth(false);
  for (unsigned i = 1; i <= is_.depth; ++i)
    result = result || (z3::ule(height_of(i), in.live_height()) && in.entry(i) == token);
  return result;
}

// All owners are at rest and no drainer is there: what is up to a height is in the stack.
void stack_world::must_follow_at_rest() {
  begin("hence");
  assume_all();
  at_end_ = true;
  term times = constant(0, 8);
  const auto one_if = [](const term& condition) {
    return z3::ite(condition, constant(1, 8), constant(0, 8));
  };
  for (const one_slot& slot : now_.slots) {
    const one_stack& in = slot.orders[now_.order];
    known::here().assume(!in.announced && !in.pushed && !in.taken);
    for (unsigned i = 1; i <= is_.depth; ++i) {
      times = times + one_if(z3::ule(height_of(i), in.height) && in.entry(i) == now_.token);
    }
  }
  times = times + one_if(now_.theirs);
  must_follow(z3::ule(times, constant(1, 8)), "S1: a block is in two places");
  must_follow(z3::uge(times, constant(1, 8)), "S3: a block is in no place");
}

}  // namespace caiman::proof
