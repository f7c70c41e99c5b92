// ---------------------------------------------------------------------------------------------
// check.cpp: caiman-check, the command line of the model
//
//   caiman-check verify    the shipped core and the controls; what ./ci/verify calls
//   caiman-check run       one program, given searches; also how every other job is run
//   caiman-check list      the scenarios and the controls
//   caiman-check replay    the execution of a trace, again
//   caiman-check show      what lies in a file, for people: text, or a page
//
// Exit codes: 0 no violation, 1 a violation or a surviving control, 2 bad arguments. Of replay: 0
// the same again, 1 not.
// ---------------------------------------------------------------------------------------------
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <string>

#include "command.hpp"
#include "controls.hpp"
#include "replay.hpp"
#include "run_command.hpp"
#include "scenarios.hpp"
#include "show.hpp"
#include "verify.hpp"

namespace {

using namespace caiman::model;

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
  verify_command->add_option("--json", verify.json, "write the table to this file");
  verify_command->add_option("--page", verify.page, "write it as a page");

  verify_command->add_option("--traces", verify.traces,
                             "a directory: a trace of each scenario that fails goes there");
  verify_command->add_flag("--control-traces", verify.control_traces, "and of each control");

  auto* list_command = app.add_subcommand("list", "the scenarios and the controls");
  int code = 2;
  add_run(app, argv[0], code);
  add_replay(app, argv[0], code);
  add_show(app, code);

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return bad_input(error.what());
  }
  if (*verify_command) return run_verify(verify);
  return *list_command ? list_all() : code;
}
