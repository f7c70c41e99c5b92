// SPDX-License-Identifier: MIT
// Output of the hammer; see report.hpp.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "../common/pingpong.hpp"
#include "report.hpp"

namespace caiman::stress {

void print(const report& of) {
  const tally& done = of.done;
  fmt::print("rounds       {:>12}   checked at quiescence {} times\n", of.rounds, of.checks);
  fmt::print("threads      {:>12}   {} at a time\n", done.threads, of.asked.threads);
  fmt::print("operations   {:>12}   {} allocations, {} releases ({} by another thread)\n",
             of.operations(), done.allocations, done.releases, done.handed_over);
  fmt::print("operations/s {:>12.0f}   stamps and checks included\n", of.operations_per_second());
  fmt::print("failures     {:>12}   legal ones; what was illegal is listed below\n", done.refusals);
  fmt::print("contended    {:>12}   asked again each time\n", done.contended);
  fmt::print("rescans      {:>12}   second looks of failing searches\n", of.rescans);
  if (of.ping_pong_ns) {
    fmt::print("ping-pong    {:>12.0f}   ns per round trip ({})\n", *of.ping_pong_ns,
               distance_word(*of.ping_pong_ns));
  } else {
    fmt::print("ping-pong             n/a   one processor\n");
  }
  for (const std::string& line : of.seen) fmt::print("hammer: {}\n", line);
  if (!of.seen.empty()) fmt::print("rerun: {}\n", command_line(of.asked));
  fmt::print("{}\n", of.seen.empty() ? "PASS" : "FAIL");
}

void write_json(const report& of, const std::string& file) {
  const nlohmann::json figures{{"command", command_line(of.asked)},
                               {"mode", name_of(of.asked.how)},
                               {"threads", of.asked.threads},
                               {"max_order", of.asked.max_order},
                               {"log2_fanout", of.asked.log2_fanout},
                               {"pop", name_of(of.asked.pops)},
                               {"mix", of.asked.mix.text},
                               {"seed", of.asked.seed},
                               {"seconds", of.seconds},
                               {"rounds", of.rounds},
                               {"checks", of.checks},
                               {"threads_started", of.done.threads},
                               {"allocations", of.done.allocations},
                               {"releases", of.done.releases},
                               {"handed_over", of.done.handed_over},
                               {"legal_refusals", of.done.refusals},
                               {"contended", of.done.contended},
                               {"rescans", of.rescans},
                               {"operations_per_second", of.operations_per_second()},
                               {"ping_pong_ns", of.ping_pong_ns ? nlohmann::json(*of.ping_pong_ns)
                                                                : nlohmann::json(nullptr)},
                               {"seen", of.seen},
                               {"pass", of.seen.empty()}};
  std::ofstream out(file);
  out << figures.dump(2) << '\n';
  if (!out.flush()) throw std::runtime_error("cannot write '" + file + "'");
}

watch::watch(crew& over)
    : crew_(over),
      terminal_(isatty(STDERR_FILENO) == 1),
      thread_([this](const std::stop_token& stop) { look(stop); }) {}

void watch::look(const std::stop_token& stop) {
  constexpr std::chrono::milliseconds glance{10};
  constexpr unsigned glances_per_line = 20;
  for (unsigned glances = 0; !stop.stop_requested(); ++glances) {
    look_once();
    if (terminal_ && glances % glances_per_line == 0) show_progress();
    std::this_thread::sleep_for(glance);
  }
  if (terminal_) fmt::print(stderr, "\r\033[K");
}

void watch::look_once() {
  const auto now = clock::now();
  if (now - start_ >= std::chrono::duration<double>(crew_.chosen.seconds)) {
    crew_.time_up.store(true, std::memory_order_relaxed);
  }
  const std::uint64_t moved = beats();
  if (moved != last_beats_) {
    last_beats_ = moved;
    last_move_ = now;
  } else if (now - last_move_ > std::chrono::duration<double>(crew_.chosen.patience)) {
    report_standstill();
  }
}

std::uint64_t watch::beats() const {
  std::uint64_t sum = crew_.checks.load(std::memory_order_relaxed);
  for (const post& here : crew_.posts) sum += here.beats.load(std::memory_order_relaxed);
  return sum;
}

void watch::show_progress() const {
  const double passed = std::chrono::duration<double>(clock::now() - start_).count();
  fmt::print(stderr, "\r\033[Khammer: {} calls, {:.0f} s left", last_beats_,
             std::max(0.0, crew_.chosen.seconds - passed));
}

void watch::report_standstill() const {
  for (const post& here : crew_.posts) {
    const call doing = here.doing.load(std::memory_order_relaxed);
    if (doing == call::none) continue;
    fmt::print("hammer: thread {} has not come back from {} of order {}\n", here.id,
               doing == call::allocate ? "allocate" : "release",
               here.doing_order.load(std::memory_order_relaxed));
  }
  fmt::print("hammer: no call returned for {} s\nrerun: {}\nFAIL\n", crew_.chosen.patience,
             command_line(crew_.chosen));
  std::fflush(stdout);
  std::_Exit(EXIT_FAILURE);
}

}  // namespace caiman::stress
