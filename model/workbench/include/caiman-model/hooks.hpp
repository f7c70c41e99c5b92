// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// hooks.hpp: what the engine offers to the accesses of a subject
//
// checked_atomic.hpp calls these for everybody; a policy of a subject's own, such as one with
// thread slots and pauses, calls the rest.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "sites.hpp"

namespace caiman::model {

inline constexpr unsigned max_threads = 3;

/// Of the run that is on its way; the engine sets them before it starts.
struct run_settings {
  std::array<std::memory_order, max_sites> orders{};
  unsigned threads = 2;      // how many there are
  unsigned looks = 1;        // how often a failing search may look again
  unsigned stack_depth = 0;  // of the owner stacks, 0 for none,
  bool one_sided = false;    // the owner's fence is none
  bool announced = false;    // and how they pop
};
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): one run at a time
inline constinit run_settings settings;
/// Whose order was asked for; the engine clears it.
extern site_set sites_touched;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

unsigned slot_of_current_thread() noexcept;
/// Whether it runs code of another shared object than the one that built the arena.
bool current_thread_must_ask() noexcept;
/// The shared slot for a thread that has a slot to come and has not asked for it.
unsigned slot_at_hand_of_current_thread() noexcept;
unsigned slots_in_use() noexcept;
/// Else it is the set-up, or the end: all that was done is known to who asks.
bool threads_run() noexcept;
/// What a failing search calls between two looks.
void pause_between_looks(unsigned round);
/// What anybody calls who waits for another thread.
void let_others_run();
/// Until somebody wakes it: whoever has just seen, with no step in between, that it must sleep. And
/// the other side: one of those that sleep at this address, any of them.
void sleep_at(const void* address);
void wake_one_at(const void* address);
/// Before every atomic access: where a stopped thread stops.
void before_access();
[[noreturn]] void report_misuse(const char* what, unsigned order, std::uint64_t index);
void report_broken_invariant(const char* what);
[[noreturn]] void report_fault(const char* property, const char* text);
/// The memory of `count` min blocks from `first` on becomes zero.
void zero_payload(std::size_t first, std::size_t count);

}  // namespace caiman::model
