// SPDX-License-Identifier: MIT
#include "commands/command.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "engine/current_client.hpp"
#include "trace/show_text.hpp"

namespace caiman::model {
namespace {

std::string& fault_in_force() {
  static std::string name;
  return name;
}

std::string& name_of_program() {
  static std::string name = "caiman-check";
  return name;
}

}  // namespace

void call_program(const std::string& self) {
  name_of_program() = std::filesystem::path(self).filename().string();
}
const std::string& program_name() { return name_of_program(); }

int bad_input(const std::string& message) {
  fmt::print(stderr, "{}: {}\n", printable(program_name()), printable(message));
  return 2;
}

int broken_run(const std::vector<std::string>& troubles, std::size_t parts) {
  return bad_input(fmt::format("{} of {} could not be judged, the first: {}", troubles.size(),
                               parts, troubles.front()));
}

std::string describe_briefly(const program& p, const outcome& o, const std::string& changes) {
  const verdict& v = o.seen;
  std::string orders = o.what.seq_cst ? "all orders seq_cst" : "the shipped orders";
  if (!changes.empty()) orders += " but for " + changes;
  if (v.what == verdict::outcome::passed) {
    return fmt::format("no violation in {} executions of '{}', {}, {}{}", v.executions,
                       to_string(p), to_string(o.what.how), orders,
                       v.exhausted ? ": exhausted, within Relacy's model" : "");
  }
  return fmt::format("{} violated: {} (execution {} of '{}', {}, {})", v.property, v.text,
                     v.executions, to_string(p), to_string(o.what.how), orders);
}

std::string replay_line(const outcome& o) {
  return "replay: " + o.trace.at("replay").get<std::string>();
}

std::string describe(const program& p, const outcome& o, bool with_trace,
                     const std::string& changes) {
  std::string text = describe_briefly(p, o, changes);
  if (o.seen.what == verdict::outcome::passed) return text;
  if (!o.again.empty()) text += "\n" + o.again;
  text += "\n" + replay_line(o);
  if (with_trace) text += "\n" + text_of(o.trace);
  return text;
}

std::vector<std::string> coverage_of(const std::vector<outcome>& results,
                                     const std::string& changes, bool all_sites) {
  site_set touched;
  for (const outcome& o : results) touched |= o.seen.touched;
  const auto named = [](const std::string& before, std::size_t site) {
    return fmt::format("{}{}{}", before, before.empty() ? "" : ", ", site_name(site));
  };
  std::vector<std::string> lines;
  std::string missed;
  for (const auto& [site, order] : parse_orders(changes).value_or(order_changes{})) {
    if (!touched.test(site)) missed = named(missed, site);
  }
  // What convicts may have come by a site in the execution that never ended.
  if (!missed.empty() && results.back().seen.what == verdict::outcome::passed) {
    lines.push_back(fmt::format(
        "the threads never came by {}: what was changed there was never in force", missed));
  }
  if (!all_sites) return lines;
  std::string all;
  for (std::size_t site = 0; site < shipped_sites().size(); ++site) {
    if (touched.test(site)) all = named(all, site);
  }
  lines.push_back(fmt::format("the threads came by {} of {} sites{}{}", touched.count(),
                              shipped_sites().size(), all.empty() ? "" : ": ", all));
  return lines;
}

bool put_fault_in_force(const std::string& name) {
  const auto put = client_in_force().mutants.put_in_force;
  fault_in_force() = name;
  return put != nullptr && put(name);
}

std::string recorder_of(std::string_view fault) {
  return fmt::format("{} --fault {}", client_in_force().mutants.carrier, fault);
}

std::string name_in_traces(const std::string& self) {
  return fault_in_force().empty() ? std::filesystem::path(self).filename().string()
                                  : recorder_of(fault_in_force());
}

std::vector<std::string> this_program(const std::string& self) {
  if (fault_in_force().empty()) return {self};
  return {self, "--fault", fault_in_force()};
}

std::vector<std::string> checker_of(const control& c, const std::string& self) {
  const mutant_programs& built = client_in_force().mutants;
  if (!c.orders.empty() || built.is_specimen(c.name)) return {self};
  const std::filesystem::path here(self);
  const std::string name(c.together ? built.carrier : c.name);
  std::vector<std::string> command{self};
  if (here.filename() != name) command[0] = (here.parent_path() / built.folder / name).string();
  if (c.together) command.insert(command.end(), {"--fault", std::string(c.name)});
  return command;
}

std::vector<std::string> command_of(const job_request& job) {
  std::vector<std::string> command = job.checker;
  command.insert(command.end(), {"run", "--json", "--program", job.program, "--searches",
                                 job.searches, "--seed", std::to_string(job.seed)});
  if (!job.orders.empty()) command.insert(command.end(), {"--orders", job.orders});
  if (job.seconds > 0) {
    command.insert(command.end(), {"--seconds", fmt::format("{}", job.seconds)});
  }
  if (!job.title.empty()) command.insert(command.end(), {"--title", job.title});
  if (job.as_found) command.emplace_back("--as-found");
  return command;
}

std::expected<std::vector<outcome>, std::string> results_of(const job_result& ended,
                                                            const std::string& program,
                                                            const std::string& searches) {
  if (!ended.started) return std::unexpected("could not be started");
  if (const int signal = -ended.exit_code; signal > 0) {
    if (is_crash(signal)) {
      return outcomes_of_crash(program, searches, signal, name_in_traces(program_name()));
    }
    return std::unexpected(fmt::format("was ended by signal {}", signal));
  }
  if (ended.exit_code > 1) {
    return std::unexpected(fmt::format("ended with exit code {}", ended.exit_code));
  }
  auto results = outcomes_from_json(ended.output);
  if (!results) return results;
  const auto asked = parse_plan(searches);
  const bool convicted = !results->empty() && results->back().seen.what != verdict::outcome::passed;
  const bool all = asked && results->size() == asked->size();
  if (results->empty() || (!convicted && !all)) {
    return std::unexpected("the job printed less than was asked for");
  }
  if (convicted != (ended.exit_code == 1)) {
    return std::unexpected("the job's exit code and what it printed differ");
  }
  return results;
}

}  // namespace caiman::model
