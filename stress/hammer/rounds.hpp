// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// rounds.hpp: rounds of phases until the time is up
//
// A round starts and ends with nothing live. In between, threads work in phases; between phases
// they are joined and the checks of checks.hpp run. Rounds are short (milliseconds), since a
// merge that was lost is seen at quiescence only, and rounds differ in order, length, lives and
// hand-over.
//   uniform   exact(k) for a random k, filled to the last run; then scarce(k), a few times
//   mixed     bounded(K); then exact(K), exact(K-1) ... exact(0) on top, to the last min block;
//             then scarce(k) for some k
//   pressure  more wanted than there is: refusals are legal; then exact(k) among what is left
//   burst     all take their share of exact(k) at once, all release at once, thousands of times
// scarce(k) opens a small hole in the full arena and lets all threads loose on it by exact(k): what
// is free then is often in motion, and a request must wait for it to land instead of saying "full".
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "crew.hpp"
#include "worker.hpp"

namespace caiman::stress {

class campaign {
 public:
  explicit campaign(crew& with);

  /// Runs rounds for the chosen time, or until something is found; ends with nothing live.
  void run();

  std::uint64_t rounds() const { return rounds_; }
  double seconds() const { return seconds_; }

 private:
  void uniform_round();
  void mixed_round();
  void pressure_round();
  void burst_round();

  void exact(unsigned order, bool to_the_last);
  void scarce(unsigned order);
  void open_holes(unsigned order);
  void release_everything();
  void run(const phase& now, std::string_view then);
  phase churn(std::string name, unsigned unit);
  void deal(std::uint64_t credit);
  void settle();
  void park();
  void unpark();
  void pass_on_held();
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  crew& crew_;
  std::mt19937_64 random_;
  std::uint64_t rounds_ = 0;
  double seconds_ = 0;
};

/// One round of bursts (burst.cpp) with one set of threads, orders drawn by `weights`. Ends with
/// nothing live.
void run_burst(crew& with, const std::vector<std::uint64_t>& weights, std::uint64_t seed);

}  // namespace caiman::stress
