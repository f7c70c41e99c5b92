// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// relacy.cpp: litmus programs on Relacy, as it is and as ours
// ---------------------------------------------------------------------------------------------
#include <catch2/catch.hpp>

#include <optional>

#include "caiman-model/checked_atomic.hpp"
#include "litmus.hpp"

namespace {

using namespace caiman::model;  // NOLINT(google-build-using-namespace)

rl::debug_info here() { return info_of(location::here()); }

/// Relacy's own.
class as_it_is : public litmus::cell {
 public:
  as_it_is() { value_.store(0, rl::mo_relaxed, here()); }
  unsigned load(std::memory_order o) override { return value_.load(to_relacy(o), here()); }
  void store(unsigned value, std::memory_order o) override {
    value_.store(value, to_relacy(o), here());
  }
  unsigned exchange(unsigned value, std::memory_order o) override {
    return value_.exchange(value, to_relacy(o), here());
  }
  unsigned fetch_add(unsigned n, std::memory_order o) override {
    return value_.fetch_add(n, to_relacy(o), here());
  }
  bool compare_exchange(unsigned& expected, unsigned desired, std::memory_order o) override {
    const rl::memory_order both = to_relacy(o);
    return value_.compare_exchange_strong(expected, desired, both, here(), both, here());
  }
  bool compare_exchange_weak(unsigned& expected, unsigned desired, std::memory_order o) override {
    const rl::memory_order both = to_relacy(o);
    return value_.compare_exchange_weak(expected, desired, both, here(), both, here());
  }
  static void fence(std::memory_order o) {
    if (o != litmus::rlx) rl::atomic_thread_fence(to_relacy(o), here());
  }

 private:
  rl::atomic<std::uint32_t> value_;
};

/// With the freedoms of beyond_relacy.hpp.
class as_ours : public litmus::cell_over<checked_atomic<std::uint32_t>> {
 public:
  static void fence(std::memory_order o) { as_it_is::fence(o); }
};

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): Relacy makes the suite itself
const litmus::program* in_question = nullptr;
bool is_seen = false;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

template <class Cell, unsigned Threads>
struct suite : rl::test_suite<suite<Cell, Threads>, Threads> {
  void before() { in_use.emplace(); }
  void thread(unsigned index) { in_question->threads[index](in_use->all); }
  void after() {
    is_seen |= in_question->weak(in_use->all);
    in_use.reset();
  }
  std::optional<litmus::words_of<Cell>> in_use;  // not on the heap, which is Relacy's here
};

template <class Cell, unsigned Threads>
bool searched() {
  rl::test_params params;
  rl::ostringstream log;
  rl::ostringstream state;
  params.search_type = rl::fair_full_search_scheduler_type;
  params.output_stream = &log;
  params.progress_stream = &log;
  settings.threads = Threads;
  is_seen = false;
  using test = suite<Cell, Threads>;
  const auto end = rl::run_test<test, rl::full_search_scheduler<Threads>>(params, state, false);
  REQUIRE(end == rl::test_result_success);
  return is_seen;
}
template <class Cell>
bool searched(const litmus::program& of) {
  in_question = &of;
  switch (of.threads.size()) {
    case 2:
      return searched<Cell, 2>();
    case 3:
      return searched<Cell, 3>();
    default:
      return searched<Cell, 4>();
  }
}

}  // namespace

namespace litmus {

bool relacy_shows(const program& of) { return searched<as_it_is>(of); }
bool ours_shows(const program& of) { return searched<as_ours>(of); }

}  // namespace litmus
