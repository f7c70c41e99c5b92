// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// forms.cpp: a walk over terms
// ---------------------------------------------------------------------------------------------
#include "forms.hpp"

#include <stdexcept>
#include <utility>

namespace caiman::proof {
namespace {

class walk {
 public:
  // NOLINTNEXTLINE(misc-no-recursion): as deep as the term is
  fingerprint over(const z3::expr& term) {
    if (const auto found = seen_.find(term.id()); found != seen_.end()) return found->second;
    fingerprint its;
    const z3::sort sort = term.get_sort();
    its.add(sort.is_bool() ? 0 : sort.bv_size());
    const z3::func_decl what = term.decl();
    its.add(what.decl_kind());
    if (std::uint64_t value = 0; term.is_numeral()) {
      if (!term.is_numeral_u64(value)) throw std::logic_error("a number of more than 64 bits");
      its.add(value);
    } else if (what.decl_kind() == Z3_OP_UNINTERPRETED) {
      its.add(variables.size());
      variables.push_back(term.id());
    } else {
      add_parameters(its, term.ctx(), what);
    }
    its.add(term.num_args());
    for (unsigned i = 0; i < term.num_args(); ++i) its.add(over(term.arg(i)));
    return seen_.emplace(term.id(), its).first->second;
  }
  std::vector<unsigned> variables;

 private:
  // Of what cuts or widens a bit vector: which bits, or how many.
  static void add_parameters(fingerprint& to, Z3_context in, const z3::func_decl& what) {
    for (unsigned i = 0; i < Z3_get_decl_num_parameters(in, what); ++i) {
      if (Z3_get_decl_parameter_kind(in, what, i) != Z3_PARAMETER_INT)
        throw std::logic_error("a function whose parameter is no number");
      to.add(static_cast<unsigned>(Z3_get_decl_int_parameter(in, what, i)));
    }
  }
  std::unordered_map<unsigned, fingerprint> seen_;
};

}  // namespace

form form_of(const z3::expr& term) {
  walk all;
  const fingerprint shape = all.over(term);
  return {shape, std::move(all.variables)};
}

void question_form::add(const form& term) {
  all_.add(term.shape);
  for (const unsigned each : term.variables) {
    const std::uint64_t next = number_of_.size();
    const std::uint64_t number = number_of_.emplace(each, next).first->second;
    if (!is_blind()) all_.add(number);
  }
}

bool& question_form::is_blind() {
  static bool blind = false;
  return blind;
}

}  // namespace caiman::proof
