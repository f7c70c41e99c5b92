// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// scale.cpp: the program caiman-scale
//
// What threads cost each other on more processors than there are here, by simulation; what grows
// with the arena and its slots; and how well the simulation says what two threads take on this
// machine. Exit codes: 0 all well, 1 a curve is steeper than docs/scale.md says, 2 wrong use, or
// what broke the program.
// Relies on CLI11 and fmt.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "../common/command_line.hpp"
#include "../common/pingpong.hpp"
#include "growth.hpp"
#include "machine.hpp"
#include "report.hpp"
#include "workloads.hpp"

namespace {

using namespace caiman::scale;

constexpr const char* program = "caiman-scale";

struct options {
  std::vector<unsigned> threads{1, 2, 4, 8, 16, 32, 63, 64, 128, 256};
  std::vector<std::string> workloads{workload_names.begin(), workload_names.end()};
  std::vector<std::string> subjects{subject_names.begin(), subject_names.end()};
  std::uint64_t seed = 1;
  unsigned rounds = 51;
  unsigned largest = 26;
  std::string with{"none"};
  std::string json;
};

/// The place of a name that is in the list.
template <class Value, class Names>
Value value_of(const Names& names, const std::string& name) {
  return static_cast<Value>(std::ranges::find(names, name) - names.begin());
}

/// A plan for each combination.
std::vector<plan> plans(const options& chosen) {
  std::vector<plan> all;
  for (const std::string& what : chosen.workloads) {
    for (const std::string& under : chosen.subjects) {
      for (const unsigned threads : chosen.threads) {
        const plan each{.what = value_of<workload>(workload_names, what),
                        .under = value_of<subject_kind>(subject_names, under),
                        .threads = threads,
                        .seed = chosen.seed,
                        .with = value_of<fault>(fault_names, chosen.with)};
        if (each.what != workload::w4 || threads > 1) all.push_back(each);
      }
    }
  }
  return all;
}

void write(const options& chosen, const char* what, const nlohmann::json& rows) {
  if (!chosen.json.empty()) write_json(chosen.json, {{what, rows}});
}

int curves(const options& chosen) {
  std::vector<outcome> rows;
  for (const plan& each : plans(chosen)) rows.push_back(simulate(each));
  print_curves(rows);
  write(chosen, "curves", rows);
  return 0;
}

/// Of one slot for each order, then of one order for each number of slots.
std::vector<growth_row> all_growth(unsigned largest, fault with) {
  std::vector<growth_row> rows;
  for (unsigned order = 6; order <= largest; order += 2) rows.push_back(growth_of(order, 1, with));
  for (const unsigned slots : {2U, 4U, 8U, 16U, 32U, 48U, 64U}) {
    rows.push_back(growth_of(std::min(largest, 18U), slots, with));
  }
  return rows;
}

/// Says it, for each row that is beyond its bounds.
bool within_bounds(const std::vector<growth_row>& rows) {
  bool within = true;
  for (const growth_row& row : rows) {
    for (const std::string& what : beyond_bounds(row)) {
      fmt::print("{}\n", what);
      within = false;
    }
  }
  return within;
}

int growth(const options& chosen) {
  const auto rows = all_growth(chosen.largest, value_of<fault>(fault_names, chosen.with));
  print_growth(rows);
  write(chosen, "growth", rows);
  return within_bounds(rows) ? 0 : 1;
}

/// The least of many short runs: what else runs on the machine only makes one longer.
double least_ns(const plan& what, unsigned rounds) {
  double least = measure(what, 5000).ns_of_operation();
  for (unsigned i = 1; i < rounds; ++i) {
    least = std::min(least, measure(what, 5000).ns_of_operation());
  }
  return least;
}

int validate(const options& chosen) {
  std::vector<comparison> rows;
  const auto trip = caiman::stress::ping_pong_ns();
  if (!trip) return caiman::stress::complain(program, "validate: this takes two processors");
  options two = chosen;
  two.threads = {2};
  std::erase(two.workloads, "W4");  // one thread cannot do it alone
  for (const plan& each : plans(two)) {
    plan alone = each;
    alone.arena_for = std::exchange(alone.threads, 1U);
    const outcome simulated = simulate(each);
    rows.push_back({.what = each.what,
                    .under = each.under,
                    .alone_ns = least_ns(alone, chosen.rounds),
                    .beside_ns = least_ns(each, chosen.rounds),
                    .simulated = simulated.per_operation(sum_of(simulated.counted).moves()),
                    .one_way_ns = *trip / 2});
  }
  print_comparisons(rows);
  write(chosen, "validation", rows);
  return 0;
}

/// What a workload may move with so many threads, of the core: `at_most` lines in a hundred
/// operations.
bool moves_little(const options& chosen, subject_kind core, workload what, unsigned threads,
                  std::uint64_t at_most) {
  const outcome got = simulate({.what = what,
                                .under = core,
                                .threads = threads,
                                .seed = chosen.seed,
                                .with = value_of<fault>(fault_names, chosen.with)});
  const tally sum = sum_of(got.counted);
  const bool little = sum.moves() * 100 <= got.operations * at_most;
  if (little && sum.accesses() != 0 && got.refused == 0) return true;
  fmt::print("{}, {} threads: {} transfers and upgrades in {} operations, {} refused\n",
             workload_names[static_cast<std::size_t>(what)], threads, sum.moves(), got.operations,
             got.refused);
  return false;
}

/// Pairs on blocks of a thread's own move no line with a slot for each, and churn next to none.
bool curves_are_flat(const options& chosen) {
  bool flat = true;
  for (const unsigned threads : {1U, 2U, 8U, 32U, 63U}) {
    flat &= moves_little(chosen, subject_kind::shipped, workload::w2, threads, 0);
  }
  // Each makes 128 operations, and the first of an order may be among them.
  flat &= moves_little(chosen, subject_kind::wide, workload::w2, 255, 1);
  return moves_little(chosen, subject_kind::shipped, workload::w3, 63, 50) && flat;
}

/// The same seed is the same run, and another one is another.
bool seeds_decide(const options& chosen) {
  plan what{.what = workload::w3, .under = subject_kind::tree, .threads = 16, .seed = chosen.seed};
  const outcome first = simulate(what);
  const outcome again = simulate(what);
  ++what.seed;
  const outcome other = simulate(what);
  const bool same = first.counted == again.counted && first.ns == again.ns;
  const bool differs = first.counted != other.counted;
  if (!same) fmt::print("W3, 16 threads: a seed is two runs\n");
  if (!differs) fmt::print("W3, 16 threads: two seeds are one run\n");
  return same && differs;
}

int check(const options& chosen) {
  const bool flat = curves_are_flat(chosen);
  const bool same = seeds_decide(chosen);
  const bool within = within_bounds(all_growth(20, value_of<fault>(fault_names, chosen.with)));
  if (!flat || !same || !within) return 1;
  fmt::print(
      "W2 moves no line with up to 63 threads, W3 few; seeds decide; no curve passes a bound\n");
  return 0;
}

int run(int argc, char** argv) {
  options chosen;
  CLI::App app("What threads cost each other, and what grows, by simulation", program);
  app.require_subcommand(1);
  const auto names = [](const auto& list) {
    return CLI::IsMember(std::vector<std::string>(list.begin(), list.end()));
  };
  app.add_option("--seed", chosen.seed, "of who meets whom")->capture_default_str();
  app.add_option("--fault", chosen.with, "what is wrong")->check(names(fault_names));
  app.add_option("--json", chosen.json, "the figures, into this file");
  app.fallthrough();
  CLI::App* draw = app.add_subcommand("curves", "transfers of an operation, over threads");
  CLI::App* compare = app.add_subcommand("validate", "beside two threads of this machine");
  for (CLI::App* each : {draw, compare}) {
    each->add_option("--workload", chosen.workloads)->delimiter(',')->check(names(workload_names));
    each->add_option("--subject", chosen.subjects)->delimiter(',')->check(names(subject_names));
  }
  draw->add_option("--threads", chosen.threads)
      ->delimiter(',')
      ->check(CLI::Range(1U, most_threads));
  compare->add_option("--rounds", chosen.rounds)->check(CLI::Range(1U, 1000U));
  CLI::App* size = app.add_subcommand("growth", "what grows with the arena and its slots");
  size->add_option("--largest", chosen.largest, "max_order")->check(CLI::Range(10U, 32U));
  app.add_subcommand("check", "whether any of it is steeper than docs/scale.md says");
  if (const auto code = caiman::stress::parse(app, argc, argv)) return *code;
  if (*draw) return curves(chosen);
  if (*compare) return validate(chosen);
  return *size ? growth(chosen) : check(chosen);
}

}  // namespace

int main(int argc, char** argv) {
  return caiman::stress::run_program(program, 2, [&] { return run(argc, argv); });
}
