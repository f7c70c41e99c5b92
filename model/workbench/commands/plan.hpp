// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// plan.hpp: which searches a program gets, as data
//
// A plan is a list such as "random:20000@shipped,bound2:50000@seq_cst": the method, at most how
// many executions, and the orders. It is what one job runs, and what its result repeats.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/engine.hpp"
#include "engine/orders.hpp"
#include "trace/trace.hpp"

namespace caiman::model {

enum class level : unsigned char { quick, deep, exhaustive };

struct planned {
  search how;
  bool seq_cst = false;  // all orders at seq_cst, and S6 by real time
};
using plan = std::vector<planned>;

/// How much of a level's effort a program gets: a full search, too, where it is known to end; a
/// third where it is a variant of another.
enum class care : unsigned char { less, usual, to_the_end };

/// The searches of a scenario: random ones and context bounds up to `bound`, each with the shipped
/// orders and with all of them seq_cst.
plan plan_for(level how_much, unsigned bound, care how, unsigned threads);
std::expected<plan, std::string> parse_plan(std::string_view text);
std::string to_string(const plan& p);

/// One search of a job and what came of it.
struct outcome {
  planned what;
  verdict seen;
  nlohmann::json trace;  // convicted: what is shown of it
  std::string again;     // convicted by a random search: whether a smaller bound finds it, too
};

/// What is shown of a conviction.
struct showing {
  trace_label label;
  bool shortest = false;  // look for the smallest context bound that finds it, too
  /// Called before that with all that was found, since the look may take a while.
  std::function<void(const std::vector<outcome>&)> found = {};
};

/// Runs the searches in order, up to the first conviction.
std::vector<outcome> run_plan(const program& p, const plan& searches, std::uint64_t seed,
                              const std::string& state, const order_changes& changes = {},
                              const showing& shown = {});

/// What a job comes to that was ended by a signal: a conviction (X1) of which no execution is
/// known. `by`: what ran it, for the replay line.
std::vector<outcome> outcomes_of_crash(const std::string& program, const std::string& searches,
                                       int signal, const std::string& by);

nlohmann::json to_json(const std::vector<outcome>& results);
std::expected<std::vector<outcome>, std::string> outcomes_from_json(const std::string& text);

}  // namespace caiman::model
