// SPDX-License-Identifier: MIT
// Traces as files: written whole or not at all, read as outside input.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "trace/trace.hpp"
#include "trace/whole_file.hpp"

namespace caiman::model {
namespace {

using nlohmann::json;

// Far more than this program writes, which cuts what is long.
constexpr std::uintmax_t most_bytes = std::uintmax_t{256} << 20;
constexpr std::size_t most_items = 1'000'000;
constexpr std::size_t most_text = 1'000'000;
constexpr int deepest = 8;

enum class type : unsigned char { text, number, flag, decimal, id, id_or_null, thread };

struct field {
  const char* name;
  type what;
};

/// Ids below `events` are events.
bool fits(const json& value, type what, std::size_t events) {
  const auto below = [&](std::uint64_t most) {
    return value.is_number_unsigned() && value.get<std::uint64_t>() < most;
  };
  switch (what) {
    case type::text:
      return value.is_string() && value.get_ref<const std::string&>().size() <= most_text;
    case type::number:
      return below(std::uint64_t{1} << 53);
    case type::flag:
      return value.is_boolean();
    case type::decimal: {
      if (!value.is_string()) return false;
      const auto& digits = value.get_ref<const std::string&>();
      return !digits.empty() && digits.size() <= 20 &&
             digits.find_first_not_of("0123456789") == std::string::npos;
    }
    case type::id:
      return below(events);
    case type::id_or_null:
      return value.is_null() || below(events);
    case type::thread:
      return value == -1 || below(16);
  }
  return false;
}

/// "" or what is wrong with a field of `item`.
std::string fault_of_fields(const json& item, const std::vector<field>& fields,
                            std::size_t events) {
  if (!item.is_object()) return "not an object";
  for (const field& f : fields) {
    const auto at = item.find(f.name);
    if (at == item.end()) return fmt::format("no '{}'", f.name);
    if (!fits(*at, f.what, events)) return fmt::format("'{}' is not what it should be", f.name);
  }
  return {};
}

/// The same of each item of a list, each of which has its place as id if `with_ids`.
std::string fault_of_list(const json& list, const std::vector<field>& fields, bool with_ids,
                          std::size_t events) {
  if (!list.is_array() || list.size() > most_items) return "not a list";
  for (std::size_t i = 0; i < list.size(); ++i) {
    std::string fault = fault_of_fields(list[i], fields, events);
    if (fault.empty() && with_ids && list[i].at("id") != i) fault = "'id' is not its place";
    if (!fault.empty()) return fmt::format("item {}: {}", i, fault);
  }
  return {};
}

std::string fault_of_event(const json& e, std::size_t id, std::size_t operations) {
  const auto& kind = e.at("kind").get_ref<const std::string&>();
  if (std::find(event_kind_names.begin(), event_kind_names.end(), kind) == event_kind_names.end()) {
    return "there is no such kind";
  }
  const json& operation = e.at("operation");
  if (operation != -1 && !fits(operation, type::id, operations)) return "no such operation";
  for (const char* value : {"before", "after"}) {
    if (e.contains(value) && !fits(e.at(value), type::decimal, 0)) return "a value is no number";
  }
  const json& from = e.at("reads_from");
  if (!from.is_null() && from.get<std::size_t>() >= id) return "it reads from what comes later";
  if (kind != "own" && kind != "disown") return {};
  const bool whole = e.contains("owner") && fits(e.at("owner"), type::thread, 0) &&
                     e.contains("blocks") && e.at("blocks").is_array() &&
                     e.at("blocks").size() == 2 && fits(e.at("blocks")[0], type::number, 0) &&
                     fits(e.at("blocks")[1], type::number, 0);
  return whole ? "" : "it does not say whose and which blocks";
}

std::string fault_of_events(const json& events, std::size_t operations) {
  std::string fault = fault_of_list(events,
                                    {{"id", type::number},
                                     {"thread", type::thread},
                                     {"kind", type::text},
                                     {"site", type::text},
                                     {"order", type::text},
                                     {"file", type::text},
                                     {"line", type::number},
                                     {"function", type::text},
                                     {"object", type::text},
                                     {"reads_from", type::id_or_null},
                                     {"stale", type::flag},
                                     {"synchronises", type::flag},
                                     {"inferred", type::flag},
                                     {"text", type::text}},
                                    true, events.size());
  for (std::size_t i = 0; fault.empty() && i < events.size(); ++i) {
    if (!events[i].contains("operation")) return fmt::format("item {}: no 'operation'", i);
    fault = fault_of_event(events[i], i, operations);
    if (!fault.empty()) fault = fmt::format("item {}: {}", i, fault);
  }
  return fault;
}

/// What else a trace has.
struct section {
  enum kind : unsigned char { list, numbered, one, maybe };
  const char* name;
  kind what;
  std::vector<field> fields;
};
const std::vector<section>& sections() {
  static const std::vector<section> all = {
      {"property",
       section::one,
       {{"id", type::text}, {"text", type::text}, {"event", type::id_or_null}}},
      {"shape",
       section::one,
       {{"log2_fanout", type::number},
        {"max_order", type::number},
        {"threads", type::number},
        {"core", type::text}}},
      {"levels",
       section::list,
       {{"level", type::number}, {"words", type::number}, {"bits", type::number}}},
      {"orders",
       section::list,
       {{"site", type::text},
        {"shipped", type::text},
        {"used", type::text},
        {"pairs", type::text},
        {"without", type::text}}},
      {"operations",
       section::numbered,
       {{"id", type::number},
        {"thread", type::thread},
        {"text", type::text},
        {"result", type::text},
        {"first", type::id_or_null},
        {"last", type::id_or_null}}},
      {"race", section::maybe, {{"first", type::id_or_null}, {"second", type::id}}}};
  return all;
}

/// Lines of code by "file:line", which a trace need not have.
std::string fault_of_lines(const json& lines) {
  if (!lines.is_object() || lines.size() > most_items) return "not an object";
  const bool texts = std::all_of(lines.begin(), lines.end(),
                                 [](const json& line) { return fits(line, type::text, 0); });
  return texts ? "" : "a line is no text";
}

std::string named(const char* section, const std::string& fault) {
  return fault.empty() ? fault : fmt::format("{}: {}", section, fault);
}

}  // namespace

std::string fault_of_trace(const json& trace) {
  if (!trace.is_object() || !trace.contains("caiman_trace")) return "it is no trace";
  if (trace.at("caiman_trace") != trace_version) return "a trace of another version";
  std::string fault = fault_of_fields(trace,
                                      {{"title", type::text},
                                       {"recorded_by", type::text},
                                       {"program", type::text},
                                       {"search", type::text},
                                       {"execution", type::number},
                                       {"state", type::text},
                                       {"replay", type::text}},
                                      0);
  if (!fault.empty()) return fault;
  for (const char* part :
       {"property", "shape", "levels", "orders", "operations", "events", "race"}) {
    if (!trace.contains(part)) return fmt::format("no '{}'", part);
  }
  const json& events = trace.at("events");
  if (!events.is_array() || events.size() > most_items) return "events: not a list";
  const std::size_t count = events.size();
  for (const section& each : sections()) {
    const json& value = trace.at(each.name);
    if (each.what == section::maybe && value.is_null()) continue;
    fault = each.what <= section::numbered
                ? fault_of_list(value, each.fields, each.what == section::numbered, count)
                : fault_of_fields(value, each.fields, count);
    if (!fault.empty()) return named(each.name, fault);
  }
  if (trace.contains("lines")) fault = fault_of_lines(trace.at("lines"));
  if (!fault.empty()) return named("lines", fault);
  return named("events", fault_of_events(events, trace.at("operations").size()));
}

std::expected<json, std::string> parse_trace(std::string_view text) {
  bool too_deep = false;
  json trace = json::parse(
      text,
      [&](int depth, json::parse_event_t /*event*/, json& /*value*/) {
        too_deep = too_deep || depth > deepest;
        return !too_deep;
      },
      false);
  if (too_deep || trace.is_discarded()) return std::unexpected("it is no trace, or half of one");
  if (std::string fault = fault_of_trace(trace); !fault.empty()) return std::unexpected(fault);
  return trace;
}

std::expected<json, std::string> read_trace(const std::string& path) {
  const auto bad = [&](const std::string& why) {
    return std::unexpected(fmt::format("'{}': {}", path, why));
  };
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return bad(error.message());
  if (size > most_bytes) return bad("too large for a trace");
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in.good() && !in.eof()) return bad("cannot be read");
  auto trace = parse_trace(text.view());
  if (!trace) return bad(trace.error());
  return trace;
}

std::expected<void, std::string> write_trace(const std::string& path, const json& trace) {
  return write_whole(path, trace.dump(1, ' ', false, json::error_handler_t::replace) + '\n');
}

}  // namespace caiman::model
