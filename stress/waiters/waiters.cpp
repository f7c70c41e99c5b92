// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// waiters.cpp: native stress of waiting for room
//
// Exit code 0: nothing was seen wrong; 1: something was, with a line that says what; 2: bad
// arguments. A run that does not come to its end has lost a wake-up: it is ended when the patience
// is over.
// ---------------------------------------------------------------------------------------------
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <fmt/format.h>

#include "../common/command_line.hpp"
#include "run.hpp"

namespace caiman::stress {

namespace {
std::string left_behind(const auto& arena, bool is_whole) {
  if (arena.waiting() != 0) return fmt::format("{} still wait", arena.waiting());
  const auto m = arena.metrics();
  if (m.allocations_ok != m.frees) {
    return fmt::format("{} blocks handed out, {} given back", m.allocations_ok, m.frees);
  }
  return is_whole ? "" : "the arena is not whole again";
}
}  // namespace

std::string left_behind(const async_buddy_arena& arena) {
  return left_behind(arena, arena.is_block_free(arena.max_order(), 0));
}
std::string left_behind(const async_fixed_arena& arena) {
  return left_behind(arena, arena.metrics().slots_free == arena.slot_count());
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

auto arena_for(const waiters_options& chosen, const auto& builder) {
  if (chosen.policy == "fifo") return builder.build_async_with(fifo_waiters());
  if (chosen.policy == "stack") return builder.build_async_with(stack_waiters());
  return builder.build_async();
}

int run(const waiters_options& chosen) {
  const auto blocks = arena_for(chosen, buddy_arena::builder(*buddy_geometry::exact(
                                            std::size_t{64} * (chosen.storm ? 32 : 64), 64)));
  const auto slots = arena_for(chosen, fixed_arena::with_slot_capacity(6, 72));
  if (!blocks) return complain("waiters", make_error_code(blocks.error()).message(), 1);
  if (!slots) return complain("waiters", make_error_code(slots.error()).message(), 1);
  if (chosen.slots && !chosen.storm) return complain("waiters", "--slots is of mode storm", 2);
  const patience watch(chosen.seconds + chosen.patience);
  const waiters_report report = !chosen.storm  ? run_queue(chosen, *blocks)
                                : chosen.slots ? run_storm(chosen, *slots)
                                               : run_storm(chosen, *blocks);
  fmt::print("waiters, {}{}, {}, {} threads, {:g} s: {}\n", chosen.storm ? "storm" : "queue",
             chosen.slots ? " in slots" : "", chosen.policy, chosen.threads, chosen.seconds,
             report.done);
  return report.wrong.empty() ? 0 : complain("waiters", report.wrong, 1);
}

constexpr named<bool> mode_names[] = {{"storm", true}, {"queue", false}};
constexpr named<waiters_fault> fault_names[] = {{"none", waiters_fault::none},
                                                {"lost-wake-up", waiters_fault::lost_wake_up},
                                                {"torn-stamp", waiters_fault::torn_stamp}};

std::optional<int> parse_options(int argc, char** argv, waiters_options& chosen) {
  CLI::App app{"Lets coroutines and threads wait for room, and checks that all are served.",
               "waiters"};
  add_named(app, "--mode", chosen.storm, mode_names,
            "storm: all ways to wait and give up; queue: how long one waits");
  app.add_flag("--slots", chosen.slots, "mode storm in slots of one size");
  app.add_option("--policy", chosen.policy)->check(CLI::IsMember({"fair", "fifo", "stack"}));
  app.add_option("--threads", chosen.threads)->check(CLI::Range(1U, 256U));
  app.add_option("--waiters", chosen.waiters, "of mode queue")->check(CLI::Range(1U, 10'000U));
  app.add_option("--seconds", chosen.seconds)->check(CLI::Range(0.01, 86400.0));
  app.add_option("--patience", chosen.patience, "seconds until a run is taken for stuck")
      ->check(CLI::Range(0.1, 3600.0));
  app.add_option("--seed", chosen.seed, "of what the threads of mode storm do");
  add_named(app, "--fault", chosen.fault, fault_names, "put in, to be seen");
  return parse(app, argc, argv);
}

}  // namespace
}  // namespace caiman::stress

int main(int argc, char** argv) {
  using namespace caiman::stress;
  return run_program("waiters", 1, [&] {
    waiters_options chosen;
    if (const auto exit_code = parse_options(argc, argv, chosen)) return *exit_code;
    return run(chosen);
  });
}
