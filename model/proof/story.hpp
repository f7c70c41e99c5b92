// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// story.hpp: how it came to what is broken, in one state of the many that there are
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "caiman/orders.hpp"
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

/// As the table of orders has it.
const char* name_of(protocol::site at);

/// The accesses of a call so far, as terms.
class story {
 public:
  /// Says in JSON what a state looks like in which the terms that were asked for have these values,
  /// in their order; or, of no values, that there is no such state. What it says becomes a part of
  /// the story: of the tree `words`, else lines for people, `notes`.
  using shown = std::function<nlohmann::json(const std::vector<std::uint64_t>&)>;

  void begin(const std::string& call);
  /// The next access; `kind` and `object` as traces call them.
  void access(const std::string& site, const std::string& kind, const std::string& object);
  /// What that one finds, and what it leaves.
  void saw(const term& before, const term& after);
  /// All of it as JSON, of at most most_of_a_story characters, in a state in which `claim` is
  /// false: the accesses with numbers, and what is shown of the terms asked for.
  std::string told(const term& claim, const std::vector<term>& asked, const shown& state) const;

 private:
  struct step {
    std::string site, kind, object;
    std::optional<std::pair<term, term>> seen;
  };
  std::string call_;
  std::vector<step> steps_;
};
/// The same with these terms under their names; what is 0 or false is left out.
std::string told(const story& so_far, const term& claim,
                 const std::vector<std::pair<std::string, term>>& named);
/// The same with the words that the thread knows of.
std::string told(const story& so_far, const term& claim, const shape& of,
                 const std::map<word_key, word_state>& words);

/// A finding's story in lines for people.
std::string lines_of(const finding& found);
/// The same as a trace that `caiman-check show` reads: thread 0 is the call, and thread 1 all the
/// others, who may leave anything that the clauses allow. `replay` shows it again.
nlohmann::json trace_of(const std::string& check, const finding& found, const std::string& replay);

}  // namespace caiman::proof
