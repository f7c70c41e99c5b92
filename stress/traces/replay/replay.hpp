// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// replay.hpp: does again what a program asked of its allocator, on any allocator
//
// A subject has
//
//     void* allocate(std::size_t bytes) noexcept;          // nullptr: refused
//     void release(void* p, std::size_t bytes) noexcept;   // from any thread
//
// Each recorded thread is a thread; a release of another thread's block waits until the block is
// there, and nobody runs far ahead (plan.hpp). Of every block the first byte of each 4 KiB is
// written, so that memory is real. A realloc is a request for the new block and a release of the
// old one; nothing is copied. Per event the harness reads 8 bytes in order and one slot; a trace of
// one thread runs on the calling thread, and nothing in it waits. Relies on plan.hpp.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <thread>
#include <vector>

#include "memory.hpp"
#include "plan.hpp"

namespace caiman::traces {

struct replay_result {
  double seconds = 0;  // from the first step of any thread to the last of all
  std::uint64_t events = 0;
  std::uint32_t threads = 0;
  std::uint64_t failures = 0;         // refused requests; what they did not give is not released
  std::uint64_t peak_live_bytes = 0;  // asked for and not released, in the recorded order
  memory_use memory;                  // of the process
};

/// How a thread waits for a block that is not there yet, and for one that is far behind. A type, so
/// that a test can leave the waiting out and see its checks convict that.
struct patient_waiting {
  template <class Ready>
  static void until(Ready ready) {
    constexpr unsigned looks = 100;
    for (unsigned n = 0; !ready(); ++n) {
      if (n >= looks) std::this_thread::yield();
    }
  }
};

namespace detail {

using slot = std::atomic<void*>;

/// Stands in a slot for a block that was refused.
inline void* refused() {
  static char mark;
  return &mark;
}

inline void touch(void* block, std::size_t bytes) {
  constexpr std::size_t page = 4096;
  auto* const at = static_cast<volatile char*>(block);
  for (std::size_t offset = 0; offset < bytes; offset += page) at[offset] = 1;
}

/// How far each thread is: everything that it does before this place of the recorded order is done.
class progress_board {
 public:
  explicit progress_board(std::size_t threads) : places_(threads) {}

  template <class Waiting>
  void begin(std::size_t me, const step_chunk& next) {
    places_[me].value.store(next.first, std::memory_order_relaxed);
    Waiting::until([&] { return next.last <= furthest_behind() + most_lead; });
  }
  void finish(std::size_t me) { places_[me].value.store(end, std::memory_order_relaxed); }

 private:
  static constexpr std::uint64_t end = std::numeric_limits<std::uint64_t>::max() - most_lead;
  struct alignas(128) place {
    std::atomic<std::uint64_t> value{0};
  };

  std::uint64_t furthest_behind() const {
    std::uint64_t least = end;
    for (const place& at : places_) {
      least = std::min(least, at.value.load(std::memory_order_relaxed));
    }
    return least;
  }

  std::vector<place> places_;
};

/// Returns 1 for a refusal.
template <class Waiting, class Subject>
std::uint64_t take(Subject& from, const trace_step& step, slot* slots) {
  slot& mine = slots[step.slot()];
  if (step.is_release()) {
    void* block = mine.load(std::memory_order_acquire);
    if (block == nullptr) [[unlikely]] {
      Waiting::until([&] { return (block = mine.load(std::memory_order_acquire)) != nullptr; });
    }
    if (block != refused()) from.release(block, step.bytes());
    return 0;
  }
  void* const block = from.allocate(step.bytes());
  if (block == nullptr) [[unlikely]] {
    mine.store(refused(), std::memory_order_release);
    return 1;
  }
  touch(block, step.bytes());
  mine.store(block, std::memory_order_release);
  return 0;
}

using clock = std::chrono::steady_clock;

struct thread_outcome {
  clock::time_point begin, end;
  std::uint64_t failures = 0;
};

template <class Waiting, class Subject>
std::uint64_t run_alone(Subject& subject, const thread_plan& plan, slot* slots) {
  std::uint64_t failures = 0;
  for (const trace_step& step : plan.steps) failures += take<Waiting>(subject, step, slots);
  return failures;
}

template <class Waiting, class Subject>
std::uint64_t run_among_others(Subject& subject, const thread_plan& plan, slot* slots,
                               progress_board& board, std::size_t me) {
  std::uint64_t failures = 0;
  std::size_t next = 0;
  for (const step_chunk& chunk : plan.chunks) {
    board.begin<Waiting>(me, chunk);
    for (; next < chunk.end; ++next) failures += take<Waiting>(subject, plan.steps[next], slots);
  }
  board.finish(me);
  return failures;
}

template <class Waiting, class Subject>
std::vector<thread_outcome> run_threads(Subject& subject, const replay_plan& plan, slot* slots) {
  std::vector<thread_outcome> outcomes(plan.threads.size());
  progress_board board(plan.threads.size());
  std::barrier<> start(static_cast<std::ptrdiff_t>(plan.threads.size()));
  std::vector<std::jthread> crew;
  crew.reserve(plan.threads.size());
  for (std::size_t me = 0; me < plan.threads.size(); ++me) {
    crew.emplace_back([&, me] {
      thread_outcome mine;
      start.arrive_and_wait();
      mine.begin = clock::now();
      mine.failures = run_among_others<Waiting>(subject, plan.threads[me], slots, board, me);
      mine.end = clock::now();
      outcomes[me] = mine;
    });
  }
  crew.clear();  // joins
  return outcomes;
}

template <class Waiting, class Subject>
std::vector<thread_outcome> run(Subject& subject, const replay_plan& plan, slot* slots) {
  if (plan.threads.size() != 1) return run_threads<Waiting>(subject, plan, slots);
  thread_outcome only;
  only.begin = clock::now();
  only.failures = run_alone<Waiting>(subject, plan.threads.front(), slots);
  only.end = clock::now();
  return {only};
}

}  // namespace detail

/// Replays a plan; the blocks that the trace leaves live are released afterwards, off the clock.
template <class Waiting = patient_waiting, class Subject>
replay_result replay(Subject& subject, const replay_plan& plan) {
  replay_result result;
  result.events = plan.events;
  result.threads = static_cast<std::uint32_t>(plan.threads.size());
  result.peak_live_bytes = plan.peak_live_bytes;
  mapped_vector<detail::slot> slots(plan.slots);
  memory_watch watch;
  const auto outcomes = detail::run<Waiting>(subject, plan, slots.data());
  result.memory = watch.seen();
  for (const trace_step& step : plan.left_over) {
    detail::take<Waiting>(subject, step, slots.data());
  }
  if (outcomes.empty()) return result;
  auto begin = outcomes.front().begin;
  auto end = outcomes.front().end;
  for (const auto& outcome : outcomes) {
    result.failures += outcome.failures;
    begin = std::min(begin, outcome.begin);
    end = std::max(end, outcome.end);
  }
  result.seconds = std::chrono::duration<double>(end - begin).count();
  return result;
}

/// The same for a trace without complaint.
template <class Subject>
replay_result replay(Subject& subject, const trace& what) {
  return replay(subject, plan_for(what));
}

}  // namespace caiman::traces
