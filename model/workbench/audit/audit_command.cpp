// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// audit_command.cpp: the command line of `caiman-check audit`
// ---------------------------------------------------------------------------------------------
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <expected>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <thread>

#include "audit/audit.hpp"
#include "audit/code_text.hpp"
#include "audit/cost.hpp"
#include "audit/orders_text.hpp"
#include "commands/command.hpp"
#include "engine/current_client.hpp"
#include "engine/engine.hpp"
#include "trace/page.hpp"
#include "trace/whole_file.hpp"

namespace caiman::model {
namespace {

struct arguments {
  std::string self;
  bool quick = false;
  bool changed = false;
  bool resume = false;
  bool cost = false;
  std::string since;
  std::string orders;
  std::vector<std::string> kept;
  std::vector<std::string> only;
  std::vector<std::string> scenarios;
  std::uint64_t executions = 30'000;
  std::uint64_t seed = 0;
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
  std::string out;
  std::string json;
  std::string page;
  std::string killers;
};

using failure = std::unexpected<std::string>;

/// Cheap searches of all programs first. The quick form has the known killers and the first one.
std::vector<std::string> stages_of(const arguments& given) {
  const std::uint64_t n = given.executions;
  const std::uint64_t first = std::max<std::uint64_t>(1, n / 15);
  std::vector<std::string> all{fmt::format("random:{}@shipped", first)};
  if (given.quick) return all;
  all.push_back(fmt::format("random:{0}@shipped,bound1:{0}@shipped", n));
  all.push_back(fmt::format("bound2:{0}@shipped,bound3:{0}@shipped", 2 * n));
  return all;
}

std::expected<std::vector<audit_program>, std::string> programs_of(const arguments& given) {
  std::vector<audit_program> all;
  const auto chosen = [&](std::string_view name) {
    return given.scenarios.empty() ||
           std::find(given.scenarios.begin(), given.scenarios.end(), name) != given.scenarios.end();
  };
  for (const scenario& s : client_in_force().scenarios) {
    if (chosen(s.name)) all.push_back({std::string(s.name), std::string(s.program), {}});
    for (const variant& v : variants(s)) {
      if (chosen(v.name)) all.push_back({v.name, v.program, {}});
    }
  }
  for (const std::string& name : given.scenarios) {
    const auto is_it = [&](const audit_program& p) { return p.name == name; };
    if (std::none_of(all.begin(), all.end(), is_it)) {
      return failure(fmt::format("--scenario: no scenario '{}'", name));
    }
  }
  return all;
}

/// The reasons of orders.hpp, and those to be taken as though they stood there.
std::expected<std::vector<std::string>, std::string> kept_of(const arguments& given) {
  std::vector<std::string> all;
  for (const site_row& row : shipped_sites()) all.emplace_back(row.kept);
  for (const std::string& text : given.kept) {
    const std::size_t equals = text.find('=');
    const std::size_t site = site_named(text.substr(0, equals));
    if (site == all.size() || equals == std::string::npos) {
      return failure(fmt::format("--kept: want site=reason, not '{}'", text));
    }
    all[site] = text.substr(equals + 1);
  }
  return all;
}

std::expected<std::vector<bool>, std::string> sites_of(const arguments& given,
                                                       const order_table& shipped) {
  const auto& rows = shipped_sites();
  std::vector<bool> chosen(rows.size(), given.only.empty() && !given.changed);
  for (const std::string& name : given.only) {
    const std::size_t site = site_named(name);
    if (site == rows.size()) return failure(fmt::format("--only: no site '{}'", name));
    chosen[site] = true;
  }
  if (!given.changed) return chosen;
  const auto before = orders_of_revision(given.since);
  if (!before) return failure("--since: " + before.error());
  const auto code = code_changed_since(given.since);
  if (!code) return failure("--since: " + code.error());
  if (!code->empty()) {
    const std::string more = code->size() == 1 ? "" : fmt::format(" and {} more", code->size() - 1);
    return failure(
        fmt::format("--changed: not only orders differ from {}, but code, in {}{}: run "
                    "verify, and the audit without --changed",
                    given.since, code->front(), more));
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto old = before->find(rows[i].name);
    if (old == before->end() || old->second != name_of(shipped[i])) chosen[i] = true;
  }
  return chosen;
}

std::expected<audit_request, std::string> request_of(const arguments& given) {
  audit_request r;
  const auto changes = parse_orders(given.orders);
  if (!changes) return failure("--" + changes.error());
  r.shipped = shipped_orders();
  for (const auto& [site, order] : *changes) r.shipped[site] = order;
  auto kept = kept_of(given);
  if (!kept) return failure(kept.error());
  r.kept = std::move(*kept);
  auto programs = programs_of(given);
  if (!programs) return failure(programs.error());
  r.programs = std::move(*programs);
  auto sites = sites_of(given, r.shipped);
  if (!sites) return failure(sites.error());
  r.sites = std::move(*sites);
  r.changed.assign(r.sites.size(), given.changed);
  for (const auto& [site, order] : *changes) r.changed[site] = true;
  r.all_programs = given.scenarios.empty();
  r.upward_programs = given.quick ? 8 : 0;
  r.all_stronger = !given.quick;
  if (given.resume && given.out.empty()) return failure("--resume: which --out?");
  r.how = {given.self,
           given.jobs,
           given.seed,
           stages_of(given),
           given.out.empty() ? std::string() : given.out + "/audit.state",
           given.resume};
  return r;
}

/// What a state file must agree in: this very program, and what was asked of it.
std::string identity_of(const arguments& given, const audit_request& r) {
  std::ifstream in(given.self, std::ios::binary);
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (std::istreambuf_iterator<char> at(in), end; at != end; ++at) {
    hash = (hash ^ static_cast<unsigned char>(*at)) * 0x100000001b3;
  }
  return fmt::format("{:016x} {} {}", hash, changes_of(r.shipped), given.seed);
}

/// As many files as were asked for; whether all could be written.
bool write_results(const arguments& given, const audit_result& result, const nlohmann::json& json) {
  const std::string text = text_of_data(json);
  bool all = true;
  const auto write = [&](const std::string& name, const std::string& what) {
    if (name.empty()) return;
    const auto written = write_whole(name, what);
    if (!written) bad_input(written.error());
    all &= written.has_value();
  };
  write(given.json, text);
  write(given.page, given.page.empty() ? text : page_of(json));
  write(given.killers, killers_of(result));
  if (!given.out.empty()) write(given.out + "/audit.json", text);
  return all;
}

int run_audit(const arguments& given) {
  const auto request = request_of(given);
  if (!request) return bad_input(request.error());
  for (const std::string& name : {given.json, given.page, given.killers}) {
    if (!name.empty() && !can_write(name)) return bad_input(fmt::format("cannot write {}", name));
  }
  std::error_code failed;
  if (!given.out.empty() && !given.resume) std::filesystem::create_directories(given.out, failed);
  if (failed) return bad_input(fmt::format("--out: {}: {}", given.out, failed.message()));
  searcher search(request->how);
  if (const auto opened = search.open(identity_of(given, *request)); !opened) {
    return bad_input(opened.error());
  }
  if (std::none_of(request->sites.begin(), request->sites.end(), [](bool b) { return b; })) {
    fmt::print("no order differs from {}, and no code\n\nPASS: nothing was asked\n", given.since);
    return 0;
  }
  const audit_result result = audit(*request, search);
  nlohmann::json json = to_json(result);
  if (given.cost && result.complete) {
    cost_report cost = find_costs(request->sites, given.jobs, true);
    for (const weakening& w : result.matrix) {
      for (cost_row& row : cost.rows) {
        if (row.site == w.site && row.order == w.order) row.verdict = verdict_on(w);
      }
    }
    fmt::print("{}\n", to_text(cost));
    json["cost"] = to_json(cost);
  }
  fmt::print("{}", to_text(result));
  const bool written = write_results(given, result, json);
  if (!result.troubles.empty()) {
    return bad_input(
        fmt::format("the audit is broken: {} of its answers could not be judged, the "
                    "first: {}",
                    result.troubles.size(), result.troubles.front()));
  }
  return result.passed() && written ? 0 : 1;
}

}  // namespace

void add_audit(CLI::App& app, const std::string& self, int& code) {
  auto given = std::make_shared<arguments>();
  given->self = self;
  auto* command = app.add_subcommand("audit", "is every order needed, is every needed one there?");
  command->add_flag("--quick", given->quick, "what convicted before, and short searches");
  command->add_option("--only", given->only, "this site; may be repeated");
  command->add_option("--scenario", given->scenarios, "this program alone; may be repeated");
  command->add_option("--orders", given->orders, "as though these shipped: site=order,...");
  command->add_option("--kept", given->kept, "as though orders.hpp had this reason: site=text");
  auto* changed = command->add_flag("--changed", given->changed, "the sites that differ from...");
  command->add_option("--since", given->since, "... this git revision")->needs(changed);
  command->add_option("--executions", given->executions, "of one search of one program")
      ->check(CLI::Range(1, 100'000'000));
  command->add_option("--seed", given->seed, "of the random searches")
      ->check(CLI::Range(0, 1'000'000));
  command->add_option("--jobs", given->jobs, "processes at a time")->check(CLI::Range(1, 1024));
  command->add_option("--out", given->out, "directory for the state and the result");
  command->add_flag("--resume", given->resume, "go on where the run with this --out ended");
  command->add_flag("--cost", given->cost, "and what each order costs: instructions and time");
  command->add_option("--json", given->json, "write the result there, too");
  command->add_option("--page", given->page, "and as a page");
  command->add_option("--write-killers", given->killers, "write rows of audit_killers.inc");
  command->callback([given, &code] {
    if (given->changed && given->since.empty()) given->since = "HEAD";
    code = run_audit(*given);
  });
}

}  // namespace caiman::model
