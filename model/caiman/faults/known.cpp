// SPDX-License-Identifier: MIT
// Part of a program that carries the faults of this folder: their names.
#include <algorithm>
#include <string_view>

#include "faults.hpp"

namespace caiman::model {
bool carries_fault(const char* name) noexcept {
  constexpr std::string_view names[] = {
#include "known_faults.inc"
  };
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}
}  // namespace caiman::model
