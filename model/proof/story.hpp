// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// story.hpp: how it came to what is broken, in one state of the many that there are
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "invariant.hpp"
#include "solver/paths.hpp"

namespace caiman::proof {

/// What a cell of the tree is.
struct place {
  enum class kind : unsigned char { word, hint, always_marked } is = kind::word;
  unsigned level = 0;
  unsigned height = 0;    ///< Of a hint.
  std::size_t index = 0;  ///< Of the word, or of the node.
  unsigned cls = 0;       ///< Of a hint.
};
/// For people, and as traces have it: "level 0 word 2".
std::string name_of(const place& at);

/// A word, by its level and its place there.
using word_key = std::pair<unsigned, std::size_t>;

/// The accesses of a call so far, as terms.
class story {
 public:
  void begin(const std::string& call);
  /// The next access; `kind` as traces call it.
  void access(const std::string& site, const std::string& kind, const place& at);
  /// What that one finds, and what it leaves.
  void saw(const term& before, const term& after);
  /// All of it as JSON, of at most `room` characters, in a state in which `claim` is false: the
  /// accesses with numbers, and the words that the thread knows of.
  std::string told(const term& claim, const shape& of, const std::map<word_key, word_state>& words,
                   std::size_t room) const;

 private:
  struct step {
    std::string site, kind;
    place at;
    std::optional<std::pair<term, term>> seen;
  };
  std::string call_;
  std::vector<step> steps_;
};

/// A finding's story in lines for people.
std::string lines_of(const finding& found);
/// The same as a trace that `caiman-check show` reads: thread 0 is the call, and thread 1 all the
/// others, who may leave anything that the clauses allow. `replay` shows it again.
nlohmann::json trace_of(const std::string& check, const finding& found, const std::string& replay);

}  // namespace caiman::proof
