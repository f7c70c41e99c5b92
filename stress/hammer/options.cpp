// SPDX-License-Identifier: MIT
// Command line of the hammer; see options.hpp.
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <random>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "../common/command_line.hpp"
#include "options.hpp"

namespace caiman::stress {
namespace {

constexpr named<mode> mode_names[] = {{"uniform", mode::uniform},
                                      {"mixed", mode::mixed},
                                      {"pressure", mode::pressure},
                                      {"burst", mode::burst}};
constexpr named<fault> fault_names[] = {{"none", fault::none},
                                        {"double-hand-out", fault::double_hand_out},
                                        {"lost-block", fault::lost_block},
                                        {"torn-stamp", fault::torn_stamp},
                                        {"false-full", fault::false_full},
                                        {"wrong-count", fault::wrong_count},
                                        {"contended-forever", fault::contended_forever},
                                        {"standstill", fault::standstill}};

// Halves with every order, and stays above 0.
std::uint64_t halving_weight(unsigned order, unsigned largest) {
  constexpr unsigned most = 20;
  return std::uint64_t{1} << std::min(largest - order, most);
}

std::optional<std::vector<std::uint64_t>> named_mix(std::string_view name, unsigned max_order) {
  const unsigned small = std::min(max_order, 3U);
  std::vector<std::uint64_t> weights(std::size_t{max_order} + 1, 0);
  if (name == "smallest") {
    weights[0] = 1;
  } else if (name == "small") {
    for (unsigned k = 0; k <= small; ++k) weights[k] = halving_weight(k, small);
  } else if (name == "halving") {
    for (unsigned k = 0; k <= max_order; ++k) weights[k] = halving_weight(k, max_order);
  } else if (name == "even") {
    std::fill(weights.begin(), weights.end(), 1);
  } else {
    return std::nullopt;
  }
  return weights;
}

std::string default_mix(mode how) {
  switch (how) {
    case mode::mixed:
      return "small";
    case mode::pressure:
      return "halving";
    default:
      return "even";
  }
}

/// Weights such as "4,2,0,1" for the orders from 0 up; nothing when the text is something else.
std::optional<std::vector<std::uint64_t>> listed_mix(std::string_view text) {
  constexpr std::uint64_t most = 1'000'000;
  const char* const end = text.data() + text.size();
  std::vector<std::uint64_t> weights;
  for (const char* at = text.data();; ++at) {
    std::uint64_t weight = 0;
    const auto [next, error] = std::from_chars(at, end, weight);
    if (error != std::errc{} || (next != end && *next != ',') || weight > most) return std::nullopt;
    weights.push_back(weight);
    at = next;
    if (at == end) return weights;
  }
}

/// Fills in the weights that the text asks for; returns a complaint when it cannot.
std::optional<std::string> resolve(order_mix& mix, unsigned max_order) {
  auto weights = named_mix(mix.text, max_order);
  if (!weights) weights = listed_mix(mix.text);
  if (!weights) {
    return fmt::format(
        "'{}' is neither smallest, small, halving, even nor a list of weights such as 4,2,1",
        mix.text);
  }
  if (weights->size() > std::size_t{max_order} + 1) {
    return fmt::format("{} weights for the orders 0 to {}", weights->size(), max_order);
  }
  if (std::all_of(weights->begin(), weights->end(), [](std::uint64_t w) { return w == 0; })) {
    return "no order has a weight above 0";
  }
  weights->resize(std::size_t{max_order} + 1, 0);
  mix.weights = std::move(*weights);
  return std::nullopt;
}

void declare(CLI::App& app, options& chosen) {
  app.option_defaults()->always_capture_default();
  add_named(app, "--mode", chosen.how, mode_names, "see stress/hammer/README.md");
  app.add_option("--threads", chosen.threads, "threads at work at any time")
      ->check(CLI::Range(1U, 256U));
  app.add_option("--seconds", chosen.seconds, "how long to start new rounds")
      ->check(CLI::Range(0.01, 86400.0));
  app.add_option("--max-order", chosen.max_order, "the arena has 2^N min blocks")
      ->check(CLI::Range(0U, 22U));
  app.add_option("--log2-fanout", chosen.log2_fanout, "log2 of the bits per word")
      ->check(CLI::Range(1U, 6U));
  add_named(app, "--pop", chosen.pops, pop_names,
            "the tree alone, stacks with either pop, or the policy that ships");
  app.add_option("--mix", chosen.mix.text,
                 "orders: smallest, small (0 to 3), halving, even, or weights from order 0 up");
  app.add_option("--seed", chosen.seed, "of what the threads do, not of when; random if not given");
  add_named(app, "--fault", chosen.injected, fault_names, "put a fault in, to see it caught");
  app.add_option("--patience", chosen.patience, "seconds without progress that count as failure")
      ->check(CLI::Range(0.1, 3600.0));
  app.add_option("--json", chosen.json, "write the figures to this file, too");
}

// Before the run, not after it: an hour of hammering must not end in "cannot write".
bool can_write(const std::string& file) { return std::ofstream(file, std::ios::app).is_open(); }

}  // namespace

std::string_view name_of(mode which) { return name_in(mode_names, which); }
std::string_view name_of(pop which) { return name_in(pop_names, which); }

unsigned order_mix::largest_order() const {
  const auto last =
      std::find_if(weights.rbegin(), weights.rend(), [](std::uint64_t w) { return w != 0; });
  return static_cast<unsigned>(std::distance(last, weights.rend()) - 1);
}

std::optional<int> parse_options(int argc, char** argv, options& chosen) {
  CLI::App app{"Hammers the buddy core with native threads and checks what it does.", "hammer"};
  declare(app, chosen);
  if (const auto exit_code = parse(app, argc, argv)) return exit_code;
  if (app.count("--seed") == 0) chosen.seed = std::random_device{}();
  if (chosen.mix.text.empty()) chosen.mix.text = default_mix(chosen.how);
  if (const auto complaint = resolve(chosen.mix, chosen.max_order)) {
    return complain("hammer", fmt::format("--mix: {}", *complaint));
  }
  if (!chosen.json.empty() && !can_write(chosen.json)) {
    return complain("hammer", fmt::format("--json: cannot write '{}'", chosen.json));
  }
  return std::nullopt;
}

std::string command_line(const options& chosen) {
  std::string line = fmt::format(
      "hammer --mode {} --threads {} --seconds {} --max-order {} --log2-fanout {} --pop {} "
      "--mix {} --seed {}",
      name_of(chosen.how), chosen.threads, chosen.seconds, chosen.max_order, chosen.log2_fanout,
      name_of(chosen.pops), chosen.mix.text, chosen.seed);
  if (chosen.injected != fault::none) {
    line += fmt::format(" --fault {}", name_in(fault_names, chosen.injected));
  }
  return line;
}

}  // namespace caiman::stress
