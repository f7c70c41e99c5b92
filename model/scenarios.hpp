// ---------------------------------------------------------------------------------------------
// scenarios.hpp: the programs that the shipped core is checked with
// ---------------------------------------------------------------------------------------------
#pragma once

#include <span>
#include <string_view>

namespace caiman::model {

struct scenario {
  std::string_view name;
  std::string_view properties;  // the ids that it is there for; all checks run in all of them
  std::string_view program;     // program.hpp has the notation
  unsigned bound;               // context bounds up to this are tried
  bool full;                    // small enough for a full search to end
  std::string_view why;
};

std::span<const scenario> scenarios();

}  // namespace caiman::model
