// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// cost.hpp: what an order buys: instructions, from the disassembly, and time, on this machine
//
// Compiles cost_probe.cpp once per order and processor, with what ships and with the one order
// changed, and compares how often each instruction occurs. Where this machine's own code differs,
// both are timed, one after the other and again.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/order_lattice.hpp"

namespace caiman::model {

/// How often each instruction occurs.
using instructions = std::map<std::string, int, std::less<>>;
/// Of the output of `objdump -d --no-show-raw-insn`: by name, prefixes included; an exchange with
/// memory, which locks, apart from one of registers.
instructions instructions_in(std::string_view disassembly);
/// What the second has more (or less) than the first.
instructions difference(const instructions& from, const instructions& to);
/// Whether an instruction is there for memory and its order.
bool orders_memory(std::string_view instruction);

struct cost_target {
  std::string name;  // "AArch64 armv8.1-a"
  instructions change;
};
/// Time with the changed order, as a ratio to what ships: the median of the runs, and their ends.
struct cost_ratio {
  std::string pair;
  double median = 1;
  double low = 1;
  double high = 1;
};
struct cost_row {
  std::size_t site = 0;
  std::memory_order order = std::memory_order_relaxed;
  std::vector<cost_target> targets;
  std::vector<cost_ratio> ratios;  // empty: this machine runs the same code
  std::string trouble;
  std::string verdict;  // what the audit says of the order, if it was asked
};
struct cost_report {
  std::vector<std::string> missing;  // compilers that are not installed
  std::vector<cost_row> rows;
  bool complete = true;
};

/// For every site chosen, every other order that all its accesses can have.
cost_report find_costs(const std::vector<bool>& sites, unsigned jobs, bool with_time);

std::string to_text(const cost_report& report);
nlohmann::json to_json(const cost_report& report);

}  // namespace caiman::model
