// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// audit.hpp: is every order of the table needed, and is every needed order there?
//
//   standing  what has changed must not be convicted itself
//   matrix    every order weaker than the shipped one, site by site: what convicts it
//   descent   takes what nothing convicts, greedily, until every further single weakening dies: a
//             locally minimal table
//   reasons   an order that ships stronger than that must say why in orders.hpp (`kept`), and one
//             that says why must be stronger
//   pairs     two weakenings that live alone and die together mask each other
//   controls  one fault that must die, one harmless change that must live
//   upward    a stronger order must change no verdict: that would be a fault of the checker
// ---------------------------------------------------------------------------------------------
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "audit/audit_search.hpp"

// NOLINTBEGIN(readability-identifier-naming): CLI11's names
namespace CLI {
class App;
}
// NOLINTEND(readability-identifier-naming)

namespace caiman::model {

struct weakening {
  enum class fate : unsigned char { not_run, convicted, masked, survives };
  std::size_t site = 0;
  std::memory_order order = std::memory_order_relaxed;
  fate result = fate::not_run;
  bool unreached = false;       // no program comes by the site, so nothing was asked
  bool from_minimal = false;    // it took the minimal table to convict it
  reply seen;                   // the run that convicts, or what all the others came to
  std::vector<std::string> by;  // masked: "site=order"
};

/// An order at which a site is not to be convicted: as it ships, or stronger.
struct standing {
  std::size_t site = 0;
  std::memory_order order = std::memory_order_relaxed;
  reply seen;
};

struct order_pair {
  weakening one;
  weakening other;
  reply seen;
};

struct audit_control {
  std::string name;
  bool must_die = true;
  bool held = false;  // it did as it must
  reply seen;
};

struct audit_result {
  order_table shipped;
  order_table minimal;
  std::vector<std::string> kept;               // reasons, per site
  std::vector<bool> sites;                     // that were audited
  std::vector<std::vector<std::string>> seen;  // per site: the programs that come by it
  std::size_t programs = 0;                    // of all
  std::vector<standing> standing_as_shipped;
  std::vector<weakening> matrix;
  std::vector<order_pair> pairs;
  std::vector<audit_control> controls;
  std::vector<standing> upward;
  std::vector<std::string> complaints;
  std::vector<std::string> troubles;  // those of them that are about runs that could not be judged
  bool complete = false;
  double seconds = 0;

  bool passed() const { return complete && complaints.empty(); }
};

struct audit_request {
  search_options how;
  order_table shipped;
  std::vector<std::string> kept;  // per site: why it ships stronger than needed; empty: it does not
  std::vector<bool> sites;        // which to audit
  std::vector<bool> changed;      // which of them nobody has checked as they are
  std::vector<audit_program> programs;
  std::size_t upward_programs = 0;  // per site; 0: all
  bool all_stronger = false;        // upward: every stronger order, not only seq_cst
  bool all_programs = true;         // so a site that none of them comes by is one that none checks
};

/// Runs it, as far as it is let.
audit_result audit(const audit_request& given, searcher& search);

/// What a reader wants to know, in that order.
std::string to_text(const audit_result& result);
nlohmann::json to_json(const audit_result& result);
/// What a weakening came to, in a few words.
std::string verdict_on(const weakening& w);
/// Rows of audit_killers.inc: what convicted each weakening.
std::string killers_of(const audit_result& result);
/// What is known to convict a weakening.
std::vector<killer> known_killers(std::string_view site, std::memory_order order);

/// Adds the subcommand to the command line; `code` is set to the exit code if it was called.
void add_audit(CLI::App& app, const std::string& self, int& code);

}  // namespace caiman::model
