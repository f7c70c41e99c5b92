// SPDX-License-Identifier: MIT
#include "engine/order_lattice.hpp"
#include "engine/current_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace caiman::model {
namespace {

constexpr std::memory_order relaxed = std::memory_order_relaxed;
constexpr std::memory_order acquire = std::memory_order_acquire;
constexpr std::memory_order release = std::memory_order_release;
constexpr std::memory_order acq_rel = std::memory_order_acq_rel;
constexpr std::memory_order seq_cst = std::memory_order_seq_cst;
/// Weakest first.
constexpr std::memory_order ladder[] = {relaxed, acquire, release, acq_rel, seq_cst};

/// Whether a kind of access can have an order and means something of its own by it.
bool has_order(access_kind kind, std::memory_order o) {
  if (o == acq_rel) return kind == access_kind::rmw;
  if (o == acquire) return kind != access_kind::store;
  if (o == release) return kind != access_kind::load;
  return true;
}

bool site_has_order(std::size_t site, std::memory_order o) {
  const std::string_view name = shipped_sites()[site].name;
  const auto uses = client_in_force().uses;
  return std::any_of(uses.begin(), uses.end(), [&](const site_use& use) {
    return use.site == name && has_order(use.kind, o);
  });
}

}  // namespace

const char* name_of(access_kind kind) {
  switch (kind) {
    case access_kind::load:
      return "load";
    case access_kind::store:
      return "store";
    case access_kind::rmw:
      return "rmw";
  }
  return "";
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

std::string why_order_means_nothing(std::size_t site, std::memory_order order) {
  const std::string_view name = shipped_sites()[site].name;
  bool loads = false;
  bool stores = false;
  for (const site_use& use : client_in_force().uses) {
    if (use.site != name) continue;
    if (has_order(use.kind, order)) return {};
    loads = loads || use.kind == access_kind::load;
    stores = stores || use.kind == access_kind::store;
  }
  if (loads && stores) return "only loads and stores";
  if (loads) return "only loads";
  return stores ? "only stores" : "";
}

bool every_access_can_have(std::size_t site, std::memory_order order) {
  const std::string_view name = shipped_sites()[site].name;
  const auto uses = client_in_force().uses;
  return std::all_of(uses.begin(), uses.end(), [&](const site_use& use) {
    return use.site != name || has_order(use.kind, order);
  });
}

}  // namespace caiman::model
