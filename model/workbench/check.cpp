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
// Exit codes: 0 no violation, 1 a violation or a surviving control, 2 bad arguments, or a part of
// the run could not be judged. Of replay: 0 the same again, 1 not.
// ---------------------------------------------------------------------------------------------
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

#include "audit/audit.hpp"
#include "caiman-model/client.hpp"
#include "commands/command.hpp"
#include "commands/list.hpp"
#include "commands/replay.hpp"
#include "commands/run_command.hpp"
#include "commands/show.hpp"
#include "verify/verify.hpp"

namespace caiman::model {
namespace {

/// The file of this program, of which children are calls: the name that it was called by may be one
/// that only a search of PATH leads to.
std::string path_of_self(const char* called) {
  std::error_code failed;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed || !std::filesystem::exists(path, failed) ? called : path.string();
}

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
  const std::string self = path_of_self(argv[0]);
  call_program(self);
  if (what.sites.size() > max_sites) {
    return bad_input(fmt::format("at most {} memory orders", max_sites));
  }
  use_client(what);
  CLI::App app{std::string(what.title)};
  app.require_subcommand(1);
  int code = 2;
  if (what.mutants.put_in_force != nullptr) add_fault(app);
  if (!what.scenarios.empty()) add_verify(app, self, code);
  add_run(app, self, code, std::string(what.usual_program));
  add_replay(app, self, code);
  add_show(app, code);
  if (!what.scenarios.empty()) {
    add_audit(app, self, code);
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
