// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// check.cpp: the command line of a checker, whatever it checks
//
//   verify    the shipped subject and the controls; what ./ci/verify calls
//   run       scenarios, or one program; also how every other job is run
//   audit     is every memory order needed, is every needed one there?
//   list      the scenarios, the controls and the order sites
//   replay    the execution of a trace, again
//   show      what lies in a file, for people: text, or a page
//
// Exit codes: 0 no violation, 1 a violation or a surviving control, 2 bad arguments. Of replay: 0
// the same again, 1 not.
// ---------------------------------------------------------------------------------------------
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <string>

#include "audit/audit.hpp"
#include "caiman-model/client.hpp"
#include "caiman-model/structure.hpp"
#include "commands/command.hpp"
#include "commands/list.hpp"
#include "commands/replay.hpp"
#include "commands/run_command.hpp"
#include "commands/show.hpp"
#include "verify/verify.hpp"

namespace caiman::model {
namespace {

void add_fault(CLI::App& app) {
  app.add_option_function<std::string>(
         "--fault",
         [](const std::string& name) {
           if (!put_fault_in_force(name))
             throw CLI::ValidationError("--fault", "there is none such");
         },
         "the one to be in force, if this program carries faults")
      ->trigger_on_parse();
}

}  // namespace

int check(int argc, char** argv, const client& what) {
  if (what.sites.size() > max_sites) {
    fmt::print(stderr, "{}: at most {} memory orders\n", argv[0], max_sites);
    return 2;
  }
  use_client(what);
  CLI::App app{std::string(what.title)};
  app.require_subcommand(1);
  int code = 2;
  if (what.mutants.put_in_force != nullptr) add_fault(app);
  if (!what.scenarios.empty()) add_verify(app, argv[0], code);
  add_run(app, argv[0], code, std::string(what.usual_program));
  add_replay(app, argv[0], code);
  add_show(app, code);
  if (!what.scenarios.empty()) {
    add_audit(app, argv[0], code);
    add_list(app, code);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return bad_input(error.what());
  }
  return code;
}

}  // namespace caiman::model
