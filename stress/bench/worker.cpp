// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// worker.cpp: one workload for one subject, one line of JSON
//
// A process of its own for every measurement, so that each allocator starts alike and is the only
// one there. The driver (bench.py) starts it with LD_PRELOAD where the subject is a library behind
// malloc; the worker measures nothing before it has seen that this library is in force. Exit codes:
// 0 good, 1 the measurement or the check failed, 2 wrong use, 3 another malloc is in force.
// ---------------------------------------------------------------------------------------------
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "../common/command_line.hpp"
#include "../common/pingpong.hpp"
#include "subjects/subject.hpp"
#include "workloads/workloads.hpp"

namespace caiman::bench {
namespace {

using nlohmann::json;

struct options : request {
  bool list = false;
  bool check = false;
  bool ping_pong = false;
};

json list_rows() {
  json all = json::array();
  for (const row_facts& each : all_rows()) {
    json about{{"name", each.name},
               {"role", each.role},
               {"preload", each.behind.preload},
               {"package", each.behind.package},
               {"arena", each.metadata_bytes.has_value()},
               {"freezes", each.freezes}};
    if (each.metadata_bytes) about["metadata_bytes"] = *each.metadata_bytes;
    all.push_back(std::move(about));
  }
  return {{"subjects", std::move(all)},
          {"compiler", "g++ " __VERSION__},
          {"far_from_ns", stress::far_from_ns},
          {"arena_bytes", arena_bytes},
          {"min_block_bytes", min_block_bytes}};
}

json by_name(const outcome::figures_by_name& figures) {
  json all = json::object();
  for (const auto& [name, value] : figures) all[name] = value;
  return all;
}

json line_of(const options& o, const outcome& seen) {
  json line{{"subject", o.subject}, {"figures", by_name(seen.figures)}};
  if (!seen.floor.empty()) line["floor"] = by_name(seen.floor);
  if (seen.several_threads) {
    const auto& ns = seen.ping_pong_ns;
    line["ping_pong_ns"] = ns ? json::array({ns->first, ns->second}) : json(nullptr);
  }
  return line;
}

int complain(const std::string& subject, const std::string& what, int code) {
  return stress::complain("bench_worker", fmt::format("{}: {}", subject, what), code);
}

int serve(const options& o) {
  for (const row_facts& each : all_rows()) {
    if (each.name != o.subject) continue;
    if (const auto wrong = not_in_force(each.behind)) return complain(o.subject, *wrong, 3);
  }
  if (!o.check) {
    fmt::print("{}\n", line_of(o, measure(o)).dump());
    return 0;
  }
  if (const auto wrong = misbehaviour(o.subject)) return complain(o.subject, *wrong, 1);
  fmt::print("{}\n", json{{"subject", o.subject}, {"malloc", malloc_file()}}.dump());
  return 0;
}

std::optional<int> parse(int argc, char** argv, options& o) {
  CLI::App app{"Runs one workload for one subject; for bench.py.", "bench_worker"};
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
  app.final_callback([&o] {
    const bool no_subject = o.list || o.ping_pong;
    if (!no_subject && o.subject.empty()) throw CLI::ValidationError("--subject is missing");
    if (!no_subject && !o.check && o.workload.empty())
      throw CLI::ValidationError("--workload is missing");
  });
  return stress::parse(app, argc, argv);
}

int run(int argc, char** argv) {
  options o;
  if (const auto exit_code = parse(argc, argv, o)) return *exit_code;
  if (o.list) {
    fmt::print("{}\n", list_rows().dump());
    return 0;
  }
  if (o.ping_pong) {
    const auto ns = distance_now();
    fmt::print("{}\n", json{{"ping_pong_ns", ns ? json(*ns) : json(nullptr)}}.dump());
    return 0;
  }
  return serve(o);
}

}  // namespace
}  // namespace caiman::bench

int main(int argc, char** argv) {
  return caiman::stress::run_program("bench_worker", 1, [&] {
    try {
      return caiman::bench::run(argc, argv);
    } catch (const std::invalid_argument& error) {
      return caiman::stress::complain("bench_worker", error.what());
    }
  });
}
