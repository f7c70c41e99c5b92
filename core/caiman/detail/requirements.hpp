// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// requirements.hpp: what a compiler, a library and a system must have
//
// Where something is missing, a program shall hear that, once, and not of the hundreds of errors
// that follow from it: an #error does not end a compilation. So every header begins with this one,
// and is empty where it said #error. The only other places in the core where the preprocessor
// decides are diagnostics.hpp, resource.hpp (RTTI), bytes.hpp (<format>, where there is one),
// lean/stopping.hpp (std::stop_token) and os.hpp with what it includes (which system, the GNU C
// library). Relies on nothing: what it tests may be what is missing.
// ---------------------------------------------------------------------------------------------
#pragma once

#if !defined(__unix__) && !defined(__linux__) && !defined(__APPLE__)
#error "Caiman needs Linux or another POSIX system (mmap, pthreads): it has no port to this one."
#elif !defined(__SIZEOF_POINTER__) || __SIZEOF_POINTER__ != 8
#error "Caiman needs a 64-bit target: it keeps words and counters of 64 bits beside pointers."
#elif __cplusplus <= 202002L
#error "Caiman needs C++23: compile with -std=c++23 (g++ 12, clang++ 19 or later)."
#elif !__has_include(<version>)
#error "Caiman needs a standard library of C++23: libstdc++ 12 or later."
#else
#include <version>
#if !defined(__cpp_lib_expected) || !defined(__cpp_lib_coroutine)
#error "Caiman needs <expected> and coroutines: libstdc++ 12 or libc++ 16, with it clang++ 19."
#else
/// All is there, so the headers say what they are for.
#define CAIMAN_REQUIREMENTS_MET 1
#endif
#endif
