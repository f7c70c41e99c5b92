// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// audit_search.hpp: does any program convict this table of orders?
//
// A question is a table; it is answered by running programs against it, cheap searches of all of
// them before dear ones of any, until one convicts. Each run is a process (pool.hpp) and a line of
// the state file, from which an interrupted audit goes on.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <unordered_map>
#include <vector>

#include <nlohmann/json.hpp>

#include "caiman-model/sites.hpp"
#include "engine/order_lattice.hpp"
#include "engine/orders.hpp"

namespace caiman::model {

struct audit_program {
  std::string name;
  std::string text;
  site_set touched{};  // that its threads come by
};

/// A run that is known to convict: a program and how to search it.
struct killer {
  std::string scenario;
  std::string program;
  std::string search;
};

struct question {
  order_table table;
  site_set about;                 // only programs that touch all of them are asked
  std::vector<killer> known;      // tried first
  std::size_t most_programs = 0;  // 0: all
  std::size_t stages = all;       // of the searches, from the first on
  static constexpr std::size_t all = ~std::size_t{0};
};

struct reply {
  bool convicted = false;
  bool complete = false;  // all that was asked was run
  std::string scenario;
  std::string program;
  std::string search;
  std::string property;
  std::string text;
  std::string replay;            // the command that shows it
  std::string trouble;           // a run that could not be judged
  std::uint64_t execution = 0;   // that convicts
  std::uint64_t executions = 0;  // of all runs that did not
  double seconds = 0;            // of all runs
  bool by_known = false;
};

struct search_options {
  std::string self;  // this program's path
  unsigned jobs = 1;
  std::uint64_t seed = 0;
  std::vector<std::string> stages;  // searches, cheap ones first
  std::string state_file;           // "": none
  bool resume = false;
};

class searcher {
 public:
  explicit searcher(search_options options) : options_(std::move(options)) {}

  /// Opens the state file, or reads it; `identity` is what must not have changed. An error is fit
  /// for a one-line message.
  std::expected<void, std::string> open(const std::string& identity);

  /// Finds out which sites each program touches under a table; the answer to whether any of them
  /// convicts it at once.
  reply look_around(std::vector<audit_program>& programs, const order_table& table);

  /// Answers all; `what` is for the progress line.
  std::vector<reply> ask(const std::vector<question>& questions,
                         const std::vector<audit_program>& programs, const std::string& what);
  reply ask(const question& one, const std::vector<audit_program>& programs,
            const std::string& what) {
    return ask(std::vector<question>{one}, programs, what).front();
  }
  /// The same of a mutant, a program beside this one, with the programs of its control.
  reply ask_mutant(const std::string& name);
  bool interrupted() const noexcept { return interrupted_; }

 private:
  struct run_of {
    std::size_t question;
    std::string scenario;
    std::string program;
    std::string search;
    bool known;
  };
  void run_stage(const std::vector<run_of>& runs, const std::vector<question>& questions,
                 std::vector<reply>& replies, const std::string& what);
  static void take(const run_of& run, const nlohmann::json& result, reply& a);
  void remember(const std::string& key, const nlohmann::json& result);

  search_options options_;
  std::unordered_map<std::string, nlohmann::json> done_;  // what the state file has
  bool interrupted_ = false;
};

}  // namespace caiman::model
