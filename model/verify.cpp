#include "verify.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "controls.hpp"
#include "pool.hpp"
#include "progress.hpp"
#include "scenarios.hpp"

namespace caiman::model {
namespace {

/// One row of the table to come: a scenario, or one attempt at a control.
struct job {
  std::string name;
  std::string_view properties;
  std::string program;
  std::string searches;
  const control* of = nullptr;  // the control, if it is one
  job_result ended;
  std::vector<outcome> results;
  std::string trouble;  // it could not be judged

  bool convicted() const {
    return !results.empty() && results.back().seen.what != verdict::outcome::passed;
  }
  std::uint64_t executions() const {
    std::uint64_t n = 0;
    for (const outcome& o : results) n += o.seen.executions;
    return n;
  }
};

bool chosen(std::string_view name, const std::string& only) {
  return only.empty() || name.find(only) != std::string_view::npos;
}

std::vector<job> plan_jobs(const verify_arguments& given) {
  std::vector<job> jobs;
  const auto add = [&](std::string name, std::string_view properties, std::string program,
                       unsigned bound, care how) {
    const auto parsed = parse_program(program);
    const auto threads = parsed ? static_cast<unsigned>(parsed->threads.size()) : 2;
    const plan p = plan_for(given.how_much, bound, how, threads);
    jobs.push_back(
        {std::move(name), properties, std::move(program), to_string(p), nullptr, {}, {}, {}});
  };
  if (!given.program.empty()) {
    add("program", "all", given.program, 2, care::usual);
    return jobs;
  }
  for (const scenario& s : scenarios()) {
    if (chosen(s.name, given.only)) {
      add(std::string(s.name), s.properties, std::string(s.program), s.bound,
          s.full ? care::to_the_end : care::usual);
    }
  }
  for (const scenario& s : scenarios()) {
    for (variant& v : variants(s)) {
      if (!chosen(v.name, given.only)) continue;
      add(std::move(v.name), s.properties, std::move(v.program), s.bound, care::less);
    }
  }
  for (const control& c : controls()) {
    if (!chosen(c.name, given.only)) continue;
    for (const attempt& a : c.attempts) {
      jobs.push_back({std::string(c.name),
                      c.properties,
                      std::string(a.program),
                      std::string(a.searches),
                      &c,
                      {},
                      {},
                      {}});
    }
  }
  return jobs;
}

/// The program that runs a job: this one, or a mutant's build of it beside this one.
std::string program_for(const job& j, const std::string& self) {
  const bool shipped = j.of == nullptr || !j.of->orders.empty();
  if (shipped || j.name.starts_with("textbook")) return self;
  const auto mutant = std::filesystem::path(self).parent_path() / "mutants" / std::string(j.name);
  return mutant.string();
}

void judge(job& j, job_result ended) {
  j.ended = std::move(ended);
  if (!j.ended.started) {
    j.trouble = "could not be started";
    return;
  }
  if (j.ended.exit_code != 0 && j.ended.exit_code != 1) {
    j.trouble = fmt::format("ended with {} {}", j.ended.exit_code < 0 ? "signal" : "exit code",
                            std::abs(j.ended.exit_code));
    return;
  }
  auto results = outcomes_from_json(j.ended.output);
  if (!results) {
    j.trouble = results.error();
    return;
  }
  j.results = std::move(*results);
  const verdict& last = j.results.back().seen;
  if (last.property == "model") j.trouble = last.text;
  const auto too_soon = [](const outcome& o) { return o.seen.stop_too_soon; };
  if (j.of == nullptr && std::any_of(j.results.begin(), j.results.end(), too_soon)) {
    j.trouble = "the stopping thread has more steps than the program stops it at";
  }
}

// ---- the table -----------------------------------------------------------------------------

/// "random 30000, bound 1* 2*, full*", a star for a tree search that came to its end; first with
/// the shipped orders, then with seq_cst.
std::string searches_of(const job& j) {
  std::string text;
  for (const bool seq_cst : {false, true}) {
    std::string part;
    for (const outcome& o : j.results) {
      if (o.what.seq_cst != seq_cst) continue;
      std::string item = to_string(o.what.how);
      if (part.find("bound") != std::string::npos && item.starts_with("bound ")) {
        item = item.substr(6);
      } else if (!part.empty()) {
        part += ",";
      }
      if (!part.empty()) part += " ";
      part += item;
      if (o.seen.exhausted) part += "*";
    }
    if (part.empty()) continue;
    text += text.empty() ? part : (part == text ? "; the same" : "; " + part);
  }
  return text;
}

std::string or_dash(unsigned n) { return n == 0 ? "-" : std::to_string(n); }

void print_scenarios(const std::vector<job>& jobs) {
  fmt::print("{:<20} {:<9} {:>3} {:>4} {:>3}  {:<44} {:>11} {:>6}  {}\n", "scenario", "property",
             "thr", "blks", "fan", "schedulers: shipped orders; all seq_cst", "executions", "s",
             "verdict");
  for (const job& j : jobs) {
    if (j.of != nullptr) continue;
    const auto p = parse_program(j.program);
    if (!p) continue;  // run_verify has said so
    const std::string verdict_text = !j.trouble.empty() ? "BROKEN: " + j.trouble
                                     : j.convicted() ? "VIOLATED " + j.results.back().seen.property
                                                     : "no violation";
    const sizes of = sizes_of(*p);
    fmt::print("{:<20} {:<9} {:>3} {:>4} {:>3}  {:<44} {:>11} {:>6.1f}  {}\n", j.name, j.properties,
               of.threads, or_dash(of.blocks), or_dash(of.fanout), searches_of(j), j.executions(),
               j.ended.seconds, verdict_text);
  }
  fmt::print("* the search came to its end: exhausted within the bound, within Relacy's model\n");
}

/// Whether what convicted a control is one of the properties that it stands for.
bool as_expected(const job& j) {
  return j.convicted() &&
         j.of->properties.find(j.results.back().seen.property) != std::string_view::npos;
}

/// Prints one row per control; the number of those that survived or could not be judged.
unsigned print_controls(const std::vector<job>& jobs) {
  unsigned failed = 0;
  bool headed = false;
  for (std::size_t i = 0; i < jobs.size();) {
    if (jobs[i].of == nullptr) {
      ++i;
      continue;
    }
    if (!headed) {
      fmt::print("\n{:<26} {:<12} {:<10} {:>10}  {}\n", "control", "convicted by", "scheduler",
                 "executions", "fault");
      headed = true;
    }
    const control* c = jobs[i].of;
    const job* best = nullptr;
    std::string trouble;
    for (; i < jobs.size() && jobs[i].of == c; ++i) {
      if (!jobs[i].trouble.empty()) trouble = jobs[i].trouble;
      if (as_expected(jobs[i]) && best == nullptr) best = &jobs[i];
    }
    if (best == nullptr) ++failed;
    fmt::print("{:<26} {:<12} {:<10} {:>10}  {}\n", c->name,
               best != nullptr ? best->results.back().seen.property
                               : (trouble.empty() ? "SURVIVED" : "BROKEN"),
               best != nullptr ? to_string(best->results.back().what.how) : "-",
               best != nullptr ? std::to_string(best->results.back().seen.executions) : "-",
               best == nullptr && !trouble.empty() ? trouble : std::string(c->fault));
  }
  return failed;
}

/// What a person needs to see of a violation: the shortest schedule first.
void print_violations(const std::vector<job>& jobs) {
  for (const job& j : jobs) {
    if (j.of != nullptr || !j.convicted()) continue;
    const auto p = parse_program(j.program);
    if (p) fmt::print("\n{}: {}\n", j.name, describe(*p, j.results.back(), true));
  }
}

}  // namespace

std::string describe(const program& p, const outcome& o, bool with_trace) {
  const verdict& v = o.seen;
  const char* orders = o.what.seq_cst ? "all orders seq_cst" : "the shipped orders";
  if (v.what == verdict::outcome::passed) {
    return fmt::format("no violation in {} executions of '{}', {}, {}{}", v.executions,
                       to_string(p), to_string(o.what.how), orders,
                       v.exhausted ? ": exhausted, within Relacy's model" : "");
  }
  std::string text = fmt::format(
      "{} violated: {} (execution {} of '{}', {}, {})\nreplay: caiman-check run --trace --program "
      "'{}' --searches '{}' --state '{}'",
      v.property, v.text, v.executions, to_string(p), to_string(o.what.how), orders, to_string(p),
      to_string(plan{o.what}), v.state);
  if (with_trace) text += "\n" + v.trace;
  return text;
}

int run_verify(const verify_arguments& given) {
  std::vector<job> jobs = plan_jobs(given);
  if (jobs.empty()) {
    fmt::print(stderr, "caiman-check: no scenario and no control has '{}' in its name\n",
               given.only);
    return 2;
  }
  if (!given.program.empty()) {
    if (const auto p = parse_program(given.program); !p) {
      fmt::print(stderr, "caiman-check: {}\n", p.error());
      return 2;
    }
  }
  std::vector<std::vector<std::string>> commands;
  for (const job& j : jobs) {
    commands.push_back({program_for(j, given.self), "run", "--json", "--program", j.program,
                        "--searches", j.searches, "--seed", std::to_string(given.seed)});
    if (j.of != nullptr && !j.of->orders.empty()) {
      commands.back().insert(commands.back().end(), {"--orders", std::string(j.of->orders)});
    }
  }
  progress line(jobs.size());
  const bool complete =
      run_jobs(commands, std::max(1U, given.jobs), [&](std::size_t i, job_result r) {
        judge(jobs[i], std::move(r));
        line.step(jobs[i].name);
      });
  line.clear();

  print_scenarios(jobs);
  const unsigned bad_controls = print_controls(jobs);
  const auto bad = static_cast<unsigned>(std::count_if(jobs.begin(), jobs.end(), [](const job& j) {
    return j.of == nullptr && (j.convicted() || !j.trouble.empty());
  }));
  print_violations(jobs);
  if (!complete) fmt::print("\ninterrupted: rows without executions were not run\n");
  const bool pass = complete && bad == 0 && bad_controls == 0;
  fmt::print("\n{}\n", pass ? "PASS" : "FAIL");
  return pass ? 0 : 1;
}

}  // namespace caiman::model
