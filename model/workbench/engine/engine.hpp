// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// engine.hpp: one program, one search, one verdict
//
// Runs a program (program.hpp) on a subject of the client under Relacy with a given scheduler, and
// checks every execution: exclusive ownership at every step, payload cells for the hand-over,
// the answers as a history, and the invariants at quiescence. Not reentrant, and every run leaks
// some memory inside Relacy: callers that run many use processes.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "caiman-model/program.hpp"
#include "caiman-model/recording.hpp"
#include "caiman-model/sites.hpp"
#include "engine/orders.hpp"

namespace caiman::model {

struct search {
  enum class method : unsigned char { random, bound, full, pct };
  method how = method::random;
  unsigned bound = 0;               // switches, for `bound` and `pct`
  std::uint64_t executions = 1000;  // at most; `random` and `pct` run exactly so many
  std::uint64_t seed = 0;           // of these two
  std::string state;                // replays from here instead
  double seconds = 0;               // stops after so long; 0: never

  /// Whether it draws, and so has no end of its own; else it walks a tree.
  bool draws() const noexcept { return how == method::random || how == method::pct; }
};

struct request {
  program what;
  order_table orders;
  bool real_time = false;  // judge S6 by real time: only with all orders seq_cst
  search how;
};

struct verdict {
  enum class outcome : unsigned char { passed, convicted, broken };
  outcome what = outcome::passed;
  bool exhausted = false;        // a tree search came to its end
  std::uint64_t executions = 0;  // up to the conviction
  double seconds = 0;
  unsigned stopped_at = 0;     // largest step at which the stopping thread was stopped
  bool stop_too_soon = false;  // it had more steps than the program allows for
  site_set touched;            // that the threads came by
  std::string property;        // convicted: the property, and what was seen
  std::string text;
  std::string state;  // convicted, or the one that was asked for: replays it
  recording seen;     // the execution
};

verdict run(const request& what);

/// From now on every search ends with the execution at hand, as one does that came to its most
/// executions; or goes on, as usual. A handler of signals may call it.
void end_searches(bool yes) noexcept;
bool searches_end() noexcept;

/// What is wrong with the state that a search is to replay from, empty if nothing is. Whether it
/// fits the program only a run can tell: Relacy ends the process if it does not.
std::string fault_of_state(const search& how);

/// "random", "bound 2", "full", "pct 4".
std::string to_string(const search& how);

}  // namespace caiman::model
