// SPDX-License-Identifier: MIT
#include "trace/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/current_client.hpp"
#include "trace/recording_json.hpp"

namespace caiman::model {
namespace {

using nlohmann::json;

/// As the source tree has it, whatever the build directory.
std::string path_of(std::string_view file) {
  const std::string_view sources = client_in_force().sources;
  if (const auto at = file.rfind(sources); !sources.empty() && at != std::string_view::npos) {
    return std::string(file.substr(at));
  }
  // A build that joins sources names them from the root of the file system, by way of its own.
  if (const auto up = file.rfind("../"); up != std::string_view::npos) file.remove_prefix(up + 3);
  return std::string(file);
}

std::string in_quotes(std::string_view text) { return fmt::format("'{}'", text); }

json orders_of(const request& what) {
  json rows = json::array();
  const auto& sites = shipped_sites();
  for (std::size_t i = 0; i < sites.size(); ++i) {
    rows.push_back({{"site", sites[i].name},
                    {"shipped", name_of(sites[i].order)},
                    {"used", name_of(what.orders[i])},
                    {"pairs", sites[i].pairs},
                    {"without", sites[i].without}});
  }
  return rows;
}

json events_of(const recording& seen) {
  json all = json::array();
  for (std::size_t i = 0; i < seen.events.size(); ++i) {
    const event& e = seen.events[i];
    const std::string_view site =
        e.site < 0 ? "" : shipped_sites()[static_cast<std::size_t>(e.site)].name;
    all.push_back(event_to_json(e, i, {site, path_of(e.at.file), seen.objects[i]}));
  }
  return all;
}

json levels_of(const recording& seen) {
  json all = json::array();
  for (std::size_t i = 0; i < seen.levels.size(); ++i) {
    all.push_back({{"level", i}, {"words", seen.levels[i].words}, {"bits", seen.levels[i].bits}});
  }
  return all;
}

/// What leads a search to the execution. A long state is left out: a search of a tree comes to the
/// same execution again by itself.
std::string state_of(const verdict& seen) {
  constexpr std::size_t longest = 4096;
  return seen.state.size() > longest ? std::string() : " --state " + in_quotes(seen.state);
}

}  // namespace

json to_trace(const request& what, std::string_view search, const verdict& seen,
              const trace_label& label) {
  const program& p = what.what;
  const recording& r = seen.seen;
  const std::string changes =
      changes_of(what.orders, what.real_time ? all_seq_cst() : shipped_orders());
  const std::string replay = fmt::format(
      "{} run --trace --program {} --searches {}{}{}", label.recorded_by, in_quotes(to_string(p)),
      in_quotes(search), changes.empty() ? "" : " --orders " + in_quotes(changes), state_of(seen));
  return {{"caiman_trace", trace_version},
          {"title", label.title},
          {"recorded_by", label.recorded_by},
          {"program", to_string(p)},
          {"search", search},
          {"execution", seen.executions},
          {"state", seen.state},
          {"replay", replay},
          {"property",
           {{"id", seen.property.empty() ? no_violation : seen.property},
            {"text", seen.text},
            {"event", id_or_null(r.lost_at)}}},
          {"shape",
           {{"log2_fanout", p.core == subject_kind::textbook ? 1 : p.log2_fanout},
            {"max_order", p.max_order},
            {"min_blocks", p.min_blocks()},
            {"threads", p.threads.size()},
            {"core", name_of(p.core)}}},
          {"levels", levels_of(r)},
          {"orders", orders_of(what)},
          {"operations", operations_to_json(r)},
          {"events", events_of(r)},
          {"race", race_to_json(r)}};
}

}  // namespace caiman::model
