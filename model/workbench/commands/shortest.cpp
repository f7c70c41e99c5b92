// SPDX-License-Identifier: MIT
#include "commands/shortest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>

namespace caiman::model {
namespace {

/// While it lives, SIGINT and SIGTERM end searches; what ignored them goes on to do so.
class interruptible {
 public:
  interruptible() {
    end_searches(false);
    for (std::size_t i = 0; i < signals.size(); ++i) {
      struct sigaction how {};
      how.sa_handler = [](int /*signal*/) { end_searches(true); };
      how.sa_flags = SA_RESTART;
      sigaction(signals[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) sigaction(signals[i], &how, nullptr);
    }
  }
  interruptible(const interruptible&) = delete;
  interruptible& operator=(const interruptible&) = delete;
  /// Once interrupted there is only left to tell, which whoever started us may hasten once more.
  ~interruptible() {
    if (searches_end()) return;
    for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &before_[i], nullptr);
  }

 private:
  static constexpr std::array<int, 2> signals{SIGINT, SIGTERM};
  std::array<struct sigaction, signals.size()> before_{};
};

}  // namespace

void show_shortest(request what, outcome& found, const trace_label& label,
                   const std::function<void()>& tell) {
  if (!what.how.draws()) return;
  const interruptible now;
  if (tell) tell();
  using clock = std::chrono::steady_clock;
  const auto start = clock::now();
  const double most =
      what.how.seconds > 0 ? std::min(what.how.seconds, most_seconds) : most_seconds;
  double left = most;
  std::uint64_t tried = 0;
  bool ended = true;  // all of the searches
  std::string other;  // what broke instead
  for (unsigned bound = 0; bound <= most_switches && left > 0 && !searches_end(); ++bound) {
    what.how = {search::method::bound, bound, most_tries, 0, {}, left};
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
    left = most - std::chrono::duration<double>(clock::now() - start).count();
  }
  std::string why = !other.empty() ? other : (ended ? "" : ", not all there are");
  if (left <= 0) why = fmt::format(" and {:.3g} s, not all there are", most);
  if (searches_end()) why = ", where it was interrupted";
  found.again = fmt::format(
      "context bounds 0 to {} do not show it in {} executions{}; what random search found is shown",
      most_switches, tried, why);
}

}  // namespace caiman::model
