// SPDX-License-Identifier: MIT
#include "ledger/notes.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace caiman::proof {
namespace {

// Sums are modulo 2^64, and some are below zero.
std::string text_of(std::uint64_t value) {
  return value >> 63 != 0 ? fmt::format("-{}", ~value + 1) : std::to_string(value);
}

}  // namespace

void notes::begin(const std::string& call) {
  call_ = call;
  steps_.clear();
}
void notes::access(const std::string& site, const std::string& kind, const std::string& object,
                   const term& before, const term& after) {
  steps_.push_back({site, kind, object, before, after});
}

std::string notes::told(const term& claim,
                        const std::vector<std::pair<std::string, term>>& named) const {
  std::vector<term> asked;
  for (const auto& [name, of] : named) asked.push_back(of);
  for (const step& each : steps_) asked.insert(asked.end(), {each.before, each.after});
  const std::vector<std::uint64_t> values = known::here().counterexample(claim, asked);
  const bool is_state = values.size() == asked.size();
  nlohmann::json all = {{"call", call_}, {"log2_fanout", 1}, {"levels", 0}};
  all["words"] = nlohmann::json::array();
  all["notes"] = nlohmann::json::array();
  for (std::size_t i = 0; i < named.size() && is_state; ++i) {
    if (values[i] != 0)
      all["notes"].push_back(fmt::format("{}: {}", named[i].first, text_of(values[i])));
  }
  all["steps"] = nlohmann::json::array();
  std::size_t at = named.size();
  for (const step& each : steps_) {
    nlohmann::json one = {{"site", each.site}, {"kind", each.kind}, {"object", each.object}};
    if (is_state) {
      one["before"] = std::to_string(values[at]);
      one["after"] = std::to_string(values[at + 1]);
    }
    at += 2;
    all["steps"].push_back(std::move(one));
  }
  return all.dump();
}

}  // namespace caiman::proof
