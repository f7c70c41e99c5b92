// ---------------------------------------------------------------------------------------------
// order_lattice.hpp: which orders are weaker than which, and where in the core each site stands
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace caiman::model {

enum class access : unsigned char { load, store, rmw };
const char* name_of(access kind);

/// One use of a site, found in the core's text when this was built (core_sites.py).
struct core_use {
  std::string_view site;
  access kind;
  std::string_view where;  // "core/caiman/protocol/tree.hpp:105"
};
std::span<const core_use> core_uses();

/// The name of a site, and its number; of an unknown name, how many sites there are.
const char* site_name(std::size_t site);
std::size_t site_named(std::string_view name);

/// A table of orders: one per site of shipped_sites().
using order_table = std::vector<std::memory_order>;

/// Whether `a` is strictly weaker than `b`; acquire and release are neither.
bool is_weaker(std::memory_order a, std::memory_order b);
/// Of the orders that a site's kinds of access can have, those weaker than `than`, weakest first.
std::vector<std::memory_order> weaker_orders(std::size_t site, std::memory_order than);
/// The same, stronger, weakest first.
std::vector<std::memory_order> stronger_orders(std::size_t site, std::memory_order than);

/// Whether an order is one that each of a site's accesses can have.
bool every_access_can_have(std::size_t site, std::memory_order order);

/// Where a table differs from the one that this program was built with, as `--orders` takes it.
std::string changes_of(const order_table& table);

}  // namespace caiman::model
