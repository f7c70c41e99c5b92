// SPDX-License-Identifier: MIT
#include "workloads.hpp"

#include <chrono>
#include <stdexcept>
#include <type_traits>

#include "../subjects/check.hpp"
#include "../subjects/subjects.hpp"
#include "freezing.hpp"
#include "handover.hpp"
#include "one_size.hpp"
#include "pairs.hpp"
#include "refusals.hpp"
#include "tails.hpp"
#include "turnover.hpp"

namespace caiman::bench {
namespace {

clock::duration duration_of(const request& o) { return std::chrono::milliseconds(o.milliseconds); }

outcome of_threads(outcome::figures_by_name figures, const distance& seen) {
  outcome all{std::move(figures), {}, true, {}};
  if (seen.before && seen.after) all.ping_pong_ns = {*seen.before, *seen.after};
  return all;
}

template <subject S>
outcome measure_arena_only(S& from, const request& o, bool take_turns) {
  if constexpr (is_arena<S>) {
    if (o.workload == "full") return {.figures = {{"ns", refused_when_full(from, duration_of(o))}}};
    if (o.workload == "checkerboard")
      return {.figures = {{"ns", refused_on_checkerboard(from, duration_of(o))}}};
    if (o.workload == "takeover") {
      const takeover_result r = take_over(from, duration_of(o));
      return of_threads({{"ns", r.ns}, {"refused", static_cast<double>(r.refused)}}, r.seen);
    }
    if (o.workload == "refusals") {
      return {.figures = {{"per_10000", refused_per_10000(from, o.occupancy, o.threads, take_turns,
                                                          o.steps, o.seed)}}};
    }
  }
  throw std::invalid_argument("no workload '" + o.workload + "' for subject '" + o.subject + "'");
}

template <subject S>
outcome measure_freezing(S& from, const request& o) {
  if constexpr (freezes<S>) {
    const auto blocks = time_freezing([&] { return from.blocks().allocate(min_block_bytes); },
                                      o.threads, duration_of(o) / 2);
    const auto slots =
        time_freezing([&] { return from.slots().allocate(); }, o.threads, duration_of(o) / 2);
    return of_threads({{"buddy_ns", blocks.ns_per_step()},
                       {"fixed_ns", slots.ns_per_step()},
                       {"two_cas_ns", two_cas_ns(duration_of(o) / 8)}},
                      {blocks.seen.before, slots.seen.after});
  }
  throw std::invalid_argument("subject '" + o.subject + "' has nothing to freeze");
}

template <subject S>
outcome measure_tails(S& from, const request& o) {
  const tail_result r = time_tails(from, o.steps, o.seed);
  const auto ns = [&](std::uint64_t in_ticks) { return static_cast<double>(in_ticks) * r.ns; };
  const histogram& all = r.allocations;
  return of_threads({{"p50", ns(all.quantile(0.5))},
                     {"p99", ns(all.quantile(0.99))},
                     {"p99.9", ns(all.quantile(0.999))},
                     {"p99.99", ns(all.quantile(0.9999))},
                     {"max", ns(all.greatest())},
                     {"timer", ns(r.timer.quantile(0.5))}},
                    r.seen);
}

template <subject S>
outcome measure_subject(S& from, const request& o, bool take_turns) {
  if (o.workload == "w1") {
    const auto ns = time_pairs(from, o.size, o.milliseconds / 1e3);
    return {
        .figures = {{"ns", ns.at("pair")}},
        .floor = {{"two_cas_ns", ns.at("two_cas")}, {"one_exchange_ns", ns.at("one_exchange")}}};
  }
  if (o.workload == "w2") {
    const auto r = cycle_pairs(from, o.threads, o.occupancy, duration_of(o), o.seed);
    return of_threads({{"million_per_s", r.million_per_second()}}, r.seen);
  }
  if (o.workload == "w3") {
    const auto r = churn(from, o.threads, o.occupancy, duration_of(o), o.seed);
    return of_threads({{"ns", r.rate.ns_per_step()}, {"per_10000", r.refused_per_10000}},
                      r.rate.seen);
  }
  if (o.workload == "w4") {
    const auto r = hand_over(from, duration_of(o));
    return of_threads({{"million_per_s", r.million_per_second}}, r.seen);
  }
  if (o.workload == "tails") return measure_tails(from, o);
  if (o.workload == "freeze") return measure_freezing(from, o);
  return measure_arena_only(from, o, take_turns);
}

constexpr std::string_view role_word(role what) {
  switch (what) {
    case role::ours:
      return "ours";
    case role::peer:
      return "peer";
    case role::reference:
      return "reference";
    case role::harness:
      return "harness";
  }
  return "";
}

/// Calls `body(subject, is it not made for threads)`.
template <class Body>
void with_subject(std::string_view name, Body body) {
  const bool known = with_row(name, [&](const auto& asked) {
    typename std::remove_cvref_t<decltype(asked)>::subject_type from;
    body(from, asked.what == role::reference);
  });
  if (!known) throw std::invalid_argument("unknown subject '" + std::string(name) + "'");
}

}  // namespace

std::vector<row_facts> all_rows() {
  std::vector<row_facts> all;
  for_each_row([&](const auto& each) {
    using subject_type = typename std::remove_cvref_t<decltype(each)>::subject_type;
    row_facts about{each.name, role_word(each.what), each.behind, freezes<subject_type>, {}};
    if constexpr (is_arena<subject_type>) about.metadata_bytes = subject_type::metadata_bytes();
    all.push_back(about);
  });
  return all;
}

std::optional<std::string> misbehaviour(std::string_view subject) {
  std::optional<std::string> wrong;
  with_subject(subject, [&]<class S>(S& from, bool) { wrong = misbehaves(from, is_arena<S>); });
  return wrong;
}

outcome measure(const request& what) {
  outcome seen;
  with_subject(what.subject, [&](auto& from, bool take_turns) {
    seen = measure_subject(from, what, take_turns);
  });
  return seen;
}

std::optional<double> distance_now() { return ping_pong(); }

}  // namespace caiman::bench
