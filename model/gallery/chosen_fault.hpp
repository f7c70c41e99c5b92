// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// chosen_fault.hpp: one program for a structure as it is right and for all of its faults
//
// The build includes this before each structure, so that FAULT is what the program's name ends in:
// started as ms_queue.2, it has fault 2. Without this a structure is right, or has the fault that
// -DFAULT=2 says. Relies on glibc, which knows the name.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cerrno>
#include <cstdlib>
#include <string_view>

namespace gallery {

inline int fault_of(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? 0 : std::atoi(name.substr(dot + 1).data());
}
inline const int chosen_fault = fault_of(program_invocation_short_name);

}  // namespace gallery

#define FAULT ::gallery::chosen_fault
