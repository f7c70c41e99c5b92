// SPDX-License-Identifier: MIT
#include "trace/recording_json.hpp"

#include "engine/orders.hpp"

namespace caiman::model {
namespace {

using nlohmann::json;

bool has_order(event_kind kind) {
  return kind <= event_kind::fence || kind >= event_kind::fetch_sub;
}

}  // namespace

json id_or_null(std::uint32_t id) { return id == no_event ? json() : json(id); }

json event_to_json(const event& e, std::size_t id, const event_names& names) {
  json one = {{"id", id},
              {"thread", e.thread},
              {"operation", e.operation},
              {"kind", event_kind_names[static_cast<std::size_t>(e.kind)]},
              {"site", names.site},
              {"order", has_order(e.kind) ? name_of(e.order) : std::string_view()},
              {"file", names.file},
              {"line", e.at.line},
              {"function", e.at.function},
              {"object", names.object},
              {"reads_from", id_or_null(e.reads_from)},
              {"stale", e.stale},
              {"synchronises", e.synchronises},
              {"inferred", false},
              {"text", e.text}};
  if (e.has_before) one["before"] = std::to_string(e.before);
  if (e.has_after) one["after"] = std::to_string(e.after);
  if (e.kind == event_kind::own || e.kind == event_kind::disown) {
    one["owner"] = e.owner;
    one["blocks"] = {e.first, e.count};
  }
  return one;
}

json operations_to_json(const recording& seen) {
  json all = json::array();
  for (std::size_t i = 0; i < seen.operations.size(); ++i) {
    const operation_span& o = seen.operations[i];
    all.push_back({{"id", i},
                   {"thread", o.thread},
                   {"text", o.text},
                   {"result", o.result},
                   {"first", id_or_null(o.first)},
                   {"last", id_or_null(o.last)}});
  }
  return all;
}

json race_to_json(const recording& seen) {
  if (seen.race_second == no_event) return {};
  return {{"first", id_or_null(seen.race_first)}, {"second", seen.race_second}};
}

}  // namespace caiman::model
