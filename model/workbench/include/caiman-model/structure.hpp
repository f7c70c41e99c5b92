// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// structure.hpp: a structure of your own under the checks
//
// Write it with checked_atomic<T> and checked_plain<T> in place of std::atomic<T> and of what they
// protect, and a `part` around it that says what its operations are and what must hold. The rest is
// here: programs as text, searches, orders that change without a rebuild, traces, replay.
//
//   int main(int argc, char** argv) {
//     const structure mine{make_structure<my_part>, my_orders, "core=structure : ; C0 | C1"};
//     return check_structure(argc, argv, mine);
//   }
//
// A program names operations by number, C<k>; program.hpp has the notation. Operations must not use
// the heap, nor anything else that outlives an execution: each execution makes a new part.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "checked_atomic.hpp"
// Relacy first.
#include "part.hpp"

namespace caiman::model {

struct structure {
  part* (*make)(const world_spec& spec, void* storage, std::size_t size);
  /// Every memory order that --orders can change, at most max_sites of them.
  std::vector<site_row> orders;
  /// What `run` runs unless it is told otherwise.
  std::string program;
};

/// The order of row `row` in this run. To be asked for where it is used, so that a trace can name
/// it, and a run can tell which rows its threads came by.
inline std::memory_order order_of_row(std::size_t row) noexcept {
  sites_touched.set(row);
  return with_site(settings.orders.at(row), row);
}

template <class Part>
part* make_structure(const world_spec& spec, void* storage, std::size_t size) {
  if (sizeof(Part) > size) return nullptr;
  return ::new (storage) Part(spec);
}

/// The command line of a program that checks `what`: run, replay, show. Its exit code.
int check_structure(int argc, char** argv, const structure& what);

}  // namespace caiman::model
