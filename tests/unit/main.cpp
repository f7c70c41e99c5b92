// ---------------------------------------------------------------------------------------------
// main.cpp: the main of the unit tests
//
// Catch2 v2 compiles its runner where this macro is defined. That takes longer than any test here,
// so it has a file of its own that never changes.
// ---------------------------------------------------------------------------------------------

// With -fsanitize=address,undefined g++ 12 sees uninitialised members in the regular expressions
// of its own library. The first two lines are for the compilers that do not know one of the names.
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
