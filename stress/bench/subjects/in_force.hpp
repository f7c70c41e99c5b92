// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// in_force.hpp: which malloc does this process really use?
//
// A library that was not found is left out by the loader with a line on stderr, and the benchmark
// would go on with glibc under another name. So each worker asks before it measures: where do the
// symbols come from, and does that library itself know a block that malloc has just given?
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace caiman::bench {

/// A library that can stand behind malloc. `preload`: what LD_PRELOAD is set to; empty for glibc.
struct heap {
  std::string_view name;
  std::string_view preload;
  std::string_view package;
};

inline constexpr heap glibc{"libc.so", "", "libc6"};
inline constexpr heap jemalloc{"libjemalloc.so", "libjemalloc.so.2", "libjemalloc2"};
inline constexpr heap mimalloc{"libmimalloc.so", "libmimalloc.so.2", "libmimalloc2.0"};
inline constexpr heap tcmalloc{"libtcmalloc_minimal.so", "libtcmalloc_minimal.so.4",
                               "libtcmalloc-minimal4"};
inline constexpr heap tbbmalloc{"libtbbmalloc_proxy.so", "libtbbmalloc_proxy.so.2",
                                "libtbbmalloc2"};

/// Nothing if `wanted` is what serves malloc and free in this process; otherwise what is wrong.
std::optional<std::string> not_in_force(const heap& wanted);

/// The file that malloc comes from, links resolved: its name carries the version.
std::string malloc_file();

}  // namespace caiman::bench
