// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// orders.hpp: memory orders as text, and tables of them
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace caiman::model {

/// A table of orders: one per site of the client.
using order_table = std::vector<std::memory_order>;
/// All sites at the order that ships, or all at seq_cst.
order_table shipped_orders();
order_table all_seq_cst();

/// Orders to change for a run: which site, to what.
using order_changes = std::vector<std::pair<std::size_t, std::memory_order>>;
/// "relaxed", "acq_rel", ...
const char* name_of(std::memory_order order);
/// "claim=acq_rel,hint_set=relaxed"; the sites are those of the client, each at most once, with an
/// order that means something there as far as the client says what it does.
std::expected<order_changes, std::string> parse_orders(std::string_view text);

/// The name of a site, and its number; of an unknown name, how many sites there are.
const char* site_name(std::size_t site);
std::size_t site_named(std::string_view name);
/// Where a table differs from `base`, as `--orders` takes it.
std::string changes_of(const order_table& table, const order_table& base = shipped_orders());

}  // namespace caiman::model
