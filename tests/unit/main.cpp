// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// main.cpp: the main of the unit tests
//
// Catch2 v2 compiles its runner where this macro is defined. That takes longer than any test here,
// so it has a file of its own that never changes.
// ---------------------------------------------------------------------------------------------

#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
