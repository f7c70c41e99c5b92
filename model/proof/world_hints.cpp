// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// world_hints.cpp: what the thread owes the hints
// ---------------------------------------------------------------------------------------------
#include "proof_world.hpp"

namespace caiman::proof {

term world::debt(const word_key& of) const {
  const auto found = debts_.find(of);
  return found == debts_.end() ? constant(no_debt, 8) : found->second;
}
term world::node_debt(const node_key& of) const {
  const auto found = node_debts_.find(of);
  return found == node_debts_.end() ? truth(false) : found->second;
}

std::vector<term> world::fresh_marks() const {
  std::vector<term> marks;
  for (unsigned cls = 0; cls <= shape_.log2_fanout; ++cls)
    marks.push_back(known::here().fresh_truth("mark"));
  return marks;
}
// A node in any state; of a thread that is alone, in the state in which it was.
term world::new_node(const place& at) {
  if (!alone_) return known::here().fresh("node", bits());
  const node_key of{at.level, at.height, at.index, at.cls};
  if (const auto found = nodes_.find(of); found != nodes_.end()) return found->second;
  nodes_.emplace(of, known::here().fresh("node", bits()));
  assume_marked_above(of);
  return nodes_.at(of);
}
void world::set_node(const place& at, const term& node) {
  if (alone_) nodes_.insert_or_assign({at.level, at.height, at.index, at.cls}, node);
}

// When nobody owes anything a word is marked, and so are the nodes over it.
void world::add_marks(const word_key& of, const word_state& state) {
  std::vector<term> marks;
  const auto slot = static_cast<unsigned>(of.second % shape_.fanout());
  for (unsigned cls = 0; cls <= shape_.log2_fanout; ++cls) {
    const place leaf{place::kind::hint, of.first, 0, of.second / shape_.fanout(), cls};
    marks.push_back(bit(new_node(leaf), slot));
  }
  if (rules_in_force().has(clause::marked)) {
    const term none = constant(no_debt, 8);
    known::here().assume(is_marked(state.free, marks, none, none, shape_.log2_fanout));
  }
}
void world::assume_marked_above(const node_key& of) {
  const auto& [level, height, index, cls] = of;
  if (height + 1 >= shape_.heights[level] || !rules_in_force().has(clause::marked_above)) return;
  const place above{place::kind::hint, level, height + 1, index / shape_.fanout(), cls};
  const term mark = bit(new_node(above), static_cast<unsigned>(index % shape_.fanout()));
  known::here().assume(is_marked_above(nodes_.at(of), mark, truth(false), truth(false)));
}

namespace {

void assume_marked(const term& free, const std::vector<term>& marks, const term& theirs,
                   const term& mine, unsigned log2_fanout) {
  if (rules_in_force().has(clause::marked))
    known::here().assume(is_marked(free, marks, theirs, mine, log2_fanout));
}

bool is_none(const term& debt) {
  std::uint64_t value = 1;
  return debt.is_numeral_u64(value) && value == no_debt;
}

}  // namespace

// A word has changed: a run larger than those before is a debt.
void world::change_marks(const word_key& at, const term& from, const term& to) {
  const term before = debt(at);
  const term was = largest_of(from, shape_.log2_fanout);
  const term is = largest_of(to, shape_.log2_fanout);
  const term after = z3::ite(z3::ugt(is, was) && z3::ugt(is, before), is, before);
  const std::vector<term> marks = fresh_marks();
  const term theirs = known::here().fresh("owed", 8);
  assume_marked(from, marks, theirs, before, shape_.log2_fanout);
  const term owed = settled(after);
  must_clause(clause::marked, is_marked(to, marks, theirs, owed, shape_.log2_fanout));
  debts_.insert_or_assign(at, owed);
}

// A look at a word that a look is owed of: what is owed now is a mark of what is there.
void world::word_seen(const word_key& at, const term& free) {
  if (!has_hints(at.first) || is_none(debt(at))) return;
  const term before = debt(at);
  const term after =
      z3::ite(before == constant(owes_a_look, 8), largest_of(free, shape_.log2_fanout), before);
  const std::vector<term> marks = fresh_marks();
  const term theirs = known::here().fresh("owed", 8);
  assume_marked(free, marks, theirs, before, shape_.log2_fanout);
  const term owed = settled(after);
  must_clause(clause::marked, is_marked(free, marks, theirs, owed, shape_.log2_fanout));
  debts_.insert_or_assign(at, owed);
}

// A node is seen: the marks that are there are owed no more, nor are those above an empty node.
void world::node_seen(const place& at, const term& node) {
  if (at.height == 0) word_debts_seen(at, node);
  node_debts_seen(at, node);
}

void world::word_debts_seen(const place& at, const term& node) {
  for (auto& [of, owed] : debts_) {
    if (of.first != at.level || of.second / shape_.fanout() != at.index || is_none(owed)) continue;
    const term mark = bit(node, static_cast<unsigned>(of.second % shape_.fanout()));
    const term large =
        rules_in_force().any_mark ? truth(true) : z3::ule(owed, constant(at.cls + 1, 8));
    const term after = z3::ite(mark && large, constant(no_debt, 8), owed);
    std::vector<term> marks = fresh_marks();
    marks[at.cls] = mark;
    const term theirs = known::here().fresh("owed", 8);
    const term free = known::here().fresh("free", bits());
    assume_marked(free, marks, theirs, owed, shape_.log2_fanout);
    const term left = settled(after);
    must_clause(clause::marked, is_marked(free, marks, theirs, left, shape_.log2_fanout));
    owed = left;
  }
}

void world::node_debts_seen(const place& at, const term& node) {
  known& here = known::here();
  for (auto& [of, owed] : node_debts_) {
    const auto& [level, height, index, cls] = of;
    if (level != at.level || cls != at.cls || owed.is_false()) continue;
    const bool is_it = height == at.height && index == at.index;
    const bool is_above = height + 1 == at.height && index / shape_.fanout() == at.index;
    if (!is_it && !is_above) continue;
    const term it = is_it ? node : here.fresh("node", bits());
    const term mark = is_above ? bit(node, static_cast<unsigned>(index % shape_.fanout()))
                               : here.fresh_truth("mark");
    const term theirs = here.fresh_truth("owed");
    if (rules_in_force().has(clause::marked_above))
      here.assume(is_marked_above(it, mark, theirs, owed));
    const term after = is_it ? owed && node != constant(0, bits()) : owed && !mark;
    const term left = here.holds(!after)  ? truth(false)
                      : here.holds(after) ? truth(true)
                                          : after.simplify();
    must_clause(clause::marked_above, is_marked_above(it, mark, theirs, left));
    owed = left;
  }
}

// The mark of a slot is taken away: a look is owed of what it stood for.
void world::clear_mark(const place& at, const term& node, unsigned slot) {
  known& here = known::here();
  const std::size_t item = at.index * shape_.fanout() + slot;
  const term mark = bit(node, slot);
  if (at.height == 0) {
    const word_key of{at.level, item};
    std::vector<term> marks = fresh_marks();
    marks[at.cls] = mark;
    const term theirs = here.fresh("owed", 8);
    const term free = here.fresh("free", bits());
    assume_marked(free, marks, theirs, debt(of), shape_.log2_fanout);
    marks[at.cls] = truth(false);
    const term owed = constant(owes_a_look, 8);
    must_clause(clause::marked, is_marked(free, marks, theirs, owed, shape_.log2_fanout));
    debts_.insert_or_assign(of, owed);
    return;
  }
  const node_key of{at.level, at.height - 1, item, at.cls};
  const term below = here.fresh("node", bits());
  const term theirs = here.fresh_truth("owed");
  if (rules_in_force().has(clause::marked_above))
    here.assume(is_marked_above(below, mark, theirs, node_debt(of)));
  must_clause(clause::marked_above, is_marked_above(below, truth(false), theirs, truth(true)));
  node_debts_.insert_or_assign(of, truth(true));
}

}  // namespace caiman::proof
