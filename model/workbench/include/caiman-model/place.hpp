// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// place.hpp: where in the source an access stands
//
// Default arguments take it, so a structure names its accesses by writing them. It is what a site
// is known by: its file, line and column.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <source_location>

namespace caiman::model {

using place = std::source_location;

namespace machine {

/// An operand that brings its place along, for operators, which have no default arguments.
template <class T>
struct placed {
  T value;
  place at;
  // Implicit on purpose: the conversion takes the place.
  placed(T v, const place& here = place::current()) : value(v), at(here) {}  // NOLINT
};

}  // namespace machine
}  // namespace caiman::model
