// The small parts of the core: the other translation unit of the model that includes the core. A
// mutant of a part is this file compiled against a changed copy of core/.
#include "arena_world.hpp"
#include "cold_world.hpp"
#include "ledger_world.hpp"
#include "shares_world.hpp"

namespace caiman::model {

namespace {
template <class Part>
part* build(const world_spec& spec, void* storage, std::size_t size) {
  if (sizeof(Part) > size) return nullptr;
  return ::new (storage) Part(spec);
}
}  // namespace

part* make_part(core_part which, const world_spec& spec, void* storage, std::size_t size) {
  switch (which) {
    case core_part::arena:
      return build<arena_world>(spec, storage, size);
    case core_part::ledger:
      return build<ledger_world>(spec, storage, size);
    case core_part::shares:
      return build<shares_world>(spec, storage, size);
    case core_part::cold:
      return build<cold_world>(spec, storage, size);
    default:
      return nullptr;
  }
}

}  // namespace caiman::model
