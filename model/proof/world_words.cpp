// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// world_words.cpp: who owns the slots of the words
// ---------------------------------------------------------------------------------------------
#include "proof_world.hpp"

namespace caiman::proof {

std::uint64_t world::all_of(unsigned level) const {
  return level == shape_.top ? shape_.top_full : shape_.full;
}

term world::mine(const word_key& of) const {
  const auto found = mine_.find(of);
  return found == mine_.end() ? constant(0, bits()) : found->second;
}
void world::set_mine(const word_key& of, const term& mask) { mine_.insert_or_assign(of, mask); }

// A constant where only one value is possible, else a new name, so that terms stay small.
term world::settled(const term& value) {
  const term simple = value.simplify();
  if (simple.is_numeral()) return simple;
  const unsigned width = simple.get_sort().bv_size();
  const term constant_one = constant(known::here().some_value(simple), width);
  if (known::here().holds(simple == constant_one)) return constant_one;
  const term named = known::here().fresh("is", width);
  known::here().assume(named == simple);
  return named;
}

// A word in a state that the invariant allows, and the words above it that say whether it is
// active.
void world::add_state(const word_key& of) {
  if (now_.contains(of)) return;
  const auto [level, index] = of;
  term active = truth(true);
  if (level < shape_.top) {
    const word_key above{level + 1, index / shape_.fanout()};
    add_state(above);
    active = bit(now_.at(above).split, static_cast<unsigned>(index % shape_.fanout()));
  }
  known& here = known::here();
  const word_state state{here.fresh("free", bits()),
                         mine(of),
                         here.fresh("theirs", bits()),
                         level == 0 ? constant(0, bits()) : here.fresh("split", bits()),
                         active,
                         constant(all_of(level), bits())};
  for (const clause each : {clause::one_owner, clause::none_missing, clause::empty_below}) {
    if (rules_in_force().has(each)) here.assume(holds_of_word(each, state));
  }
  now_.emplace(of, state);
  if (alone_ && has_hints(level)) add_marks(of, state);
}

// The others have moved: every word is new.
word_state& world::look_at(const word_key& of) {
  if (!alone_) now_.clear();
  for (const auto& [held, mask] : mine_) {
    std::uint64_t value = 1;
    if (!mask.is_numeral_u64(value) || value != 0) add_state(held);
  }
  add_state(of);
  return now_.at(of);
}

bool world::gives_its_own(const word_key& at, const term& added) {
  return known::here().holds((added & ~mine(at)) == constant(0, bits()));
}

// A bit of mine one level up becomes a whole word of mine, after those further up.
// NOLINTNEXTLINE(misc-no-recursion): as deep as there are levels
void world::expand(const word_key& at, std::vector<word_key>& touched) {
  if (at.first == shape_.top) return;
  const word_key above{at.first + 1, at.second / shape_.fanout()};
  const auto slot = static_cast<unsigned>(at.second % shape_.fanout());
  if (!known::here().holds(bit(mine(above), slot))) expand(above, touched);
  if (!known::here().holds(bit(mine(above), slot))) return;
  const term mask = constant(std::uint64_t{1} << slot, bits());
  add_state(above);
  set_mine(above, settled(mine(above) & ~mask));
  set_mine(at, constant(shape_.full, bits()));
  word_state& upper = now_.at(above);
  upper.split = upper.split | mask;
  now_.at(at).active = truth(true);
  touched.push_back(above);
}

// Whole words of mine one level down become bits of mine, after those further down.
// NOLINTNEXTLINE(misc-no-recursion): as deep as there are levels
void world::collapse(const word_key& at, std::vector<word_key>& touched) {
  if (at.first == 0) return;
  for (unsigned slot = 0; slot < shape_.fanout(); ++slot) {
    const word_key below{at.first - 1, at.second * shape_.fanout() + slot};
    collapse(below, touched);
    if (!mine_.contains(below)) continue;
    if (!known::here().holds(mine(below) == constant(shape_.full, bits()))) continue;
    const term mask = constant(std::uint64_t{1} << slot, bits());
    add_state(at);
    set_mine(below, constant(0, bits()));
    set_mine(at, settled(mine(at) | mask));
    word_state& upper = now_.at(at);
    upper.split = upper.split & ~mask;
    add_state(below);
    now_.at(below).active = truth(false);
    touched.push_back(below);
  }
}

void world::change(const word_key& at, const term& to) {
  const term from = now_.at(at).free;
  const term added = (to & ~from).simplify();
  const term taken = (from & ~to).simplify();
  std::vector<word_key> touched{at};
  if (!gives_its_own(at, added)) expand(at, touched);
  if (!gives_its_own(at, added)) collapse(at, touched);
  set_mine(at, settled((mine(at) & ~added) | taken));
  now_.at(at).free = to;
  for (const word_key& each : touched) {
    word_state& state = now_.at(each);
    state.mine = mine(each);
    term all = truth(true);
    for (const clause which : {clause::one_owner, clause::none_missing, clause::empty_below}) {
      if (rules_in_force().has(which)) all = all && holds_of_word(which, state);
    }
    if (known::here().holds(all)) continue;
    for (const clause which : {clause::one_owner, clause::none_missing, clause::empty_below})
      must_clause(which, holds_of_word(which, state));
  }
  if (has_hints(at.first)) change_marks(at, from, to);
}

}  // namespace caiman::proof
