// ---------------------------------------------------------------------------------------------
// trace_replay.cpp: replays one trace on one allocator, once
//
//   trace_replay --trace FILE --subject NAME [--warm-up N]
//
// NAME is caiman; or one that stands for the malloc of the process: glibc, jemalloc, mimalloc,
// tcmalloc, tbbmalloc, which the caller brings in with LD_PRELOAD; or none, which is what the
// replay itself takes. That the library is there is checked, since the loader leaves out what it
// does not find, and goes on. Prints one line of JSON:
//
//   trace            name of the trace           failures         refused requests
//   subject          NAME                        peak_live_bytes  asked for, in recorded order
//   seconds          of the replay alone         peak_rss_bytes   resident, the whole process
//   events, threads  of the trace                base_rss_bytes   the same before the replay
//   region_bytes     Caiman's region, else 0     warm_up          replays before, not counted
//
// Memory of the subject is about peak_rss_bytes - base_rss_bytes, where warm_up is 0. Names and
// meanings stay; more may be added. Exit code 0; 1: it broke; 2: bad arguments, a bad file, or a
// library that is not there, with one line on stderr.
// ---------------------------------------------------------------------------------------------
#include "trace_replay.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "trace_format.hpp"
#include "trace_subjects.hpp"

namespace caiman::bench {
namespace {

struct options {
  std::string trace_file;
  std::string subject;
  unsigned warm_up = 0;
};

int refuse(const std::string& what) {
  fmt::print(stderr, "trace_replay: {}\n", what);
  return 2;
}

// A malloc library is known by a function that it alone has.
struct library {
  const char* name;
  const char* mark;
};
constexpr std::array libraries{library{"jemalloc", "mallctl"}, library{"mimalloc", "mi_version"},
                               library{"tcmalloc", "tc_version"},
                               library{"tbbmalloc", "__TBB_malloc_proxy"}};

std::string_view malloc_of_process() {
  for (const library& each : libraries) {
    if (dlsym(RTLD_DEFAULT, each.mark) != nullptr) return each.name;
  }
  return "glibc";
}

template <class Subject>
replay_result measure(Subject& subject, const replay_plan& plan, unsigned warm_up) {
  for (unsigned i = 0; i < warm_up; ++i) replay(subject, plan);
  return replay(subject, plan);
}

struct measured {
  replay_result result;
  std::size_t region_bytes = 0;
};

measured run_subject(const options& chosen, const replay_plan& plan, std::size_t region_bytes) {
  if (chosen.subject == "caiman") {
    caiman_subject subject(region_bytes);
    return {measure(subject, plan, chosen.warm_up), region_bytes};
  }
  if (chosen.subject == "none") {
    no_subject subject;
    return {measure(subject, plan, chosen.warm_up), 0};
  }
  malloc_subject subject;
  return {measure(subject, plan, chosen.warm_up), 0};
}

std::optional<int> parse(int argc, char** argv, options& chosen) {
  CLI::App app{"Replays a trace on an allocator and prints one line of JSON."};
  app.add_option("--trace", chosen.trace_file, "a .trace.zst file")->required();
  app.add_option("--subject", chosen.subject, "caiman, none, or the malloc that is preloaded")
      ->required()
      ->check(CLI::IsMember(
          {"caiman", "none", "glibc", "jemalloc", "mimalloc", "tcmalloc", "tbbmalloc"}));
  app.add_option("--warm-up", chosen.warm_up, "replays before the one that counts")
      ->check(CLI::Range(0U, 1000U))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return refuse(error.what());
  }
  const bool of_process = chosen.subject != "caiman" && chosen.subject != "none";
  if (of_process && chosen.subject != malloc_of_process()) {
    return refuse(fmt::format("--subject {}: but the malloc of this process is that of {}",
                              chosen.subject, malloc_of_process()));
  }
  return std::nullopt;
}

int run(int argc, char** argv) {
  options chosen;
  if (const auto exit_code = parse(argc, argv, chosen)) return *exit_code;
  auto what = read_trace(chosen.trace_file);
  if (!what) return refuse(what.error());
  const std::string name = what->name;
  const std::size_t region_bytes = region_bytes_for(*what, caiman_subject::min_block);
  const replay_plan plan = plan_for(*what);
  *what = trace{};  // so that it is not in the way of the memory that is measured
  const auto [result, region] = run_subject(chosen, plan, region_bytes);
  const nlohmann::ordered_json said{{"trace", name},
                                    {"subject", chosen.subject},
                                    {"seconds", result.seconds},
                                    {"events", result.events},
                                    {"threads", result.threads},
                                    {"failures", result.failures},
                                    {"peak_live_bytes", result.peak_live_bytes},
                                    {"peak_rss_bytes", result.memory.peak},
                                    {"base_rss_bytes", result.memory.base},
                                    {"region_bytes", region},
                                    {"warm_up", chosen.warm_up}};
  fmt::print("{}\n", said.dump());
  return 0;
}

}  // namespace
}  // namespace caiman::bench

int main(int argc, char** argv) {
  try {
    return caiman::bench::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "trace_replay: {}\n", error.what());
    return 1;
  }
}
