// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// trial.hpp: a scenario on the machine, searched
// ---------------------------------------------------------------------------------------------
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "machine/machine.hpp"
#include "structures/answers.hpp"
#include "structures/scenario.hpp"

namespace caiman::model::machine {

using deadline = std::chrono::steady_clock::time_point;

/// One search of one scenario, and what came of it.
struct search_result {
  std::uint64_t executions = 0;
  bool ended = false;  // a walk came to its end
  bool timed_out = false;
  fault found;  // its property is empty if nothing was
  std::vector<std::uint16_t> choices;
  unsigned switches = 0;
  unsigned longest = 0;  // steps of an execution
};

class trial final : public play {
 public:
  explicit trial(tested& of) : of_(of) {}

  void use(const scenario& s);
  const scenario& in_use() const noexcept { return scenario_; }
  /// With all orders seq_cst, and answers judged by time.
  void use_seq_cst(bool yes);
  bool seq_cst() const noexcept { return seq_cst_; }

  search_result search(const way& how, std::uint64_t executions, deadline until);
  /// One execution.
  fault again(const std::vector<std::uint16_t>& choices, bool recorded);
  /// Whether it did not fit the scenario.
  bool lost() const noexcept { return chooser_.lost(); }
  const std::vector<std::uint16_t>& choices() const noexcept { return chooser_.choices(); }

  void set_up() override;
  void thread(unsigned index) override;
  void end() override;
  const char* look() override;
  bool looks() const noexcept override { return of_.has_invariant(); }
  std::string operation_text(int operation) override;
  std::string state_text() override { return of_.state(); }

 private:
  void operate(std::size_t index, const call& what);

  tested& of_;
  scenario scenario_;
  bool seq_cst_ = false;
  chooser chooser_;
  answers answers_;
  std::vector<int> results_;
  std::vector<std::size_t> first_of_;  // of each thread, its first operation
  std::vector<call> calls_;
  std::string wrong_;
};

/// Choices as text, where "0*12" is twelve of them.
std::string choices_text(const std::vector<std::uint16_t>& choices);
/// Says in one line what is wrong.
std::expected<std::vector<std::uint16_t>, std::string> parse_choices(std::string_view text);
std::string to_string(const way& how);

}  // namespace caiman::model::machine
