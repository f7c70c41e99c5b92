// ---------------------------------------------------------------------------------------------
// check.cpp: caiman-check, the command line of the model
//
//   caiman-check verify    the shipped core and the controls; what ./ci/verify calls
//   caiman-check run       one program, given searches; also how every other job is run
//   caiman-check list      the scenarios and the controls
//
// Exit codes: 0 no violation, 1 a violation or a surviving control, 2 bad arguments.
// ---------------------------------------------------------------------------------------------
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <string>

#include "audit.hpp"
#include "controls.hpp"
#include "plan.hpp"
#include "program.hpp"
#include "scenarios.hpp"
#include "verify.hpp"

namespace {

using namespace caiman::model;

int bad_input(const std::string& message) {
  fmt::print(stderr, "caiman-check: {}\n", message);
  return 2;
}

struct run_arguments {
  std::string program;
  std::string searches = "random:20000@shipped,bound1:30000@shipped,bound2:30000@shipped";
  std::string orders;
  std::string state;
  std::uint64_t seed = 0;
  bool json = false;
  bool trace = false;
};

int run_program(const run_arguments& given) {
  const auto p = parse_program(given.program);
  if (!p) return bad_input(p.error());
  const auto searches = parse_plan(given.searches);
  if (!searches) return bad_input(searches.error());
  if (given.state.find_first_not_of("0123456789 ") != std::string::npos ||
      given.state.size() > 1'000'000 || (!given.state.empty() && given.state[0] == ' ')) {
    return bad_input("--state: want the numbers of a replay line");
  }
  const auto changes = parse_orders(given.orders);
  if (!changes) return bad_input(changes.error());
  const std::vector<outcome> results = run_plan(*p, *searches, given.seed, given.state, *changes);
  const bool passed = results.back().seen.what == verdict::outcome::passed;
  if (given.json) {
    fmt::print("{}\n", to_json(results).dump());
    return passed ? 0 : 1;
  }
  for (const outcome& o : results) fmt::print("{}\n", describe(*p, o, given.trace));
  return passed ? 0 : 1;
}

int list_all() {
  fmt::print("scenarios\n");
  for (const scenario& s : scenarios()) {
    fmt::print("  {:<20} {:<10} {}\n  {:<20} {:<10} {}\n", s.name, s.properties, s.why, "", "",
               s.program);
  }
  fmt::print("controls\n");
  for (const control& c : controls())
    fmt::print("  {:<24} {:<8} {}\n", c.name, c.properties, c.fault);
  return 0;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): nothing to be done about a failed allocation
int main(int argc, char** argv) {
  CLI::App app{"Model checks of the Caiman core"};
  app.require_subcommand(1);

  verify_arguments verify;
  verify.self = argv[0];
  auto* verify_command = app.add_subcommand("verify", "check the shipped core, then the controls");
  std::map<std::string, level> levels{
      {"quick", level::quick}, {"deep", level::deep}, {"exhaustive", level::exhaustive}};
  verify_command->add_option("--level", verify.how_much, "quick, deep or exhaustive")
      ->transform(CLI::CheckedTransformer(levels));
  verify_command->add_option("--only", verify.only, "scenarios and controls with this in the name");
  verify_command->add_option("--program", verify.program, "check this program instead");
  verify_command->add_option("--seed", verify.seed, "of the random searches")
      ->check(CLI::Range(0, 1'000'000));
  verify_command->add_option("--jobs", verify.jobs, "processes at a time")
      ->check(CLI::Range(1, 1024));

  run_arguments run;
  auto* run_command = app.add_subcommand("run", "check one program with given searches");
  run_command->add_option("--program", run.program)->required();
  run_command->add_option("--searches", run.searches,
                          "e.g. random:20000@shipped,bound2:50000@seq_cst,full:100000");
  run_command->add_option("--orders", run.orders, "e.g. claim=acq_rel,hint_set=relaxed");
  run_command->add_option("--seed", run.seed)->check(CLI::Range(0, 1'000'000));
  run_command->add_option("--state", run.state, "replay one execution from this state");
  run_command->add_flag("--json", run.json);
  run_command->add_flag("--trace", run.trace, "print the execution that convicts");

  int code = 2;
  add_audit(app, argv[0], code);
  auto* list_command = app.add_subcommand("list", "the scenarios and the controls");

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return bad_input(error.what());
  }
  if (*verify_command) return run_verify(verify);
  if (*run_command) return run_program(run);
  return *list_command ? list_all() : code;
}
