// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// order_lattice.hpp: which orders are weaker than which, by what an access can have
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

#include "caiman-model/sites.hpp"

namespace caiman::model {

const char* name_of(access_kind kind);

/// Whether `a` is strictly weaker than `b`; acquire and release are neither.
bool is_weaker(std::memory_order a, std::memory_order b);
/// Of the orders that a site's kinds of access can have, those weaker than `than`, weakest first.
std::vector<std::memory_order> weaker_orders(std::size_t site, std::memory_order than);
/// The same, stronger, weakest first.
std::vector<std::memory_order> stronger_orders(std::size_t site, std::memory_order than);

/// What a site's accesses do, if the client knows and none of them means anything by the order:
/// that it "only loads", "only stores", or "only loads and stores". Else empty.
std::string why_order_means_nothing(std::size_t site, std::memory_order order);

/// Whether an order is one that each of a site's accesses can have.
bool every_access_can_have(std::size_t site, std::memory_order order);

}  // namespace caiman::model
