// ---------------------------------------------------------------------------------------------
// check.cpp: caiman-check, the command line of the model
//
//   caiman-check verify    the shipped core and the controls; what ./ci/verify calls
//   caiman-check run       scenarios, or one program; also how every other job is run
//   caiman-check audit     is every memory order needed, is every needed one there?
//   caiman-check list      the scenarios, the controls and the order sites
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

#include "audit.hpp"
#include "command.hpp"
#include "faults/faults.hpp"
#include "list.hpp"
#include "replay.hpp"
#include "run_command.hpp"
#include "show.hpp"
#include "verify.hpp"

using namespace caiman::model;

// NOLINTNEXTLINE(bugprone-exception-escape): nothing to be done about a failed allocation
int main(int argc, char** argv) {
  CLI::App app{"Model checks of the Caiman core"};
  app.require_subcommand(1);
  std::string fault;
  app.add_option("--fault", fault,
                 "the one of faults/ to be in force, if this program carries them")
      ->each([&fault](const std::string& name) {
        fault = name;
        if (!carries_fault(name.c_str()))
          throw CLI::ValidationError("--fault", "there is none such");
        caiman_fault_in_force = fault.c_str();
      });

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

  int code = 2;
  add_run(app, argv[0], code);
  add_replay(app, argv[0], code);
  add_show(app, code);
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
  return code;  // of the subcommand that has been called
}
