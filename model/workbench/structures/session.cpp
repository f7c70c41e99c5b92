// SPDX-License-Identifier: MIT
#include "structures/session.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "machine/machine.hpp"
#include "trace/show_text.hpp"

namespace caiman::model::machine {
namespace {

using clock = std::chrono::steady_clock;

constexpr unsigned usual_scenarios = 100;
constexpr double usual_seconds = 60;

effort effort_of(bool quick) {
  effort each;
  each.full = 3000;
  if (quick) {
    each.random = 1000;
    each.pct = 500;
    each.walk = 1500;
    each.full = 0;
  }
  return each;
}

}  // namespace

session::session(std::string program, tested& of, const fixed_program& fixed)
    : program_(std::move(program)), of_(of), fixed_(fixed), trial_(of) {}

deadline session::until(const session_options& options) const {
  const double seconds = options.seconds > 0 ? options.seconds : usual_seconds;
  return std::min(all_, clock::now() + std::chrono::duration_cast<clock::duration>(
                                           std::chrono::duration<double>(seconds)));
}

void session::remember(const scenario& killer) {
  if (!fixed()) killers_.push_back(killer);
}

std::string session::name() const { return std::filesystem::path(program_).filename().string(); }

int session::complain(const std::string& message) const {
  fmt::print(stderr, "{}: {}\n", name(), printable(message));
  return 2;
}

std::optional<scenario> session::fixed() const {
  if (fixed_.threads == 0) return {};
  scenario only;
  for (unsigned t = 0; t < fixed_.threads; ++t) only.threads.push_back({{t, 0}});
  return only;
}

void session::find_sites() {
  tally seen;
  const effort little{.random = 50, .pct = 0, .bound = 1, .walk = 50, .by_time = false};
  const auto soon = clock::now() + std::chrono::seconds(5);
  if (const auto only = fixed()) {
    (void)try_scenario(trial_, *only, little, 1, soon, seen);
  } else {
    for (unsigned n = 0; n < 48; ++n) {
      (void)try_scenario(trial_, invent(of_, 1, n), little, 1, soon, seen);
    }
  }
}

std::expected<void, std::string> session::use_orders(const std::string& text) {
  const auto changes = parse_order_changes(text);
  if (!changes) return std::unexpected(changes.error());
  site_table& sites = the_machine().sites;
  if (!changes->empty()) find_sites();
  for (const auto& [site, order] : *changes) {
    if (auto fault = sites.fault_of(site, order); !fault.empty()) return std::unexpected(fault);
  }
  sites.use(*changes);
  return {};
}

std::optional<conviction> session::search_fixed(const scenario& only, bool quick, deadline until,
                                                tally& seen) {
  const auto start = clock::now();
  effort each;
  each.random = quick ? 3000 : 20'000;
  each.pct = quick ? 1000 : 5000;
  each.walk = quick ? 5000 : 30'000;
  each.full = quick ? 20'000 : 200'000;
  each.by_time = false;
  auto found = try_scenario(trial_, only, each, 1, until, seen);
  seen.seconds = std::chrono::duration<double>(clock::now() - start).count();
  return found;
}

std::optional<conviction> session::search(const session_options& options, bool quick, tally& seen) {
  const deadline end = until(options);
  if (const auto only = fixed()) return search_fixed(*only, quick, end, seen);
  campaign plan;
  plan.seed = options.seed;
  plan.scenarios = options.scenarios != 0 ? options.scenarios : usual_scenarios;
  plan.each = effort_of(quick);
  plan.until = end;
  if (isatty(STDERR_FILENO) != 0 && !quick) {
    plan.tell = [](const tally& so_far) {
      fmt::print(stderr, "\r{} scenarios, {} executions ", so_far.scenarios, so_far.executions);
    };
  }
  auto found = run_campaign(trial_, of_, plan, seen);
  if (plan.tell) fmt::print(stderr, "\r{:50}\r", "");
  return found;
}

std::optional<conviction> session::search_with(const order_changes& changes,
                                               const session_options& options, tally& seen) {
  site_table& sites = the_machine().sites;
  const order_changes before = sites.changed();
  order_changes all = before;
  for (const auto& [site, order] : changes) all[site] = order;
  sites.use(all);
  std::optional<conviction> found;
  const deadline end = until(options);
  for (std::size_t i = killers_.size(); i-- > 0 && !found;) {
    found = try_scenario(trial_, killers_[i], effort_of(true), options.seed, end, seen);
  }
  if (!found) {
    found = search(options, true, seen);
    if (found) remember(found->what);
  }
  sites.use(before);
  return found;
}

std::expected<order_changes, std::string> parse_order_changes(const std::string& text) {
  order_changes all;
  std::size_t from = 0;
  while (from < text.size()) {
    const std::size_t end = std::min(text.find(',', from), text.size());
    const std::string one = text.substr(from, end - from);
    from = end + 1;
    const auto is = one.rfind('=');
    if (is == std::string::npos || is == 0) {
      return std::unexpected(fmt::format("'{}' is not SITE=ORDER", one));
    }
    const auto order = order_named(std::string_view(one).substr(is + 1));
    if (!order) return std::unexpected(order.error());
    if (!all.emplace(one.substr(0, is), *order).second) {
      return std::unexpected(fmt::format("'{}' is given twice", one.substr(0, is)));
    }
  }
  return all;
}

std::string to_string(const order_changes& changes) {
  std::string all;
  for (const auto& [site, order] : changes) {
    all += fmt::format("{}{}={}", all.empty() ? "" : ",", site, name_of_order(order));
  }
  return all;
}

void add_options(CLI::App& command, session_options& options) {
  command.add_option("--orders", options.orders, "SITE=ORDER,…: other orders for this run");
  command.add_option("--seed", options.seed, "of scenarios and schedules");
  command.add_option("--scenarios", options.scenarios, "how many are invented")
      ->check(CLI::Range(1, 1'000'000));
  command.add_option("--seconds", options.seconds, "stops after so long")
      ->check(CLI::Range(0.001, 1e6));
}

}  // namespace caiman::model::machine
