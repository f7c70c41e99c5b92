// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// version.hpp: which Caiman this is, for the preprocessor
//
// So that a program can ask before it uses what a later version brought, and a build system can
// read it without a compiler: CMakeLists.txt takes the three numbers from here, in this order.
// The other place that has to state it is meson.build; the test `version` compares them.
// Before 1.0 every minor version may change what programs compile against.
// Relies on requirements.hpp alone.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

/// The first number: what programs compile against has changed, from 1.0 on.
#define CAIMAN_VERSION_MAJOR 0
/// The second number: something was added; before 1.0 something may have changed, too.
#define CAIMAN_VERSION_MINOR 1
/// The third number: something was repaired.
#define CAIMAN_VERSION_PATCH 0
/// The three as one number that can be compared: 1.2.3 is 10203.
#define CAIMAN_VERSION \
  (CAIMAN_VERSION_MAJOR * 10000 + CAIMAN_VERSION_MINOR * 100 + CAIMAN_VERSION_PATCH)
/// The three as text.
#define CAIMAN_VERSION_STRING "0.1.0"

#endif  // CAIMAN_REQUIREMENTS_MET
