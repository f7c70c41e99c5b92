// SPDX-License-Identifier: MIT
// The buddy as a world: with parts.cpp, all of the model that includes the core. A mutant is this
// file compiled against a changed copy of core/.
#include <array>
#include <string>
#include <utility>

#include "caiman_client.hpp"
#include "worlds/buddy_world.hpp"

namespace caiman::model {

namespace {
template <class World>
world* build(const world_spec& spec, void* storage, std::size_t size) {
  if (sizeof(World) > size) return nullptr;
  return ::new (storage) World(spec);
}
}  // namespace

world* make_buddy(const world_spec& spec, void* storage, std::size_t size) {
  switch (spec.log2_fanout) {
    case 1:
      return build<buddy_world<1>>(spec, storage, size);
    case 2:
      return build<buddy_world<2>>(spec, storage, size);
    case 3:
      return build<buddy_world<3>>(spec, storage, size);
    default:
      return nullptr;
  }
}

/// "(1) release, publish_child; (4) look_begun by the move", or "none".
std::string text_of(const order_row& row) {
  constexpr const char* means[] = {"", " by the move", " by the fences"};
  std::string text;
  unsigned number = 0;
  for (const partner& p : row.pairs) {
    if (p.number == 0) break;
    const char* const between = text.empty() ? "" : p.number == number ? ", " : "; ";
    if (p.number != std::exchange(number, p.number)) {
      text += between + ("(" + std::to_string(number) + ") ");
    } else {
      text += between;
    }
    text += protocol::order_table[static_cast<std::size_t>(p.with)].name;
    text += means[static_cast<std::size_t>(p.means)];
  }
  return text.empty() ? "none" : text;
}

std::vector<site_row> rows_of_order_table() {
  static_assert(site_count <= max_sites);
  static std::array<std::string, site_count> pairs;  // what the rows point to
  std::vector<site_row> all;
  for (const order_row& row : protocol::order_table) {
    std::string& text = pairs[all.size()];
    text = text_of(row);
    all.push_back({row.name, row.order, text.c_str(), row.without, row.kept});
  }
  return all;
}

}  // namespace caiman::model
