// SPDX-License-Identifier: MIT
#include "commands/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <iterator>

#include "commands/shortest.hpp"
#include "engine/crash.hpp"

namespace caiman::model {
namespace {

struct effort {
  std::uint64_t random;
  std::uint64_t tree;  // executions of one tree search, at most
  unsigned deeper;     // added to a scenario's context bound
};

constexpr effort effort_of(level how_much) {
  switch (how_much) {
    case level::quick:
      return {20'000, 30'000, 0};
    case level::deep:
      return {400'000, 1'000'000, 1};
    case level::exhaustive:
      return {5'000'000, 50'000'000, 2};
  }
  return {};
}

/// A full search is worth its price where it ends; it is given ten times the room for that.
constexpr std::uint64_t full_factor = 10;

}  // namespace

plan plan_for(level how_much, unsigned bound, care how, unsigned threads) {
  effort e = effort_of(how_much);
  if (how == care::less) {
    e.random /= 3;
    e.tree /= 3;
    bound = std::min(bound, threads == 2 ? 2U : 1U);
  }
  const unsigned deepest = bound + (threads == 2 ? e.deeper : e.deeper / 2);
  plan all;
  for (const bool seq_cst : {false, true}) {
    all.push_back({{search::method::random, 0, seq_cst ? e.random / 2 : e.random, 0, {}}, seq_cst});
    for (unsigned b = 1; b <= deepest; ++b) {
      all.push_back({{search::method::bound, b, e.tree, 0, {}}, seq_cst});
    }
    // What takes more switches than a bound can be gone through with, anywhere in a long execution.
    if (how_much != level::quick) {
      for (const unsigned b : {bound + 1, bound + 3}) {
        all.push_back({{search::method::pct, b, e.random / 2, 0, {}}, seq_cst});
      }
    } else if (!seq_cst && how != care::less) {
      all.push_back({{search::method::pct, bound + 2, e.random / 4, 0, {}}, seq_cst});
    }
    if (how == care::to_the_end) {
      all.push_back({{search::method::full, 0, e.tree * full_factor, 0, {}}, seq_cst});
    }
  }
  return all;
}

namespace {

/// A method with a digit behind its name.
bool read_method(std::string_view name, search::method how, std::string_view text, search& into) {
  if (!text.starts_with(name) || text.size() != name.size() + 1) return false;
  const char digit = text.back();
  if (digit < '0' || digit > '9') return false;
  into.how = how;
  into.bound = static_cast<unsigned>(digit - '0');
  return true;
}

const char* method_name(search::method how) {
  switch (how) {
    case search::method::random:
      return "random";
    case search::method::bound:
      return "bound";
    case search::method::full:
      return "full";
    case search::method::pct:
      return "pct";
  }
  return "";
}

}  // namespace

std::expected<plan, std::string> parse_plan(std::string_view text) {
  const std::string_view whole_text = text;
  plan all;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    const std::string whole(item);
    planned one;
    if (const std::size_t at = item.find('@'); at != std::string_view::npos) {
      one.seq_cst = item.substr(at) == "@seq_cst";
      if (!one.seq_cst && item.substr(at) != "@shipped") {
        return std::unexpected(fmt::format("search '{}': orders are shipped or seq_cst", whole));
      }
      item = item.substr(0, at);
    }
    const std::size_t colon = item.find(':');
    const std::string_view method = item.substr(0, colon);
    const bool found = read_method("bound", search::method::bound, method, one.how) ||
                       read_method("pct", search::method::pct, method, one.how);
    if (method == "full") {
      one.how.how = search::method::full;
    } else if (!found && method != "random") {
      return std::unexpected(
          fmt::format("search '{}': random, bound<0..9>, pct<0..9> or full", whole));
    }
    if (colon == std::string_view::npos) {
      return std::unexpected(fmt::format("search '{}': how many executions?", whole));
    }
    const std::string_view count = item.substr(colon + 1);
    const auto [end, error] =
        std::from_chars(count.data(), count.data() + count.size(), one.how.executions);
    if (error != std::errc{} || end != count.data() + count.size() || one.how.executions == 0 ||
        one.how.executions > 1'000'000'000) {
      return std::unexpected(fmt::format("search '{}': executions are 1 to 1000000000", whole));
    }
    all.push_back(one);
  }
  if (all.empty() || whole_text.ends_with(",")) {
    return std::unexpected(fmt::format("searches '{}': one is missing", whole_text));
  }
  return all;
}

std::string to_string(const plan& p) {
  std::string text;
  for (const planned& one : p) {
    if (!text.empty()) text += ",";
    text += method_name(one.how.how);
    if (one.how.how == search::method::bound || one.how.how == search::method::pct) {
      text += std::to_string(one.how.bound);
    }
    text += fmt::format(":{}@{}", one.how.executions, one.seq_cst ? "seq_cst" : "shipped");
  }
  return text;
}

std::vector<outcome> run_plan(const program& p, const plan& searches, std::uint64_t seed,
                              const std::string& state, const order_changes& changes,
                              const showing& shown) {
  std::vector<outcome> results;
  for (const planned& one : searches) {
    request r{p, one.seq_cst ? all_seq_cst() : shipped_orders(), one.seq_cst, one.how};
    for (const auto& [site, order] : changes) r.orders[site] = order;
    r.how.seed = seed;
    r.how.state = state;
    if (!state.empty()) r.how.executions = 1;
    results.push_back({one, run(r), {}, {}});
    outcome& last = results.back();
    const bool passed = last.seen.what == verdict::outcome::passed;
    if (passed && last.seen.state.empty()) continue;
    last.trace = to_trace(r, to_string(plan{one}), last.seen, shown.label);
    if (passed) continue;  // one execution, to be looked at
    if (!shown.shortest || !state.empty()) break;
    show_shortest(r, last, shown.label, [&] {
      if (shown.found) shown.found(results);
    });
    break;
  }
  return results;
}

std::vector<outcome> outcomes_of_crash(const std::string& program, const std::string& searches,
                                       int signal, const std::string& by) {
  outcome o;
  if (const auto all = parse_plan(searches)) o.what = all->front();
  o.seen.what = verdict::outcome::convicted;
  o.seen.property = no_crash;
  o.seen.text = text_of_signal(signal);
  o.again =
      fmt::format("it took the checker down with it (signal {}): no execution is known", signal);
  o.trace = {
      {"replay", fmt::format("{} run --program '{}' --searches '{}'", by, program, searches)}};
  return {o};
}

nlohmann::json to_json(const std::vector<outcome>& results) {
  nlohmann::json all = nlohmann::json::array();
  for (const outcome& o : results) {
    const verdict& v = o.seen;
    all.push_back({{"search", to_string(plan{o.what})},
                   {"convicted", v.what != verdict::outcome::passed},
                   {"exhausted", v.exhausted},
                   {"executions", v.executions},
                   {"seconds", v.seconds},
                   {"stopped_at", v.stopped_at},
                   {"stop_too_soon", v.stop_too_soon},
                   {"touched", v.touched.to_string()},
                   {"property", v.property},
                   {"text", v.text},
                   {"state", v.state},
                   {"trace", o.trace},
                   {"again", o.again}});
  }
  return all;
}

namespace {

/// Throws what the library throws where the array is of another shape.
std::expected<std::vector<outcome>, std::string> outcomes_of(const nlohmann::json& all) {
  std::vector<outcome> results;
  for (const nlohmann::json& item : all) {
    outcome o;
    const auto searches = parse_plan(item.at("search").get<std::string>());
    if (!searches) return std::unexpected(searches.error());
    o.what = searches->front();
    verdict& v = o.seen;
    v.what =
        item.at("convicted").get<bool>() ? verdict::outcome::convicted : verdict::outcome::passed;
    v.exhausted = item.at("exhausted");
    v.executions = item.at("executions");
    v.seconds = item.at("seconds");
    v.stopped_at = item.at("stopped_at");
    v.stop_too_soon = item.at("stop_too_soon");
    v.touched = site_set(item.at("touched").get<std::string>());
    v.property = item.at("property");
    v.text = item.at("text");
    v.state = item.at("state");
    o.trace = item.at("trace");
    o.again = item.at("again");
    results.push_back(std::move(o));
  }
  return results;
}

}  // namespace

std::expected<std::vector<outcome>, std::string> outcomes_from_json(const std::string& text) {
  const nlohmann::json all = nlohmann::json::parse(text, nullptr, false);
  if (!all.is_array()) return std::unexpected("the job printed no result");
  try {
    return outcomes_of(all);
  } catch (const std::exception& fault) {  // of another version of this program
    return std::unexpected(std::string("the job printed something else: ") + fault.what());
  }
}

}  // namespace caiman::model
