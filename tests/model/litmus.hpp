// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// litmus.hpp: a program of a few accesses, searched to the end
// ---------------------------------------------------------------------------------------------
#pragma once

#include <catch2/catch.hpp>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "caiman-model/check.hpp"
#include "structures/trial.hpp"

namespace litmus {

namespace m = caiman::model;
using caiman::model::machine::deadline;
using caiman::model::machine::method;
using caiman::model::machine::scenario;
using caiman::model::machine::tested_of;
using caiman::model::machine::trial;
using caiman::model::machine::unspecified;

inline constexpr auto rlx = std::memory_order_relaxed;
inline constexpr auto acq = std::memory_order_acquire;
inline constexpr auto rel = std::memory_order_release;
inline constexpr auto acq_rel = std::memory_order_acq_rel;
inline constexpr auto sc = std::memory_order_seq_cst;

struct words {
  m::atomic<int> x{0}, y{0}, z{0};
  std::array<int, 6> r{};
};
using step = std::function<void(words&)>;
using outcome = std::function<bool(words&)>;

/// Whether an execution has this outcome. The search must have ended if none has.
inline bool shows(std::vector<step> threads, const outcome& weak) {
  tested_of<words, unspecified> program;
  scenario all;
  for (unsigned t = 0; t < threads.size(); ++t) {
    program.add(m::thread(threads[t]));
    all.threads.push_back({{t, 0}});
  }
  program.add(m::after([&](words& w) { return !weak(w); }));
  trial on(program);
  on.use(all);
  const auto seen = on.search({method::full, 0, 0}, 3'000'000, deadline::max());
  if (!seen.found.property.empty()) {
    REQUIRE(seen.found.property == "check");
    return true;
  }
  REQUIRE(seen.ended);
  return false;
}

inline void fence(std::memory_order o) { m::atomic_thread_fence(o); }

}  // namespace litmus
