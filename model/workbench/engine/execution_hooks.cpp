// SPDX-License-Identifier: MIT
#include "engine/execution.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdlib>

#include "caiman-model/recorder.hpp"
#include "shim/own_heap.hpp"

// What the policies of a program under check ask of the execution: whose slot, who sleeps, what is
// wrong.

namespace caiman::model {

unsigned slot_of_current_thread() noexcept { return current_execution().slot(); }
bool current_thread_must_ask() noexcept { return current_execution().must_ask(); }
unsigned slot_at_hand_of_current_thread() noexcept { return current_execution().slot_at_hand(); }
unsigned slots_in_use() noexcept { return current_execution().slots_seen(); }
bool threads_run() noexcept { return current_execution().in_threads(); }
void before_access() { current_execution().before_access(); }
void pause_between_looks(unsigned round) {
  if (round >= settings.looks) current_execution().fail("L1", "looked again past the bound");
  let_others_run();
}
void sleep_at(const void* address) { current_execution().sleep_at(address); }
void wake_one_at(const void* address) { current_execution().wake_one_at(address); }
void let_others_run() { rl::yield(1, info_of(location::here())); }
void report_misuse(const char* what, unsigned /*order*/, std::uint64_t /*index*/) {
  current_execution().fail("S8", what);
}
void report_fault(const char* property, const char* text) {
  current_execution().fail(property, text);
}
void zero_payload(std::size_t first, std::size_t count) {
  current_execution().zero_payload(first, count);
}
void report_broken_invariant(const char* what) { current_execution().fail("S1", what); }

unsigned execution::acting() const noexcept {
  return in_threads() ? static_cast<unsigned>(rl::ctx().threadx_->index_) : acting_;
}

unsigned execution::slot() noexcept {
  actor& me = actors_[acting()];
  me.asked = true;
  return me.slot;
}

unsigned execution::slot_at_hand() const noexcept {
  const actor& me = actors_[acting()];
  if (must_ask()) return subject_->slot_of(acting() / 2);  // its slot in another pool
  return me.asked ? me.slot : subject_->shared_slot();
}

bool execution::must_ask() const noexcept {
  return what_->what.code == objects::ask && acting() % 2 != 0;
}

unsigned execution::slots_seen() const noexcept {
  switch (what_->what.slots) {
    case slot_use::own:
      return static_cast<unsigned>(what_->what.threads.size());
    case slot_use::shared:
      return 0;
    case slot_use::pooled:
      return subject_->slots_seen();
  }
  return subject_->shared_slot();
}

void execution::before_access() {
  ++accesses_;
  if (stop_at_ == 0 || !in_threads()) return;
  const unsigned thread = rl::ctx().threadx_->index_;
  if (thread != what_->what.stop_thread) return;
  actor& me = actors_[thread];
  if (me.done || ++me.steps != stop_at_) return;
  finish_line().fetch_add(1, rl::mo_acq_rel, info_of(location::here()));
  if (finished_ + 1 == what_->what.threads.size()) return;  // nobody is left to be disturbed
  largest_stop_ = std::max(largest_stop_, me.steps);
  me.stopped = true;
  rl::ctx().park_current_thread(false, false, false, info_of(location::here()));
}

void execution::sleep_at(const void* address) {
  if (!in_threads()) fail("L1", "there is nobody to wake it");
  actors_[rl::ctx().threadx_->index_].sleeps_at = address;
  rl::ctx().park_current_thread(false, false, false, info_of(location::here()));
}

void execution::wake_one_at(const void* address) {
  rl::ctx().sched();
  std::array<rl::thread_id_t, max_threads> asleep{};
  unsigned count = 0;
  for (unsigned t = 0; t < max_threads; ++t) {
    if (actors_[t].sleeps_at == address) asleep[count++] = static_cast<rl::thread_id_t>(t);
  }
  if (count == 0) return;
  const auto one = asleep[count == 1 ? 0 : rl::rand(count)];
  actors_[one].sleeps_at = nullptr;
  rl::ctx().unpark_thread(one, false, info_of(location::here()));
}

void execution::fail(const char* property, const char* text) {
  runs_ = false;
  if (!fault_) fault_ = {property, text};
  if (recording_in_force) {
    const own_heap lasts;
    the_recorder().lost_at(the_recorder().note(fmt::format("{}: {}", property, text)));
  }
  rl::ctx().fail_test(text, rl::test_result_user_assert_failed, info_of(location::here()));
  std::abort();  // not reached: fail_test leaves the fibre
}

}  // namespace caiman::model
