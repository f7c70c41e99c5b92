// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// checks.hpp: what there is to check
// ---------------------------------------------------------------------------------------------
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "solver/paths.hpp"

namespace caiman::proof {

/// Something that must hold on all paths.
struct check {
  std::string name;                                  ///< As the command line knows it.
  std::string about;                                 ///< For people.
  std::function<outcome(const effort& limits)> run;  ///< Does it.
};

/// In the order in which they are run.
using checks = std::vector<check>;

}  // namespace caiman::proof
