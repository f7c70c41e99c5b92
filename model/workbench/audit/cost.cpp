// SPDX-License-Identifier: MIT
#include "audit/cost.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include "commands/pool.hpp"
#include "commands/progress.hpp"
#include "engine/current_client.hpp"
#include "engine/orders.hpp"

namespace caiman::model {
namespace {

namespace fs = std::filesystem;
using command_line = std::vector<std::string>;

struct target {
  std::string name;
  std::string compiler;
  std::string objdump;
  std::vector<std::string> options;
};

#if defined(__x86_64__)
constexpr const char* native_name = "x86-64";
#elif defined(__aarch64__)
constexpr const char* native_name = "AArch64, as g++ has it here";
#else
constexpr const char* native_name = "this machine";
#endif

/// The first is this machine.
std::vector<target> targets() {
  return {{native_name, "g++", "objdump", {}},
          {"AArch64 armv8-a",
           "aarch64-linux-gnu-g++",
           "aarch64-linux-gnu-objdump",
           {"-march=armv8-a", "-mno-outline-atomics"}},
          {"AArch64 armv8.1-a",
           "aarch64-linux-gnu-g++",
           "aarch64-linux-gnu-objdump",
           {"-march=armv8.1-a"}}};
}

/// Where a program lies, "" if it is not installed.
std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): one thread
  std::istringstream all(path == nullptr ? "/usr/bin:/bin" : path);
  for (std::string folder; std::getline(all, folder, ':');) {
    const std::string file = fmt::format("{}/{}", folder, name);
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

/// A directory that is gone when this is.
class scratch {
 public:
  scratch() {
    std::string name = (fs::temp_directory_path() / "caiman-cost-").string();
    name.append(6, 'X');  // which mkdtemp replaces
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// The part of the probe that has a site.
int part_of_site(std::size_t site) {
  const std::string_view name = shipped_sites()[site].name;
  std::string_view where;
  for (const site_use& use : client_in_force().uses) {
    if (use.site == name && where.empty()) where = use.where;
  }
  return client_in_force().cost.part_of(name, where);
}

command_line compile(const target& t, std::size_t site, std::memory_order order, int part,
                     const std::string& out) {
  command_line c{t.compiler,
                 "-std=c++23",
                 "-O2",
                 "-DNDEBUG",
                 "-w",
                 fmt::format("-DPROBE_SITE={}", shipped_sites()[site].name),
                 fmt::format("-DPROBE_ORDER={}", name_of(order))};
  const cost_data& probe = client_in_force().cost;
  c.insert(c.end(), probe.options.begin(), probe.options.end());
  c.insert(c.end(), t.options.begin(), t.options.end());
  c.push_back(part < 0 ? "-DPROBE_MAIN" : fmt::format("-DPROBE_PART={}", part));
  if (part >= 0) c.emplace_back("-c");
  c.insert(c.end(), {probe.source, "-o", out});
  return c;
}

/// Orders that every access of a site can have, but for the one that ships.
std::vector<std::memory_order> other_orders(std::size_t site) {
  std::vector<std::memory_order> all;
  for (const auto o :
       {std::memory_order_relaxed, std::memory_order_acquire, std::memory_order_release,
        std::memory_order_acq_rel, std::memory_order_seq_cst}) {
    if (o != shipped_sites()[site].order && every_access_can_have(site, o)) all.push_back(o);
  }
  return all;
}

class cost_finder {
 public:
  cost_finder(const std::vector<bool>& sites, unsigned jobs) : jobs_(jobs) {
    for (target& t : targets()) {
      const std::string compiler = find_program(t.compiler);
      const std::string objdump = find_program(t.objdump);
      if (compiler.empty() || objdump.empty()) {
        report_.missing.push_back(fmt::format("{}: {} is not installed", t.name,
                                              compiler.empty() ? t.compiler : t.objdump));
        continue;
      }
      t.compiler = compiler;
      t.objdump = objdump;
      targets_.push_back(std::move(t));
    }
    for (std::size_t site = 0; site < sites.size(); ++site) {
      if (!sites[site]) continue;
      for (const auto o : other_orders(site)) report_.rows.push_back({site, o, {}, {}, {}, {}});
    }
  }

  cost_report run(bool with_time) {
    for (std::size_t t = 0; t < targets_.size() && report_.complete; ++t) disassemble(t);
    if (with_time && report_.complete && !targets_.empty() && targets_[0].name == native_name) {
      for (cost_row& row : report_.rows) {
        if (!row.targets.empty() && !row.targets[0].change.empty()) measure(row);
        if (!report_.complete) break;
      }
    }
    return std::move(report_);
  }

 private:
  static constexpr int rounds = 7;

  bool run_all(const std::vector<command_line>& commands, const std::string& what,
               std::vector<job_result>& ended) {
    ended.assign(commands.size(), {});
    progress line(commands.size());
    const bool complete = run_jobs(commands, jobs_, [&](std::size_t i, job_result r) {
      ended[i] = std::move(r);
      line.step(what);
    });
    line.clear();
    if (!complete) report_.complete = false;
    return complete;
  }

  /// Compiles every row for one target, and each part once as it ships, and compares.
  void disassemble(std::size_t number) {
    const target& t = targets_[number];
    std::vector<command_line> compiles;
    std::vector<command_line> dumps;
    const auto add = [&](std::size_t site, std::memory_order order) {
      const std::string object = folder_.file(fmt::format("{}.o", compiles.size()));
      compiles.push_back(compile(t, site, order, part_of_site(site), object));
      dumps.push_back({t.objdump, "-d", "--no-show-raw-insn", object});
      return compiles.size() - 1;
    };
    std::map<int, std::size_t> shipped;  // of a part
    std::vector<std::size_t> changed;    // of a row
    for (const cost_row& row : report_.rows) {
      const int part = part_of_site(row.site);
      if (!shipped.contains(part)) {
        shipped[part] = add(row.site, shipped_sites()[row.site].order);
      }
      changed.push_back(add(row.site, row.order));
    }
    std::vector<job_result> compiled;
    std::vector<job_result> dumped;
    if (!run_all(compiles, "compile for " + t.name, compiled)) return;
    if (!run_all(dumps, "disassemble", dumped)) return;
    for (std::size_t i = 0; i < report_.rows.size(); ++i) {
      cost_row& row = report_.rows[i];
      const std::size_t base = shipped[part_of_site(row.site)];
      for (const std::size_t job : {base, changed[i]}) {
        if (compiled[job].exit_code != 0) row.trouble = t.name + ": the probe does not compile";
        if (dumped[job].exit_code != 0) row.trouble = t.name + ": objdump failed";
      }
      if (!row.trouble.empty()) continue;
      row.targets.push_back({t.name, difference(instructions_in(dumped[base].output),
                                                instructions_in(dumped[changed[i]].output))});
    }
  }

  /// Nanoseconds of each pair, by the loops of the probe.
  static std::map<std::string, double> times_in(const std::string& output) {
    std::map<std::string, double> times;
    std::istringstream in(output);
    std::string pair;
    double nanoseconds = 0;
    while (in >> pair >> nanoseconds) times[pair] = nanoseconds;
    return times;
  }

  void measure(cost_row& row) {
    const std::string was = folder_.file("shipped");
    const std::string is = folder_.file("changed");
    std::vector<job_result> ended;
    if (!run_all({compile(targets_[0], row.site, shipped_sites()[row.site].order, -1, was),
                  compile(targets_[0], row.site, row.order, -1, is)},
                 "compile to measure", ended)) {
      return;
    }
    std::map<std::string, std::vector<double>> ratios;
    const unsigned together = std::exchange(jobs_, 1U);  // they must not disturb each other
    for (int round = 0; round < rounds && report_.complete; ++round) {
      const bool first = round % 2 == 0;  // neither is always the second
      run_all({{first ? was : is}, {first ? is : was}}, "measure", ended);
      const auto before = times_in(ended[first ? 0 : 1].output);
      const auto after = times_in(ended[first ? 1 : 0].output);
      for (const auto& [pair, time] : before) {
        const auto other = after.find(pair);
        if (other != after.end() && time > 0) ratios[pair].push_back(other->second / time);
      }
    }
    jobs_ = together;
    if (!report_.complete) return;
    for (auto& [pair, all] : ratios) {
      if (!client_in_force().cost.felt_in(part_of_site(row.site), pair)) continue;
      std::sort(all.begin(), all.end());
      row.ratios.push_back({pair, all[all.size() / 2], all.front(), all.back()});
    }
  }

  unsigned jobs_;
  std::vector<target> targets_;
  scratch folder_;
  cost_report report_;
};

std::string text_of(const instructions& change) {
  std::string less;
  std::string more;
  int others = 0;
  for (const auto& [name, count] : change) {
    if (!orders_memory(name)) {
      others += count;
      continue;
    }
    std::string& side = count < 0 ? less : more;
    side += fmt::format("{}{} {}", side.empty() ? "" : ", ", std::abs(count), name);
  }
  if (change.empty()) return "nothing";
  std::string text = less.empty() && more.empty() ? "the same accesses"
                     : more.empty()               ? less + " gone"
                     : less.empty()               ? more + " more"
                                                  : less + " -> " + more;
  if (others != 0) text += fmt::format(" ({:+} other instructions)", others);
  return text;
}

}  // namespace

instructions instructions_in(std::string_view disassembly) {
  instructions all;
  while (!disassembly.empty()) {
    const std::size_t end = disassembly.find('\n');
    const std::string_view line = disassembly.substr(0, end);
    disassembly = end == std::string_view::npos ? std::string_view{} : disassembly.substr(end + 1);
    const std::size_t tab = line.find('\t');
    const std::size_t colon = line.find(':');
    if (tab == std::string_view::npos || colon == std::string_view::npos || colon > tab) continue;
    const std::string_view text = line.substr(tab + 1);
    std::size_t length = text.find_first_of(" \t");
    std::string name(text.substr(0, length));
    if (name == "lock" && length != std::string_view::npos) {
      length = text.find_first_of(" \t", length + 1);
      name = text.substr(0, length);
    }
    if (name == "xchg" && text.find('(') != std::string_view::npos) name = "xchg with memory";
    ++all[name];
  }
  return all;
}

instructions difference(const instructions& from, const instructions& to) {
  instructions change = to;
  for (const auto& [name, count] : from) change[name] -= count;
  std::erase_if(change, [](const auto& item) { return item.second == 0; });
  return change;
}

bool orders_memory(std::string_view instruction) {
  // x86-64, then AArch64.
  constexpr std::string_view starts[] = {"lock ", "xchg with", "mfence", "ld",
                                         "st",    "cas",       "swp",    "dmb"};
  return std::any_of(std::begin(starts), std::end(starts),
                     [&](std::string_view start) { return instruction.starts_with(start); });
}

cost_report find_costs(const std::vector<bool>& sites, unsigned jobs, bool with_time) {
  return cost_finder(sites, jobs).run(with_time);
}

std::string to_text(const cost_report& report) {
  std::string text =
      "what an order buys: instructions of the compiled core, as it ships -> changed\n";
  for (const std::string& line : report.missing) text += "  " + line + "\n";
  for (const cost_row& row : report.rows) {
    const site_row& site = shipped_sites()[row.site];
    text += fmt::format("  {}: {} -> {}{}{}\n", site.name, name_of(site.order), name_of(row.order),
                        row.verdict.empty() ? "" : "  ", row.verdict);
    if (!row.trouble.empty()) text += "    " + row.trouble + "\n";
    for (const cost_target& t : row.targets) {
      text += fmt::format("    {:<18} {}\n", t.name, text_of(t.change));
    }
    for (const cost_ratio& r : row.ratios) {
      text += fmt::format("    a pair of {}: {:.3f} of the time ({:.3f} to {:.3f})\n", r.pair,
                          r.median, r.low, r.high);
    }
  }
  if (!report.complete) text += "  interrupted\n";
  return text;
}

nlohmann::json to_json(const cost_report& report) {
  nlohmann::json all{{"missing", report.missing},
                     {"complete", report.complete},
                     {"rows", nlohmann::json::array()}};
  for (const cost_row& row : report.rows) {
    const site_row& site = shipped_sites()[row.site];
    nlohmann::json item{{"site", site.name},
                        {"shipped", name_of(site.order)},
                        {"order", name_of(row.order)},
                        {"verdict", row.verdict},
                        {"targets", nlohmann::json::array()},
                        {"ratios", nlohmann::json::array()}};
    if (!row.trouble.empty()) item["trouble"] = row.trouble;
    for (const cost_target& t : row.targets) {
      item["targets"].push_back(
          {{"target", t.name}, {"text", text_of(t.change)}, {"change", t.change}});
    }
    for (const cost_ratio& r : row.ratios) {
      item["ratios"].push_back(
          {{"pair", r.pair}, {"median", r.median}, {"low", r.low}, {"high", r.high}});
    }
    all["rows"].push_back(std::move(item));
  }
  return all;
}

}  // namespace caiman::model
