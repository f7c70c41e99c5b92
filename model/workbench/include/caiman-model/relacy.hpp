// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// relacy.hpp: the one place that includes Relacy
//
// Relacy defines new, delete, malloc, free, assert, errno and memory_order_* as macros, so every
// standard header that anything behind this one needs comes first, and the macros go again at the
// end. `$` (the source location of a call) is kept: Relacy's own templates use it. RL_DO_ASSERT
// turns on Relacy's checks of its own use; without it a load with release order silently gives 0.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <expected>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <queue>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// Relacy jumps between the stacks of its threads. A program that is compiled with _FORTIFY_SOURCE,
// as packages are, ends at such a jump: the GNU C library takes it for an error.
// NOLINTBEGIN(*-reserved-*,cert-dcl37-c): the name is the library's
#pragma push_macro("__USE_FORTIFY_LEVEL")
#undef __USE_FORTIFY_LEVEL
#define __USE_FORTIFY_LEVEL 0
#include <csetjmp>
#pragma pop_macro("__USE_FORTIFY_LEVEL")
// NOLINTEND(*-reserved-*,cert-dcl37-c)

// These two are the standard library's macros, and come back.
#pragma push_macro("assert")
#pragma push_macro("errno")
#define RL_DO_ASSERT 1
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wclass-memaccess"
#include <relacy/relacy.hpp>
#pragma GCC diagnostic pop

#undef new
#undef delete
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef assert
#undef errno
#undef memory_order_relaxed
#undef memory_order_consume
#undef memory_order_acquire
#undef memory_order_release
#undef memory_order_acq_rel
#undef memory_order_seq_cst
#undef VAR
#undef VAR_T
#undef TLS_T
#pragma pop_macro("assert")
#pragma pop_macro("errno")
