// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// faults.hpp: which of the faults of this folder is in force
//
// Faults are replacements in a copy of core/ (README.md), each in its place only while its name is
// in force. A program of the shipped core carries none. This is included in front of that copy, so
// it brings next to nothing.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <csignal>
#include <cstring>

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): set before anything runs
extern const char* caiman_fault_in_force;

/// Asked by the copy of the core, at every place of a fault.
inline bool caiman_fault(const char* name) noexcept {
  return std::strcmp(name, caiman_fault_in_force) == 0;
}

namespace caiman::model {
/// Whether this program carries a fault of that name: in_force.cpp says no, known.cpp knows.
bool carries_fault(const char* name) noexcept;
}  // namespace caiman::model
