// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// campaign.hpp: many scenarios, each searched in several ways; the first failure made small
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "structures/trial.hpp"

namespace caiman::model::machine {

/// How much is done for one scenario.
struct effort {
  std::uint64_t random = 2000;
  std::uint64_t pct = 1000;
  unsigned pct_depth = 3;
  unsigned bound = 2;         // context bounds up to this
  std::uint64_t walk = 3000;  // executions of each walk
  std::uint64_t full = 0;     // of a full search
  bool by_time = true;        // once more with all orders seq_cst
};

struct conviction {
  scenario what;
  way how;
  bool seq_cst = false;
  std::uint64_t execution = 0;  // of that search
  fault found;
  std::vector<std::uint16_t> choices;
  unsigned switches = 0;
};

/// What a campaign has seen.
struct tally {
  std::uint64_t scenarios = 0;
  std::uint64_t executions = 0;
  std::uint64_t exhausted = 0;  // scenarios whose full search ended
  std::uint64_t bounded = 0;    // scenarios whose walk with `bound` ended
  unsigned threads = 0;         // the most
  unsigned longest = 0;         // steps
  bool timed_out = false;
  double seconds = 0;
};

/// One scenario with that effort.
std::optional<conviction> try_scenario(trial& on, const scenario& s, const effort& how,
                                       std::uint64_t seed, deadline until, tally& seen);

struct campaign {
  std::uint64_t seed = 1;
  unsigned scenarios = 100;
  effort each;
  deadline until = deadline::max();
  std::function<void(const tally&)> tell = nullptr;
};

/// Invents scenarios until one fails.
std::optional<conviction> run_campaign(trial& on, const tested& of, const campaign& plan,
                                       tally& seen);

/// The smallest scenario that fails, unless it `stays`, and the fewest switches that lose the same
/// property.
conviction made_small(trial& on, conviction found, bool stays, deadline until, tally& seen);

}  // namespace caiman::model::machine
