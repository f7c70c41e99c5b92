// SPDX-License-Identifier: MIT
#include "engine/orders.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/current_client.hpp"
#include "engine/order_lattice.hpp"

namespace caiman::model {
namespace {

/// In the order of std::memory_order.
constexpr std::array<const char*, 6> order_names = {"relaxed", "consume", "acquire",
                                                    "release", "acq_rel", "seq_cst"};

}  // namespace

order_table shipped_orders() {
  order_table orders;
  for (const site_row& row : shipped_sites()) orders.push_back(row.order);
  return orders;
}

order_table all_seq_cst() {
  order_table orders;
  orders.assign(shipped_sites().size(), std::memory_order_seq_cst);
  return orders;
}

const char* name_of(std::memory_order order) {
  return order_names.at(static_cast<std::size_t>(order));
}

namespace {

/// What is wrong with one more change, empty if nothing is.
std::string fault_of_change(const order_changes& others, std::size_t site,
                            std::memory_order order) {
  const bool twice = std::any_of(others.begin(), others.end(),
                                 [&](const auto& change) { return change.first == site; });
  if (twice) return fmt::format("orders: '{}' stands there twice", site_name(site));
  const std::string why = why_order_means_nothing(site, order);
  return why.empty() ? why
                     : fmt::format("orders: {} means nothing for '{}', which {}", name_of(order),
                                   site_name(site), why);
}

}  // namespace

std::expected<order_changes, std::string> parse_orders(std::string_view text) {
  constexpr const auto& names = order_names;
  order_changes changes;
  if (text.ends_with(',')) return std::unexpected(fmt::format("orders '{}': one is missing", text));
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    const std::size_t equals = item.find('=');
    const std::string_view name = item.substr(0, equals);
    const std::string_view order =
        equals == std::string_view::npos ? std::string_view{} : item.substr(equals + 1);
    const std::size_t site = site_named(name);
    const auto* const to = std::find(names.begin(), names.end(), order);
    if (site == shipped_sites().size()) {
      return std::unexpected(fmt::format("orders: no site '{}'", name));
    }
    if (to == names.end() || order == "consume") {
      return std::unexpected(fmt::format("orders: no memory order '{}' for '{}'", order, name));
    }
    const auto changed = static_cast<std::memory_order>(to - names.begin());
    std::string fault = fault_of_change(changes, site, changed);
    if (!fault.empty()) return std::unexpected(std::move(fault));
    changes.emplace_back(site, changed);
  }
  return changes;
}

const char* site_name(std::size_t site) { return shipped_sites()[site].name; }

std::size_t site_named(std::string_view name) {
  const auto& rows = shipped_sites();
  const auto row =
      std::find_if(rows.begin(), rows.end(), [&](const site_row& r) { return name == r.name; });
  return static_cast<std::size_t>(row - rows.begin());
}

std::string changes_of(const order_table& table, const order_table& base) {
  std::string text;
  for (std::size_t i = 0; i < base.size(); ++i) {
    if (table[i] == base[i]) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", site_name(i), name_of(table[i]));
  }
  return text;
}

}  // namespace caiman::model
