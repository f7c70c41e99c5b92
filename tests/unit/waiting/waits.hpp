// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// waits.hpp: arenas that make their callers wait, and coroutines that do
//
// What the tests of this room begin with. Relies on job.hpp for the coroutines.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <optional>
#include <thread>
#include <utility>

#include "../../../stress/common/job.hpp"
#include "caiman/caiman.hpp"

namespace caiman::testing {

constexpr std::size_t unit = 256;

template <class Waiters = caiman::fair_waiters>
caiman::async_buddy_arena arena_of(std::size_t units, Waiters policy = Waiters()) {
  const auto geometry = caiman::buddy_geometry::exact(units * unit, unit).value();
  return caiman::buddy_arena::builder(geometry).build_async_with(std::move(policy)).value();
}

/// What became of a job.
struct outcome {
  std::optional<caiman::buffer> got;
  std::optional<caiman::alloc_error> error;
  bool over = false;
};

template <class... On>
caiman::job want(caiman::async_buddy_arena arena, std::size_t len, outcome& out, On... on) {
  auto got = co_await arena.allocate(len, on...);
  if (got) {
    out.got = std::move(*got);
  } else {
    out.error = got.error();
  }
  out.over = true;
}

template <class Condition>
void wait_until(Condition met) {
  while (!met()) std::this_thread::yield();
}

}  // namespace caiman::testing
