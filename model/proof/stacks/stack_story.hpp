// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// stack_story.hpp: how it came to what is broken at the stacks, in one state of the many
//
// Of the form that story.hpp prints and makes traces of.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clauses.hpp"

namespace caiman::proof {

/// A cell of the stacks.
struct stack_spot {
  enum class kind : unsigned char { flag, head, entry, fence, block, outside } is = kind::flag;
  unsigned slot = 0;
  unsigned order = 0;
  unsigned i = 0;  ///< Of an entry, from 1.
};
/// For people, and as traces have it: "entry 2 of order 0, slot 1".
std::string name_of(const stack_spot& at);

/// The accesses of a call so far, as terms.
class stack_story {
 public:
  void begin(const std::string& call);
  /// The next access; `kind` as traces call it.
  void access(const std::string& site, const std::string& kind, const stack_spot& at);
  /// What that one finds, and what it leaves.
  void saw(const term& before, const term& after);
  /// All of it as JSON, of at most `room` characters, in a state in which `claim` is false: the
  /// accesses with numbers, and the stacks as they are there.
  std::string told(const term& claim, const stacks_state& now, std::size_t room) const;

 private:
  struct step {
    std::string site, kind;
    stack_spot at;
    std::optional<std::pair<term, term>> seen;
  };
  std::string call_;
  std::vector<step> steps_;
};

}  // namespace caiman::proof
