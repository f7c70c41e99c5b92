// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// named_lines.hpp: what lies where in the metadata of a buddy
//
// Told to the machine, so that it can count by what was touched. Relies on the insides of the core
// that are there for checks.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <algorithm>
#include <cstddef>

#include <caiman/buddy.hpp>

#include "machine.hpp"

namespace caiman::scale {

/// Names the lines of the slots and of all levels.
template <class Sync, unsigned Log2Fanout>
void name_lines(const buddy<Sync, Log2Fanout>& of) {
  using counters = protocol::slot_counters<Sync>;
  using table = protocol::slot_table<Sync>;
  lines& memory = machine::only().memory();
  const auto& tree = of.inside();
  for (unsigned slot = 0; slot < table::count; ++slot) {
    counters& at = tree.lanes().counted(slot);
    memory.name(&at, counters::hints_offset, object::counter);
    memory.name(at.at(counters::hints_offset), counters::stacks_offset - counters::hints_offset,
                object::last_word);
    memory.name(at.at(counters::stacks_offset), table::stride - counters::stacks_offset,
                object::stack);
  }
  for (unsigned lv = 0; lv <= tree.top(); ++lv) {
    const auto& level = tree.at(lv);
    memory.name(&level.word(0), level.word_count() * sizeof(protocol::word_t), object::word);
    for (unsigned height = 0; height < std::max(level.heights(), 1U); ++height) {
      const std::size_t nodes = level.node_count(height);
      const std::size_t cells = nodes * protocol::level_shape<Log2Fanout>::node_stride;
      memory.name(&level.node(height, 0, 0), cells * sizeof(protocol::word_t), object::hint);
    }
  }
}

}  // namespace caiman::scale
