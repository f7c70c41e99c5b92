// SPDX-License-Identifier: MIT
#include "engine/engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <string_view>

#include "caiman-model/recorder.hpp"
#include "caiman-model/relacy.hpp"
#include "engine/crash.hpp"
#include "engine/execution.hpp"
#include "shim/pct_scheduler.hpp"

namespace caiman::model {

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): one run at a time
site_set sites_touched;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

namespace {

/// Relacy's part of an execution. All state is in the one `execution` (execution.hpp), since a
/// test suite is made anew for each execution and cannot be given arguments.
template <unsigned Threads>
struct suite : rl::test_suite<suite<Threads>, Threads> {
  void before() {
    current_execution().begin();
    sites_touched.reset();
  }
  void thread(unsigned index) { current_execution().run_thread(index); }
  void after() {
    current_execution().note_touched(sites_touched);
    current_execution().end();
  }
};

rl::scheduler_type_e scheduler_of(search::method how) {
  switch (how) {
    case search::method::random:
    case search::method::pct:
      return rl::random_scheduler_type;
    case search::method::bound:
      return rl::fair_context_bound_scheduler_type;
    case search::method::full:
      return rl::fair_full_search_scheduler_type;
  }
  return rl::random_scheduler_type;
}

/// rl::simulate without its second run, which is ours to ask for: its verdict cannot tell a capped
/// search from a failure.
template <unsigned Threads>
rl::test_result_e search_once(search::method how, rl::test_params& params, rl::ostringstream& state,
                              bool again) {
  using test = suite<Threads>;
  if (how == search::method::pct) {
    return rl::run_test<test, pct_scheduler<Threads>>(params, state, again);
  }
  switch (params.search_type) {
    case rl::fair_full_search_scheduler_type:
      return rl::run_test<test, rl::full_search_scheduler<Threads>>(params, state, again);
    case rl::fair_context_bound_scheduler_type:
      return rl::run_test<test, rl::context_bound_scheduler<Threads>>(params, state, again);
    default:
      return rl::run_test<test, rl::random_scheduler<Threads>>(params, state, again);
  }
}

rl::test_result_e search_once(const request& what, rl::test_params& params,
                              rl::ostringstream& state, bool again) {
  const crash_watch watched;
  return what.what.threads.size() == 2 ? search_once<2>(what.how.how, params, state, again)
                                       : search_once<3>(what.how.how, params, state, again);
}

/// The property that a verdict of Relacy's own speaks of.
const char* property_of(rl::test_result_e result, subject_kind core) {
  switch (result) {
    case rl::test_result_data_race:
      return core == subject_kind::ledger || core == subject_kind::arena ? "R1" : "S2";
    case rl::test_result_deadlock:
    case rl::test_result_livelock:
      return "L1";
    default:
      return "S1";
  }
}

// Relacy's strings have an allocator of their own.
rl::string to_relacy(std::string_view text) { return {text.begin(), text.end()}; }
std::string from_relacy(const rl::string& text) { return {text.begin(), text.end()}; }

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): set by a handler
volatile std::sig_atomic_t ending = 0;

constexpr std::uint64_t seed_stride = 1'000'000'000;

rl::test_params params_of(const search& how) {
  rl::test_params params;
  params.search_type = scheduler_of(how.how);
  params.context_bound = how.bound;
  params.execution_depth_limit = 20'000;
  params.iteration_count = static_cast<rl::iteration_t>(how.executions);
  if (how.draws()) {
    // Execution n of such a scheduler depends on n alone: a seed is where the count starts.
    const std::uint64_t first = how.seed * seed_stride + 1;
    params.initial_state = to_relacy(std::to_string(first));
    params.initial_state += " ";
    params.iteration_count = static_cast<rl::iteration_t>(first + how.executions - 1);
  }
  if (!how.state.empty()) {
    params.initial_state = to_relacy(how.state);
    if (how.draws()) {
      params.iteration_count =
          static_cast<rl::iteration_t>(std::strtoull(how.state.c_str(), nullptr, 10));
    }
  }
  return params;
}

/// Runs one execution once more, and records it.
recording record_again(const request& what, rl::test_params params, const std::string& state,
                       bool convicted) {
  rl::ostringstream ignored;
  params.initial_state = to_relacy(state);
  params.output_stream = &ignored;
  params.progress_stream = &ignored;
  current_execution().prepare_again(convicted);
  the_recorder().start();
  const rl::test_result_e seen = search_once(what, params, ignored, convicted);
  return current_execution().recorded(seen == rl::test_result_data_race);
}

}  // namespace

verdict run(const request& what) {
  verdict result;
  std::copy(what.orders.begin(), what.orders.end(), settings.orders.begin());
  settings.threads = static_cast<unsigned>(what.what.threads.size());
  settings.looks = what.what.looks;
  settings.stack_depth = what.what.stack_depth;
  settings.announced = what.what.announced;
  settings.one_sided = what.what.one_sided;
  const bool tree = !what.how.draws();
  rl::test_params params = params_of(what.how);
  rl::ostringstream log;
  rl::ostringstream state;
  params.output_stream = &log;
  params.progress_stream = &log;

  const auto start = std::chrono::steady_clock::now();
  execution& ex = current_execution();
  ex.prepare(what, tree ? what.how.executions : 0, what.how.seconds);
  const rl::test_result_e seen = search_once(what, params, state, false);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;

  result.seconds = took.count();
  result.executions = ex.executions();
  result.stopped_at = ex.largest_stop();
  result.stop_too_soon = ex.stop_too_soon();
  result.touched = ex.touched();
  const bool capped = seen == rl::test_result_until_condition_hit;
  if (capped || seen == rl::test_result_success) {
    result.exhausted = tree && !capped;
    if (!what.how.state.empty() && result.executions == 1) {  // somebody wants to look at it
      result.state = what.how.state;
      result.seen = record_again(what, params, result.state, false);
    }
    return result;
  }
  result.what = verdict::outcome::convicted;
  const finding fault = ex.fault();
  result.property = fault ? fault.property : property_of(seen, what.what.core);
  result.text = fault ? fault.text : rl::test_result_str(seen);
  result.state = from_relacy(state.str());
  if (!ex.endless()) result.seen = record_again(what, params, result.state, true);
  return result;
}

void end_searches(bool yes) noexcept { ending = yes ? 1 : 0; }
bool searches_end() noexcept { return ending != 0; }

std::string fault_of_state(const search& how) {
  constexpr std::size_t most = 1'000'000;
  const char* const bad = "--state: want the numbers of a replay line";
  const std::string& text = how.state;
  if (text.empty() || text.size() > most || text[0] == ' ' ||
      text.find_first_not_of("0123456789 ") != std::string::npos) {
    return bad;
  }
  std::vector<std::uint64_t> numbers;
  const char* const past = text.data() + text.size();
  for (const char* at = text.data(); at != past;) {
    const auto [end, error] = std::from_chars(at, past, numbers.emplace_back());
    if (error != std::errc{} || numbers.back() >= seed_stride * seed_stride) return bad;
    for (at = end; at != past && *at == ' ';) ++at;
  }
  if (how.draws()) return numbers.size() == 1 ? "" : bad;
  // The execution, and three numbers for every choice: of how many, which, of what kind.
  if (numbers.size() < 2 || numbers[1] > most || numbers.size() != 2 + 3 * numbers[1]) return bad;
  for (std::size_t i = 2; i < numbers.size(); i += 3) {
    if (numbers[i + 1] >= numbers[i] || numbers[i] > 10'000 || numbers[i + 2] > 4) return bad;
  }
  return {};
}

std::string to_string(const search& how) {
  switch (how.how) {
    case search::method::random:
      return "random";
    case search::method::bound:
      return fmt::format("bound {}", how.bound);
    case search::method::full:
      return "full";
    case search::method::pct:
      return fmt::format("pct {}", how.bound);
  }
  return {};
}

}  // namespace caiman::model
