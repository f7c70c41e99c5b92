// SPDX-License-Identifier: MIT
// Part of the unit tests over the core that carries faults (model/caiman/faults): the one that the
// environment names, as CAIMAN_FAULT, is in force. Before anything static is made, since that may
// use the core.
#include <cstdlib>

#include "faults.hpp"

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): set before anything runs
const char* caiman_fault_in_force = "";

namespace {
[[gnu::constructor(101)]] void take_from_environment() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet
  if (const char* const name = std::getenv("CAIMAN_FAULT")) caiman_fault_in_force = name;
}
}  // namespace
