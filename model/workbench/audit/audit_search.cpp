// SPDX-License-Identifier: MIT
#include "audit/audit_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "commands/command.hpp"
#include "commands/pool.hpp"
#include "commands/progress.hpp"
#include "engine/current_client.hpp"

namespace caiman::model {
namespace {

constexpr const char* look_around_search = "random:100@shipped";

/// What a run comes to: of all its searches the executions, of the last one what convicted.
nlohmann::json summary_of(const job_result& ended, const std::string& program,
                          const std::string& search) {
  nlohmann::json result{{"seconds", ended.seconds}};
  const auto broken = [&](const std::string& why) {
    result["trouble"] = why;
    return result;
  };
  const auto outcomes = results_of(ended, program, search);
  if (!outcomes) return broken(outcomes.error());
  std::uint64_t executions = 0;
  site_set touched;
  for (const outcome& o : *outcomes) {
    executions += o.seen.executions;
    touched |= o.seen.touched;
  }
  const outcome& last = outcomes->back();
  if (last.seen.property == "model") return broken(last.seen.text);
  result["executions"] = executions;
  result["touched"] = touched.to_string();
  if (last.seen.what == verdict::outcome::passed) return result;
  result["property"] = last.seen.property;
  result["text"] = last.seen.text;
  result["execution"] = last.seen.executions;
  result["search"] = to_string(plan{last.what});
  result["replay"] = last.trace.value("replay", std::string());
  return result;
}

std::string key_of(const std::string& orders, const std::string& program,
                   const std::string& search) {
  return orders + " / " + program + " / " + search;
}

/// Those that touch what a question is about; if it wants fewer, some from everywhere.
std::vector<const audit_program*> programs_for(const question& of,
                                               const std::vector<audit_program>& programs) {
  std::vector<const audit_program*> all;
  for (const audit_program& p : programs) {
    if ((p.touched & of.about) == of.about) all.push_back(&p);
  }
  if (of.most_programs == 0 || of.most_programs >= all.size()) return all;
  std::vector<const audit_program*> some;
  for (std::size_t i = 0; i < of.most_programs; ++i) {
    some.push_back(all[i * all.size() / of.most_programs]);
  }
  return some;
}

}  // namespace

std::expected<void, std::string> searcher::open(const std::string& identity) {
  if (options_.state_file.empty()) return {};
  const nlohmann::json head{{"caiman_audit_state", 1}, {"identity", identity}};
  if (options_.resume) {
    std::ifstream in(options_.state_file);
    std::string line;
    if (!std::getline(in, line)) {
      return std::unexpected(fmt::format("--resume: no state in {}", options_.state_file));
    }
    if (nlohmann::json::parse(line, nullptr, false) != head) {
      return std::unexpected(
          fmt::format("--resume: {} is of another build, table or seed", options_.state_file));
    }
    while (std::getline(in, line)) {
      // The last line may have been cut off.
      const nlohmann::json item = nlohmann::json::parse(line, nullptr, false);
      if (!item.is_object() || !item.contains("key") || !item.contains("result")) continue;
      done_[item["key"].get<std::string>()] = item["result"];
    }
    return {};
  }
  std::ofstream out(options_.state_file, std::ios::trunc);
  out << head.dump() << '\n';
  if (!out.flush()) {
    return std::unexpected(fmt::format("--out: cannot write {}", options_.state_file));
  }
  return {};
}

void searcher::remember(const std::string& key, const nlohmann::json& result) {
  if (result.contains("trouble")) return;  // it may go better another time
  done_[key] = result;
  if (options_.state_file.empty()) return;
  std::ofstream out(options_.state_file, std::ios::app);
  out << nlohmann::json{{"key", key}, {"result", result}}.dump() << '\n';
}

void searcher::take(const run_of& run, const nlohmann::json& result, reply& a) {
  a.seconds += result.value("seconds", 0.0);
  if (result.contains("trouble")) {
    a.trouble = run.scenario + ": " + result["trouble"].get<std::string>();
    return;
  }
  if (!result.contains("property")) {
    a.executions += result.value("executions", std::uint64_t{0});
    return;
  }
  if (a.convicted) return;  // two at once
  a.convicted = true;
  a.scenario = run.scenario;
  a.program = run.program;
  a.search = result["search"];
  a.property = result["property"];
  a.text = result["text"];
  a.replay = result.value("replay", std::string());
  a.execution = result["execution"];
  a.by_known = run.known;
}

void searcher::run_stage(const std::vector<run_of>& runs, const std::vector<question>& questions,
                         std::vector<reply>& replies, const std::string& what) {
  std::vector<std::string> keys;
  std::vector<std::vector<std::string>> commands;
  for (const run_of& r : runs) {
    const std::string orders = changes_of(questions[r.question].table);
    keys.push_back(key_of(orders, r.program, r.search));
    commands.push_back(command_of({.checker = this_program(options_.self),
                                   .program = r.program,
                                   .searches = r.search,
                                   .orders = orders,
                                   .seed = options_.seed,
                                   .as_found = true}));
  }
  progress line(runs.size());
  const auto settled = [&](std::size_t i) { return replies[runs[i].question].convicted; };
  const bool complete = run_jobs(
      commands, options_.jobs,
      [&](std::size_t i, job_result ended) {
        const nlohmann::json result = summary_of(ended, runs[i].program, runs[i].search);
        remember(keys[i], result);
        take(runs[i], result, replies[runs[i].question]);
        line.step(what);
      },
      [&](std::size_t i) {
        const auto known = done_.find(keys[i]);
        if (!settled(i) && known != done_.end()) {
          take(runs[i], known->second, replies[runs[i].question]);
        } else if (!settled(i)) {
          return true;
        }
        line.step(what);
        return false;
      });
  line.clear();
  if (!complete) interrupted_ = true;
}

reply searcher::look_around(std::vector<audit_program>& programs, const order_table& table) {
  std::vector<run_of> runs;
  for (const audit_program& p : programs) {
    runs.push_back({runs.size(), p.name, p.text, look_around_search, false});
  }
  // A question each, so that one that convicts does not keep the others from being seen.
  const std::vector<question> questions(programs.size(), question{table, {}, {}, 0, question::all});
  std::vector<reply> replies(programs.size());
  run_stage(runs, questions, replies, "which sites a program touches");
  reply all;
  const std::string orders = changes_of(table);
  for (std::size_t i = 0; i < programs.size(); ++i) {
    const auto result = done_.find(key_of(orders, programs[i].text, look_around_search));
    if (result != done_.end()) {
      programs[i].touched = site_set(result->second.value("touched", std::string()));
    }
    if (all.convicted || (!replies[i].convicted && replies[i].trouble.empty())) continue;
    all = replies[i];
  }
  all.complete = !interrupted_ && all.trouble.empty();
  return all;
}

std::vector<reply> searcher::ask(const std::vector<question>& questions,
                                 const std::vector<audit_program>& programs,
                                 const std::string& what) {
  std::vector<reply> replies(questions.size());
  const auto open = [&](std::size_t q) { return !interrupted_ && !replies[q].convicted; };
  std::vector<run_of> runs;
  for (std::size_t q = 0; q < questions.size(); ++q) {
    for (const killer& k : questions[q].known) {
      runs.push_back({q, k.scenario, k.program, k.search, true});
    }
  }
  run_stage(runs, questions, replies, what + ", by what convicted before");
  for (std::size_t stage = 0; stage < options_.stages.size(); ++stage) {
    runs.clear();
    for (std::size_t q = 0; q < questions.size(); ++q) {
      const question& of = questions[q];
      if (!open(q) || stage >= of.stages) continue;
      for (const audit_program* p : programs_for(of, programs)) {
        runs.push_back({q, p->name, p->text, options_.stages[stage], false});
      }
    }
    run_stage(runs, questions, replies,
              fmt::format("{}, search {} of {}", what, stage + 1, options_.stages.size()));
  }
  for (reply& a : replies) a.complete = a.convicted || (!interrupted_ && a.trouble.empty());
  return replies;
}

reply searcher::ask_mutant(const std::string& name) {
  reply a;
  const auto all = client_in_force().controls;
  const auto row =
      std::find_if(all.begin(), all.end(), [&](const control& c) { return c.name == name; });
  if (row == all.end()) a.trouble = name + ": no such control";
  if (row == all.end() || interrupted_) return a;
  std::vector<std::vector<std::string>> commands;
  for (const attempt& tried : row->attempts) {
    commands.push_back(command_of({.checker = checker_of(*row, options_.self),
                                   .program = std::string(tried.program),
                                   .searches = std::string(tried.searches),
                                   .as_found = true}));
  }
  interrupted_ = !run_jobs(commands, options_.jobs, [&](std::size_t i, job_result ended) {
    const attempt& tried = row->attempts[i];
    const run_of run{0, name, std::string(tried.program), std::string(tried.searches), false};
    take(run, summary_of(ended, run.program, run.search), a);
  });
  a.complete = a.convicted || (!interrupted_ && a.trouble.empty());
  return a;
}

}  // namespace caiman::model
