// SPDX-License-Identifier: MIT
// verify and run: scenarios that are invented, and one that is given.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "machine/machine.hpp"
#include "structures/session.hpp"
#include "structures/stopping.hpp"
#include "structures/trace_of.hpp"
#include "trace/page.hpp"
#include "trace/show_text.hpp"
#include "trace/trace.hpp"
#include "trace/whole_file.hpp"

namespace caiman::model::machine {
namespace {

using nlohmann::json;
using clock = std::chrono::steady_clock;

struct outputs {
  std::string trace;
  std::string page;
};

void add_outputs(CLI::App& command, outputs& to) {
  command.add_option("--trace-out", to.trace, "writes the execution as JSON");
  command.add_option("--page", to.page, "writes it as a page, for any browser");
}

/// 0, or what complain gives back.
int write(session& in, const outputs& to, const json& trace) {
  if (!to.trace.empty()) {
    if (const auto done = write_trace(to.trace, trace); !done) return in.complain(done.error());
  }
  if (!to.page.empty()) {
    if (const auto done = write_whole(to.page, page_of(trace)); !done) {
      return in.complain(done.error());
    }
  }
  return 0;
}

int tell(session& in, const conviction& found, const outputs& to, const tally& seen) {
  const json trace = trace_of(in.on(), in.of(), found, in.program());
  fmt::print("{}\n{}", report_of(in, found, trace.at("replay").get<std::string>(), seen),
             text_of(trace));
  const int failed = write(in, to, trace);
  return failed != 0 ? failed : 1;
}

int verify_with(session& in, const session_options& options, const outputs& to) {
  if (const auto used = in.use_orders(options.orders); !used) return in.complain(used.error());
  the_machine().sites.forget_times();
  the_machine().waits_without_yield.clear();
  tally seen;
  auto found = in.search(options, false, seen);
  if (found) {
    const double seconds = options.seconds > 0 ? options.seconds : 20;
    const auto until = clock::now() + std::chrono::duration_cast<clock::duration>(
                                          std::chrono::duration<double>(seconds));
    fmt::print(stderr, "{}: {}: {}, in '{}'; looking for a smaller one\n", in.name(),
               found->found.property, printable(found->found.text),
               printable(to_string(found->what, in.of())));
    return tell(in, made_small(in.on(), *found, in.fixed().has_value(), until, seen), to, seen);
  }
  if (!the_machine().any_access()) {
    return in.complain(
        "no operation makes a checked access: does the structure use m::atomic and m::plain?");
  }
  fmt::print("{}", report_of_pass(in, seen, options));
  return 0;
}

struct run_options {
  session_options search;
  outputs to;
  std::string program;
  std::string state;
  bool replays = false;
  bool seq_cst = false;
  bool trace = false;
};

/// One execution by its choices, or the first one.
int run_one(session& in, const run_options& given, const scenario& what) {
  const auto choices = parse_choices(given.state);
  if (!choices) return in.complain(choices.error());
  in.on().use(what);
  in.on().use_seq_cst(given.seq_cst);
  conviction one{what, {method::again, 0, 0}, given.seq_cst, 1, {}, *choices, 0};
  one.found = in.on().again(*choices, false);
  if (in.on().lost()) return in.complain("these choices do not fit the program");
  const json trace = trace_of(in.on(), in.of(), one, in.program());
  fmt::print("{}", text_of(trace));
  const int failed = write(in, given.to, trace);
  if (failed != 0) return failed;
  return one.found.property.empty() ? 0 : 1;
}

int run(session& in, const run_options& given) {
  std::expected<scenario, std::string> what = in.fixed().value_or(scenario{});
  if (!in.fixed() || !given.program.empty()) what = parse_scenario(given.program, in.of());
  if (!what) return in.complain(what.error());
  if (const auto used = in.use_orders(given.search.orders); !used) {
    return in.complain(used.error());
  }
  if (given.replays || given.trace) return run_one(in, given, *what);
  the_machine().sites.forget_times();
  const auto until =
      clock::now() + std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(
                         given.search.seconds > 0 ? given.search.seconds : 60));
  effort each;
  each.random = 20'000;
  each.pct = 5000;
  each.bound = 3;
  each.walk = 30'000;
  each.full = 100'000;
  tally seen;
  const auto start = clock::now();
  auto found = try_scenario(in.on(), *what, each, given.search.seed, until, seen);
  seen.seconds = std::chrono::duration<double>(clock::now() - start).count();
  if (found) return tell(in, *found, given.to, seen);
  fmt::print("no violation in {} executions of '{}'{}{}\n", seen.executions,
             printable(to_string(*what, in.of())),
             seen.exhausted > 0 ? ": exhausted, within the machine's model" : "",
             seen.timed_out ? "; the time was up" : "");
  site_table& sites = the_machine().sites;
  for (const auto& [site, order] : sites.changed()) {
    bool came = false;
    for (std::uint32_t i = 0; i < sites.all().size(); ++i) {
      came = came || (sites.name(i).starts_with(site) && sites.all()[i].times > 0);
    }
    if (!came) fmt::print("note: no thread of this program comes by {}\n", site);
  }
  return 0;
}

}  // namespace

int verify(session& in) {
  const stop_on_interrupt stops;
  return verify_with(in, {}, {});
}

void add_verify(CLI::App& app, session& in, int& code) {
  struct given {
    session_options search;
    outputs to;
  };
  const auto all = std::make_shared<given>();
  auto* command = app.add_subcommand(
      "verify", "invents scenarios, searches each, and shows the smallest that fails");
  add_options(*command, all->search);
  add_outputs(*command, all->to);
  command->callback([all, &in, &code] { code = verify_with(in, all->search, all->to); });
}

void add_run(CLI::App& app, session& in, int& code) {
  const auto all = std::make_shared<run_options>();
  auto* command = app.add_subcommand("run", "one scenario; with --state one execution of it");
  auto* program =
      command->add_option("--program", all->program, "as in 'push(1) ; pop() | push(2), pop()'");
  if (!in.fixed()) program->required();
  add_options(*command, all->search);
  add_outputs(*command, all->to);
  auto* state = command->add_option("--state", all->state, "the choices of the execution");
  command->add_flag("--seq-cst", all->seq_cst, "all orders seq_cst, answers in the order of time");
  command->add_flag("--trace", all->trace, "shows one execution, whether it fails or not");
  command->callback([all, state, &in, &code] {
    all->replays = state->count() > 0;
    code = run(in, *all);
  });
}

}  // namespace caiman::model::machine
