// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// notes.hpp: how it came to what is broken of a ledger or of shares
//
// As story.hpp has it for the tree, and in the same JSON: steps of cells that have a name alone,
// and below them numbers that the solver found, in words.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "solver/known.hpp"

namespace caiman::proof {

/// The accesses of a call so far, as terms.
class notes {
 public:
  void begin(const std::string& call);
  /// An access; `kind` as traces call it.
  void access(const std::string& site, const std::string& kind, const std::string& object,
              const term& before, const term& after);
  /// All of it as JSON, in a state in which `claim` is false, with these terms under their names;
  /// what is 0 or false is left out.
  std::string told(const term& claim, const std::vector<std::pair<std::string, term>>& named) const;

 private:
  struct step {
    std::string site, kind, object;
    term before, after;
  };
  std::string call_;
  std::vector<step> steps_;
};

}  // namespace caiman::proof
