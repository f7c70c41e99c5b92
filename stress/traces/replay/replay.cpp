// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// replay.cpp: replays one trace on one allocator, once
//
//   trace_replay --trace FILE --subject NAME [--warm-up N] [--buffers] [--region-mib N]
//                [--shrink move|in-place|never]
//   trace_replay --trace FILE --about
//
// NAME is a row of the benchmark (../bench/subjects.hpp), such as caiman, or jemalloc, which the
// caller brings in with LD_PRELOAD, or harness, which is what the replay itself takes. That the
// library is there is checked, since the loader leaves out what it does not find, and goes on.
// With --buffers the blocks are taken for buffers: each is written whole and read whole
// (payload.hpp), ours have min blocks of 256 bytes, the library gives buffers, and no thread is
// more than 1,024 events ahead. --shrink says what ours do when a block shrinks: move what is kept
// into a smaller one (by default, as most peers' realloc does), give the tail back, or nothing, as
// peers then, too. Prints one line of JSON:
//
//   trace            name of the trace           failures         refused requests
//   subject          NAME                        peak_live_bytes  asked for, in recorded order
//   seconds          of the replay alone         peak_rss_bytes   resident, the whole process
//   events, threads  of the trace                base_rss_bytes   the same without the subject
//   region_bytes     of an arena, else 0         page_faults      of the replay alone
//   left_out         requests beyond 1 MiB       warm_up          replays before, not counted
//   shrinkings       blocks made smaller         buffers          whether with --buffers
//   ping_pong_ns     of two processors           cpu_seconds      of all threads, replay alone
//
// Memory of the subject is about peak_rss_bytes - base_rss_bytes, where warm_up is 0; both are 0
// where the system does not say. ping_pong_ns is [before, after]; null for one thread or processor.
// With --about: trace, events, threads, left_out, shrinkings, peak_live_bytes. Names and meanings
// stay; more may be added. Exit code 0; 1: it broke, or payload was not what had been written; 2:
// bad arguments, a bad file, or a library that is not there, with one line on stderr.
// ---------------------------------------------------------------------------------------------
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
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
  bool buffers = false;
  shrink_manner shrinks = shrink_manner::move;
  std::size_t region_mib = 0;
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
  const std::uint64_t lead = chosen.buffers ? most_buffers_lead : most_lead;
  const std::size_t min_block = chosen.buffers ? min_buffer_bytes : min_block_bytes;
  const std::size_t region_bytes =
      chosen.region_mib != 0 ? chosen.region_mib << 20U : region_bytes_for(what, min_block, lead);
  const row_options asked{chosen.buffers, chosen.warm_up, region_bytes, chosen.shrinks};
  const bool shrinks =
      chosen.shrinks != shrink_manner::never && row_shrinks(chosen.subject, chosen.buffers);
  const replay_plan plan = plan_for(what, {lead, !shrinks});
  what = trace{};  // so that it is not in the way of the memory that is measured
  const row_result seen = replay_on_row(chosen.subject, plan, asked);
  const replay_result& result = seen.replayed;
  if (result.damaged != 0) {
    throw std::runtime_error(
        fmt::format("{} blocks did not hold what had been written", result.damaged));
  }
  return {{"trace", name},
          {"subject", chosen.subject},
          {"seconds", result.seconds},
          {"cpu_seconds", result.memory.cpu_seconds},
          {"events", result.events},
          {"threads", result.threads},
          {"failures", result.failures},
          {"buffers", chosen.buffers},
          {"shrinkings", result.shrinkings},
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
          {"shrinkings", counts_of(what).shrinkings},
          {"peak_live_bytes", counts_of(what).peak_live_bytes}};
}

std::optional<int> parse(int argc, char** argv, options& chosen) {
  CLI::App app{"Replays a trace on an allocator and prints one line of JSON.", "trace_replay"};
  app.add_option("--trace", chosen.trace_file, "a .trace.zst file")->required();
  auto* const subject = app.add_option("--subject", chosen.subject, "a row of the benchmark");
  subject->check(CLI::IsMember(replayed_rows()));
  app.add_flag("--about", chosen.about, "replay nothing: what is in the trace")->excludes(subject);
  app.add_flag("--buffers", chosen.buffers, "blocks are buffers, written and read whole");
  const std::map<std::string, shrink_manner> manners{{"move", shrink_manner::move},
                                                     {"in-place", shrink_manner::in_place},
                                                     {"never", shrink_manner::never}};
  app.add_option("--shrink", chosen.shrinks, "what ours do when a block shrinks")
      ->transform(CLI::CheckedTransformer(manners));
  app.add_option("--region-mib", chosen.region_mib, "for ours: so large, instead of large enough")
      ->check(CLI::IsMember({1, 2, 4, 8, 16, 32, 64, 128, 256, 512}));
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
