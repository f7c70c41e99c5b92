// ---------------------------------------------------------------------------------------------
// worker.cpp: one workload for one subject, one line of JSON
//
// A process of its own for every measurement, so that each allocator starts alike and is the only
// one there. The driver (bench.py) starts it with LD_PRELOAD where the subject is a library behind
// malloc; the worker measures nothing before it has seen that this library is in force. Exit codes:
// 0 good, 1 the measurement or the check failed, 2 wrong use, 3 another malloc is in force.
// ---------------------------------------------------------------------------------------------
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "check.hpp"
#include "handover.hpp"
#include "one_size.hpp"
#include "pairs.hpp"
#include "refusals.hpp"
#include "subjects.hpp"
#include "tails.hpp"
#include "turnover.hpp"

namespace caiman::bench {
namespace {

using nlohmann::json;

struct options {
  bool list = false;
  bool check = false;
  bool ping_pong = false;
  std::string subject;
  std::string workload;
  std::size_t size = 256;
  unsigned threads = 1;
  double occupancy = 0;  // of the arena, 0 to 1
  unsigned milliseconds = 50;
  unsigned steps = 100'000;
  std::uint64_t seed = 1;
  bool take_turns = false;  // the subject is not made for threads

  clock::duration duration() const { return std::chrono::milliseconds(milliseconds); }
};

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

// ---- the workloads, as figures by name --------------------------------------------------------

json both_ends(const distance& seen) {
  if (!seen.before || !seen.after) return nullptr;
  return json::array({*seen.before, *seen.after});
}

template <subject S>
json run_arena_only(S& from, const options& o) {
  if constexpr (is_arena<S>) {
    if (o.workload == "full") return {{"figures", {{"ns", refused_when_full(from, o.duration())}}}};
    if (o.workload == "checkerboard")
      return {{"figures", {{"ns", refused_on_checkerboard(from, o.duration())}}}};
    if (o.workload == "takeover") {
      const takeover_result r = take_over(from, o.duration());
      return {{"figures", {{"ns", r.ns}, {"refused", r.refused}}},
              {"ping_pong_ns", both_ends(r.seen)}};
    }
    if (o.workload == "refusals") {
      const double refused =
          refused_per_10000(from, o.occupancy, o.threads, o.take_turns, o.steps, o.seed);
      return {{"figures", {{"per_10000", refused}}}};
    }
  }
  throw std::invalid_argument(
      fmt::format("no workload '{}' for subject '{}'", o.workload, o.subject));
}

template <subject S>
json run_freezing(S& from, const options& o) {
  if constexpr (freezes<S>) {
    const auto blocks = time_freezing([&] { return from.blocks().allocate(min_block_bytes); },
                                      o.threads, o.duration() / 2);
    const auto slots =
        time_freezing([&] { return from.slots().allocate(); }, o.threads, o.duration() / 2);
    return {{"figures",
             {{"buddy_ns", blocks.ns_per_step()},
              {"fixed_ns", slots.ns_per_step()},
              {"two_cas_ns", two_cas_ns(o.duration() / 8)}}},
            {"ping_pong_ns", both_ends({blocks.seen.before, slots.seen.after})}};
  }
  throw std::invalid_argument(fmt::format("subject '{}' has nothing to freeze", o.subject));
}

template <subject S>
json run_tails(S& from, const options& o) {
  const tail_result r = time_tails(from, o.steps, o.seed);
  const auto ns = [&](std::uint64_t in_ticks) { return static_cast<double>(in_ticks) * r.ns; };
  const histogram& all = r.allocations;
  return {{"figures",
           {{"p50", ns(all.quantile(0.5))},
            {"p99", ns(all.quantile(0.99))},
            {"p99.9", ns(all.quantile(0.999))},
            {"p99.99", ns(all.quantile(0.9999))},
            {"max", ns(all.greatest())},
            {"timer", ns(r.timer.quantile(0.5))}}},
          {"ping_pong_ns", both_ends(r.seen)}};
}

template <subject S>
json run_workload(S& from, const options& o) {
  if (o.workload == "w1") {
    const auto ns = time_pairs(from, o.size, o.milliseconds / 1e3);
    return {
        {"figures", {{"ns", ns.at("pair")}}},
        {"floor", {{"two_cas_ns", ns.at("two_cas")}, {"one_exchange_ns", ns.at("one_exchange")}}}};
  }
  if (o.workload == "w2") {
    const auto r = cycle_pairs(from, o.threads, o.occupancy, o.duration(), o.seed);
    return {{"figures", {{"million_per_s", r.million_per_second()}}},
            {"ping_pong_ns", both_ends(r.seen)}};
  }
  if (o.workload == "w3") {
    const auto r = churn(from, o.threads, o.occupancy, o.duration(), o.seed);
    return {{"figures", {{"ns", r.rate.ns_per_step()}, {"per_10000", r.refused_per_10000}}},
            {"ping_pong_ns", both_ends(r.rate.seen)}};
  }
  if (o.workload == "w4") {
    const auto r = hand_over(from, o.duration());
    return {{"figures", {{"million_per_s", r.million_per_second}}},
            {"ping_pong_ns", both_ends(r.seen)}};
  }
  if (o.workload == "tails") return run_tails(from, o);
  if (o.workload == "freeze") return run_freezing(from, o);
  return run_arena_only(from, o);
}

// ---- what the driver asks for -----------------------------------------------------------------

json list_rows() {
  json all = json::array();
  for_each_row([&](const auto& each) {
    using subject_type = typename std::remove_cvref_t<decltype(each)>::subject_type;
    json about{{"name", each.name},
               {"role", role_word(each.what)},
               {"preload", each.behind.preload},
               {"package", each.behind.package},
               {"arena", is_arena<subject_type>},
               {"freezes", freezes<subject_type>}};
    if constexpr (is_arena<subject_type>) about["metadata_bytes"] = subject_type::metadata_bytes();
    all.push_back(std::move(about));
  });
  return {{"subjects", std::move(all)},
          {"compiler", "g++ " __VERSION__},
          {"far_from_ns", stress::far_from_ns},
          {"arena_bytes", arena_bytes},
          {"min_block_bytes", min_block_bytes}};
}

template <class Row>
int serve(const Row& asked, options o) {
  o.take_turns = asked.what == role::reference;
  if (const auto wrong = not_in_force(asked.behind)) {
    fmt::print(stderr, "bench_worker: {}: {}\n", o.subject, *wrong);
    return 3;
  }
  typename Row::subject_type from;
  if (o.check) {
    if (const auto wrong = misbehaves(from, is_arena<typename Row::subject_type>)) {
      fmt::print(stderr, "bench_worker: {}: {}\n", o.subject, *wrong);
      return 1;
    }
    fmt::print("{}\n", json{{"subject", o.subject}, {"malloc", malloc_file()}}.dump());
    return 0;
  }
  json line = run_workload(from, o);
  line["subject"] = o.subject;
  fmt::print("{}\n", line.dump());
  return 0;
}

std::optional<int> parse(int argc, char** argv, options& o) {
  CLI::App app{"Runs one workload for one subject; for bench.py."};
  app.add_flag("--list", o.list, "the subjects, as JSON");
  app.add_flag("--check", o.check, "whether the subject does what it claims");
  app.add_flag("--ping-pong", o.ping_pong, "how far apart two processors are now");
  app.add_option("--subject", o.subject);
  app.add_option("--workload", o.workload)
      ->check(CLI::IsMember({"w1", "w2", "w3", "w4", "full", "checkerboard", "takeover", "tails",
                             "refusals", "freeze"}));
  app.add_option("--size", o.size, "of W1, in bytes")->check(CLI::Range(1, 1 << 20));
  app.add_option("--threads", o.threads)->check(CLI::Range(1, 64));
  app.add_option("--occupancy", o.occupancy, "of the arena, 0 to 1")->check(CLI::Range(0.0, 1.0));
  app.add_option("--ms", o.milliseconds, "how long to measure")->check(CLI::Range(1, 60'000));
  app.add_option("--steps", o.steps, "of tails and refusals")->check(CLI::Range(1, 100'000'000));
  app.add_option("--seed", o.seed);
  try {
    app.parse(argc, argv);
    const bool no_subject = o.list || o.ping_pong;
    if (!no_subject && o.subject.empty()) throw CLI::ValidationError("--subject is missing");
    if (!no_subject && !o.check && o.workload.empty())
      throw CLI::ValidationError("--workload is missing");
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "bench_worker: {}\n", error.what());
    return 2;
  }
  return std::nullopt;
}

int run(int argc, char** argv) {
  options o;
  if (const auto exit_code = parse(argc, argv, o)) return *exit_code;
  if (o.list) {
    fmt::print("{}\n", list_rows().dump());
    return 0;
  }
  if (o.ping_pong) {
    const auto ns = ping_pong();
    fmt::print("{}\n", json{{"ping_pong_ns", ns ? json(*ns) : json(nullptr)}}.dump());
    return 0;
  }
  int exit_code = 0;
  if (!with_row(o.subject, [&](const auto& asked) { exit_code = serve(asked, o); })) {
    throw std::invalid_argument(fmt::format("unknown subject '{}'", o.subject));
  }
  return exit_code;
}

}  // namespace
}  // namespace caiman::bench

int main(int argc, char** argv) {
  try {
    return caiman::bench::run(argc, argv);
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "bench_worker: {}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_worker: {}\n", error.what());
    return 1;
  }
}
