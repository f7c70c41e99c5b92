// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// invariant.cpp: the clauses as terms
// ---------------------------------------------------------------------------------------------
#include "invariant.hpp"

namespace caiman::proof {

std::string_view name_of(clause which) {
  constexpr std::string_view names[clause_count] = {"one-owner", "none-missing", "empty-below",
                                                    "marked", "marked-above"};
  return names[static_cast<unsigned>(which)];
}

rules& rules_in_force() {
  static rules all;
  return all;
}

term holds_of_word(clause which, const word_state& w) {
  const unsigned bits = w.free.get_sort().bv_size();
  const term none = constant(0, bits);
  switch (which) {
    case clause::one_owner:
      return z3::implies(w.active, (w.free & w.mine) == none && (w.free & w.theirs) == none &&
                                       (w.free & w.split) == none && (w.mine & w.theirs) == none &&
                                       (w.mine & w.split) == none && (w.theirs & w.split) == none);
    case clause::none_missing:
      return z3::implies(w.active, (w.free | w.mine | w.theirs | w.split) == w.all);
    case clause::empty_below:
      return z3::implies(!w.active, (w.free | w.mine | w.theirs | w.split) == none);
    case clause::marked:
    case clause::marked_above:
      break;
  }
  return truth(true);
}

term largest_of(const term& free, unsigned log2_fanout) {
  const unsigned bits = 1U << log2_fanout;
  term runs = free;  // the first bit of every free run of the class
  term result = z3::ite(free == constant(0, bits), constant(0, 8), constant(1, 8));
  for (unsigned cls = 1; cls <= log2_fanout; ++cls) {
    std::uint64_t firsts = 0;
    for (unsigned pos = 0; pos < bits; pos += 1U << cls) firsts |= std::uint64_t{1} << pos;
    runs = runs & z3::lshr(runs, constant(1U << (cls - 1), bits)) & constant(firsts, bits);
    result = z3::ite(runs == constant(0, bits), result, constant(cls + 1, 8));
  }
  return result;
}

term is_marked(const term& free, const std::vector<term>& marks, const term& their_debt,
               const term& my_debt, unsigned log2_fanout) {
  const term largest = largest_of(free, log2_fanout);
  term ok = largest == constant(0, 8) || z3::uge(their_debt, largest) || z3::uge(my_debt, largest);
  for (unsigned cls = 0; cls < marks.size(); ++cls) {
    ok = ok || (rules_in_force().any_mark ? marks[cls]
                                          : marks[cls] && z3::ule(largest, constant(cls + 1, 8)));
  }
  return ok;
}

term is_marked_above(const term& node, const term& mark, const term& their_debt,
                     const term& my_debt) {
  return node == constant(0, node.get_sort().bv_size()) || mark || their_debt || my_debt;
}

}  // namespace caiman::proof
