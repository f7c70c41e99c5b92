// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// sites.hpp: the memory orders of a subject, as a table
//
// Every access of a subject names its site, a row of the subject's table, and is given the order
// of that row in this run: so an order can change without a rebuild.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <bitset>
#include <cstddef>
#include <string_view>

namespace caiman::model {

/// The longest table.
inline constexpr std::size_t max_sites = 96;

/// A bit per site, printed as digits.
using site_set = std::bitset<max_sites>;

struct site_row {
  const char* name = "";
  std::memory_order order{};
  const char* pairs = "";
  const char* without = "";
  const char* kept = "";
};

enum class access_kind : unsigned char { load, store, rmw };

/// One access that asks for the order of a site.
struct site_use {
  std::string_view site;
  access_kind kind;
  std::string_view where;  // "core/caiman/protocol/tree.hpp:105"
};

}  // namespace caiman::model
