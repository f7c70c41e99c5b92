// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// expect.hpp: an example says what it expects, and ends with exit code 1 where it was wrong
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

/// In every build, unlike assert.
inline void expect(bool holds, const char* what,
                   std::source_location at = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: expected: %s\n", at.file_name(), at.line(), what);
  std::fflush(stdout);
  std::quick_exit(1);  // from any thread
}
