// SPDX-License-Identifier: MIT
// The small parts of the core: the other translation unit of the model that includes the core. A
// mutant of a part is this file compiled against a changed copy of core/.
#include "caiman_client.hpp"
#include "worlds/arena_world.hpp"
#include "worlds/cold_world.hpp"
#include "worlds/handshake_world.hpp"
#include "worlds/ledger_world.hpp"
#include "worlds/shares_world.hpp"
#include "worlds/waiting_world.hpp"

namespace caiman::model {

namespace {
template <class Part>
part* build(const world_spec& spec, void* storage, std::size_t size) {
  if (sizeof(Part) > size) return nullptr;
  return ::new (storage) Part(spec);
}

part* build_waiting(const world_spec& spec, void* storage, std::size_t size) {
  switch (static_cast<waiters>(spec.policy)) {
    case waiters::fair:
      return build<waiting_world<model_fair_waiters>>(spec, storage, size);
    case waiters::fifo:
      return build<waiting_world<fifo_waiters>>(spec, storage, size);
    case waiters::stack:
      return build<waiting_world<stack_waiters>>(spec, storage, size);
  }
  return nullptr;
}
}  // namespace

part* make_part(subject_kind which, const world_spec& spec, void* storage, std::size_t size) {
  switch (which) {
    case subject_kind::arena:
      return spec.light ? build<arena_world<lines_sync>>(spec, storage, size)
                        : build<arena_world<arena_sync>>(spec, storage, size);
    case subject_kind::ledger:
      return spec.light ? build<ledger_world<lines_sync>>(spec, storage, size)
                        : build<ledger_world<arena_sync>>(spec, storage, size);
    case subject_kind::shares:
      return build<shares_world>(spec, storage, size);
    case subject_kind::cold:
      return build<cold_world>(spec, storage, size);
    case subject_kind::waiting:
      return build_waiting(spec, storage, size);
    case subject_kind::handshake:
      return build<handshake_world>(spec, storage, size);
    case subject_kind::litmus:
      return build<litmus_world>(spec, storage, size);
    default:
      return nullptr;
  }
}

}  // namespace caiman::model
