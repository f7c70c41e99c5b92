// SPDX-License-Identifier: MIT
#include "verify/verify.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <thread>

#include "commands/command.hpp"
#include "commands/pool.hpp"
#include "commands/progress.hpp"
#include "engine/current_client.hpp"
#include "trace/page.hpp"
#include "trace/whole_file.hpp"

namespace caiman::model {
namespace {

struct verify_arguments {
  std::string self;  // this program's path: jobs are calls of it
  level how_much = level::quick;
  std::string only;
  std::string program;
  std::uint64_t seed = 0;
  std::string traces;           // a directory for a trace of each scenario that fails,
  bool control_traces = false;  // and of each control
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
  std::string json;  // write the table there, as data
  std::string page;  // and there, as a page
};

/// One row of the table to come: a scenario, or one attempt at a control.
struct job {
  std::string name;
  std::string_view properties;
  std::string program;
  std::string searches;
  const control* of = nullptr;  // the control, if it is one
  job_result ended;
  std::vector<outcome> results;
  std::string trouble;  // it could not be judged

  bool convicted() const {
    return !results.empty() && results.back().seen.what != verdict::outcome::passed;
  }
  std::uint64_t executions() const {
    std::uint64_t n = 0;
    for (const outcome& o : results) n += o.seen.executions;
    return n;
  }
};

bool chosen(std::string_view name, const std::string& only) {
  return only.empty() || name.find(only) != std::string_view::npos;
}

bool ends_within(ends full, level how_much) {
  return full == ends::soon || (full == ends::late && how_much != level::quick);
}

/// How much of what there is was asked for.
struct part_of_all {
  std::size_t scenarios = 0;  // and variants
  std::size_t all_scenarios = 0;
  std::size_t controls = 0;
  std::size_t all_controls = 0;

  bool whole() const { return scenarios == all_scenarios && controls == all_controls; }
  std::string text() const {
    return fmt::format("{} of {} scenarios, {} of {} controls", scenarios, all_scenarios, controls,
                       all_controls);
  }
};

part_of_all part_for(const verify_arguments& given) {
  part_of_all part;
  const auto note = [&](std::string_view name, std::size_t& asked, std::size_t& all) {
    ++all;
    if (given.program.empty() && chosen(name, given.only)) ++asked;
  };
  for (const scenario& s : client_in_force().scenarios) {
    note(s.name, part.scenarios, part.all_scenarios);
    for (const variant& v : variants(s)) note(v.name, part.scenarios, part.all_scenarios);
  }
  for (const control& c : client_in_force().controls) {
    note(c.name, part.controls, part.all_controls);
  }
  return part;
}

std::vector<job> plan_jobs(const verify_arguments& given) {
  std::vector<job> jobs;
  const auto add = [&](std::string name, std::string_view properties, std::string program,
                       unsigned bound, care how) {
    const auto parsed = parse_program(program);
    const auto threads = parsed ? static_cast<unsigned>(parsed->threads.size()) : 2;
    const plan p = plan_for(given.how_much, bound, how, threads);
    jobs.push_back(
        {std::move(name), properties, std::move(program), to_string(p), nullptr, {}, {}, {}});
  };
  if (!given.program.empty()) {
    add("program", "all", given.program, 2, care::usual);
    return jobs;
  }
  for (const scenario& s : client_in_force().scenarios) {
    if (chosen(s.name, given.only)) {
      add(std::string(s.name), s.properties, std::string(s.program), s.bound,
          ends_within(s.full, given.how_much) ? care::to_the_end : care::usual);
    }
  }
  for (const scenario& s : client_in_force().scenarios) {
    for (variant& v : variants(s)) {
      if (!chosen(v.name, given.only)) continue;
      add(std::move(v.name), s.properties, std::move(v.program), s.bound, care::less);
    }
  }
  for (const control& c : client_in_force().controls) {
    if (!chosen(c.name, given.only)) continue;
    for (const attempt& a : c.attempts) {
      jobs.push_back({std::string(c.name),
                      c.properties,
                      std::string(a.program),
                      std::string(a.searches),
                      &c,
                      {},
                      {},
                      {}});
    }
  }
  return jobs;
}

void judge(job& j, job_result ended) {
  j.ended = std::move(ended);
  auto results = results_of(j.ended, j.program, j.searches);
  if (!results) {
    j.trouble = results.error();
    return;
  }
  j.results = std::move(*results);
  const verdict& last = j.results.back().seen;
  if (last.property == "model") j.trouble = last.text;
  const auto too_soon = [](const outcome& o) { return o.seen.stop_too_soon; };
  if (j.of == nullptr && std::any_of(j.results.begin(), j.results.end(), too_soon)) {
    j.trouble = "the stopping thread has more steps than the program stops it at";
  }
}

// ---- the table -----------------------------------------------------------------------------

/// "random 30000, bound 1* 2*, full*", a star for a tree search that came to its end; first with
/// the shipped orders, then with seq_cst.
std::string searches_of(const job& j) {
  std::string text;
  for (const bool strongest : {false, true}) {
    std::string part;
    for (const outcome& o : j.results) {
      if (o.what.seq_cst != strongest) continue;
      std::string item = to_string(o.what.how);
      if (part.find("bound") != std::string::npos && item.starts_with("bound ")) {
        item = item.substr(6);
      } else if (!part.empty()) {
        part += ",";
      }
      if (!part.empty()) part += " ";
      part += item;
      if (o.seen.exhausted) part += "*";
    }
    if (part.empty()) continue;
    text += text.empty() ? part : (part == text ? "; the same" : "; " + part);
  }
  return text;
}

std::string or_dash(unsigned n) { return n == 0 ? "-" : std::to_string(n); }

std::string verdict_of(const job& j) {
  if (!j.trouble.empty()) return "BROKEN: " + j.trouble;
  if (j.convicted()) return "VIOLATED " + j.results.back().seen.property;
  return j.results.empty() ? "not run" : "no violation";
}

void print_scenarios(const std::vector<job>& jobs) {
  fmt::print("{:<20} {:<9} {:>3} {:>4} {:>3}  {:<44} {:>11} {:>6}  {}\n", "scenario", "property",
             "thr", "blks", "fan", "schedulers: shipped orders; all seq_cst", "executions", "s",
             "verdict");
  for (const job& j : jobs) {
    if (j.of != nullptr) continue;
    const auto p = parse_program(j.program);
    if (!p) continue;  // run_verify has said so
    const sizes of = sizes_of(*p);
    fmt::print("{:<20} {:<9} {:>3} {:>4} {:>3}  {:<44} {:>11} {:>6.1f}  {}\n", j.name, j.properties,
               of.threads, or_dash(of.blocks), or_dash(of.fanout), searches_of(j), j.executions(),
               j.ended.seconds, verdict_of(j));
  }
  fmt::print("* the search came to its end: exhausted within the bound, within Relacy's model\n");
}

/// Whether what convicted a control is one of the properties that it stands for.
bool as_expected(const job& j) {
  return j.convicted() &&
         j.of->properties.find(j.results.back().seen.property) != std::string_view::npos;
}

/// A control and the attempt at it that came out as it must, if one did.
struct control_row {
  const control* of = nullptr;
  const job* best = nullptr;
  bool ran = false;
  std::string trouble;

  const char* verdict_text() const {
    if (best != nullptr) return "convicted";
    if (!trouble.empty()) return "BROKEN";
    return ran ? "SURVIVED" : "not run";
  }
};

std::vector<control_row> control_rows(const std::vector<job>& jobs) {
  std::vector<control_row> rows;
  for (const job& j : jobs) {
    if (j.of == nullptr) continue;
    if (rows.empty() || rows.back().of != j.of) rows.push_back({j.of, nullptr, false, {}});
    control_row& row = rows.back();
    row.ran = row.ran || !j.results.empty();
    if (!j.trouble.empty()) row.trouble = j.trouble;
    if (as_expected(j) && row.best == nullptr) row.best = &j;
  }
  return rows;
}

void print_controls(const std::vector<control_row>& rows) {
  if (rows.empty()) return;
  fmt::print("\n{:<26} {:<12} {:<10} {:>10}  {}\n", "control", "convicted by", "scheduler",
             "executions", "fault");
  for (const control_row& row : rows) {
    const outcome* seen = row.best != nullptr ? &row.best->results.back() : nullptr;
    fmt::print("{:<26} {:<12} {:<10} {:>10}  {}\n", row.of->name,
               seen != nullptr ? seen->seen.property.c_str() : row.verdict_text(),
               seen != nullptr ? to_string(seen->what.how) : "-",
               seen != nullptr ? std::to_string(seen->seen.executions) : "-",
               seen == nullptr && !row.trouble.empty() ? row.trouble : std::string(row.of->fault));
  }
}

/// What a person needs to see of a violation: the shortest schedule first.
void print_violations(const std::vector<job>& jobs) {
  for (const job& j : jobs) {
    if (j.of != nullptr || !j.convicted()) continue;
    const auto p = parse_program(j.program);
    if (p) fmt::print("\n{}: {}\n", j.name, describe(*p, j.results.back(), true));
  }
}

// ---- the same as data ----------------------------------------------------------------------

nlohmann::json to_json(const job& j) {
  const auto p = parse_program(j.program);
  nlohmann::json row{{"name", j.name},
                     {"properties", j.properties},
                     {"program", j.program},
                     {"searches", searches_of(j)},
                     {"executions", j.executions()},
                     {"seconds", j.ended.seconds},
                     {"verdict", verdict_of(j)}};
  if (p) {
    const sizes of = sizes_of(*p);
    row["threads"] = of.threads;
    row["blocks"] = or_dash(of.blocks);
    row["fanout"] = or_dash(of.fanout);
  }
  if (p && j.convicted()) {
    row["told"] = describe(*p, j.results.back(), false);
    const nlohmann::json& trace = j.results.back().trace;
    if (trace.contains("caiman_trace")) row["trace"] = trace;
  }
  return row;
}

nlohmann::json to_json(const control_row& c) {
  nlohmann::json row{{"name", c.of->name},
                     {"properties", c.of->properties},
                     {"fault", c.of->fault},
                     {"verdict", c.verdict_text()},
                     {"trouble", c.trouble}};
  if (c.best != nullptr) {
    const outcome& seen = c.best->results.back();
    row["property"] = seen.seen.property;
    row["scheduler"] = to_string(seen.what.how);
    row["executions"] = seen.seen.executions;
    row["program"] = c.best->program;
  }
  return row;
}

nlohmann::json to_json(const std::vector<job>& jobs, const std::vector<control_row>& controls,
                       const part_of_all& part, const char* verdict_text) {
  nlohmann::json all{{"caiman_verify", 1},
                     {"asked",
                      {{"scenarios", part.scenarios},
                       {"all_scenarios", part.all_scenarios},
                       {"controls", part.controls},
                       {"all_controls", part.all_controls}}},
                     {"scenarios", nlohmann::json::array()},
                     {"controls", nlohmann::json::array()},
                     {"verdict", verdict_text}};
  for (const job& j : jobs) {
    if (j.of == nullptr) all["scenarios"].push_back(to_json(j));
  }
  for (const control_row& c : controls) all["controls"].push_back(to_json(c));
  return all;
}

/// Writes what was asked for; false, and a line of why, if that failed.
bool write_results(const verify_arguments& given, const nlohmann::json& all) {
  std::expected<void, std::string> written;
  if (!given.json.empty()) written = write_whole(given.json, text_of_data(all));
  if (written && !given.page.empty()) written = write_whole(given.page, page_of(all));
  if (!written) bad_input(written.error());
  return written.has_value();
}

std::vector<std::string> command_for(const job& j, const verify_arguments& given) {
  job_request asked{.checker = this_program(given.self),
                    .program = j.program,
                    .searches = j.searches,
                    .seed = given.seed,
                    .title = j.name};
  if (j.of != nullptr) {
    asked.checker = checker_of(*j.of, given.self);
    asked.orders = j.of->orders;
    // That a control dies is its verdict; how, only those want to know who look at it.
    asked.as_found = !given.control_traces;
  }
  return command_of(asked);
}

/// A trace per scenario that failed and, if wanted, per control; false if one cannot be written.
bool write_traces(const std::vector<job>& jobs, const verify_arguments& given) {
  if (given.traces.empty()) return true;
  std::string last;  // a control's later attempts are the same fault once more
  for (const job& j : jobs) {
    if (!j.convicted() || (j.of != nullptr && (!given.control_traces || j.name == last))) continue;
    if (!j.results.back().trace.contains("caiman_trace")) continue;  // it crashed, and left none
    last = j.name;
    std::string name = j.name + ".json";
    std::replace(name.begin(), name.end(), '/', '-');
    const auto path = std::filesystem::path(given.traces) / name;
    if (const auto done = write_trace(path.string(), j.results.back().trace); !done) {
      bad_input(done.error());
      return false;
    }
    if (j.of == nullptr) fmt::print("trace of {}: {}\n", j.name, path.string());
  }
  return true;
}

/// Why what was asked for cannot be written, empty if it can: to be known before the work.
std::string fault_of_targets(const verify_arguments& given) {
  for (const std::string& target : {given.json, given.page}) {
    if (!target.empty() && !can_write(target)) return fmt::format("cannot write '{}'", target);
  }
  if (given.traces.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(given.traces, error);
  return error ? fmt::format("'{}': {}", given.traces, error.message()) : std::string();
}

/// 2 and a line if the run came to its end and some of it could not be judged, else 0.
int code_of_troubles(const std::vector<job>& jobs) {
  std::vector<std::string> troubles;
  for (const job& j : jobs) {
    if (!j.trouble.empty()) troubles.push_back(fmt::format("{}: {}", j.name, j.trouble));
  }
  return troubles.empty() ? 0 : broken_run(troubles, jobs.size());
}

/// 0 PASS, 1 FAIL, 2 nothing to run, or something that could not be judged.
int run_verify(const verify_arguments& given) {
  std::vector<job> jobs = plan_jobs(given);
  if (jobs.empty()) {
    return bad_input(fmt::format("no scenario and no control has '{}' in its name", given.only));
  }
  if (!given.program.empty()) {
    if (const auto p = parse_program(given.program); !p) {
      return bad_input(p.error());
    }
  }
  if (const std::string fault = fault_of_targets(given); !fault.empty()) {
    return bad_input(fault);
  }
  std::vector<std::vector<std::string>> commands;
  for (const job& j : jobs) commands.push_back(command_for(j, given));
  progress line(jobs.size());
  const bool complete =
      run_jobs(commands, std::max(1U, given.jobs), [&](std::size_t i, job_result r) {
        judge(jobs[i], std::move(r));
        line.step(jobs[i].name);
      });
  line.clear();

  print_scenarios(jobs);
  const std::vector<control_row> controls = control_rows(jobs);
  print_controls(controls);
  const auto bad = static_cast<unsigned>(std::count_if(jobs.begin(), jobs.end(), [](const job& j) {
    return j.of == nullptr && (j.convicted() || !j.trouble.empty());
  }));
  print_violations(jobs);
  const bool traced = write_traces(jobs, given);
  if (!complete) fmt::print("\ninterrupted: rows without executions were not run\n");
  const bool all_convicted = std::all_of(controls.begin(), controls.end(),
                                         [](const control_row& c) { return c.best != nullptr; });
  const bool pass = complete && traced && bad == 0 && all_convicted;
  const char* verdict_text = pass ? "PASS" : "FAIL";
  const part_of_all part = part_for(given);
  const bool written = write_results(given, to_json(jobs, controls, part, verdict_text));
  fmt::print("\n{}{}\n", verdict_text, part.whole() ? "" : ": " + part.text());
  if (const int code = complete ? code_of_troubles(jobs) : 0; code != 0) return code;
  return pass && written ? 0 : 1;
}

}  // namespace

void add_verify(CLI::App& app, const std::string& self, int& code) {
  const auto given = std::make_shared<verify_arguments>();
  given->self = self;
  auto* command = app.add_subcommand("verify", "check the shipped core, then the controls");
  const std::map<std::string, level> levels{
      {"quick", level::quick}, {"deep", level::deep}, {"exhaustive", level::exhaustive}};
  command->add_option("--level", given->how_much, "quick, deep or exhaustive")
      ->transform(CLI::CheckedTransformer(levels));
  command->add_option("--only", given->only, "scenarios and controls with this in the name");
  command->add_option("--program", given->program, "check this program instead");
  command->add_option("--seed", given->seed, "of the random searches")
      ->check(CLI::Range(0, 1'000'000));
  command->add_option("--jobs", given->jobs, "processes at a time")->check(CLI::Range(1, 1024));
  command->add_option("--json", given->json, "write the table to this file");
  command->add_option("--page", given->page, "write it as a page");
  command->add_option("--traces", given->traces,
                      "a directory: a trace of each scenario that fails goes there");
  command->add_flag("--control-traces", given->control_traces, "and of each control");
  command->callback([given, &code] { code = run_verify(*given); });
}

}  // namespace caiman::model
