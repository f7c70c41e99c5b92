// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// version.hpp: which Caiman this is, for the preprocessor
//
// So that a program can ask before it uses what a later version brought, and a build system can
// read it without a compiler: CMakeLists.txt takes the three numbers from here, in this order.
// The other place that has to state it is meson.build; the test `version` compares them.
// Before 1.0 every minor version may change what programs compile against.
//
// A program that was written, or compiled, against one version can say so: with
// -DCAIMAN_ASSERT_VERSION=0.2.1 (or =0.2, any patch of it) headers of another version do not
// compile. error.hpp includes this, and with it every header that a program begins with.
// Relies on requirements.hpp alone.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

/// The first number: what programs compile against has changed, from 1.0 on.
#define CAIMAN_VERSION_MAJOR 0
/// The second number: something was added; before 1.0 something may have changed, too.
#define CAIMAN_VERSION_MINOR 2
/// The third number: something was repaired.
#define CAIMAN_VERSION_PATCH 1
/// The three as one number that can be compared: 1.2.3 is 10203.
#define CAIMAN_VERSION \
  (CAIMAN_VERSION_MAJOR * 10000 + CAIMAN_VERSION_MINOR * 100 + CAIMAN_VERSION_PATCH)
/// The three as text.
#define CAIMAN_VERSION_STRING "0.2.1"

#if defined(CAIMAN_ASSERT_VERSION)
#define CAIMAN_TEXT_OF(version) #version
#define CAIMAN_TEXT(version) CAIMAN_TEXT_OF(version)

namespace caiman::inline v0::detail {

/// Whether a version, or the beginning of one up to a dot, is that of these headers.
consteval bool is_this_version(const char* wanted) noexcept {
  const char* here = CAIMAN_VERSION_STRING;
  if (*wanted == 0) return false;
  for (; *wanted != 0 && *wanted == *here; ++wanted) ++here;
  return *wanted == 0 && (*here == 0 || *here == '.');
}

static_assert(is_this_version(CAIMAN_TEXT(CAIMAN_ASSERT_VERSION)),
              "these headers are Caiman " CAIMAN_VERSION_STRING
              ", and CAIMAN_ASSERT_VERSION wants another version");

}  // namespace caiman::v0::detail

#undef CAIMAN_TEXT
#undef CAIMAN_TEXT_OF
#endif

#endif  // CAIMAN_REQUIREMENTS_MET
