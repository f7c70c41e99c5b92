// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// prometheus.hpp: numbers in the text format that Prometheus reads
//
// Format 0.0.4: all samples of a metric stand together, behind one line that says what it is and
// one that says of which type; so samples of several arenas are collected first and written by
// metric. https://prometheus.io/docs/instrumenting/exposition_formats. metrics.hpp says which
// number is which metric. Not part of the public surface.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace caiman::inline v0::detail {

/// What a metric is. Its name is `caiman_` and this one; one that ends with `_total` is a counter,
/// any other a gauge.
struct prometheus_metric {
  std::string_view name;
  std::string_view help;
};

/// A number of one arena.
struct prometheus_sample {
  std::size_t metric;  // in a table of those above
  std::string labels;  // with the braces, or nothing
  std::uint64_t value;
};

/// `name="value"`, the value as the format wants it.
inline std::string prometheus_label(std::string_view name, std::string_view value) {
  std::string out(name);
  out += "=\"";
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out += '"';
}

/// All samples, by metric in the order of the table.
inline std::string prometheus_text(std::span<const prometheus_metric> metrics,
                                   const std::vector<prometheus_sample>& samples) {
  std::string out;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    std::string name = "caiman_";
    name += metrics[i].name;
    bool first = true;
    for (const prometheus_sample& each : samples) {
      if (each.metric != i) continue;
      if (first) {
        out += "# HELP " + name + ' ';
        out += metrics[i].help;
        out += "\n# TYPE " + name + (name.ends_with("_total") ? " counter\n" : " gauge\n");
        first = false;
      }
      out += name + each.labels + ' ' + std::to_string(each.value) + '\n';
    }
  }
  return out;
}

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
