// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// world.cpp: accesses, contracts, cuts
// ---------------------------------------------------------------------------------------------
#include "proof_world.hpp"

#include <stdexcept>

namespace caiman::proof {
namespace {

// More than any path takes that is not caught in a loop.
constexpr unsigned most_accesses = 2000;

// Where a loop may stand with nothing of an older look at hand: what is read is read anew.
bool begins_anew(protocol::site at) {
  using protocol::site;
  return at == site::search_hint || at == site::search_word || at == site::clear_look ||
         at == site::sweep_word;
}

}  // namespace

world& world::here() {
  static world one;
  return one;
}

void world::begin(const std::string& call, bool alone) {
  mine_.clear();
  debts_.clear();
  node_debts_.clear();
  now_.clear();
  nodes_.clear();
  few_places_ = false;
  accesses_ = 0;
  at_end_ = false;
  alone_ = alone;
  story_.begin(call);
}

void world::hold(unsigned level, std::size_t index, std::uint64_t mask) {
  set_mine({level, index}, constant(mask, bits()));
}

finding world::found(const std::string& what, const term& claim) const {
  return {what, at_end_ ? "the end" : name_of(site_), told(story_, claim, shape_, now_)};
}
void world::fail(const std::string& what) { report(found(what, truth(false))); }
void world::must_follow(const term& claim, const char* what) {
  must(claim, what, [&] { return found(what, claim); });
}
void world::must_clause(clause which, const term& claim) {
  if (!rules_in_force().has(which)) return;
  must_follow(claim, std::string(name_of(which)).c_str());
}

void world::access(const char* kind, const place& at) {
  count_access();
  story_.access(name_of(site_), kind, name_of(at));
  if (++accesses_ > most_accesses) throw std::runtime_error("a path does not end");
}

bool world::is_settled(std::string& text) const {
  for (const auto& [of, mask] : mine_) {
    std::uint64_t value = 0;
    if (!mask.is_numeral_u64(value)) return false;
    if (value == 0) continue;
    text += "m" + std::to_string(of.first) + "." + std::to_string(of.second) + "=" +
            std::to_string(value);
  }
  for (const auto& [of, owed] : debts_) {
    std::uint64_t value = 0;
    if (!owed.is_numeral_u64(value)) return false;
    if (value == 0) continue;
    text += "d" + std::to_string(of.first) + "." + std::to_string(of.second) + "=" +
            std::to_string(value);
  }
  for (const auto& [of, owed] : node_debts_) {
    if (owed.is_false()) continue;
    if (!owed.is_true()) return false;
    const auto& [level, height, index, cls] = of;
    for (const std::size_t each :
         {std::size_t{level}, std::size_t{height}, index, std::size_t{cls}})
      text += "n" + std::to_string(each);
  }
  return true;
}

// What the call has decided since it took or owed something may say what it has and owes still.
void world::settle_all() {
  known& here = known::here();
  for (auto& [of, mask] : mine_) {
    if (!mask.is_numeral()) mask = settled(mask);
  }
  for (auto& [of, owed] : debts_) {
    if (!owed.is_numeral()) owed = settled(owed);
  }
  for (auto& [of, owed] : node_debts_) {
    if (owed.is_true() || owed.is_false()) continue;
    if (here.holds(!owed)) owed = truth(false);
    if (here.holds(owed)) owed = truth(true);
  }
}

void world::cut_if_met(const call_state& state, const place& at, bool failed) {
  if (alone_) return;  // what it has left behind is part of its state
  std::string more = std::string(failed ? "failed " : "") + name_of(site_) + name_of(at);
  settle_all();
  if (!is_settled(more)) return;
  if (!is_new_state(fingerprint_of(state, more))) end_path(path_end::again);
  forbid_older_terms();
}

word world::load(const place& at, const call_state& state) {
  access("load", at);
  if (at.is == place::kind::always_marked) return ~0ULL;
  if (begins_anew(site_)) cut_if_met(state, at, false);
  if (at.is == place::kind::hint) {
    const term node = new_node(at);
    if (site_ == protocol::site::search_hint && ~shape_.searched != 0)
      known::here().assume((node & constant(~shape_.searched, bits())) == constant(0, bits()));
    story_.saw(node, node);
    node_seen(at, node);
    return word(node);
  }
  const word_key key{at.level, at.index};
  const term free = look_at(key).free;
  story_.saw(free, free);
  word_seen(key, free);
  return word(free);
}

void world::store(const place& at, const word& value) {
  if (at.is != place::kind::word) return fail("a hint is overwritten");
  access("store", at);
  const word_key key{at.level, at.index};
  story_.saw(look_at(key).free, value.low());
  change(key, value.low());
}

// Of what is claimed, if anything is.
void world::assume_one_of_few_places(const term& taken) {
  const term none = constant(0, bits());
  const term one = taken == none || (taken & constant(shape_.searched, bits())) != none;
  if (!known::here().can(one)) end_path(path_end::cannot);
  known::here().assume(one);
}

bool world::compare_exchange(const place& at, word& expected, const word& desired,
                             const call_state& state) {
  if (at.is != place::kind::word) fail("a hint is compared");
  const word_key key{at.level, at.index};
  if (alone_ ? decide(look_at(key).free == expected.low()) : choose(2) == 0) {
    access("cas", at);
    const term equal = look_at(key).free == expected.low();
    if (!known::here().can(equal)) end_path(path_end::cannot);
    known::here().assume(equal);
    if (few_places_) assume_one_of_few_places(expected.low() & ~desired.low());
    story_.saw(expected.low(), desired.low());
    change(key, desired.low());
    return true;
  }
  access("cas_failed", at);
  cut_if_met(state, at, true);
  // Of what it finds nothing is assumed, not even that it differs.
  const term free = look_at(key).free;
  story_.saw(free, free);
  word_seen(key, free);
  expected = word(free);
  return false;
}

word world::fetch_or(const place& at, const word& mask) {
  access("fetch_or", at);
  if (at.is == place::kind::word) {
    const word_key key{at.level, at.index};
    const term free = look_at(key).free;
    story_.saw(free, free | mask.low());
    change(key, free | mask.low());
    return word(free);
  }
  if (at.is != place::kind::hint) fail("a node over a single word is written");
  const term node = new_node(at);
  if (at.height + 1 < shape_.heights[at.level])
    node_debts_.insert_or_assign({at.level, at.height, at.index, at.cls}, truth(true));
  story_.saw(node, node | mask.low());
  set_node(at, node | mask.low());
  node_seen(at, node | mask.low());
  return word(node);
}

word world::fetch_and(const place& at, const word& mask) {
  access("fetch_and", at);
  if (at.is != place::kind::hint) fail("bits are cleared without a claim");
  if (!mask.is_constant()) throw std::logic_error("a mark that is a term is cleared");
  const term node = new_node(at);
  story_.saw(node, node & mask.low());
  set_node(at, node & mask.low());
  for (unsigned slot = 0; slot < bits(); ++slot) {
    if ((mask.value() >> slot & 1) == 0) clear_mark(at, node, slot);
  }
  return word(node);
}

void world::must_hold_only(unsigned level, std::size_t index, std::uint64_t mask,
                           const char* what) {
  std::vector<part> parts;
  if (mask != 0) parts.push_back({level, index, mask});
  must_hold_parts(parts, what);
}

void world::must_hold_parts(const std::vector<part>& parts, const char* what) {
  at_end_ = true;
  std::map<word_key, std::uint64_t> expected;
  for (const part& each : parts) expected[{each.level, each.index}] |= each.mask;
  for (const auto& [of, held] : mine_) expected.try_emplace(of, 0);
  for (const auto& [of, mask] : expected) must_follow(mine(of) == constant(mask, bits()), what);
  for (const auto& [of, owed] : debts_) must_follow(owed == constant(no_debt, 8), "a mark is owed");
  for (const auto& [of, owed] : node_debts_) must_follow(!owed, "a mark above a node is owed");
}

void world::must_not_be_full(unsigned level, std::size_t index, const char* what) {
  at_end_ = true;
  const word_key key{level, index};
  add_state(key);
  must_follow(now_.at(key).free != constant(shape_.full, bits()), what);
}

// S1, S3, S4 and S5 of a tree in which no call is under way.
void world::must_follow_at_rest() {
  at_end_ = true;
  term nothing_live = truth(true);  // and swept: no word below the root is full
  term nobody_is_below = truth(true);
  for (unsigned level = 0; level <= shape_.top; ++level) {
    const std::size_t words = level == shape_.top ? 1 : shape_.words[level];
    for (std::size_t i = 0; i < words; ++i) {
      add_state({level, i});
      const word_state& w = now_.at({level, i});
      nothing_live = nothing_live && w.theirs == constant(0, bits());
      if (level == shape_.top) continue;
      nothing_live = nothing_live && w.free != w.all;
      const word_state& above = now_.at({level + 1, i / shape_.fanout()});
      const term owned = bit(above.theirs, static_cast<unsigned>(i % shape_.fanout()));
      nobody_is_below =
          nobody_is_below && z3::implies(owned, (w.free | w.theirs) == constant(0, bits()));
    }
  }
  const word_state& some = now_.at({0, 0});
  must_follow((some.free & some.theirs) == constant(0, bits()), "S1: a live block is free");
  must_follow(nobody_is_below, "S1: a part of a live block is free, or another block");
  must_follow(z3::implies(some.active, (some.free | some.theirs) == some.all),
              "S3: a min block is neither free nor live");
  const word_state& root = now_.at({shape_.top, 0});
  must_follow(z3::implies(nothing_live, root.free == root.all),
              "S4: nothing is live, swept, and it is not one block");
  if (!has_hints(0)) return;
  term found = truth(false);
  for (unsigned cls = 0; cls <= shape_.log2_fanout; ++cls) {
    term way = z3::ule(largest_of(some.free, shape_.log2_fanout), constant(cls + 1, 8));
    for (unsigned height = 0; height < shape_.heights[0]; ++height)
      way = way && bit(new_node({place::kind::hint, 0, height, 0, cls}), 0);
    found = found || way;
  }
  must_follow(some.free == constant(0, bits()) || found, "S5: no way leads to a free run");
}

}  // namespace caiman::proof
