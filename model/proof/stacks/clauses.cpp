// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// clauses.cpp: the clauses as terms
// ---------------------------------------------------------------------------------------------
#include "clauses.hpp"

namespace caiman::proof {
namespace {

// A clause of each stack, all together.
template <class Clause>
term of_each(const stacks_state& all, Clause clause) {
  term result = truth(true);
  for (const one_slot& slot : all.slots) {
    for (const one_stack& in : slot.orders) result = result && clause(slot, in);
  }
  return result;
}

term is_larger(unsigned i, const term& height) { return z3::ugt(height_of(i), height); }

// Where the token may be, each as a truth.
std::vector<term> places(const stacks_state& all) {
  std::vector<term> result{all.mine, all.theirs};
  for (const one_slot& slot : all.slots) {
    const one_stack& in = slot.orders[all.order];
    for (unsigned i = 1; i <= in.entries.size(); ++i)
      result.push_back(!is_larger(i, in.live_height()) && in.entry(i) == all.token);
  }
  return result;
}

term one_place(const stacks_state& all) {
  term before = truth(false);
  term result = truth(true);
  for (const term& each : places(all)) {
    result = result && !(before && each);
    before = before || each;
  }
  return result;
}

term some_place(const stacks_state& all) {
  term result = truth(false);
  for (const term& each : places(all)) result = result || each;
  return result;
}

term within_depth(const stacks_state& all, const one_stack& in) {
  const auto fits = [&](const term& height) { return is_larger(all.depth + 1, height); };
  const term no_note = in.note == constant(0, 32);
  return fits(in.height) && fits(in.live_height()) && fits(in.reach) && fits(in.my_reach) &&
         z3::implies(in.announced, in.height != height_of(0)) &&
         (no_note || in.pushed || is_larger(all.depth, in.height));
}

term empty_above(const one_stack& in) {
  term result = truth(true);
  for (unsigned i = 1; i <= in.entries.size(); ++i) {
    const term reached = !is_larger(i, in.reach) || !is_larger(i, in.my_reach);
    result = result &&
             z3::implies(reached && is_larger(i, in.live_height()), in.entry(i) == constant(0, 32));
  }
  return result;
}

term his_top(const stacks_state& all, const one_slot& slot, const one_stack& in) {
  term result = z3::implies(in.announced, !in.pushed) && z3::implies(in.taken, in.announced) &&
                (truth(all.announces) || !in.announced);
  if (&in != &slot.orders[all.order]) return result;
  for (unsigned i = 1; i <= in.entries.size(); ++i) {
    result =
        result && z3::implies(in.taken && in.height == height_of(i) && in.entry(i) == all.token,
                              slot.is_mine ? all.mine : all.theirs);
  }
  return result;
}

term noted(const stacks_state& all) {
  term result = truth(true);
  for (const one_slot& slot : all.slots) {
    const one_stack& in = slot.orders[all.order];
    for (unsigned i = 1; i <= in.entries.size(); ++i) {
      result =
          result && !(in.note == all.token && !is_larger(i, in.height) && in.entry(i) == all.token);
    }
  }
  return result;
}

term counted(const one_slot& slot) {
  const term none = constant(0, 32);
  term result = slot.flag.extract(31, 0) == slot.drainers + constant(slot.am_there ? 1 : 0, 32) &&
                z3::implies(slot.others_passed, slot.drainers != none);
  for (const one_stack& in : slot.orders)
    result = result && z3::implies(in.reach != height_of(0), slot.drainers != none);
  return result;
}

term fenced(const stacks_state& all, const one_slot& slot) {
  const term says_so = bit(slot.flag, 32);
  term result = z3::implies(says_so || slot.others_passed || slot.i_passed, slot.passed) &&
                z3::implies(slot.passed, slot.flag != constant(0, 64));
  for (const one_stack& in : slot.orders)
    result = result && !(slot.passed && in.taken && in.unseen);
  return all.fences_work ? result : result && says_so;
}

}  // namespace

term height_of(unsigned n) { return constant(n, 8); }

term one_stack::live_height() const {
  const term one = height_of(1);
  const term none = height_of(0);
  return height + z3::ite(pushed, one, none) - z3::ite(taken, one, none);
}

std::string_view name_of(stack_clause which) {
  constexpr std::string_view names[stack_clause_count] = {
      "one-place", "some-place", "within-depth", "empty-above",
      "his-top",   "noted",      "counted",      "fenced"};
  return names[static_cast<unsigned>(which)];
}

stack_rules& stack_rules_in_force() {
  static stack_rules all;
  return all;
}

term holds_of(stack_clause which, const stacks_state& all) {
  switch (which) {
    case stack_clause::one_place:
      return one_place(all);
    case stack_clause::some_place:
      return some_place(all);
    case stack_clause::within_depth:
      return of_each(all,
                     [&](const one_slot&, const one_stack& in) { return within_depth(all, in); });
    case stack_clause::empty_above:
      return of_each(all, [](const one_slot&, const one_stack& in) { return empty_above(in); });
    case stack_clause::his_top:
      return of_each(
          all, [&](const one_slot& slot, const one_stack& in) { return his_top(all, slot, in); });
    case stack_clause::noted:
      return noted(all);
    case stack_clause::counted:
    case stack_clause::fenced:
      break;
  }
  term result = truth(true);
  for (const one_slot& slot : all.slots) {
    if (!all.announces) continue;
    result = result && (which == stack_clause::counted ? counted(slot) : fenced(all, slot));
  }
  return result;
}

term background(const stacks_state& all) {
  const term too_large = height_of(all.depth + 1);
  term result = all.token != constant(0, 32);
  for (const one_slot& slot : all.slots) {
    result = result && z3::ult(slot.drainers, constant(std::uint64_t{1} << 31, 32));
    for (const one_stack& in : slot.orders)
      result = result && z3::ule(in.height, too_large) && z3::ule(in.reach, too_large);
  }
  return result;
}

}  // namespace caiman::proof
