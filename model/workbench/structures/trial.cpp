// SPDX-License-Identifier: MIT
#include "structures/trial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "structures/stopping.hpp"

namespace caiman::model::machine {

void trial::use(const scenario& s) {
  scenario_ = s;
  answers_.clear();
  calls_ = s.set_up;
  first_of_.clear();
  for (const auto& thread : s.threads) {
    first_of_.push_back(calls_.size());
    calls_.insert(calls_.end(), thread.begin(), thread.end());
  }
  results_.assign(calls_.size(), 0);
  the_machine().spans().assign(calls_.size(), {});
}

void trial::use_seq_cst(bool yes) {
  seq_cst_ = yes;
  answers_.clear();
  the_machine().use_seq_cst(yes);
}

void trial::operate(std::size_t index, const call& what) {
  machine_state& m = the_machine();
  m.begin_operation(static_cast<int>(index));
  results_[index] = of_.call(what.operation, what.choice);
  if (m.is_recorded()) {
    const std::string result = of_.result_text(what.operation, results_[index]);
    m.end_operation(&result);
  } else {
    m.end_operation(nullptr);
  }
}

void trial::set_up() {
  of_.build();
  for (std::size_t i = 0; i < scenario_.set_up.size(); ++i) operate(i, scenario_.set_up[i]);
}

void trial::thread(unsigned index) {
  std::size_t at = first_of_[index];
  for (const call& c : scenario_.threads[index]) operate(at++, c);
}

void trial::end() {
  machine_state& m = the_machine();
  if (of_.has_specification()) {
    const auto history =
        history_of(scenario_, m.spans(), results_, seq_cst_, of_.settings().promised);
    if (!answers_.explain(of_, history)) {
      m.stop(of_.settings().promised == consistency::linearizable ? "not linearizable"
                                                                  : "not sequentially consistent",
             answers_.why_not(of_, history));
    }
  }
  if (std::string wrong = of_.after(); !wrong.empty()) m.stop("check", wrong);
  of_.destroy();
  m.check_leaks();
}

const char* trial::look() {
  wrong_ = of_.invariant();
  return wrong_.empty() ? nullptr : wrong_.c_str();
}

std::string trial::operation_text(int operation) {
  const call& c = calls_[static_cast<std::size_t>(operation)];
  return of_.text(c.operation, c.choice);
}

search_result trial::search(const way& how, std::uint64_t executions, deadline until) {
  chooser_.start(how);
  search_result made;
  machine_state& m = the_machine();
  const auto threads = static_cast<unsigned>(scenario_.threads.size());
  while (made.executions < executions && chooser_.begin()) {
    ++made.executions;
    made.found = m.run(*this, threads, chooser_, false);
    if (!made.found.property.empty()) {
      made.choices = chooser_.choices();
      made.switches = chooser_.switches();
      break;
    }
    if (made.executions % 256 == 0 &&
        (asked_to_stop() || std::chrono::steady_clock::now() > until)) {
      made.timed_out = true;
      break;
    }
  }
  made.ended = chooser_.ended();
  made.longest = chooser_.longest();
  return made;
}

fault trial::again(const std::vector<std::uint16_t>& choices, bool recorded) {
  chooser_.start_again(choices);
  chooser_.begin();
  return the_machine().run(*this, static_cast<unsigned>(scenario_.threads.size()), chooser_,
                           recorded);
}

std::string choices_text(const std::vector<std::uint16_t>& choices) {
  std::string all;
  // What is not said is 0.
  std::size_t last = choices.size();
  while (last > 0 && choices[last - 1] == 0) --last;
  for (std::size_t i = 0; i < last;) {
    std::size_t same = i;
    while (same < last && choices[same] == choices[i]) ++same;
    all += all.empty() ? "" : " ";
    all += std::to_string(choices[i]);
    if (same - i > 1) all += "*" + std::to_string(same - i);
    i = same;
  }
  return all;
}

std::expected<std::vector<std::uint16_t>, std::string> parse_choices(std::string_view text) {
  constexpr std::size_t most = 1'000'000;
  std::vector<std::uint16_t> all;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    if (*at == ' ') {
      ++at;
      continue;
    }
    std::uint16_t choice = 0;
    std::size_t times = 1;
    auto read = std::from_chars(at, end, choice);
    if (read.ec == std::errc() && read.ptr != end && *read.ptr == '*') {
      read = std::from_chars(read.ptr + 1, end, times);
    }
    if (read.ec != std::errc() || (read.ptr != end && *read.ptr != ' ') ||
        times > most - all.size()) {
      return std::unexpected(fmt::format("'{}' are no choices of an execution", text));
    }
    all.insert(all.end(), times, choice);
    at = read.ptr;
  }
  return all;
}

std::string to_string(const way& how) {
  switch (how.how) {
    case method::random:
      return fmt::format("random, seed {}", how.seed);
    case method::pct:
      return fmt::format("pct {}, seed {}", how.bound, how.seed);
    case method::bound:
      return fmt::format("bound {}", how.bound);
    case method::full:
      return "full";
    case method::again:
      return "replay";
  }
  return {};
}

}  // namespace caiman::model::machine
