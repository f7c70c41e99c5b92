// Output of the hammer; see report.hpp.
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

}  // namespace caiman::stress
