// SPDX-License-Identifier: MIT
// The command line of a program that checks a structure.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <utility>

#include "machine/machine.hpp"
#include "structures/session.hpp"
#include "structures/stopping.hpp"

namespace caiman::model::machine {

user_code::user_code() noexcept : was_(std::exchange(user_code_runs, true)) {}
user_code::~user_code() { user_code_runs = was_; }

namespace {

std::string fault_of(const tested& of, const fixed_program& fixed) {
  const test_settings& s = of.settings();
  if (of.operations().empty()) return "there is no operation to check";
  if (fixed.threads > most_scenario_threads) {
    return fmt::format("a program has at most {} threads", most_scenario_threads);
  }
  if (s.least_threads < 1 || s.least_threads > s.most_threads ||
      s.most_threads > most_scenario_threads) {
    return fmt::format("a scenario has 1 to {} threads", most_scenario_threads);
  }
  if (s.operations < 1 || s.operations > most_operations) {
    return fmt::format("a thread has 1 to {} operations", most_operations);
  }
  return {};
}

}  // namespace

int check_tested(int argc, char** argv, tested& what, const fixed_program& fixed) {
  session in(argv[0], what, fixed);
  if (const std::string fault = fault_of(what, fixed); !fault.empty()) return in.complain(fault);
  const crash_guard crashes;
  if (argc == 1) return verify(in);
  CLI::App app{"Model checks of a structure"};
  app.require_subcommand(1);
  int code = 2;
  add_verify(app, in, code);
  add_run(app, in, code);
  add_replay(app, in, code);
  add_show(app, in, code);
  add_list(app, in, code);
  add_audit(app, in, code);
  add_optimize(app, in, code);
  add_cost(app, in, code);
  const stop_on_interrupt stops;
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return in.complain(error.what());
  }
  return code;
}

}  // namespace caiman::model::machine
