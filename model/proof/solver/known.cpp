// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// known.cpp: questions to the solver, cut to what they are connected with
//
// Every question is asked with the few facts that it takes, and once (forms.hpp).
// ---------------------------------------------------------------------------------------------
#include "known.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <stdexcept>
#include <unordered_set>

#include "paths.hpp"

namespace caiman::proof {
namespace {

// Whether the answer is likely to be no.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): of the question that is asked
bool is_claim = false;

constexpr const char* wrong_answer = "a kept answer is wrong";

}  // namespace

z3::context& terms() {
  static z3::context all;
  return all;
}
term constant(std::uint64_t value, unsigned bits) { return terms().bv_val(value, bits); }
term truth(bool value) { return terms().bool_val(value); }
term bit(const term& of, unsigned at) { return of.extract(at, at) == constant(1, 1); }

known& known::here() {
  static known one;
  return one;
}

shared_table& known::answers() {
  static shared_table all;
  return all;
}
bool& known::asks_again() {
  static bool again = false;
  return again;
}

void known::clear() {
  (void)answers();  // made before a path forks
  facts_.clear();
  fresh_ = 0;
  new_from_ = 0;
  by_equations_ = false;
  small_ = truth(true);
}

term known::fresh(const char* name, unsigned bits) {
  return terms().bv_const((name + std::to_string(fresh_++)).c_str(), bits);
}
term known::fresh_truth(const char* name) {
  return terms().bool_const((name + std::to_string(fresh_++)).c_str());
}

std::vector<std::size_t> known::connected_with(const form& question) const {
  std::unordered_set<unsigned> reached(question.variables.begin(), question.variables.end());
  std::vector<std::size_t> found;
  std::vector<bool> taken(facts_.size(), false);
  for (bool more = true; more;) {
    more = false;
    for (std::size_t i = 0; i < facts_.size(); ++i) {
      const std::vector<unsigned>& its = facts_[i].its.variables;
      const auto is_reached = [&](unsigned each) { return reached.contains(each); };
      if (taken[i] || std::none_of(its.begin(), its.end(), is_reached)) continue;
      taken[i] = more = true;
      found.push_back(i);
      reached.insert(its.begin(), its.end());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

z3::check_result known::solve(const term& question, const std::vector<std::size_t>& facts) const {
  z3::solver solver = z3::tactic(terms(), "qfbv").mk_solver();
  for (const std::size_t i : facts) solver.add(facts_[i].what);
  solver.add(question);
  return solver.check();
}

z3::solver& known::begin_question(const std::vector<std::size_t>& facts) const {
  static z3::solver solver(terms(), "QF_BV");
  solver.push();
  for (const std::size_t i : facts) solver.add(facts_[i].what);
  return solver;
}

z3::check_result known::answer_to(const term& question, const std::vector<std::size_t>& cone) {
  if (by_equations_) {
    std::vector<std::size_t> of_this_state;
    std::copy_if(cone.begin(), cone.end(), std::back_inserter(of_this_state),
                 [&](std::size_t i) { return i >= new_from_; });
    // What can be with small numbers can be; what contradicts some of the facts contradicts all.
    const auto can_be_small = [&] { return solve(question && small_, cone) == z3::sat; };
    if (!is_claim && can_be_small()) return z3::sat;
    if (solve(question, of_this_state) == z3::unsat) return z3::unsat;
    if (is_claim && can_be_small()) return z3::sat;
    return solve(question, cone);
  }
  z3::solver& solver = begin_question(cone);
  solver.add(question);
  const z3::check_result answer = solver.check();
  solver.pop();
  return answer;
}

fingerprint known::form_with(question_kind kind, const form& what,
                             const std::vector<std::size_t>& cone) const {
  question_form all(static_cast<std::uint64_t>(kind));
  all.add(what);
  for (const std::size_t i : cone) all.add(facts_[i].its);
  return all.whole();
}

z3::check_result known::ask(const term& question) {
  const form its = form_of(question);
  const std::vector<std::size_t> cone = connected_with(its);
  const fingerprint key = form_with(question_kind::can_be, its, cone);
  if (const auto kept = answers().find(key)) {
    const z3::check_result answer = *kept != 0 ? z3::sat : z3::unsat;
    if (asks_again() && answer_to(question, cone) != answer) end_check(wrong_answer);
    return answer;
  }
  count_question();
  const z3::check_result answer = answer_to(question, cone);
  if (answer == z3::unknown) throw std::runtime_error("the solver has no answer");
  (void)answers().put(key, answer == z3::sat ? 1 : 0);
  return answer;
}

void known::assume(const term& what) {
  const term simple = what.simplify();
  if (simple.is_true()) return;
  facts_.push_back({simple, form_of(simple)});
}

bool known::holds(const term& claim) {
  is_claim = true;
  const bool result = !can(!claim);
  is_claim = false;
  return result;
}

bool known::can(const term& claim) {
  const term simple = claim.simplify();
  if (simple.is_true()) return true;
  if (simple.is_false()) return false;
  return ask(simple) == z3::sat;
}

std::uint64_t known::some_value(const term& of) {
  const form its = form_of(of);
  const std::vector<std::size_t> cone = connected_with(its);
  const fingerprint key = form_with(question_kind::some_value, its, cone);
  if (const auto kept = answers().find(key)) {
    const term is = of == constant(*kept, of.get_sort().bv_size());
    if (asks_again() && answer_to(is, cone) != z3::sat) end_check(wrong_answer);
    return *kept;
  }
  count_question();
  z3::solver& solver = begin_question(cone);
  if (solver.check() != z3::sat) throw std::logic_error("a path that cannot be");
  const std::uint64_t value = solver.get_model().eval(of, true).get_numeral_uint64();
  solver.pop();
  (void)answers().put(key, value);
  return value;
}

std::vector<std::uint64_t> known::counterexample(const term& claim, const std::vector<term>& of) {
  z3::solver solver(terms(), z3::solver::simple{});
  for (const fact& f : facts_) solver.add(f.what);
  solver.add(!claim);
  std::vector<std::uint64_t> values;
  solver.push();
  solver.add(small_);
  if (solver.check() != z3::sat) {
    solver.pop();
    if (solver.check() != z3::sat) return values;
  }
  const z3::model state = solver.get_model();
  for (const term& each : of) {
    const term value = state.eval(each, true);
    values.push_back(value.is_bool() ? std::uint64_t{value.is_true()} : value.get_numeral_uint64());
  }
  return values;
}

}  // namespace caiman::proof
