#include "order_lattice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "engine.hpp"
#include "plan.hpp"
#include "world.hpp"

namespace caiman::model {
namespace {

constexpr core_use uses[] = {
#include "core_sites.inc"
};

constexpr std::memory_order relaxed = std::memory_order_relaxed;
constexpr std::memory_order acquire = std::memory_order_acquire;
constexpr std::memory_order release = std::memory_order_release;
constexpr std::memory_order acq_rel = std::memory_order_acq_rel;
constexpr std::memory_order seq_cst = std::memory_order_seq_cst;
/// Weakest first.
constexpr std::memory_order ladder[] = {relaxed, acquire, release, acq_rel, seq_cst};

/// Whether a kind of access can have an order and means something of its own by it.
bool has_order(access kind, std::memory_order o) {
  if (o == acq_rel) return kind == access::rmw;
  if (o == acquire) return kind != access::store;
  if (o == release) return kind != access::load;
  return true;
}

bool site_has_order(std::size_t site, std::memory_order o) {
  const std::string_view name = shipped_sites()[site].name;
  return std::any_of(std::begin(uses), std::end(uses), [&](const core_use& use) {
    return use.site == name && has_order(use.kind, o);
  });
}

}  // namespace

const char* name_of(access kind) {
  switch (kind) {
    case access::load:
      return "load";
    case access::store:
      return "store";
    case access::rmw:
      return "rmw";
  }
  return "";
}

std::span<const core_use> core_uses() { return uses; }

const char* site_name(std::size_t site) { return shipped_sites()[site].name; }

std::size_t site_named(std::string_view name) {
  const auto& rows = shipped_sites();
  const auto row =
      std::find_if(rows.begin(), rows.end(), [&](const site_row& r) { return name == r.name; });
  return static_cast<std::size_t>(row - rows.begin());
}

bool is_weaker(std::memory_order a, std::memory_order b) {
  if (a == b || b == relaxed || a == seq_cst) return false;
  if (b == seq_cst || a == relaxed) return true;
  return b == acq_rel && a != acq_rel;
}

std::vector<std::memory_order> weaker_orders(std::size_t site, std::memory_order than) {
  std::vector<std::memory_order> all;
  for (const std::memory_order o : ladder) {
    if (is_weaker(o, than) && site_has_order(site, o)) all.push_back(o);
  }
  return all;
}

std::vector<std::memory_order> stronger_orders(std::size_t site, std::memory_order than) {
  std::vector<std::memory_order> all;
  for (const std::memory_order o : ladder) {
    if (is_weaker(than, o) && site_has_order(site, o)) all.push_back(o);
  }
  return all;
}

bool every_access_can_have(std::size_t site, std::memory_order order) {
  const std::string_view name = shipped_sites()[site].name;
  return std::all_of(std::begin(uses), std::end(uses), [&](const core_use& use) {
    return use.site != name || has_order(use.kind, order);
  });
}

std::string changes_of(const order_table& table) {
  std::string text;
  const auto& rows = shipped_sites();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (table[i] == rows[i].order) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", rows[i].name, name_of(table[i]));
  }
  return text;
}

}  // namespace caiman::model
