// SPDX-License-Identifier: MIT
#include "commands/run_command.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "commands/command.hpp"
#include "commands/run_many.hpp"
#include "commands/shortest.hpp"
#include "trace/show_text.hpp"

namespace caiman::model {
namespace {

struct run_arguments {
  std::string self;
  std::string program;
  std::string searches =
      "random:20000@shipped,bound1:30000@shipped,bound2:30000@shipped,pct4:5000@shipped";
  std::string orders;
  std::string state;
  std::uint64_t seed = 0;
  bool json = false;
  bool trace = false;
  bool sites = false;
  std::string trace_out;
  bool as_found = false;
  trace_label label;
  run_choice chosen;
};

/// Tells what came of a program: what convicts it at once, and later whether a shorter execution
/// does, too.
class teller {
 public:
  teller(const run_arguments& given, const program& p) : given_(given), program_(p) {}

  void early(const std::vector<outcome>& found) {
    write(found.back());
    if (given_.json) return;
    searches(found);
    told_ = replay_line(found.back());
    fmt::print("{}\n", told_);
    std::fflush(stdout);
    if (isatty(STDERR_FILENO) == 1) {
      fmt::print(
          stderr, "looking for a shorter execution, {:.3g} s at most, or until Ctrl-C\n",
          given_.chosen.seconds > 0 ? std::min(given_.chosen.seconds, most_seconds) : most_seconds);
    }
  }

  /// The exit code.
  int all(const std::vector<outcome>& results) {
    const outcome& last = results.back();
    const bool passed = last.seen.what == verdict::outcome::passed;
    const bool shorter = !passed && replay_line(last) != told_;
    if (shorter || (passed && !last.trace.is_null())) write(last);
    if (given_.json) fmt::print("{}\n", to_json(results).dump());
    if (!given_.json) rest(results, shorter);
    if (!trouble_.empty()) return bad_input(trouble_);
    return passed ? 0 : 1;
  }

 private:
  void searches(const std::vector<outcome>& results) const {
    for (const outcome& o : results) {
      fmt::print("{}\n", describe_briefly(program_, o, given_.orders));
    }
  }
  void rest(const std::vector<outcome>& results, bool shorter) const {
    if (told_.empty()) searches(results);
    const outcome& last = results.back();
    if (!last.again.empty()) fmt::print("{}\n", last.again);
    if (shorter) fmt::print("{}\n", replay_line(last));
    if (given_.trace && !last.trace.is_null()) fmt::print("{}\n", text_of(last.trace));
    for (const std::string& line : coverage_of(results, given_.orders, given_.sites)) {
      fmt::print("{}\n", line);
    }
  }
  void write(const outcome& o) {
    if (given_.trace_out.empty()) return;
    const auto written = write_trace(given_.trace_out, o.trace);
    trouble_ = written ? std::string() : written.error();
  }

  const run_arguments& given_;
  const program& program_;
  std::string told_;     // the replay line that was told early
  std::string trouble_;  // the trace could not be written
};

int run_program(run_arguments given) {
  const auto p = parse_program(given.program);
  if (!p) return bad_input(p.error());
  auto searches = parse_plan(given.searches);
  if (!searches) return bad_input(searches.error());
  for (planned& one : *searches) one.how.seconds = given.chosen.seconds;
  if (!given.state.empty()) {
    search first = searches->front().how;
    first.state = given.state;
    const std::string fault =
        searches->size() == 1 ? fault_of_state(first) : "--state: want the one search it is of";
    if (!fault.empty()) return bad_input(fault);
  }
  const auto changes = parse_orders(given.orders);
  if (!changes) return bad_input(changes.error());
  given.label.recorded_by = name_in_traces(given.self);
  teller tell(given, *p);
  const showing shown{given.label, !given.as_found, [&](const auto& found) { tell.early(found); }};
  const std::vector<outcome> results =
      run_plan(*p, *searches, given.seed, given.state, *changes, shown);
  return tell.all(results);
}

/// A scenario as the program that it is: what is written is about one execution.
int run_one(run_arguments given) {
  if (given.chosen.names.size() != 1) {
    return bad_input("--state and --trace-out go with one scenario or a --program");
  }
  const auto program = program_named(given.chosen.names.front());
  if (!program) return bad_input(program.error());
  given.program = *program;
  if (given.label.title.empty()) given.label.title = given.chosen.names.front();
  return run_program(given);
}

int run_what_was_named(const run_arguments& given) {
  if (given.chosen.names.empty() == given.program.empty()) {
    return bad_input("run wants scenarios or a --program, one of the two");
  }
  if (given.chosen.names.empty()) return run_program(given);
  if (!given.state.empty() || !given.trace_out.empty()) return run_one(given);
  if (const auto searches = parse_plan(given.searches); !searches) {
    return bad_input(searches.error());
  }
  if (const auto changes = parse_orders(given.orders); !changes) return bad_input(changes.error());
  return run_scenarios(given.chosen, {given.self, given.searches, given.orders, given.seed,
                                      given.json, given.trace, given.sites});
}

}  // namespace

void add_run(CLI::App& app, const std::string& self, int& code, const std::string& usual) {
  const auto given = std::make_shared<run_arguments>();
  given->program = usual;
  given->self = self;
  auto* command = app.add_subcommand("run", "check scenarios, or one program, with given searches");
  command->add_option("--program", given->program);
  command->add_option("--searches", given->searches,
                      "e.g. random:20000@shipped,bound2:50000@seq_cst,full:100000");
  command->add_option("--orders", given->orders, "e.g. claim=acq_rel,hint_set=relaxed");
  command->add_option("--seed", given->seed)->check(CLI::Range(0, 1'000'000));
  command->add_option("--state", given->state, "replay one execution from this state");
  command->add_flag("--json", given->json);
  command->add_flag("--trace", given->trace,
                    "print the execution that convicts, or that of --state");
  command->add_flag("--sites", given->sites, "say which sites the threads came by");
  command->add_option("--trace-out", given->trace_out, "write it to this file (trace.md)");
  command->add_flag("--as-found", given->as_found,
                    "show what random search found, look for nothing shorter");
  command->add_option("--title", given->label.title, "of the trace");

  add_run_options(*command, given->chosen, usual.empty());
  command->callback([given, command, usual, &code] {
    if (!given->chosen.names.empty() && given->program == usual) given->program.clear();
    if (const std::string asked = searches_of(*command, given->chosen); !asked.empty()) {
      given->searches = asked;
    }
    code = run_what_was_named(*given);
  });
}

}  // namespace caiman::model
