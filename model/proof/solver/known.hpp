// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// known.hpp: what is known on a path, and what follows from it
//
// A path of a call is a row of facts over variables that the solver may choose. Only those facts
// that a question is connected with, through the variables that they share, go to the solver: what
// a path has behind it would make every further question dearer, and most of it says nothing any
// more. That is sound since all facts together can be true, which is asked wherever one is added
// that could make them contradict each other. Relies on Z3, and on one thread.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdint>
#include <vector>

#include <z3++.h>

#include "forms.hpp"

namespace caiman::proof {

/// A value that the solver knows: a bit vector or a truth.
using term = z3::expr;

/// Where all terms live.
z3::context& terms();
/// A bit vector of so many bits.
term constant(std::uint64_t value, unsigned bits);
/// A truth that is one.
term truth(bool value);
/// Bit `at` of a bit vector, as a truth.
term bit(const term& of, unsigned at);

/// The facts of the path that this process is on.
class known {
 public:
  /// There is one: a process is on one path.
  static known& here();

  /// Adds a fact, which must be possible.
  void assume(const term& what);
  /// Whether it follows.
  bool holds(const term& claim);
  /// Whether it can be.
  bool can(const term& claim);
  /// The value of a bit vector in one of the possible states.
  std::uint64_t some_value(const term& of);
  /// The values of terms in one state in which `claim` is false.
  std::vector<std::uint64_t> counterexample(const term& claim, const std::vector<term>& of);
  /// A variable that nothing is known of.
  term fresh(const char* name, unsigned bits);
  /// The same, of truth values.
  term fresh_truth(const char* name);
  /// From now on equations are solved before a question is asked, which suits sums. Of the facts
  /// those that come behind this are tried first, since most that follows follows from them; and of
  /// states those in which `small` is true, besides all that were named so before: a hint.
  void begin_state() { new_from_ = facts_.size(), by_equations_ = true; }
  void try_first(const term& small) { small_ = small_ && small; }
  /// Forgets everything.
  void clear();
  /// Whether what is kept is asked again, and ends the check if the answer is another one.
  static bool& asks_again();

 private:
  struct fact {
    term what;
    form its;
  };
  enum class question_kind : std::uint64_t { can_be, some_value };

  std::vector<std::size_t> connected_with(const form& question) const;
  fingerprint form_with(question_kind kind, const form& what,
                        const std::vector<std::size_t>& cone) const;
  // Of all checks, as long as there is room.
  static shared_table& answers();
  z3::solver& begin_question(const std::vector<std::size_t>& facts) const;
  z3::check_result ask(const term& question);
  z3::check_result answer_to(const term& question, const std::vector<std::size_t>& cone);
  z3::check_result solve(const term& question, const std::vector<std::size_t>& facts) const;

  std::vector<fact> facts_;
  unsigned fresh_ = 0;
  std::size_t new_from_ = 0;
  bool by_equations_ = false;
  term small_ = truth(true);
};

}  // namespace caiman::proof
