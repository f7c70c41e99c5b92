// SPDX-License-Identifier: MIT
// Part of every checker: no fault is in force, and the shipped core carries none.
#include "faults.hpp"

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): set before anything runs
const char* caiman_fault_in_force = "";

namespace caiman::model {
// Weak: the program that carries faults brings another one.
[[gnu::weak]] bool carries_fault(const char* /*name*/) noexcept { return false; }
}  // namespace caiman::model
