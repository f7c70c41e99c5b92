// SPDX-License-Identifier: MIT
#include "commands/shortest.hpp"

#include <fmt/format.h>

namespace caiman::model {

void show_shortest(request what, outcome& found, const trace_label& label) {
  if (!what.how.draws()) return;
  std::uint64_t tried = 0;
  bool ended = true;  // all of the searches
  std::string other;  // what broke instead
  for (unsigned bound = 0; bound <= most_switches; ++bound) {
    what.how = {search::method::bound, bound, most_tries, 0, {}};
    const verdict v = run(what);
    tried += v.executions;
    if (v.what == verdict::outcome::convicted && v.property == found.seen.property) {
      const planned again{what.how, found.what.seq_cst};
      found.trace = to_trace(what, to_string(plan{again}), v, label);
      found.again =
          fmt::format("found again with context bound {}, execution {}", bound, v.executions);
      return;
    }
    ended = ended && v.exhausted;
    if (v.what == verdict::outcome::convicted) other = ": " + v.property + " breaks first";
  }
  found.again = fmt::format(
      "context bounds 0 to {} do not show it in {} executions{}; what random search found is shown",
      most_switches, tried, !other.empty() ? other : (ended ? "" : ", not all there are"));
}

}  // namespace caiman::model
