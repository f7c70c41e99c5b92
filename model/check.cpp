// ---------------------------------------------------------------------------------------------
// check.cpp: caiman-check, the command line of the model
//
//   caiman-check verify    the shipped core and the controls; what ./ci/verify calls
//   caiman-check run       scenarios, or one program; also how every other job is run
//   caiman-check audit     is every memory order needed, is every needed one there?
//   caiman-check list      the scenarios, the controls and the order sites
//
// Exit codes: 0 no violation, 1 a violation or a surviving control, 2 bad arguments.
// ---------------------------------------------------------------------------------------------
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <string>

#include "audit.hpp"
#include "list.hpp"
#include "plan.hpp"
#include "program.hpp"
#include "run_many.hpp"
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
  double seconds = 0;
  bool json = false;
  bool trace = false;
};

int run_program(const run_arguments& given) {
  const auto p = parse_program(given.program);
  if (!p) return bad_input(p.error());
  auto searches = parse_plan(given.searches);
  if (!searches) return bad_input(searches.error());
  for (planned& one : *searches) one.how.seconds = given.seconds;
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

int run_what_was_named(const run_arguments& given, const run_choice& chosen, const char* self) {
  if (chosen.names.empty() == given.program.empty()) {
    return bad_input("run wants scenarios or a --program, one of the two");
  }
  if (chosen.names.empty()) return run_program(given);
  if (!given.state.empty()) return bad_input("--state goes with a --program");
  if (const auto searches = parse_plan(given.searches); !searches) {
    return bad_input(searches.error());
  }
  if (const auto changes = parse_orders(given.orders); !changes) return bad_input(changes.error());
  return run_scenarios(chosen,
                       {self, given.searches, given.orders, given.seed, given.json, given.trace});
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
  run_command->add_option("--program", run.program);
  run_command->add_option("--searches", run.searches,
                          "e.g. random:20000@shipped,bound2:50000@seq_cst,full:100000");
  run_command->add_option("--orders", run.orders, "e.g. claim=acq_rel,hint_set=relaxed");
  run_command->add_option("--seed", run.seed)->check(CLI::Range(0, 1'000'000));
  run_command->add_option("--state", run.state, "replay one execution from this state");
  run_command->add_flag("--json", run.json);
  run_command->add_flag("--trace", run.trace, "print the execution that convicts");
  run_choice chosen;
  add_run_options(*run_command, chosen);

  int code = 2;
  add_audit(app, argv[0], code);
  add_list(app, code);

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return bad_input(error.what());
  }
  if (*verify_command) return run_verify(verify);
  if (*run_command) {
    if (const std::string searches = searches_of(*run_command, chosen); !searches.empty()) {
      run.searches = searches;
    }
    run.seconds = chosen.seconds;
    return run_what_was_named(run, chosen, argv[0]);
  }
  return code;  // of the subcommand that has been called
}
