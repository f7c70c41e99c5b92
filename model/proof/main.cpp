// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// main.cpp: caiman-proof, the command line
//
// Lists the checks, and runs some or all of them: a line each, a sum per call, a verdict. What has
// ended can be kept in a file, so that a run goes on where an earlier one of the same program
// stopped. Exit code: 0 holds, 1 broken, 2 wrong use or not finished. Relies on CLI11 and fmt.
// ---------------------------------------------------------------------------------------------
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "calls.hpp"
#include "faults/faults.hpp"
#include "invariant.hpp"
#include "ledger/books.hpp"
#include "ledger/ledger_checks.hpp"
#include "ledger/shares_world.hpp"
#include "stacks/clauses.hpp"
#include "stacks/stack_checks.hpp"
#include "story.hpp"
#include "words.hpp"

namespace {

using namespace caiman::proof;

struct request {
  std::string program;
  std::vector<std::string> patterns;
  std::vector<std::string> left_out;
  std::string fault;
  std::string resume;
  std::string shard = "1/1";
  std::size_t part = 1, parts = 1;
  double limit = 0;
  std::size_t shift = 0;
  bool any_mark = false;
  bool any_variable = false;
  bool ask_again = false;
  bool stop = false;
  bool story = false;
  std::string trace_out;
};

struct bad_input : std::runtime_error {
  using std::runtime_error::runtime_error;
};

checks all_checks() {
  checks all;
  add_word_checks(all);
  add_stack_checks(all);
  add_call_checks(all);
  add_ledger_checks(all);
  return all;
}

// `text` fits where each part of the pattern between two stars stands in it, in this order.
bool fits(const std::string& text, const std::string& pattern) {
  std::istringstream parts(pattern);
  std::size_t at = 0;
  for (std::string part; std::getline(parts, part, '*');) {
    const std::size_t found = text.find(part, at);
    if (found == std::string::npos || (at == 0 && pattern.front() != '*' && found != 0))
      return false;
    at = found + part.size();
  }
  return pattern.back() == '*' || at == text.size() || text[at] == '/';
}

std::vector<check> chosen(const request& asked) {
  std::vector<check> result;
  std::vector<bool> used(asked.patterns.size(), false);
  std::size_t number = 0;
  for (const check& each : all_checks()) {
    bool is_asked = asked.patterns.empty();
    for (std::size_t i = 0; i < asked.patterns.size(); ++i) {
      if (!fits(each.name, asked.patterns[i])) continue;
      is_asked = used[i] = true;
    }
    if (is_asked && number++ % asked.parts == asked.part - 1) result.push_back(each);
  }
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) throw bad_input("no check is called '" + asked.patterns[i] + "'");
  }
  return result;
}

// Which program it is: what another one has found says nothing about this one.
std::string name_of_program() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char c = 0; file.get(c);) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return fmt::format("caiman-proof {:016x}", hash);
}

// What has ended is a line: name, paths, cuts, questions, accesses, claims, seconds.
class kept_results {
 public:
  explicit kept_results(const std::string& path) : path_(path) {
    if (path.empty()) return;
    const std::string program = name_of_program();
    std::ifstream file(path);
    std::string line;
    if (!std::getline(file, line)) {
      std::ofstream fresh(path);
      if (!(fresh << program << '\n')) throw bad_input("cannot write '" + path + "'");
      return;
    }
    if (line != program) throw bad_input("'" + path + "' is of another build; delete it");
    while (std::getline(file, line)) {
      std::istringstream words(line);
      std::string name;
      outcome o;
      if (words >> name >> o.paths >> o.again >> o.questions >> o.accesses >> o.checked >>
          o.seconds)
        ended_[name] = o;
    }
  }
  const outcome* find(const std::string& name) const {
    const auto at = ended_.find(name);
    return at == ended_.end() ? nullptr : &at->second;
  }
  void keep(const std::string& name, const outcome& o) {
    if (path_.empty()) return;
    std::ofstream file(path_, std::ios::app);
    file << fmt::format("{} {} {} {} {} {} {:.3f}\n", name, o.paths, o.again, o.questions,
                        o.accesses, o.checked, o.seconds);
  }

 private:
  std::string path_;
  std::map<std::string, outcome> ended_;
};

void add_to(outcome& sum, const outcome& one) {
  sum.paths += one.paths;
  sum.again += one.again;
  sum.questions += one.questions;
  sum.accesses += one.accesses;
  sum.checked += one.checked;
  sum.seconds += one.seconds;
}

void print_line(const std::string& name, const outcome& o, const char* verdict) {
  fmt::print("{:<28} {:>7} paths {:>7} cut {:>8} questions {:>8.1f} s  {}\n", name, o.paths,
             o.again, o.questions, o.seconds, verdict);
  std::fflush(stdout);
}

const char* verdict_of(const outcome& o) {
  if (!o.found.empty()) return "BROKEN";
  return o.finished ? "holds" : "NOT FINISHED";
}

void print_findings(const outcome& o, bool story) {
  for (const finding& each : o.found) {
    fmt::print("  broken: {} at {}\n", each.what, each.where);
    if (!story) continue;
    std::istringstream lines(lines_of(each));
    for (std::string line; std::getline(lines, line);) fmt::print("    {}\n", line);
  }
}

// What shows a finding of this check again.
std::string replay_of(const request& asked, const std::string& name) {
  std::string line = asked.program + " run " + name;
  if (!asked.fault.empty()) line += " --fault " + asked.fault;
  for (const std::string& clause : asked.left_out) line += " --leave-out " + clause;
  if (asked.any_mark) line += " --any-mark";
  if (asked.shift != 0) line += " --shift " + std::to_string(asked.shift);
  return line + " --stop --story";
}

// Whole, or not there.
void write_trace(const request& asked, const std::string& name, const finding& found) {
  const std::string begun = asked.trace_out + ".begun";
  std::ofstream to(begun);
  to << trace_of(name, found, replay_of(asked, name)).dump() << "\n";
  if (!to.flush()) {
    std::filesystem::remove(begun);
    throw bad_input("cannot write " + asked.trace_out);
  }
  std::filesystem::rename(begun, asked.trace_out);
}

struct tally {
  std::map<std::string, outcome> sums;  // per call and geometry
  std::size_t held = 0, broken = 0, unfinished = 0;
};

void count(tally& all, const std::string& name, const outcome& o) {
  const std::size_t geometry = name.find('/', name.find('/') + 1);
  add_to(all.sums[name.substr(0, geometry)], o);
  if (!o.found.empty()) {
    ++all.broken;
  } else {
    ++(o.finished ? all.held : all.unfinished);
  }
}

int verdict(const tally& all) {
  fmt::print("\n");
  for (const auto& [name, sum] : all.sums) print_line(name, sum, "");
  fmt::print("{} hold, {} broken, {} not finished\n", all.held, all.broken, all.unfinished);
  const bool holds = all.broken == 0 && all.unfinished == 0 && all.held > 0;
  fmt::print("{}\n", holds ? "HOLDS" : all.broken != 0 ? "BROKEN" : "NOT FINISHED");
  return all.broken != 0 ? 1 : holds ? 0 : 2;
}

void leave_out(const std::vector<std::string>& clauses) {
  for (const std::string& name : clauses) {
    for (unsigned i = 0; i < clause_count; ++i) {
      if (name_of(static_cast<clause>(i)) == name) rules_in_force().left_out[i] = true;
    }
    for (unsigned i = 0; i < stack_clause_count; ++i) {
      if (name_of(static_cast<stack_clause>(i)) == name) stack_rules_in_force().left_out[i] = true;
    }
    for (unsigned i = 0; i < books_clause_count; ++i) {
      if (name_of(static_cast<books_clause>(i)) == name) left_out_of_books()[i] = true;
    }
    if (name == "shares") shares_world::is_left_out() = true;
  }
}

int run(const request& asked) {
  if (!asked.fault.empty() && !caiman::model::carries_fault(asked.fault.c_str()))
    throw bad_input("this program carries no fault '" + asked.fault + "'");
  caiman_fault_in_force = asked.fault.c_str();
  leave_out(asked.left_out);
  rules_in_force().any_mark = asked.any_mark;
  question_form::is_blind() = asked.any_variable;
  known::asks_again() = asked.ask_again;
  sample_shift() = asked.shift;
  const std::vector<check> todo = chosen(asked);
  kept_results kept(asked.resume);
  tally all;
  const bool terminal = isatty(STDERR_FILENO) == 1;
  for (std::size_t i = 0; i < todo.size(); ++i) {
    const std::string& name = todo[i].name;
    if (terminal) fmt::print(stderr, "\r\033[K{}/{}  {}\r", i + 1, todo.size(), name);
    if (const outcome* before = kept.find(name)) {
      count(all, name, *before);
      continue;
    }
    const outcome o = todo[i].run({asked.limit, asked.stop});
    if (terminal) fmt::print(stderr, "\033[K");
    print_line(name, o, verdict_of(o));
    print_findings(o, asked.story);
    if (!asked.trace_out.empty() && all.broken == 0 && !o.found.empty())
      write_trace(asked, name, o.found.front());
    count(all, name, o);
    if (o.finished && o.found.empty()) kept.keep(name, o);
    if (asked.stop && !o.found.empty()) break;
  }
  return verdict(all);
}

void read_shard(request& asked) {
  const std::size_t slash = asked.shard.find('/');
  try {
    asked.part = std::stoul(asked.shard.substr(0, slash));
    asked.parts = std::stoul(asked.shard.substr(slash + 1));
  } catch (const std::exception&) {
    asked.parts = 0;
  }
  if (slash == std::string::npos || asked.part < 1 || asked.part > asked.parts)
    throw bad_input("--shard wants I/N, with I from 1 to N");
}

int command(int argc, char** argv) {
  CLI::App app("An inductive invariant of the core, which Z3 checks on its headers.");
  app.require_subcommand(1);
  request asked;
  asked.program = std::filesystem::path(argv[0]).filename();
  CLI::App* list = app.add_subcommand("list", "the checks");
  CLI::App* runs = app.add_subcommand("run", "runs checks, all if none is named");
  for (CLI::App* each : {list, runs}) {
    each->add_option("pattern", asked.patterns, "a name up to a '/', with '*' for any text");
    each->add_option("--shard", asked.shard, "I/N: the I-th of N parts of them");
    each->add_option("--shift", asked.shift,
                     "moves the arguments that stand for all at fan-out 64");
  }
  std::vector<std::string> clauses;
  for (unsigned i = 0; i < clause_count; ++i) clauses.emplace_back(name_of(static_cast<clause>(i)));
  for (unsigned i = 0; i < stack_clause_count; ++i)
    clauses.emplace_back(name_of(static_cast<stack_clause>(i)));
  for (unsigned i = 0; i < books_clause_count; ++i)
    clauses.emplace_back(name_of(static_cast<books_clause>(i)));
  clauses.emplace_back("shares");
  runs->add_option("--resume", asked.resume, "a file that keeps what has ended");
  runs->add_option("--limit", asked.limit, "seconds for each check, 0 for no limit")
      ->check(CLI::NonNegativeNumber);
  runs->add_option("--leave-out", asked.left_out, "a control: without this clause")
      ->check(CLI::IsMember(clauses))
      ->allow_extra_args(false);
  runs->add_option("--fault", asked.fault, "a control: with this fault, of a program that has it");
  runs->add_flag("--any-mark", asked.any_mark, "a control: `marked` is content with any class");
  runs->add_flag("--any-variable", asked.any_variable,
                 "a control: questions of other variables count as the same");
  runs->add_flag("--ask-again", asked.ask_again,
                 "asks again what was answered before, and ends where the answer is another one");
  runs->add_flag("--stop", asked.stop, "at the first thing that is broken");
  runs->add_flag("--story", asked.story, "what led to what is broken");
  runs->add_option("--trace-out", asked.trace_out,
                   "writes that of the first as a trace, which caiman-check shows as a page");
  try {
    app.parse(argc, argv);
    read_shard(asked);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    throw bad_input(error.what());
  }
  if (runs->parsed()) return run(asked);
  for (const check& each : chosen(asked)) fmt::print("{}\n", each.name);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return command(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "caiman-proof: {}\n", error.what());
    return 2;
  }
}
