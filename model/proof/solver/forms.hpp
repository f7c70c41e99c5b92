// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// forms.hpp: what a question is but for the names of its variables
//
// Most questions are asked again, of other variables: the others have moved, and of the new words
// as much is known as of the old ones. So a question is known by its form, and what was answered to
// one answers all of that form.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include <z3++.h>

#include "shared_table.hpp"

namespace caiman::proof {

/// A term, but for the names of its variables.
struct form {
  fingerprint shape;                ///< With each variable by its place in the list.
  std::vector<unsigned> variables;  ///< By the numbers of Z3, as they first appear in the term.
};
/// Of a bit vector or a truth. Throws std::logic_error for anything else.
form form_of(const z3::expr& term);

/// A question in the making: terms, one after the other.
class question_form {
 public:
  /// Of questions of another kind none is the same.
  explicit question_form(std::uint64_t kind) { all_.add(kind); }
  void add(const form& term);
  const fingerprint& whole() const { return all_; }

  /// A control: which variables they are makes no difference.
  static bool& is_blind();

 private:
  fingerprint all_;
  std::unordered_map<unsigned, std::uint64_t> number_of_;
};

}  // namespace caiman::proof
