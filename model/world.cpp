// The buddy as a world: with parts.cpp, all of the model that includes the core. A mutant is this
// file compiled against a changed copy of core/.
#include "buddy_world.hpp"

namespace caiman::model {

namespace {
template <class World>
world* build(const world_spec& spec, void* storage, std::size_t size) {
  if (sizeof(World) > size) return nullptr;
  return ::new (storage) World(spec);
}
}  // namespace

world* make_world(const world_spec& spec, void* storage, std::size_t size) {
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

const std::vector<site_row>& shipped_sites() {
  static const std::vector<site_row> rows = [] {
    static_assert(site_count <= max_sites);
    std::vector<site_row> all;
    for (const order_row& row : order_table) {
      all.push_back({row.name, row.order, row.pairs, row.without, row.kept});
    }
    return all;
  }();
  return rows;
}

}  // namespace caiman::model
