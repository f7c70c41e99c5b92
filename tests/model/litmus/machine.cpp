// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// machine.cpp: litmus programs on the machine
// ---------------------------------------------------------------------------------------------
#include <catch2/catch.hpp>

#include <mutex>

#include "caiman-model/check.hpp"
#include "litmus.hpp"
#include "structures/trial.hpp"

namespace {

namespace m = caiman::model;
using caiman::model::machine::deadline;
using caiman::model::machine::method;
using caiman::model::machine::scenario;
using caiman::model::machine::tested_of;
using caiman::model::machine::trial;
using caiman::model::machine::unspecified;

class of_machine : public litmus::cell_over<m::atomic<unsigned>> {
 public:
  static void fence(std::memory_order o) { m::atomic_thread_fence(o); }
};

/// One operation for each thread, all of them at once.
template <class Shared>
bool finds(tested_of<Shared, unspecified>& program, unsigned threads) {
  scenario all;
  for (unsigned t = 0; t < threads; ++t) all.threads.push_back({{t, 0}});
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

}  // namespace

namespace litmus {

bool machine_shows(const program& of) {
  using shared = words_of<of_machine>;
  tested_of<shared, unspecified> on_machine;
  for (const step& run : of.threads) on_machine.add(m::thread([&](shared& s) { run(s.all); }));
  on_machine.add(m::after([&](shared& s) { return !of.weak(s.all); }));
  return finds(on_machine, static_cast<unsigned>(of.threads.size()));
}

}  // namespace litmus

TEST_CASE("SB+lock: a lock between seq_cst accesses changes nothing", "[litmus]") {
  using litmus::sc;
  struct with_lock {
    m::atomic<int> x{0}, y{0};
    int left = 0, right = 0;
    m::mutex lock;
  };
  tested_of<with_lock, unspecified> program;
  // So that stores of the lock and of x have different numbers.
  program.add(m::before([](with_lock& w) {
    w.x.store(1);
    w.x.store(0);
  }));
  program.add(m::thread([](with_lock& w) {
    w.x.fetch_add(1, sc);
    w.left = w.y.load(sc);
  }));
  program.add(m::thread([](with_lock& w) {
    const std::lock_guard held(w.lock);
    w.y.store(1, sc);
    w.right = w.x.load(sc);
  }));
  program.add(m::after([](with_lock& w) { return w.left == 1 || w.right == 1; }));
  CHECK_FALSE(finds(program, 2));
}
