// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// hammer.cpp: native threads against the buddy core, with every answer checked
//
// The model checker explores small programs under all orders; this runs the shipped build, in large
// arenas, on real processors, under the sanitizers. Exit code 0: nothing was seen wrong; 1:
// something was, and it is printed; 2: bad arguments. The command line is printed first, so that
// the seed is known even when the core ends the program itself.
// ---------------------------------------------------------------------------------------------
#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "../common/pingpong.hpp"
#include "options.hpp"
#include "report.hpp"
#include "rounds.hpp"

namespace caiman::stress {
namespace {

report hammer(const options& asked) {
  report seen;
  seen.asked = asked;
  seen.ping_pong_ns = ping_pong_ns();
  crew with(asked);
  campaign rounds(with);
  {
    const watch over(with);
    rounds.run();
  }
  for (const post& here : with.posts) seen.done += here.done;
  seen.rounds = rounds.rounds();
  seen.seconds = rounds.seconds();
  seen.checks = with.checks.load(std::memory_order_relaxed);
  seen.rescans = with.allocator->rescans();
  seen.seen = with.found.seen();
  return seen;
}

}  // namespace
}  // namespace caiman::stress

int main(int argc, char** argv) {
  using namespace caiman::stress;
  try {
    options asked;
    if (const auto exit_code = parse_options(argc, argv, asked)) return *exit_code;
    fmt::print("{}\n", command_line(asked));
    std::fflush(stdout);
    const report seen = hammer(asked);
    print(seen);
    if (!asked.json.empty()) write_json(seen, asked.json);
    return seen.seen.empty() ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "hammer: {}\n", error.what());
    return 2;
  }
}
