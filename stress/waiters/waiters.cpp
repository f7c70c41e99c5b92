// ---------------------------------------------------------------------------------------------
// waiters.cpp: native stress of waiting for room
//
// Exit code 0: nothing was seen wrong; 1: something was, with a line that says what; 2: bad
// arguments. A run that does not come to its end has lost a wake-up: it is ended when the patience
// is over.
// ---------------------------------------------------------------------------------------------
#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <thread>

#include "run.hpp"

namespace caiman::stress {

std::string left_behind(const async_buddy_arena& arena) {
  if (arena.waiting() != 0) return std::to_string(arena.waiting()) + " still wait";
  const arena_metrics m = arena.metrics();
  if (m.allocations_ok != m.frees) {
    return std::to_string(m.allocations_ok) + " blocks handed out, " + std::to_string(m.frees) +
           " given back";
  }
  if (!arena.is_block_free(arena.max_order(), 0)) return "the arena is not whole again";
  return {};
}

namespace {

/// Ends the program if nobody says that it has ended.
class patience {
 public:
  explicit patience(double seconds)
      : watch_([seconds](const std::stop_token& done) {
          const auto end =
              std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
          while (!done.stop_requested()) {
            if (std::chrono::steady_clock::now() > end) {
              std::fputs("waiters: no end in sight: a waiter was not woken\n", stderr);
              std::_Exit(1);
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
          }
        }) {}

 private:
  std::jthread watch_;
};

std::expected<async_buddy_arena, build_error> arena_for(const waiters_options& chosen) {
  const auto builder =
      buddy_arena::builder(*buddy_geometry::exact(std::size_t{64} * (chosen.storm ? 32 : 64), 64));
  if (chosen.policy == "fifo") return builder.build_async_with(fifo_waiters());
  if (chosen.policy == "stack") return builder.build_async_with(stack_waiters());
  return builder.build_async();
}

int run(const waiters_options& chosen) {
  const auto arena = arena_for(chosen);
  if (!arena) {
    std::fprintf(stderr, "waiters: %s\n", make_error_code(arena.error()).message().c_str());
    return 1;
  }
  const patience watch(chosen.seconds + chosen.patience);
  const waiters_report report =
      chosen.storm ? run_storm(chosen, *arena) : run_queue(chosen, *arena);
  std::printf("waiters, %s, %s, %u threads, %g s: %s\n", chosen.storm ? "storm" : "queue",
              chosen.policy.c_str(), chosen.threads, chosen.seconds, report.done.c_str());
  if (report.wrong.empty()) return 0;
  std::fprintf(stderr, "waiters: %s\n", report.wrong.c_str());
  return 1;
}

}  // namespace
}  // namespace caiman::stress

int main(int argc, char** argv) try {
  using namespace caiman::stress;
  waiters_options chosen;
  std::string mode = "storm";
  CLI::App app{"Lets coroutines and threads wait for room, and checks that all are served."};
  app.add_option("--mode", mode, "storm: all ways to wait and give up; queue: how long one waits")
      ->check(CLI::IsMember({"storm", "queue"}));
  app.add_option("--policy", chosen.policy)->check(CLI::IsMember({"fair", "fifo", "stack"}));
  app.add_option("--threads", chosen.threads)->check(CLI::Range(1U, 256U));
  app.add_option("--waiters", chosen.waiters, "of mode queue")->check(CLI::Range(1U, 10'000U));
  app.add_option("--seconds", chosen.seconds)->check(CLI::Range(0.01, 86400.0));
  app.add_option("--patience", chosen.patience, "seconds until a run is taken for stuck")
      ->check(CLI::Range(0.1, 3600.0));
  app.add_option("--seed", chosen.seed, "of what the threads of mode storm do");
  const std::map<std::string, waiters_fault> faults{{"lost-wake-up", waiters_fault::lost_wake_up},
                                                    {"torn-stamp", waiters_fault::torn_stamp}};
  app.add_option("--fault", chosen.fault, "put in, to be seen")
      ->transform(CLI::CheckedTransformer(faults));
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "waiters: %s\n", error.what());
    return 2;
  }
  chosen.storm = mode == "storm";
  return run(chosen);
} catch (const std::exception& error) {
  std::fprintf(stderr, "waiters: %s\n", error.what());
  return 1;
}
