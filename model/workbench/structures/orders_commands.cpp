// SPDX-License-Identifier: MIT
// audit, optimize and cost: is every memory order needed, and what does it cost?
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <ranges>

#include "machine/machine.hpp"
#include "structures/costs.hpp"
#include "structures/session.hpp"
#include "structures/stopping.hpp"
#include "trace/show_text.hpp"

namespace caiman::model::machine {
namespace {

struct weakening {
  std::uint32_t site;
  std::memory_order order;
};

/// `--seconds` is the limit of the whole command.
session_options usual(session& in, session_options options) {
  using clock = std::chrono::steady_clock;
  if (options.scenarios == 0) options.scenarios = 40;
  if (options.seconds > 0) {
    in.end_by(clock::now() + std::chrono::duration_cast<clock::duration>(
                                 std::chrono::duration<double>(options.seconds)));
  }
  options.seconds = 60;
  return options;
}

order_changes change_of(const weakening& w) {
  return {{the_machine().sites.name(w.site), w.order}};
}

std::string words(const conviction& found, session& in) {
  return fmt::format("{} in '{}', execution {}", found.found.property,
                     printable(to_string(found.what, in.of())), found.execution);
}

/// Every order of every site that is weaker than the one in force, the strongest first.
std::vector<weakening> weakenings() {
  std::vector<weakening> all;
  const auto& sites = the_machine().sites.all();
  for (const std::uint32_t i : the_machine().sites.in_order()) {
    for (const std::memory_order order : std::views::reverse(orders_of(sites[i].kind))) {
      if (is_weaker(order, sites[i].in_force)) all.push_back({i, order});
    }
  }
  return all;
}

/// What is wrong with the orders as they are, and which single one, made seq_cst, mends it.
int tell_what_mends(session& in, const session_options& options, const conviction& found) {
  fmt::print("as it is: {}\n", words(found, in));
  fmt::print("one order alone, made seq_cst, that mends it:\n");
  bool any = false;
  for (std::uint32_t i = 0; i < the_machine().sites.all().size() && !asked_to_stop(); ++i) {
    if (the_machine().sites.all()[i].in_force == std::memory_order_seq_cst) continue;
    tally seen;
    if (in.search_with({{the_machine().sites.name(i), std::memory_order_seq_cst}}, options, seen)) {
      continue;
    }
    any = true;
    fmt::print("  {}: no violation in {} executions\n", the_machine().sites.name(i),
               seen.executions);
  }
  if (!any) fmt::print("  none\n");
  return 1;
}

/// An audit of a search that convicts nothing says nothing.
bool has_teeth(session& in, const session_options& options) {
  order_changes all;
  for (std::uint32_t i = 0; i < the_machine().sites.all().size(); ++i) {
    all[the_machine().sites.name(i)] = std::memory_order_relaxed;
  }
  tally seen;
  const auto found = in.search_with(all, options, seen);
  if (found) {
    fmt::print("control, every order relaxed: {}\n", words(*found, in));
    return true;
  }
  fmt::print(
      "control, every order relaxed: no violation in {} executions: what survives below says "
      "little. Is what the threads hand over an m::plain?\n",
      seen.executions);
  return false;
}

void tell_masks(session& in, const session_options& options,
                const std::vector<weakening>& survivors) {
  for (std::size_t a = 0; a < survivors.size(); ++a) {
    for (std::size_t b = a + 1; b < survivors.size() && !asked_to_stop(); ++b) {
      if (survivors[a].site == survivors[b].site) continue;
      order_changes both = change_of(survivors[a]);
      both.merge(change_of(survivors[b]));
      tally seen;
      const auto found = in.search_with(both, options, seen);
      if (!found) continue;
      fmt::print("{} and {} mask each other: {}\n", to_string(change_of(survivors[a])),
                 to_string(change_of(survivors[b])), words(*found, in));
    }
  }
}

int audit(session& in, const session_options& given, bool pairs) {
  const session_options options = usual(in, given);
  const stop_on_interrupt stops;
  if (const auto used = in.use_orders(options.orders); !used) return in.complain(used.error());
  in.find_sites();
  tally seen;
  if (const auto found = in.search(options, true, seen)) {
    return tell_what_mends(in, options, *found);
  }
  fmt::print("as it is: no violation in {} executions of {} scenarios\n", seen.executions,
             seen.scenarios);
  (void)has_teeth(in, options);
  std::vector<weakening> survivors;
  for (const weakening& w : weakenings()) {
    if (asked_to_stop()) return in.complain("stopped before the end of the audit");
    tally each;
    const std::string name = fmt::format("{:<24} {:>8} -> {:<8}", the_machine().sites.name(w.site),
                                         name_of_order(the_machine().sites.all()[w.site].in_force),
                                         name_of_order(w.order));
    const auto found = in.search_with(change_of(w), options, each);
    if (found) {
      fmt::print("{} dies: {}\n", name, words(*found, in));
    } else {
      survivors.push_back(w);
      fmt::print("{} survives: no violation in {} executions{}{}\n", name, each.executions,
                 the_machine().sites.all()[w.site].times == 0 ? "; no thread came by" : "",
                 each.timed_out ? "; the time was up" : "");
    }
  }
  if (pairs) tell_masks(in, options, survivors);
  return 0;
}

/// The orders that a descent is at.
struct descent {
  order_changes now;
  std::uint64_t executions = 0;
  bool complete = true;  // every further weakening was tried
};

/// Weakens site by site until every further single weakening is convicted.
void descend(session& in, const session_options& options, descent& all) {
  site_table& sites = the_machine().sites;
  for (bool again = true; again && all.complete;) {
    again = false;
    for (const std::uint32_t i : sites.in_order()) {
      for (const std::memory_order order : orders_of(sites.all()[i].kind)) {
        if (!is_weaker(order, sites.all()[i].in_force)) continue;
        tally each;
        const auto found = in.search_with({{sites.name(i), order}}, options, each);
        all.executions += each.executions;
        all.complete = all.complete && !each.timed_out && !asked_to_stop();
        if (found || !all.complete) continue;
        all.now[sites.name(i)] = order;
        sites.use(all.now);
        again = true;
        break;
      }
    }
  }
}

/// Looks at where a descent has come to with ten times as many fresh scenarios; one that convicts
/// it is kept, for another descent.
bool stands(session& in, const session_options& options, descent& all) {
  session_options fresh = options;
  fresh.seed += 1;
  fresh.scenarios *= 10;
  tally seen;
  const auto found = in.search(fresh, true, seen);
  all.executions += seen.executions;
  if (found) in.remember(found->what);
  return !found;
}

void tell_orders(const descent& all) {
  const site_table& sites = the_machine().sites;
  for (const std::uint32_t i : sites.in_order()) {
    const site& s = sites.all()[i];
    fmt::print(
        "{} {:<28} {:>8}{}\n", s.in_force == s.written ? ' ' : '~', sites.name(i),
        name_of_order(s.written),
        s.in_force == s.written ? std::string() : fmt::format(" -> {}", name_of_order(s.in_force)));
  }
  fmt::print("--orders '{}'\n", to_string(all.now));
}

int optimize(session& in, const session_options& given, bool from_written) {
  const session_options options = usual(in, given);
  const stop_on_interrupt stops;
  if (const auto used = in.use_orders(options.orders); !used) return in.complain(used.error());
  in.find_sites();
  site_table& sites = the_machine().sites;
  order_changes start = sites.changed();
  if (!from_written) {
    for (std::uint32_t i = 0; i < sites.all().size(); ++i) {
      if (sites.all()[i].kind != site_kind::fence) start[sites.name(i)] = std::memory_order_seq_cst;
    }
  }
  sites.use(start);
  tally seen;
  if (const auto found = in.search(options, true, seen)) {
    fmt::print("{} to start from: {}\n",
               from_written ? "the written orders are nothing" : "seq_cst everywhere is nothing",
               words(*found, in));
    return 1;
  }
  constexpr unsigned most_descents = 6;
  descent all;
  bool stood = false;
  for (unsigned n = 0; n < most_descents && !stood && all.complete; ++n) {
    all.now = start;
    sites.use(start);
    descend(in, options, all);
    stood = all.complete && stands(in, options, all);
  }
  if (!all.complete) {
    fmt::print("{} executions; the end came before every weakening was tried\n", all.executions);
  } else if (!stood) {
    fmt::print("{} executions; fresh scenarios convict this: take more (--scenarios)\n",
               all.executions);
  } else {
    fmt::print(
        "{} executions; every further single weakening is convicted, and fresh scenarios find "
        "nothing\n",
        all.executions);
  }
  tell_orders(all);
  return stood ? 0 : 1;
}

}  // namespace

void add_audit(CLI::App& app, session& in, int& code) {
  struct given {
    session_options options;
    bool pairs = false;
  };
  const auto all = std::make_shared<given>();
  auto* command =
      app.add_subcommand("audit", "each order made weaker: what convicts it, or that it survives");
  add_options(*command, all->options);
  command->add_flag("--pairs", all->pairs, "which survivors mask each other");
  command->callback([all, &in, &code] { code = audit(in, all->options, all->pairs); });
}

void add_optimize(CLI::App& app, session& in, int& code) {
  struct given {
    session_options options;
    bool from_written = false;
  };
  const auto all = std::make_shared<given>();
  auto* command =
      app.add_subcommand("optimize", "from all seq_cst down to orders that cannot be weakened");
  add_options(*command, all->options);
  command->add_flag("--from-written", all->from_written, "starts from the orders as they are");
  command->callback([all, &in, &code] { code = optimize(in, all->options, all->from_written); });
}

void add_cost(CLI::App& app, session& in, int& code) {
  app.add_subcommand("cost", "what each order is, as instructions, and the time where it differs")
      ->callback([&in, &code] {
        in.find_sites();
        fmt::print("{}", table_of_costs(the_machine().sites));
        code = 0;
      });
}

}  // namespace caiman::model::machine
