// SPDX-License-Identifier: MIT
#include "commands/replay.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "commands/command.hpp"
#include "commands/plan.hpp"
#include "commands/pool.hpp"
#include "engine/current_client.hpp"
#include "trace/recording_json.hpp"
#include "trace/show_text.hpp"
#include "trace/trace.hpp"

namespace caiman::model {
namespace {

using nlohmann::json;

struct replay_arguments {
  std::string self;
  std::string file;
  unsigned times = 1;
  bool here = false;
};

/// What the trace says was run.
std::expected<std::pair<request, planned>, std::string> request_of(const json& trace) {
  const auto p = parse_program(trace.at("program").get_ref<const std::string&>());
  if (!p) return std::unexpected(p.error());
  const auto searches = parse_plan(trace.at("search").get_ref<const std::string&>());
  if (!searches) return std::unexpected(searches.error());
  if (searches->size() != 1) return std::unexpected("one search convicts, not several");
  std::string used;
  for (const json& row : trace.at("orders")) {
    used += fmt::format("{}{}={}", used.empty() ? "" : ",",
                        row.at("site").get_ref<const std::string&>(),
                        row.at("used").get_ref<const std::string&>());
  }
  const auto changes = parse_orders(used);
  if (!changes) return std::unexpected(changes.error());
  const planned& one = searches->front();
  request what{*p, one.seq_cst ? all_seq_cst() : shipped_orders(), one.seq_cst, one.how};
  for (const auto& [site, order] : *changes) what.orders[site] = order;
  what.how.state = trace.at("state").get<std::string>();
  what.how.executions = 1;
  if (auto fault = fault_of_state(what.how); !fault.empty()) return std::unexpected(fault);
  return std::pair{what, one};
}

/// The first event in which two recordings differ.
std::string difference(const json& was, const json& is) {
  const json& before = was.at("events");
  const json& now = is.at("events");
  for (std::size_t i = 0; i < std::min(before.size(), now.size()); ++i) {
    if (before[i] == now[i]) continue;
    for (const auto& [name, value] : before[i].items()) {
      if (now[i].value(name, json()) == value) continue;
      return fmt::format("event {} has another {}: {} now, {} in the file", i, printable(name),
                         printable(now[i].value(name, json()).dump()), printable(value.dump()));
    }
    return fmt::format("event {} says less in the file", i);
  }
  if (before.size() != now.size()) {
    return fmt::format("{} events now, {} in the file", now.size(), before.size());
  }
  return "operations, levels, property or race differ";
}

/// In a process of its own: a state that does not fit the program ends it.
int replay_and_tell(const replay_arguments& given) {
  const auto trace = read_trace(given.file);
  if (!trace) return bad_input(trace.error());
  // Relacy says what it finds wrong with a state on both streams.
  const int out = dup(STDOUT_FILENO);
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  const int errors = dup(STDERR_FILENO);
  dup2(nowhere, STDOUT_FILENO);
  dup2(nowhere, STDERR_FILENO);
  const auto result = replay_here(*trace);
  dup2(errors, STDERR_FILENO);
  dup2(out, STDOUT_FILENO);
  if (!result) return bad_input(fmt::format("'{}': {}", given.file, result.error()));
  fmt::print("{}\n", result->text);
  return result->same ? 0 : 1;
}

/// The program that recorded it, if it is one of ours, with the fault that was in force.
std::vector<std::string> program_of(const json& trace, const std::string& self) {
  const auto& by = trace.at("recorded_by").get_ref<const std::string&>();
  for (const control& c : client_in_force().controls) {
    if (by != (c.together ? recorder_of(c.name) : c.name)) continue;
    return checker_of(c, self);
  }
  return {self};
}

/// What is wrong with a job that does not say what came of the file, empty if it says so.
std::string trouble_of(const job_result& ended, const std::string& program,
                       const std::string& file) {
  if (!ended.started) return fmt::format("'{}' could not be started", program);
  if (ended.exit_code < 0 && is_crash(-ended.exit_code)) {
    return fmt::format("'{}': its state does not fit its program", file);
  }
  if (ended.exit_code < 0) {
    return fmt::format("'{}' was ended by signal {}", program, -ended.exit_code);
  }
  if (ended.exit_code > 2) {
    return fmt::format("'{}' ended with exit code {}", program, ended.exit_code);
  }
  const bool silent = ended.exit_code < 2 && ended.output.empty();
  return silent ? fmt::format("'{}' says nothing of '{}'", program, file) : std::string();
}

int replay(const replay_arguments& given) {
  if (given.here) return replay_and_tell(given);
  const auto trace = read_trace(given.file);
  if (!trace) return bad_input(trace.error());
  std::vector<std::string> command = program_of(*trace, given.self);
  const std::string program = command.front();
  command.insert(command.end(), {"replay", "--here", given.file});
  const std::vector<std::vector<std::string>> commands(given.times, command);
  unsigned same = 0;
  int code = 0;
  std::string text;
  std::string trouble;
  const auto wanted = [&](std::size_t /*job*/) { return code != 2; };
  const auto judge = [&](std::size_t /*job*/, const job_result& ended) {
    trouble = trouble_of(ended, program, given.file);
    if (!trouble.empty() || ended.exit_code == 2) {
      code = 2;
      return;
    }
    if (ended.exit_code == 0) ++same;
    code = std::max(code, ended.exit_code);
    if (text.empty() || ended.exit_code == 1) text = ended.output;
  };
  const bool complete = run_jobs(commands, 1, judge, wanted);
  if (!trouble.empty()) return bad_input(trouble);
  if (code == 2) return 2;  // the job has said why
  fmt::print("{}", text);
  if (given.times > 1) fmt::print("the same {} times of {}\n", same, given.times);
  return complete ? code : 1;
}

}  // namespace

std::expected<replayed, std::string> replay_here(const json& trace) {
  const auto asked = request_of(trace);
  if (!asked) return std::unexpected(asked.error());
  const auto& [what, search] = *asked;
  const verdict seen = run(what);
  const bool passes = trace.at("property").at("id") == no_violation;
  if (!passes && seen.what == verdict::outcome::passed) {
    return replayed{false, "not reproduced: no violation"};
  }
  const std::string what_was_seen = seen.property.empty()
                                        ? no_violation
                                        : fmt::format("{} violated: {}", seen.property, seen.text);
  const json again = to_trace(what, to_string(plan{search}), seen, {});
  const char* const parts[] = {"property", "operations", "events", "race", "levels"};
  if (std::all_of(std::begin(parts), std::end(parts),
                  [&](const char* part) { return again.at(part) == trace.at(part); })) {
    return replayed{true, fmt::format("reproduced: {}; all {} events are the same", what_was_seen,
                                      again.at("events").size())};
  }
  return replayed{false,
                  fmt::format("not reproduced: {}; {}", what_was_seen, difference(trace, again))};
}

void add_replay(CLI::App& app, const std::string& self, int& code) {
  const auto given = std::make_shared<replay_arguments>();
  given->self = self;
  auto* command = app.add_subcommand("replay", "run the execution of a trace again, and compare");
  command->add_option("file", given->file, "what --trace-out or --traces wrote")->required();
  command->add_option("--times", given->times, "each time in another process")
      ->check(CLI::Range(1, 1000));
  command->add_flag("--here", given->here, "in this process")->group("");
  command->callback([given, &code] { code = replay(*given); });
}

}  // namespace caiman::model
