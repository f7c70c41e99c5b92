// SPDX-License-Identifier: MIT
#include "structures/trace_of.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <map>
#include <vector>

#include "machine/machine.hpp"
#include "trace/recording_json.hpp"

namespace caiman::model::machine {
namespace {

using nlohmann::json;

/// The lines of source files, to name objects as the structure names them.
class sources {
 public:
  const std::string& line(const std::string& file, int number) {
    auto& lines = files_[file];
    if (lines.empty()) {
      std::ifstream in(file);
      for (std::string text; lines.size() < 100'000 && std::getline(in, text);) {
        lines.push_back(text);
      }
      if (lines.empty()) lines.emplace_back();
    }
    static const std::string nothing;
    const auto i = static_cast<std::size_t>(number) - 1;
    return number > 0 && i < lines.size() ? lines[i] : nothing;
  }

 private:
  std::map<std::string, std::vector<std::string>> files_;
};

/// Of a line of code, at most what a page has room for.
std::string without_margins(const std::string& line) {
  constexpr std::size_t most = 200;
  const auto first = line.find_first_not_of(" \t");
  if (first == std::string::npos) return {};
  return line.substr(first, std::min(most, line.find_last_not_of(" \t\r") - first + 1));
}

bool in_a_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '>' ||
         c == '-' || c == ':';
}

/// What stands before ".load(" or another member call: "node->next".
std::string object_in(const std::string& line, event_kind kind) {
  static const std::map<event_kind, std::vector<std::string_view>> calls = {
      {event_kind::load, {".load(", ".wait(", ".test("}},
      {event_kind::store, {".store(", ".clear("}},
      {event_kind::exchange, {".exchange(", ".test_and_set("}},
      {event_kind::cas, {".compare_exchange"}},
      {event_kind::cas_failed, {".compare_exchange"}},
      {event_kind::fetch_add, {".fetch_add("}},
      {event_kind::fetch_sub, {".fetch_sub("}},
      {event_kind::fetch_or, {".fetch_or("}},
      {event_kind::fetch_and, {".fetch_and("}},
      {event_kind::fetch_xor, {".fetch_xor("}},
      {event_kind::plain_read, {".read(", ".load("}},
      {event_kind::plain_write, {".write(", ".store("}}};
  const auto known = calls.find(kind);
  if (known == calls.end()) return {};
  for (const std::string_view text : known->second) {
    const auto dot = line.find(text);
    if (dot == std::string::npos || dot == 0) continue;
    std::size_t from = dot;
    int depth = 0;
    while (from > 0) {
      const char c = line[from - 1];
      if (c == ']' || c == ')') ++depth;
      if ((c == '[' || c == '(') && --depth < 0) break;
      if (depth == 0 && c != '[' && c != '(' && !in_a_name(c)) break;
      --from;
    }
    std::string name = line.substr(from, dot - from);
    if (!name.empty()) return name;
  }
  return {};
}

/// A name for each object: how the first access to it calls it, with a number where several
/// objects are called so.
std::vector<std::string> names_of(const recording& seen, sources& files) {
  std::map<const void*, std::string> names;
  std::map<std::string, int> used;
  for (const event& e : seen.events) {
    if (e.object == nullptr || e.kind == event_kind::build || names.contains(e.object)) continue;
    std::string name = object_in(files.line(e.at.file, e.at.line), e.kind);
    if (name.empty()) name = "object";
    const int n = ++used[name];
    if (n > 1 || name == "object") name += fmt::format(" #{}", n);
    names[e.object] = name;
  }
  std::vector<std::string> all;
  for (const event& e : seen.events) {
    all.push_back(e.object == nullptr ? "" : names.contains(e.object) ? names[e.object] : "object");
  }
  return all;
}

json rows_of_orders() {
  json rows = json::array();
  const site_table& sites = the_machine().sites;
  for (const std::uint32_t i : sites.in_order()) {
    const site& s = sites.all()[i];
    rows.push_back({{"site", sites.name(i)},
                    {"shipped", name_of_order(s.written)},
                    {"used", name_of_order(s.in_force)},
                    {"pairs", ""},
                    {"without", ""}});
  }
  return rows;
}

}  // namespace

std::string changes_in_force() {
  std::string all;
  for (const auto& [site, order] : the_machine().sites.changed()) {
    all += fmt::format("{}{}={}", all.empty() ? "" : ",", site, name_of_order(order));
  }
  return all;
}

json trace_of(trial& on, tested& of, const conviction& what, const std::string& program) {
  on.use(what.what);
  on.use_seq_cst(what.seq_cst);
  const fault found = on.again(what.choices, true);
  const recording seen = the_machine().take_recording();
  const std::string text = to_string(what.what, of);
  const std::string state = choices_text(what.choices);
  const std::string changes = changes_in_force();
  const std::string replay = fmt::format("{} run --program '{}'{}{} --state '{}'", program, text,
                                         changes.empty() ? "" : " --orders '" + changes + "'",
                                         what.seq_cst ? " --seq-cst" : "", state);
  sources files;
  const auto names = names_of(seen, files);
  json events = json::array();
  json lines = json::object();
  for (std::size_t i = 0; i < seen.events.size(); ++i) {
    const event& e = seen.events[i];
    const std::string site =
        e.site < 0 ? "" : the_machine().sites.name(static_cast<std::uint32_t>(e.site));
    events.push_back(event_to_json(e, i, {site, e.at.file, names[i]}));
    if (std::string code = without_margins(files.line(e.at.file, e.at.line)); !code.empty()) {
      lines[fmt::format("{}:{}", e.at.file, e.at.line)] = std::move(code);
    }
  }
  json trace = {{"caiman_trace", 1},
                {"title", ""},
                {"recorded_by", program},
                {"program", text},
                {"search", to_string(what.how) + (what.seq_cst ? ", all orders seq_cst" : "")},
                {"execution", what.execution},
                {"state", state},
                {"replay", replay},
                {"property",
                 {{"id", found.property.empty() ? no_violation : found.property},
                  {"text", found.text},
                  {"event", id_or_null(seen.lost_at)}}},
                {"shape",
                 {{"log2_fanout", 1},
                  {"max_order", 0},
                  {"threads", what.what.threads.size()},
                  {"core", "structure"}}},
                {"levels", json::array()},
                {"orders", rows_of_orders()},
                {"operations", operations_to_json(seen)},
                {"events", std::move(events)},
                {"lines", std::move(lines)},
                {"race", race_to_json(seen)}};
  on.use_seq_cst(false);
  return trace;
}

}  // namespace caiman::model::machine
