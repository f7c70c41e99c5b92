// SPDX-License-Identifier: MIT
#include "trace/page.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

#include "trace/page_parts.hpp"
#include "trace/trace.hpp"

namespace caiman::model {
namespace {

using nlohmann::json;

struct page_kind {
  const char* name;
  std::vector<const char*> needs;     // lists that must be there
  std::vector<const char*> may_have;  // and that may
};

const std::array<page_kind, 2>& kinds() {
  static const std::array<page_kind, 2> all{{
      {"caiman_audit", {"shipped", "minimal", "matrix"}, {"pairs", "controls", "upward"}},
      {"caiman_verify", {"scenarios", "controls"}, {}},
  }};
  return all;
}

/// The page walks these lists and looks into each item; whatever else is wrong it shows as text.
std::string fault_of_list(const json& data, const char* name, bool needed) {
  const auto found = data.find(name);
  if (found == data.end()) return needed ? fmt::format("no list '{}'", name) : std::string();
  if (!found->is_array()) return fmt::format("'{}' is no list", name);
  for (const json& item : *found) {
    if (!item.is_object()) return fmt::format("an item of '{}' is no object", name);
  }
  return {};
}

/// What the orders of an audit cost, if that was asked for.
std::string fault_of_cost(const json& data) {
  const auto cost = data.find("cost");
  if (cost == data.end()) return {};
  return cost->is_object() ? fault_of_list(*cost, "rows", true) : "'cost' is no object";
}

/// The table of a run has the traces of what failed in it.
std::string fault_of_inner_traces(const json& data) {
  if (!data.contains("scenarios")) return {};
  for (const json& row : data.at("scenarios")) {
    const auto trace = row.find("trace");
    if (trace == row.end()) continue;
    if (std::string fault = fault_of_trace(*trace); !fault.empty())
      return "a trace in it: " + fault;
  }
  return {};
}

/// As JSON that can stand in a script element: what could end the element or a line of script is
/// written as an escape by its number, which only strings can hold.
std::string embedded(const json& data) {
  const std::string plain = data.dump(-1, ' ', false, json::error_handler_t::replace);
  std::string safe;
  safe.reserve(plain.size() + plain.size() / 16);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const char c = plain[i];
    const std::string_view rest = std::string_view(plain).substr(i, 3);
    if (c == '<' || c == '>' || c == '&' || c == '\x7f') {
      safe += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else if (rest == "\u2028" || rest == "\u2029") {
      safe += rest == "\u2028" ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      safe += c;
    }
  }
  return safe;
}

}  // namespace

std::string fault_of_page_data(const json& data) {
  if (!data.is_object()) return "is no result of a checker";
  if (data.contains("caiman_trace")) return fault_of_trace(data);
  for (const page_kind& kind : kinds()) {
    const auto version = data.find(kind.name);
    if (version == data.end()) continue;
    if (*version != 1) return fmt::format("has a version of {} that is not known here", kind.name);
    for (const char* name : kind.needs) {
      if (std::string fault = fault_of_list(data, name, true); !fault.empty()) return fault;
    }
    for (const char* name : kind.may_have) {
      if (std::string fault = fault_of_list(data, name, false); !fault.empty()) return fault;
    }
    if (std::string fault = fault_of_cost(data); !fault.empty()) return fault;
    return fault_of_inner_traces(data);
  }
  return "is no result of a checker";
}

std::string page_of(const json& data) {
  std::string page(page_before);
  page += embedded(data);
  page += page_after;
  return page;
}

std::expected<json, std::string> parse_page_data(std::string_view text) {
  // What reads it later does so recursively.
  bool too_deep = false;
  const auto shallow = [&](int depth, json::parse_event_t, const json&) {
    too_deep = too_deep || depth > most_page_depth;
    return !too_deep;
  };
  json data = json::parse(text, shallow, false);
  if (too_deep) return std::unexpected("nested too deeply");
  if (data.is_discarded()) return std::unexpected("broken JSON");
  if (std::string fault = fault_of_page_data(data); !fault.empty()) return std::unexpected(fault);
  return data;
}

std::expected<json, std::string> read_page_data(const std::string& path) {
  const auto wrong = [&](std::string_view why) {
    return std::unexpected(fmt::format("'{}': {}", path, why));
  };
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return wrong("no such file");
  std::ifstream in(path, std::ios::binary);
  std::string text;
  std::array<char, 1 << 16> piece{};
  while (in.read(piece.data(), piece.size()), in.gcount() > 0) {
    text.append(piece.data(), static_cast<std::size_t>(in.gcount()));
    if (text.size() > most_page_bytes) {
      return wrong(fmt::format("larger than {} MiB, too large for a page", most_page_bytes >> 20));
    }
  }
  if (!in.eof()) return wrong("cannot be read");
  auto data = parse_page_data(text);
  if (!data) return wrong(data.error());
  return data;
}

std::string text_of_data(const json& data) {
  return data.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace caiman::model
