// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// caiman_client.hpp: the Caiman core as a client of the workbench
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "caiman-model/client.hpp"

namespace caiman::model {

/// All of it, for check() and use_client().
const client& caiman_client();

// ---- what it is made of ------------------------------------------------------------------------

/// The core, or a mutant of it: defined by world.cpp, whatever core/ that was compiled against.
world* make_buddy(const world_spec& spec, void* storage, std::size_t size);
/// Its table of orders, from the same.
std::vector<site_row> rows_of_order_table();
/// The specimen (textbook.cpp).
world* make_textbook(const world_spec& spec, void* storage, std::size_t size);
/// The parts of the core, or of a mutant of it: defined by parts.cpp.
part* make_part(subject_kind which, const world_spec& spec, void* storage, std::size_t size);

/// The programs that the shipped core is checked with.
std::span<const scenario> scenarios();
/// The other forms of the core that a scenario is run with: one of the tree alone also with owner
/// stacks, where the first releases of a thread stay, and which every "full" must drain; one of
/// stacks also with the exchange pop; one of waiters also with the other policies.
std::vector<variant> variants_of(const scenario& s);

/// The textbook protocol, and faults of our own core: patches under mutants/, replacements under
/// faults/, or wrong orders where the name of a site says it all.
std::span<const control> controls();

}  // namespace caiman::model
