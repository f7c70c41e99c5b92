// ---------------------------------------------------------------------------------------------
// scenarios.hpp: the programs that the shipped core is checked with
// ---------------------------------------------------------------------------------------------
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace caiman::model {

/// Whether a full search is known to end: not, only with the executions of a deeper level than
/// quick, or at every level.
enum class ends : unsigned char { no, late, soon };

struct scenario {
  std::string_view name;
  std::string_view properties;  // the ids that it is there for; all checks run in all of them
  std::string_view program;     // program.hpp has the notation
  unsigned bound;               // context bounds up to this are tried
  ends full;                    // where it ends within a level, a full search is made
  std::string_view why;
  /// No variants: its set-up needs the places that releases into the tree leave, or it is about
  /// something that is the same with stacks.
  bool bare = false;
};

std::span<const scenario> scenarios();

/// The other forms of the core that a scenario is run with, with less effort: one of the tree alone
/// also with owner stacks, where the first releases of a thread stay, and which every "full" must
/// drain; one of stacks also with the exchange pop; one of waiters also with the other policies.
struct variant {
  std::string name;
  std::string program;
};
std::vector<variant> variants(const scenario& s);

}  // namespace caiman::model
