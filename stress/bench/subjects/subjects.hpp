// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// subjects.hpp: the rows of the comparison
//
// One line each: what is measured, what it is called, and the library that must stand behind malloc
// while it is. The driver learns the rows from the worker, so a line here is all that a new row
// takes; a variant of the core is `arena_subject<buddy<SomeSync>>`.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <string_view>
#include <tuple>

#include <caiman/buddy.hpp>
#include <caiman/native_sync.hpp>

#include "arena_subjects.hpp"
#include "best_fit.hpp"
#include "heap_subjects.hpp"
#include "in_force.hpp"
#include "library_subject.hpp"

namespace caiman::bench {

/// `ours` are compared with the others; `reference` is not timed; `harness` is no allocator.
enum class role { ours, peer, reference, harness };

template <class S>
struct row {
  using subject_type = S;
  std::string_view name;
  role what = role::peer;
  heap behind = glibc;
};

inline constexpr std::tuple rows{
    row<arena_subject<buddy<>>>{"caiman", role::ours},
    row<arena_subject<owned_buddy>>{"caiman-owned", role::ours},
    row<arena_subject<buddy<exchange_pop_sync>>>{"caiman-exchange", role::ours},
    row<arena_subject<buddy<tree_only_sync>>>{"caiman-tree", role::ours},
    row<library_subject>{"caiman-library", role::ours},
    row<arena_subject<mutex_buddy>>{"mutex-buddy"},
    row<pool_subject>{"pmr-pool"},
    row<malloc_subject>{"glibc"},
    row<malloc_subject>{"jemalloc", role::peer, jemalloc},
    row<malloc_subject>{"mimalloc", role::peer, mimalloc},
    row<malloc_subject>{"tcmalloc", role::peer, tcmalloc},
    row<malloc_subject>{"tbbmalloc", role::peer, tbbmalloc},
    row<arena_subject<best_fit_buddy>>{"best-fit", role::reference},
    row<nothing_subject>{"harness", role::harness},
};

template <class S>
inline constexpr bool is_arena = requires {
  S::metadata_bytes();
};

/// Calls `body(row)` for every row.
template <class Body>
void for_each_row(Body body) {
  std::apply([&](const auto&... each) { (body(each), ...); }, rows);
}

/// Calls `body(row)` for the row of that name; false if there is none.
template <class Body>
bool with_row(std::string_view name, Body body) {
  const auto tried = [&](const auto& each) { return each.name == name && (body(each), true); };
  return std::apply([&](const auto&... each) { return (tried(each) || ...); }, rows);
}

}  // namespace caiman::bench
