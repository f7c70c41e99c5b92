// SPDX-License-Identifier: MIT
#include "commands/run_many.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>

#include <nlohmann/json.hpp>

#include "commands/command.hpp"
#include "commands/plan.hpp"
#include "commands/pool.hpp"
#include "commands/progress.hpp"
#include "engine/current_client.hpp"

namespace caiman::model {
namespace {

struct named {
  std::string name;
  std::string program;
  job_result ended;
  std::string trouble;  // it could not be judged
};

std::expected<std::vector<named>, std::string> find(const std::vector<std::string>& names) {
  std::vector<named> all;
  for (const std::string& name : names) {
    const std::size_t before = all.size();
    for (const scenario& s : client_in_force().scenarios) {
      if (name == s.name) all.push_back({name, std::string(s.program), {}, {}});
      for (const variant& v : variants(s)) {
        if (name == v.name) all.push_back({name, v.program, {}, {}});
      }
    }
    if (all.size() == before) {
      return std::unexpected(
          fmt::format("no scenario '{}'; {} list has them", name, program_name()));
    }
  }
  return all;
}

/// Prints what one came to; whether it was without violation.
bool print(named& n, const run_common& how, nlohmann::json& rows) {
  const auto results = results_of(n.ended, n.program, how.searches);
  const auto p = parse_program(n.program);
  if (!results) n.trouble = results.error();
  if (!p) n.trouble = p.error();
  if (how.json) {
    rows.push_back({{"scenario", n.name},
                    {"program", n.program},
                    {"results", n.trouble.empty() ? to_json(*results) : nlohmann::json()}});
  } else if (!n.trouble.empty()) {
    fmt::print("{}: could not be judged: {}\n", n.name, n.trouble);
  } else {
    for (const outcome& o : *results)
      fmt::print("{}: {}\n", n.name, describe(*p, o, how.trace, how.orders));
    for (const std::string& line : coverage_of(*results, how.orders, how.sites)) {
      fmt::print("{}: {}\n", n.name, line);
    }
  }
  return n.trouble.empty() && results->back().seen.what == verdict::outcome::passed;
}

/// 2 and a line if one of those that ran could not be judged, else 0.
int code_of_troubles(const std::vector<named>& all) {
  std::vector<std::string> troubles;
  for (const named& n : all) {
    if (!n.trouble.empty()) troubles.push_back(fmt::format("{}: {}", n.name, n.trouble));
  }
  return troubles.empty() ? 0 : broken_run(troubles, all.size());
}

}  // namespace

std::expected<std::string, std::string> program_named(const std::string& name) {
  const auto found = find({name});
  if (!found) return std::unexpected(found.error());
  return found->front().program;
}

void add_run_options(CLI::App& command, run_choice& chosen, bool by_name) {
  if (by_name) command.add_option("scenario", chosen.names, "scenarios, as list has them");
  auto* searches = command.get_option("--searches");
  command.add_option("--scheduler", chosen.scheduler, "random, bound, pct or full")
      ->check(CLI::IsMember({"random", "bound", "pct", "full"}))
      ->excludes(searches);
  command.add_option("--bound", chosen.bound, "context switches, for --scheduler bound and pct")
      ->check(CLI::Range(0, 9))
      ->excludes(searches);
  command.add_option("--executions", chosen.executions, "at most")
      ->check(CLI::Range(1, 1'000'000'000))
      ->excludes(searches);
  command.add_option("--seconds", chosen.seconds, "of one search, at most")
      ->check(CLI::Range(0.0, 1e6));
  command.add_option("--jobs", chosen.jobs, "processes at a time")->check(CLI::Range(1, 1024));
}

std::string searches_of(const CLI::App& command, const run_choice& chosen) {
  const bool bound = command.count("--bound") != 0;
  const bool executions = command.count("--executions") != 0;
  const bool seconds = command.count("--seconds") != 0 && command.count("--searches") == 0;
  if (chosen.scheduler.empty() && !bound && !executions && !seconds) return {};
  std::string method = chosen.scheduler;
  if (method.empty()) method = bound ? "bound" : "random";
  if (method == "bound" || method == "pct") method += std::to_string(chosen.bound);
  const std::uint64_t most = seconds && !executions ? 1'000'000'000 : chosen.executions;
  return fmt::format("{}:{}@shipped", method, most);
}

int run_scenarios(const run_choice& chosen, const run_common& how) {
  auto all = find(chosen.names);
  if (!all) return bad_input(all.error());
  std::vector<std::vector<std::string>> commands;
  for (const named& n : *all) {
    commands.push_back(command_of({.checker = this_program(how.self),
                                   .program = n.program,
                                   .searches = how.searches,
                                   .orders = how.orders,
                                   .seed = how.seed,
                                   .seconds = chosen.seconds}));
  }
  progress line(commands.size());
  nlohmann::json rows = nlohmann::json::array();
  bool clean = true;
  const bool complete = run_jobs(commands, chosen.jobs, [&](std::size_t i, job_result ended) {
    (*all)[i].ended = std::move(ended);
    line.step((*all)[i].name);
  });
  line.clear();
  std::size_t ran = 0;
  for (named& n : *all) {
    if (!complete && !n.ended.started) continue;
    ++ran;
    clean = print(n, how, rows) && clean;
  }
  if (how.json) fmt::print("{}\n", rows.dump());
  if (!complete) {
    bad_input(fmt::format("interrupted, {} of {} scenarios were run", ran, all->size()));
  }
  if (const int code = code_of_troubles(*all); code != 0) return code;
  return clean && complete ? 0 : 1;
}

}  // namespace caiman::model
