// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// replay.cpp: replays one trace on one allocator, once
//
//   trace_replay --trace FILE --subject NAME [--warm-up N]
//   trace_replay --trace FILE --about
//
// NAME is a row of the benchmark (../bench/subjects.hpp), such as caiman, or jemalloc, which the
// caller brings in with LD_PRELOAD, or harness, which is what the replay itself takes. That the
// library is there is checked, since the loader leaves out what it does not find, and goes on.
// Prints one line of JSON:
//
//   trace            name of the trace           failures         refused requests
//   subject          NAME                        peak_live_bytes  asked for, in recorded order
//   seconds          of the replay alone         peak_rss_bytes   resident, the whole process
//   events, threads  of the trace                base_rss_bytes   the same without the subject
//   region_bytes     of an arena, else 0         page_faults      of the replay alone
//   left_out         requests beyond 1 MiB       warm_up          replays before, not counted
//   ping_pong_ns     round trip of two processors
//
// Memory of the subject is about peak_rss_bytes - base_rss_bytes, where warm_up is 0; both are 0
// where the system does not say. ping_pong_ns is [before, after]; null for one thread or processor.
// With --about: trace, events, threads, left_out, peak_live_bytes. Names and meanings stay; more
// may be added. Exit code 0; 1: it broke; 2: bad arguments, a bad file, or a library that is not
// there, with one line on stderr.
// ---------------------------------------------------------------------------------------------
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "../../common/command_line.hpp"
#include "../format.hpp"
#include "rows.hpp"

namespace caiman::traces {
namespace {

using nlohmann::ordered_json;

struct options {
  std::string trace_file;
  std::string subject;
  bool about = false;
  unsigned warm_up = 0;
};

int refuse(const std::string& what) { return stress::complain("trace_replay", what); }

ordered_json both_ends(const row_result& seen) {
  if (!seen.ping_pong_before || !seen.ping_pong_after) return nullptr;
  return ordered_json::array({*seen.ping_pong_before, *seen.ping_pong_after});
}

ordered_json line_for(const options& chosen, trace& what) {
  const std::string name = what.name;
  const std::uint64_t left_out = what.left_out;
  const std::size_t region_bytes = region_bytes_for(what, min_block_bytes);
  const replay_plan plan = plan_for(what);
  what = trace{};  // so that it is not in the way of the memory that is measured
  const row_result seen = replay_on_row(chosen.subject, plan, chosen.warm_up, region_bytes);
  const replay_result& result = seen.replayed;
  return {{"trace", name},
          {"subject", chosen.subject},
          {"seconds", result.seconds},
          {"events", result.events},
          {"threads", result.threads},
          {"failures", result.failures},
          {"peak_live_bytes", result.peak_live_bytes},
          {"peak_rss_bytes", result.memory.peak},
          {"base_rss_bytes", result.memory.base},
          {"page_faults", result.memory.faults},
          {"region_bytes", seen.region_bytes},
          {"warm_up", chosen.warm_up},
          {"left_out", left_out},
          {"ping_pong_ns", both_ends(seen)}};
}

ordered_json about(const trace& what) {
  return {{"trace", what.name},
          {"events", what.events.size()},
          {"threads", what.threads},
          {"left_out", what.left_out},
          {"peak_live_bytes", counts_of(what).peak_live_bytes}};
}

std::optional<int> parse(int argc, char** argv, options& chosen) {
  CLI::App app{"Replays a trace on an allocator and prints one line of JSON.", "trace_replay"};
  app.add_option("--trace", chosen.trace_file, "a .trace.zst file")->required();
  auto* const subject = app.add_option("--subject", chosen.subject, "a row of the benchmark");
  subject->check(CLI::IsMember(replayed_rows()));
  app.add_flag("--about", chosen.about, "replay nothing: what is in the trace")->excludes(subject);
  app.add_option("--warm-up", chosen.warm_up, "replays before the one that counts")
      ->check(CLI::Range(0U, 1000U))
      ->capture_default_str();
  app.final_callback([&chosen] {
    if (!chosen.about && chosen.subject.empty()) {
      throw CLI::ValidationError("--subject or --about is required");
    }
  });
  return stress::parse(app, argc, argv);
}

int run(int argc, char** argv) {
  options chosen;
  if (const auto exit_code = parse(argc, argv, chosen)) return *exit_code;
  if (const auto wrong = wrong_library(chosen.subject))
    return refuse(fmt::format("--subject {}: {}", chosen.subject, *wrong));
  auto what = read_trace(chosen.trace_file);
  if (!what) return refuse(what.error());
  fmt::print("{}\n", (chosen.about ? about(*what) : line_for(chosen, *what)).dump());
  return 0;
}

}  // namespace
}  // namespace caiman::traces

int main(int argc, char** argv) {
  return caiman::stress::run_program("trace_replay", 1,
                                     [&] { return caiman::traces::run(argc, argv); });
}
