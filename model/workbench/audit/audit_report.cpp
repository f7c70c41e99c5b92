// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// audit_report.cpp: what an audit found, as text, as JSON, and as rows of audit_killers.inc
// ---------------------------------------------------------------------------------------------
#include <fmt/format.h>

#include <algorithm>

#include "audit/audit.hpp"
#include "commands/command.hpp"
#include "commands/plan.hpp"
#include "engine/current_client.hpp"
#include "engine/orders.hpp"

namespace caiman::model {
namespace {

const char* fate_name(weakening::fate result) {
  switch (result) {
    case weakening::fate::not_run:
      return "not run";
    case weakening::fate::convicted:
      return "convicted";
    case weakening::fate::masked:
      return "masked";
    case weakening::fate::survives:
      return "survives";
  }
  return "";
}

std::string joined(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& one : all) text += (text.empty() ? "" : ", ") + one;
  return text;
}

/// "S6 in last-two-f2, random:1000@shipped, execution 17".
std::string conviction(const reply& a) {
  return fmt::format("{} in {}, {}, execution {}", a.property, a.scenario, a.search, a.execution);
}

std::string kept_lines(const audit_result& result) {
  std::string text;
  for (std::size_t i = 0; i < result.shipped.size(); ++i) {
    if (result.shipped[i] == result.minimal[i]) continue;
    const site_row& row = shipped_sites()[i];
    text += fmt::format("  {:<15} ships {}, the checks ask for {}: {}\n", row.name,
                        name_of(result.shipped[i]), name_of(result.minimal[i]),
                        result.kept[i].empty() ? "NO REASON" : result.kept[i]);
  }
  return text;
}

std::size_t count(const audit_result& result, weakening::fate what) {
  return static_cast<std::size_t>(
      std::count_if(result.matrix.begin(), result.matrix.end(),
                    [&](const weakening& w) { return w.result == what; }));
}

/// What a reply comes to where a conviction is no matter of course.
std::string outcome_of(const reply& seen) {
  if (seen.convicted) return conviction(seen);
  if (seen.complete && seen.executions == 0) return "nothing was asked: no program comes by";
  return seen.complete ? fmt::format("no violation in {} executions", seen.executions) : "not run";
}

std::string standing_lines(const audit_result& result) {
  std::string text = result.standing_as_shipped.empty() ? "" : "as it ships\n";
  for (const standing& s : result.standing_as_shipped) {
    text += fmt::format("  {:<15} {:<8} {}{}\n", site_name(s.site), name_of(s.order),
                        s.seen.convicted ? "CONVICTED " : "", outcome_of(s.seen));
  }
  return text;
}

std::string matrix_lines(const audit_result& result) {
  std::string text = result.matrix.empty() ? "" : "weaker orders, each from the table that ships\n";
  for (const weakening& w : result.matrix) {
    text += fmt::format("  {:<15} {:<8} {}\n", site_name(w.site), name_of(w.order), verdict_on(w));
  }
  return text;
}

/// Sites of which hardly any program can say something.
std::string coverage_lines(const audit_result& result) {
  constexpr std::size_t few = 2;
  std::string text;
  if (result.standing_as_shipped.empty() && result.matrix.empty()) return text;
  for (std::size_t i = 0; i < result.shipped.size(); ++i) {
    if (!result.sites[i] || result.seen[i].size() > few || result.seen[i].size() == result.programs)
      continue;
    text +=
        fmt::format("  {:<15} {} of {} programs{}{}\n", site_name(i), result.seen[i].size(),
                    result.programs, result.seen[i].empty() ? "" : ": ", joined(result.seen[i]));
  }
  return text.empty() ? text : "\nsites that hardly any program comes by\n" + text;
}

std::string pair_lines(const audit_result& result) {
  std::string text = result.pairs.empty() ? "" : "\npairs that live alone: together\n";
  for (const order_pair& p : result.pairs) {
    text += fmt::format("  {}={} with {}={}: {}\n", site_name(p.one.site), name_of(p.one.order),
                        site_name(p.other.site), name_of(p.other.order), outcome_of(p.seen));
  }
  return text;
}

std::string control_lines(const audit_result& result) {
  std::string text = result.controls.empty() ? "" : "\ncontrols\n";
  for (const audit_control& c : result.controls) {
    const char* held = c.held ? "holds" : c.seen.complete ? "FAILS" : "not run";
    text +=
        fmt::format("  {:<22} must {:<5} {:<7} {}\n", c.name, c.must_die ? "die:" : "live:", held,
                    c.seen.convicted ? conviction(c.seen) : "");
  }
  return text;
}

std::string sums(const audit_result& result) {
  std::uint64_t upward = 0;
  std::size_t changed = 0;
  for (const standing& s : result.upward) {
    upward += s.seen.executions;
    changed += s.seen.convicted ? 1 : 0;
  }
  return fmt::format(
      "\nstronger orders: {} tried in {} executions, {} changed a verdict\n"
      "weaker orders: {} convicted, {} masked, {} survive, {} not run; {:.0f} s\n",
      result.upward.size(), upward, changed, count(result, weakening::fate::convicted),
      count(result, weakening::fate::masked), count(result, weakening::fate::survives),
      count(result, weakening::fate::not_run), result.seconds);
}

void add_reply(nlohmann::json& row, const reply& a) {
  row["seconds"] = a.seconds;
  row["complete"] = a.complete;
  if (!a.trouble.empty()) row["trouble"] = a.trouble;
  if (!a.convicted) {
    row["executions"] = a.executions;
    return;
  }
  row["property"] = a.property;
  row["text"] = a.text;
  row["scenario"] = a.scenario;
  row["program"] = a.program;
  row["search"] = a.search;
  row["execution"] = a.execution;
  row["replay"] = a.replay;
}

nlohmann::json table_of(const order_table& table, const audit_result& result) {
  nlohmann::json rows = nlohmann::json::array();
  for (std::size_t i = 0; i < table.size(); ++i) {
    const site_row& row = shipped_sites()[i];
    rows.push_back({{"site", row.name},
                    {"order", name_of(table[i])},
                    {"pairs", row.pairs},
                    {"without", row.without},
                    {"kept", result.kept[i]},
                    {"programs", result.seen[i].size()}});
  }
  return rows;
}

/// Of how many sites and programs the verdict is, if not of all.
std::string part_of(const audit_result& result) {
  const auto sites = std::count(result.sites.begin(), result.sites.end(), true);
  std::size_t programs = 0;
  for (const scenario& s : client_in_force().scenarios) programs += 1 + variants(s).size();
  if (result.programs == programs && static_cast<std::size_t>(sites) == result.sites.size()) {
    return {};
  }
  return fmt::format(": {} of {} sites, {} of {} programs", sites, result.sites.size(),
                     result.programs, programs);
}

const char* verdict_of(const audit_result& result) {
  if (!result.complete) return "interrupted";
  return result.complaints.empty() ? "pass" : "fail";
}

}  // namespace

std::string verdict_on(const weakening& w) {
  std::string what;
  switch (w.result) {
    case weakening::fate::convicted:
      what = conviction(w.seen);
      break;
    case weakening::fate::masked:
      what = fmt::format("by {}; then {}", w.by.empty() ? "the minimal table" : joined(w.by),
                         conviction(w.seen));
      break;
    case weakening::fate::survives:
      what = fmt::format("no violation in {} executions", w.seen.executions);
      break;
    case weakening::fate::not_run:
      if (w.unreached) what = "no program comes by it";
      break;
  }
  return fmt::format("{:<9} {}", fate_name(w.result), what);
}

std::string to_text(const audit_result& result) {
  std::string text = standing_lines(result) + matrix_lines(result);
  if (const std::string kept = kept_lines(result); !kept.empty()) {
    text += "\nkept stronger than the checks ask for\n" + kept;
  }
  text += coverage_lines(result) + pair_lines(result) + control_lines(result);
  if (!result.matrix.empty() || !result.upward.empty()) text += sums(result);
  for (const std::string& c : result.complaints) text += "complaint: " + c + "\n";
  if (!result.complete) text += "interrupted: what is above is what was found; --resume goes on\n";
  return text + fmt::format("\n{}{}\n", result.passed() ? "PASS" : "FAIL", part_of(result));
}

nlohmann::json to_json(const audit_result& result) {
  nlohmann::json all{{"caiman_audit", 1},
                     {"checker", program_name()},
                     {"shipped", table_of(result.shipped, result)},
                     {"minimal", table_of(result.minimal, result)},
                     {"as_shipped", nlohmann::json::array()},
                     {"matrix", nlohmann::json::array()},
                     {"pairs", nlohmann::json::array()},
                     {"controls", nlohmann::json::array()},
                     {"upward", nlohmann::json::array()},
                     {"complaints", result.complaints},
                     {"seconds", result.seconds},
                     {"verdict", verdict_of(result)}};
  for (const standing& s : result.standing_as_shipped) {
    nlohmann::json row{
        {"site", site_name(s.site)}, {"order", name_of(s.order)}, {"convicted", s.seen.convicted}};
    add_reply(row, s.seen);
    all["as_shipped"].push_back(std::move(row));
  }
  for (const weakening& w : result.matrix) {
    nlohmann::json row{
        {"site", site_name(w.site)},     {"order", name_of(w.order)},
        {"result", fate_name(w.result)}, {"from", w.from_minimal ? "minimal" : "shipped"},
        {"unreached", w.unreached},      {"by", w.by}};
    add_reply(row, w.seen);
    all["matrix"].push_back(std::move(row));
  }
  for (const order_pair& p : result.pairs) {
    const auto side = [](const weakening& w) {
      return nlohmann::json{{"site", site_name(w.site)}, {"order", name_of(w.order)}};
    };
    nlohmann::json row{{"one", side(p.one)}, {"other", side(p.other)}};
    row["result"] = p.seen.convicted                            ? "convicted"
                    : p.seen.complete && p.seen.executions != 0 ? "survives"
                                                                : "not run";
    add_reply(row, p.seen);
    all["pairs"].push_back(std::move(row));
  }
  for (const audit_control& c : result.controls) {
    nlohmann::json row{{"name", c.name}, {"must", c.must_die ? "die" : "live"}, {"held", c.held}};
    add_reply(row, c.seen);
    all["controls"].push_back(std::move(row));
  }
  for (const standing& s : result.upward) {
    nlohmann::json row{
        {"site", site_name(s.site)}, {"order", name_of(s.order)}, {"changed", s.seen.convicted}};
    add_reply(row, s.seen);
    all["upward"].push_back(std::move(row));
  }
  return all;
}

std::string killers_of(const audit_result& result) {
  std::string text = fmt::format(
      "    // site, order, scenario, program, search; written by {} audit --write-killers\n",
      program_name());
  for (const weakening& w : result.matrix) {
    if (!w.seen.convicted) continue;
    auto search = parse_plan(w.seen.search);
    if (!search) continue;
    // Room for the execution to move when the subject changes.
    search->front().how.executions = std::max<std::uint64_t>(1000, 4 * w.seen.execution);
    text +=
        fmt::format("    {{\"{}\", \"{}\", \"{}\", \"{}\",\n     \"{}\"}},\n", site_name(w.site),
                    name_of(w.order), w.seen.scenario, w.seen.program, to_string(*search));
  }
  return text;
}

}  // namespace caiman::model
