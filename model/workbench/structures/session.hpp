// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// session.hpp: what the commands of a structure's own program share
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "caiman-model/tested.hpp"
#include "structures/campaign.hpp"

namespace CLI {
class App;
}

namespace caiman::model::machine {

using order_changes = std::map<std::string, std::memory_order>;

/// The options of every command that searches.
struct session_options {
  std::string orders;
  std::uint64_t seed = 1;
  unsigned scenarios = 0;  // 0: the usual number
  double seconds = 0;      // 0: the usual limit
};

class session {
 public:
  session(std::string program, tested& of, const fixed_program& fixed);

  tested& of() noexcept { return of_; }
  trial& on() noexcept { return trial_; }
  /// As the user calls it, and its name.
  const std::string& program() const noexcept { return program_; }
  std::string name() const;
  /// One line on stderr under the program's own name; 2.
  int complain(const std::string& message) const;

  /// Comes by the sites of the structure once, so that they have names.
  void find_sites();
  /// Puts `--orders` in force.
  std::expected<void, std::string> use_orders(const std::string& text);
  /// All searches from now on end by then.
  void end_by(deadline all) noexcept { all_ = all; }
  /// A scenario that has convicted: it is tried first.
  void remember(const scenario& killer);
  /// A program that is given instead of invented scenarios.
  std::optional<scenario> fixed() const;

  /// The campaign of these options, or the search of the fixed program. `quick` does less of each.
  std::optional<conviction> search(const session_options& options, bool quick, tally& seen);
  /// What that search makes of other orders: first the scenarios that convicted before.
  std::optional<conviction> search_with(const order_changes& changes,
                                        const session_options& options, tally& seen);

 private:
  std::optional<conviction> search_fixed(const scenario& only, bool quick, deadline until,
                                         tally& seen);

  std::string program_;
  tested& of_;
  fixed_program fixed_;
  trial trial_;
  deadline until(const session_options& options) const;

  deadline all_ = deadline::max();
  std::vector<scenario> killers_;  // of weakened orders, the last one last
};

std::expected<order_changes, std::string> parse_order_changes(const std::string& text);
std::string to_string(const order_changes& changes);

/// Two sentences on what was found, the replay line, and the lanes.
std::string report_of(session& in, const conviction& found, const std::string& replay,
                      const tally& seen);
/// What the user is told of a search that found nothing.
std::string report_of_pass(session& in, const tally& seen, const session_options& options);

void add_options(CLI::App& command, session_options& options);

void add_verify(CLI::App& app, session& in, int& code);
void add_run(CLI::App& app, session& in, int& code);
void add_replay(CLI::App& app, session& in, int& code);
void add_show(CLI::App& app, session& in, int& code);
void add_list(CLI::App& app, session& in, int& code);
void add_audit(CLI::App& app, session& in, int& code);
void add_optimize(CLI::App& app, session& in, int& code);
void add_cost(CLI::App& app, session& in, int& code);

/// `verify` without options.
int verify(session& in);

}  // namespace caiman::model::machine
