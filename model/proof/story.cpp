// SPDX-License-Identifier: MIT
#include "story.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace caiman::proof {
namespace {

using nlohmann::json;

json words_as_numbers(const std::map<word_key, word_state>& words,
                      const std::vector<std::uint64_t>& values) {
  json all = json::array();
  if (values.empty()) return all;
  auto value = values.begin();
  for (const auto& [at, state] : words) {
    all.push_back({{"object", name_of(place{place::kind::word, at.first, 0, at.second, 0})},
                   {"free", value[0]},
                   {"mine", value[1]},
                   {"of others", value[2]},
                   {"split", value[3]}});
    value += 4;
  }
  return all;
}

std::string text_of(const json& word) {
  return fmt::format("{}: free {:#x}, mine {:#x}, of others {:#x}, split {:#x}",
                     word["object"].get<std::string>(), word["free"].get<std::uint64_t>(),
                     word["mine"].get<std::uint64_t>(), word["of others"].get<std::uint64_t>(),
                     word["split"].get<std::uint64_t>());
}

// What a trace has of every event.
json event(std::size_t id, int thread, const std::string& kind, const std::string& text) {
  return {{"id", id},
          {"thread", thread},
          {"operation", thread},
          {"kind", kind},
          {"site", ""},
          {"order", ""},
          {"file", ""},
          {"line", 0},
          {"function", ""},
          {"object", ""},
          {"reads_from", {}},
          {"stale", false},
          {"synchronises", false},
          {"inferred", false},
          {"text", text}};
}

// What the others left, and then what the call did with it.
void add_step(json& events, const json& step) {
  const bool has_values = step.contains("before");
  if (has_values) {
    json left = event(events.size(), 1, "store", "as the clauses allow");
    left["order"] = "seq_cst";
    left["object"] = step["object"];
    left["after"] = step["before"];
    events.push_back(std::move(left));
  }
  const std::string kind = step["kind"];
  json done = event(events.size(), 0, kind, "");
  done["site"] = step["site"];
  done["order"] = "seq_cst";
  done["object"] = step["object"];
  if (has_values) {
    if (kind != "load" && kind != "cas_failed") done["before"] = step["before"];
    done["after"] = step["after"];
    if (kind != "store") {
      done["reads_from"] = events.size() - 1;
      done["synchronises"] = true;
    }
  }
  events.push_back(std::move(done));
}

}  // namespace

const char* name_of(protocol::site at) {
  return protocol::order_table[static_cast<std::size_t>(at)].name;
}
std::string name_of(const place& at) {
  if (at.is == place::kind::word) return fmt::format("level {} word {}", at.level, at.index);
  return fmt::format("hint of level {}, height {}, class {}, node {}", at.level, at.height, at.cls,
                     at.index);
}

void story::begin(const std::string& call) {
  call_ = call;
  steps_.clear();
}
void story::access(const std::string& site, const std::string& kind, const std::string& object) {
  steps_.push_back({site, kind, object, {}});
}
void story::saw(const term& before, const term& after) { steps_.back().seen = {before, after}; }

std::string story::told(const term& claim, const std::vector<term>& asked,
                        const shown& state) const {
  std::vector<term> terms = asked;
  for (const step& each : steps_) {
    if (each.seen) terms.insert(terms.end(), {each.seen->first, each.seen->second});
  }
  std::vector<std::uint64_t> values = known::here().counterexample(claim, terms);
  const bool is_state = !values.empty() && values.size() == terms.size();
  if (!is_state) values.clear();
  json all = state(values);
  all["call"] = call_;
  std::size_t at = asked.size();
  json steps = json::array();
  for (const step& each : steps_) {
    json one = {{"site", each.site}, {"kind", each.kind}, {"object", each.object}};
    if (each.seen && is_state) {
      one["before"] = std::to_string(values[at]);
      one["after"] = std::to_string(values[at + 1]);
      at += 2;
    }
    steps.push_back(std::move(one));
  }
  // Of a long one the end.
  for (all["steps"] = steps; all.dump().size() > most_of_a_story && !steps.empty();
       all["steps"] = steps)
    steps.erase(steps.begin());
  return all.dump();
}

std::string told(const story& so_far, const term& claim,
                 const std::vector<std::pair<std::string, term>>& named) {
  std::vector<term> asked;
  for (const auto& [name, of] : named) asked.push_back(of);
  return so_far.told(claim, asked, [&](const std::vector<std::uint64_t>& values) {
    json notes = json::array();
    for (std::size_t i = 0; i < named.size() && !values.empty(); ++i) {
      if (values[i] == 0) continue;
      // Sums are modulo 2^64, and some are below zero.
      const bool is_below = values[i] >> 63 != 0;
      notes.push_back(fmt::format("{}: {}{}", named[i].first, is_below ? "-" : "",
                                  is_below ? ~values[i] + 1 : values[i]));
    }
    return json{{"log2_fanout", 1}, {"levels", 0}, {"words", json::array()}, {"notes", notes}};
  });
}

std::string told(const story& so_far, const term& claim, const shape& of,
                 const std::map<word_key, word_state>& words) {
  std::vector<term> asked;
  for (const auto& [at, state] : words) {
    for (const term& each : {state.free, state.mine, state.theirs, state.split})
      asked.push_back(each);
  }
  return so_far.told(claim, asked, [&](const std::vector<std::uint64_t>& values) {
    return json{{"log2_fanout", of.log2_fanout},
                {"levels", of.top + 1},
                {"words", words_as_numbers(words, values)}};
  });
}

std::string lines_of(const finding& found) {
  const json all = json::parse(found.story);
  std::string text = all["call"].get<std::string>() + "\n";
  for (const json& each : all["steps"]) {
    text += fmt::format("  {}: {} of {}", each["site"].get<std::string>(),
                        each["kind"].get<std::string>(), each["object"].get<std::string>());
    if (each.contains("before")) {
      text += fmt::format(", {} -> {}", each["before"].get<std::string>(),
                          each["after"].get<std::string>());
    }
    text += "\n";
  }
  for (const json& each : all["words"]) text += "  " + text_of(each) + "\n";
  for (const json& each : all.value("notes", json::array()))
    text += "  " + each.get<std::string>() + "\n";
  return text;
}

json trace_of(const std::string& check, const finding& found, const std::string& replay) {
  const json all = json::parse(found.story);
  json events = json::array();
  for (const json& each : all["steps"]) add_step(events, each);
  const json first = events.empty() ? json() : json(0);
  const json last = events.empty() ? json() : json(events.size() - 1);
  const auto span = [&](int thread, const std::string& text) {
    return json{{"id", thread}, {"thread", thread}, {"text", text},
                {"result", ""}, {"first", first},   {"last", last}};
  };
  const auto note = [&](const std::string& text) {
    events.push_back(event(events.size(), -1, "note", text));
  };
  for (const json& each : all["words"]) note(text_of(each));
  for (const json& each : all.value("notes", json::array())) note(each);
  note("broken: " + found.what + " at " + found.where);
  const unsigned log2_fanout = all["log2_fanout"];
  json levels = json::array();
  const std::size_t count = all["levels"];
  for (std::size_t level = 0; level < count; ++level) {
    levels.push_back({{"level", level},
                      {"words", std::size_t{1} << (log2_fanout * (count - 1 - level))},
                      {"bits", 1U << log2_fanout}});
  }
  const std::string call = all["call"];
  return {{"caiman_trace", 1},
          {"title", check},
          {"recorded_by", replay.substr(0, replay.find(' '))},
          {"program", call},
          {"search", "an access of one thread, among any number of others"},
          {"execution", 0},
          {"state", ""},
          {"replay", replay},
          {"property", {{"id", found.what}, {"text", "broken at " + found.where}, {"event", last}}},
          {"shape",
           {{"log2_fanout", log2_fanout},
            {"max_order", log2_fanout * count},
            {"min_blocks", std::size_t{1} << (log2_fanout * count)},
            {"threads", 2},
            {"core", "buddy"}}},
          {"levels", levels},
          {"orders", json::array()},
          {"operations", json::array({span(0, call), span(1, "all other threads")})},
          {"events", events},
          {"race", nullptr}};
}

}  // namespace caiman::proof
