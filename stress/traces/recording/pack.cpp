// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// pack.cpp: makes a trace of a recording, and says what is in a trace
//
//   trace_pack pack --raw FILE --out FILE.trace.zst --name NAME [--events N] [--least BYTES]
//                   [--most BYTES] [--shrinkings]
//   trace_pack show FILE.trace.zst...
//
// Both print one line of JSON per trace. Exit code 2 for bad arguments and bad files, which are
// named on stderr; then nothing is written. Relies on convert.hpp and format.hpp.
// ---------------------------------------------------------------------------------------------
#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../../common/command_line.hpp"
#include "../format.hpp"
#include "convert.hpp"

namespace caiman::traces {
namespace {

constexpr std::size_t largest_recording = std::size_t{4} << 30;

struct options {
  std::string raw;
  std::string out;
  std::string name;
  selection kept;
  std::vector<std::string> shown;
};

int refuse(const std::string& what) { return stress::complain("trace_pack", what); }

nlohmann::ordered_json description(const trace& what) {
  const trace_counts counts = counts_of(what);
  return {{"trace", what.name},
          {"threads", what.threads},
          {"events", what.events.size()},
          {"allocations", counts.allocations},
          {"releases", counts.releases},
          {"foreign_releases", counts.foreign_releases},
          {"shrinkings", counts.shrinkings},
          {"resized", what.resized},
          {"left_out", what.left_out},
          {"asked_bytes", counts.asked_bytes},
          {"shrunk_bytes", counts.shrunk_bytes},
          {"largest_bytes", counts.largest_bytes},
          {"peak_live_bytes", counts.peak_live_bytes},
          {"peak_live_blocks", counts.peak_live_blocks}};
}

int pack(const options& chosen) {
  if (chosen.kept.least_bytes > chosen.kept.most_bytes) {
    return refuse("--least: is more than --most, so that no request is left");
  }
  const auto file = read_file(chosen.raw, largest_recording);
  if (!file) return refuse(file.error());
  auto records = raw_records(*file);
  if (!records) return refuse(fmt::format("'{}': {}", chosen.raw, records.error()));
  const auto made = convert(std::move(*records), chosen.name, chosen.kept);
  if (!made) return refuse(fmt::format("'{}': {}", chosen.raw, made.error()));
  if (const auto done = write_trace(chosen.out, made->result); !done) return refuse(done.error());
  auto said = description(made->result);
  said["records"] = made->records;
  said["unknown_releases"] = made->unknown_releases;
  said["lost_releases"] = made->lost_releases;
  said["other_sizes"] = made->other_sizes;
  fmt::print("{}\n", said.dump());
  return 0;
}

int show(const options& chosen) {
  for (const std::string& name : chosen.shown) {
    const auto got = read_trace(name);
    if (!got) return refuse(got.error());
    fmt::print("{}\n", description(*got).dump());
  }
  return 0;
}

int run(int argc, char** argv) {
  options chosen;
  CLI::App app{"Makes a trace of a recording, and says what is in a trace.", "trace_pack"};
  app.require_subcommand(1);
  CLI::App& packing = *app.add_subcommand("pack", "a trace of what trace_recorder wrote");
  packing.add_option("--raw", chosen.raw, "the recording")->required();
  packing.add_option("--out", chosen.out, "the trace to write")->required();
  packing.add_option("--name", chosen.name, "how the trace is called")->required();
  packing.add_option("--events", chosen.kept.most_events, "keep the first N events alone")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{UINT32_MAX}));
  const CLI::Range sizes(std::uint64_t{0}, std::uint64_t{largest_request});
  packing.add_option("--least", chosen.kept.least_bytes, "leave smaller requests out")
      ->check(sizes);
  packing.add_option("--most", chosen.kept.most_bytes, "leave larger requests out")->check(sizes);
  packing.add_flag("--shrinkings", chosen.kept.shrinkings, "a realloc to less shrinks its block");
  CLI::App& showing = *app.add_subcommand("show", "what is in these traces");
  showing.add_option("FILE", chosen.shown, "traces")->required();
  if (const auto exit_code = stress::parse(app, argc, argv)) return *exit_code;
  return packing.parsed() ? pack(chosen) : show(chosen);
}

}  // namespace
}  // namespace caiman::traces

int main(int argc, char** argv) {
  return caiman::stress::run_program("trace_pack", 1,
                                     [&] { return caiman::traces::run(argc, argv); });
}
