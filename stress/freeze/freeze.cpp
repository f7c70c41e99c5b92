// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// freeze.cpp: a thread that stops in the middle of a call harms nobody
//
// At random points inside allocate and release one thread is stopped by a signal while others go
// on; they must get on, and what is missing must be what docs/guarantees.md says. With --fork the
// point is a fork: in the child all other threads stand still for ever, wherever they were, and the
// same is looked at there. Exit code 0: nothing was seen wrong; 1: something was; 2: bad arguments.
// ThreadSanitizer delivers signals only where a thread blocks, so it has no use for this.
// ---------------------------------------------------------------------------------------------
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "../common/command_line.hpp"
#include "checks.hpp"

namespace caiman::stress {
namespace {

constexpr named<freeze_fault> fault_names[] = {{"none", freeze_fault::none},
                                               {"locked", freeze_fault::locked},
                                               {"hoard", freeze_fault::hoard},
                                               {"twice", freeze_fault::twice}};

/// So many calls of each of the others show that they go on.
constexpr std::uint64_t enough_calls = 50;
/// No run is longer than so many times the points that were asked for.
constexpr unsigned most_times = 50;

void wait_a_little(std::mt19937_64& random) {
  std::this_thread::sleep_for(std::chrono::microseconds(1 + random() % 80));
}

/// One point: whether anything was stopped inside a call.
bool freeze_once(stage& on, inspector& look, sightings& seen) {
  if (!on.stop_victim()) return false;
  const bool going = on.others_go_on(enough_calls);
  if (!going) on.fail("the others do not get on while a thread stands still");
  const bool resting = going && on.rest_others();
  if (going && !resting) on.fail("the others do not come to rest while a thread stands still");
  if (resting) look.look({&on.victim()}, seen);
  stage::let_victim_go();
  on.wake_others();
  return true;
}

/// The same in a child; what it has seen comes back through a pipe.
bool fork_once(stage& on, inspector& look, const std::vector<const actor*>& all, sightings& seen) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no fork");
  if (child == 0) {
    sightings mine = seen;
    const bool holds = look.look(all, mine);
    const bool told = write(ends[1], &mine, sizeof mine) == ssize_t{sizeof mine};
    _exit(holds && told ? 0 : 1);
  }
  close(ends[1]);
  sightings theirs;
  const bool told = read(ends[0], &theirs, sizeof theirs) == ssize_t{sizeof theirs};
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!told || !WIFEXITED(status) || WEXITSTATUS(status) != 0) on.fail("a child", seen.points);
  if (told) seen = theirs;
  return true;
}

sightings run(const freeze_options& asked, bool& holds) {
  stage on(asked);
  inspector look(on);
  sightings seen;
  std::mt19937_64 random(asked.seed);
  std::vector<const actor*> all;
  for (const auto& each : on.cast()) all.push_back(each.get());
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const std::uint64_t most = std::uint64_t{asked.points} * most_times;
  std::uint64_t tries = 0;
  while (!on.failed() && tries++ < most &&
         (seen.points < asked.points || seen.moving < asked.moving)) {
    wait_a_little(random);
    if (asked.forks) {
      fork_once(on, look, all, seen);
    } else {
      freeze_once(on, look, seen);
    }
    if (terminal && tries % 64 == 0) fmt::print(stderr, "\r\033[K{} points", seen.points);
  }
  if (terminal) fmt::print(stderr, "\r\033[K");
  on.end();
  if (!on.failed()) look.look_at_end();
  if (!on.failed() && seen.points < asked.points) on.fail("too few points", seen.points);
  if (!on.failed() && seen.moving < asked.moving) on.fail("too few inside a move", seen.moving);
  holds = !on.failed();
  return seen;
}

nlohmann::json to_json(const sightings& s) {
  return {{"points", s.points},
          {"allocating", s.allocating},
          {"releasing", s.releasing},
          {"carrying", s.carrying},
          {"moving", s.moving},
          {"contended", s.contended},
          {"most_missing", s.most_missing},
          {"most_hidden", s.most_hidden},
          {"largest_carried", s.largest_carried}};
}

std::optional<int> parse_options(int argc, char** argv, freeze_options& asked, std::string& json) {
  CLI::App app{"Stops a thread inside calls of the core, and looks at what the others see.",
               "freeze"};
  app.option_defaults()->always_capture_default();
  app.add_option("--points", asked.points, "how many")->check(CLI::Range(1U, 10'000'000U));
  app.add_option("--moving", asked.moving, "go on until so many of them were inside a move");
  app.add_flag("--fork", asked.forks, "in forked children, where all other threads stand still");
  app.add_option("--threads", asked.threads, "the victim among them")->check(CLI::Range(2U, 32U));
  app.add_option("--max-order", asked.max_order)->check(CLI::Range(1U, 16U));
  app.add_option("--log2-fanout", asked.log2_fanout)->check(CLI::Range(1U, 6U));
  add_named(app, "--pop", asked.pops, pop_names);
  app.add_option("--seed", asked.seed, "of what the threads do, not of when");
  app.add_option("--patience", asked.patience)->check(CLI::Range(0.1, 3600.0));
  add_named(app, "--fault", asked.fault, fault_names, "put one in, to see it caught");
  app.add_option("--json", json, "write the figures to this file, too");
  return parse(app, argc, argv);
}

}  // namespace
}  // namespace caiman::stress

int main(int argc, char** argv) {
  using namespace caiman::stress;
  return run_program("freeze", 2, [&] {
    freeze_options asked;
    std::string json;
    if (const auto exit_code = parse_options(argc, argv, asked, json)) return *exit_code;
    bool holds = false;
    const auto start = std::chrono::steady_clock::now();
    nlohmann::json seen = to_json(run(asked, holds));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    seen["seconds"] = took.count();
    seen["holds"] = holds;
    fmt::print("{}\n", seen.dump());
    if (!json.empty()) std::ofstream(json) << seen.dump() << '\n';
    return holds ? 0 : 1;
  });
}
