// SPDX-License-Identifier: MIT
#include "trace/show_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "trace/recording_json.hpp"

namespace caiman::model {
namespace {

using nlohmann::json;

constexpr std::size_t most_lanes = 16;  // what a trace may have

std::string text_at(const json& item, const char* name) {
  return printable(item.at(name).get_ref<const std::string&>());
}

/// "3 -> 1", "= 3", "".
std::string values_of(const json& e) {
  const std::string after = e.contains("after") ? text_at(e, "after") : "";
  if (e.contains("before")) {
    return fmt::format(" {} -> {}", text_at(e, "before"), after.empty() ? "?" : after);
  }
  return after.empty() ? "" : " = " + after;
}

/// "[claim relaxed, ships acq_rel]".
std::string order_of_event(const json& e, const json& rows) {
  const std::string order = text_at(e, "order");
  const std::string site = text_at(e, "site");
  if (order.empty()) return {};
  if (site.empty()) return fmt::format("  [{}]", order);
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [&](const json& r) { return r.at("site") == e.at("site"); });
  const bool changed = row != rows.end() && row->at("used") != row->at("shipped");
  return fmt::format("  [{} {}{}]", site, order,
                     changed ? ", ships " + text_at(*row, "shipped") : std::string());
}

std::string edge_of(const json& e) {
  if (e.at("reads_from").is_null()) return {};
  std::string edge = fmt::format("  reads #{}", e.at("reads_from").get<std::size_t>());
  if (e.at("stale").get<bool>()) edge += " (stale)";
  if (e.at("synchronises").get<bool>()) edge += ", synchronises";
  if (e.at("inferred").get<bool>()) edge += ", inferred";
  return edge;
}

std::string place_of(const json& e) {
  const std::string file = text_at(e, "file");
  if (file.empty()) return {};
  return fmt::format("  {}:{}", file.substr(file.rfind('/') + 1),
                     e.at("line").get<std::uint64_t>());
}

std::string words_of(const json& e, const json& rows) {
  const std::string kind = text_at(e, "kind");
  if (kind == "note") return text_at(e, "text");
  if (kind == "own" || kind == "disown") {
    return fmt::format("{} {} min blocks from {} on", kind == "own" ? "owns" : "gives up",
                       e.at("blocks")[1].get<std::uint64_t>(),
                       e.at("blocks")[0].get<std::uint64_t>());
  }
  std::string line = kind;
  std::replace(line.begin(), line.end(), '_', ' ');
  const std::string object = text_at(e, "object");
  if (!object.empty()) line += " " + object;
  line += values_of(e) + order_of_event(e, rows) + edge_of(e) + place_of(e);
  const std::string more = text_at(e, "text");
  return more.empty() ? line : line + "  (" + more + ")";
}

class drawing {
 public:
  drawing(const json& trace, bool whole)
      : trace_(trace),
        whole_(whole),
        lanes_(std::min<std::size_t>(trace.at("shape").at("threads").get<std::size_t>(),
                                     most_lanes)) {}

  std::string draw() {
    head();
    for (const json& e : trace_.at("events")) step(e);
    return std::move(out_);
  }

 private:
  void line(std::string_view words) { out_ += fmt::format("{}\n", words); }

  void head() {
    const json& property = trace_.at("property");
    const std::string title = text_at(trace_, "title");
    const std::string text = text_at(property, "text");
    line(fmt::format("{}{}{}{}", title.empty() ? "" : title + ": ", text_at(property, "id"),
                     has_words() ? "" : " violated", text.empty() ? "" : ": " + text));
    line(fmt::format("{}, {}, execution {}", text_at(trace_, "program"), text_at(trace_, "search"),
                     trace_.at("execution").get<std::uint64_t>()));
    for (const json& row : trace_.at("orders")) {
      if (row.at("shipped") == row.at("used")) continue;
      line(fmt::format("order of {}: {} instead of {}", text_at(row, "site"), text_at(row, "used"),
                       text_at(row, "shipped")));
    }
    line(fmt::format("replay: {}", text_at(trace_, "replay")));
    std::string threads;
    for (std::size_t t = 0; t < lanes_; ++t) threads += fmt::format("{:<3}", t);
    line(fmt::format("\n   event  {} thread", threads));
  }

  /// The property of a structure is words, "data race", and no id of ours.
  /// Whether the property is in words; else it is the id of one that was violated.
  bool has_words() const {
    return trace_.at("shape").at("core") == "structure" ||
           trace_.at("property").at("id") == no_violation;
  }

  /// One character per lane: the glyph in lane `at`, else whether the lane is inside an operation.
  std::string gutter(int at, const char* glyph) const {
    std::string all;
    for (std::size_t t = 0; t < lanes_; ++t) {
      const bool here = static_cast<int>(t) == at;
      all += fmt::format("{:<3}", here ? glyph : (open_[t] ? "|" : " "));
    }
    return all;
  }

  void step(const json& e) {
    const auto id = e.at("id").get<std::size_t>();
    const int thread = e.at("thread").get<int>();
    const json* operation = nullptr;
    if (e.at("operation") != -1) {
      operation = &trace_.at("operations")[e.at("operation").get<std::size_t>()];
    }
    if (operation != nullptr && operation->at("first") == id) begin(*operation, thread);
    if (thread >= 0 || whole_ || e.at("kind") == "note") {
      line(fmt::format("{} {:>6}  {} {}{}", mark_of(id), id, gutter(thread, "*"),
                       words_of(e, trace_.at("orders")), remark_of(id)));
    }
    if (operation != nullptr && operation->at("last") == id) end(*operation, thread);
  }

  void begin(const json& operation, int thread) {
    if (thread >= 0) {
      line(fmt::format("          {} {}{}", gutter(thread, "/"), text_at(operation, "text"),
                       returns(operation) ? "" : "  (never returns)"));
    } else {
      line(fmt::format("          {} {} -> {}", gutter(thread, ""), text_at(operation, "text"),
                       text_at(operation, "result")));
    }
    set(thread, true);
  }
  void end(const json& operation, int thread) {
    if (returns(operation)) set(thread, false);
    if (thread >= 0 && returns(operation)) {
      line(fmt::format("          {} -> {}", gutter(thread, "\\"), text_at(operation, "result")));
    }
  }
  static bool returns(const json& operation) {
    return !operation.at("result").get_ref<const std::string&>().empty();
  }
  void set(int thread, bool open) {
    if (thread >= 0 && static_cast<std::size_t>(thread) < lanes_) {
      open_[static_cast<std::size_t>(thread)] = open;
    }
  }

  static bool is_at(const json& of, const char* name, std::size_t id) {
    return of.is_object() && of.at(name) == id;
  }
  const char* mark_of(std::size_t id) const {
    if (is_at(trace_.at("property"), "event", id)) return ">>";
    return is_at(trace_.at("race"), "first", id) ? "> " : "  ";
  }
  std::string remark_of(std::size_t id) const {
    std::string remark;
    const json& race = trace_.at("race");
    if (is_at(race, "second", id)) {
      remark = race.at("first").is_null()
                   ? "  <- races with an access before it"
                   : fmt::format("  <- races with #{}", race.at("first").get<std::size_t>());
    } else if (is_at(race, "first", id)) {
      remark =
          fmt::format("  <- nothing orders it before #{}", race.at("second").get<std::size_t>());
    }
    if (is_at(trace_.at("property"), "event", id)) {
      remark += has_words()
                    ? "  <- here"
                    : fmt::format("  <- {} is lost here", text_at(trace_.at("property"), "id"));
    }
    return remark;
  }

  const json& trace_;
  bool whole_;
  std::size_t lanes_;
  std::vector<bool> open_ = std::vector<bool>(most_lanes, false);
  std::string out_;
};

}  // namespace

std::string printable(std::string_view text) {
  std::string all;
  all.reserve(text.size());
  for (const char c : text) {
    if (c >= ' ' && c <= '~') {
      all += c;
    } else {
      all += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return all;
}

std::string text_of(const json& trace, bool whole) { return drawing(trace, whole).draw(); }

}  // namespace caiman::model
