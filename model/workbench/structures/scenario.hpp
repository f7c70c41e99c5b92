// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// scenario.hpp: which thread does what
//
//   push(1) ; push(2) | pop(), pop() | pop()
//
// Before the semicolon the set-up, then the threads. Scenarios are invented from the operations of
// a structure: from small ones to larger ones, by a seed.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "caiman-model/tested.hpp"

namespace caiman::model::machine {

/// One operation with its arguments.
struct call {
  unsigned operation = 0;
  unsigned choice = 0;
  friend bool operator==(const call&, const call&) = default;
};

struct scenario {
  std::vector<call> set_up;
  std::vector<std::vector<call>> threads;

  std::size_t size() const noexcept;
  friend bool operator==(const scenario&, const scenario&) = default;
};

inline constexpr unsigned most_scenario_threads = 5;
inline constexpr unsigned most_operations = 16;

std::string to_string(const scenario& s, const tested& of);
/// Says in one line what is wrong.
std::expected<scenario, std::string> parse_scenario(std::string_view text, const tested& of);

/// The scenario number `n` of this seed; the first ones are small.
scenario invent(const tested& of, std::uint64_t seed, unsigned n);

/// Every scenario that is one step smaller, the smallest steps last: without a thread, without an
/// operation, with the first arguments.
std::vector<scenario> smaller(const scenario& s);

}  // namespace caiman::model::machine
