// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// replay.hpp: does again what a program asked of its allocator, on any allocator
//
// A subject has
//
//     void* allocate(std::size_t bytes) noexcept;          // nullptr: refused
//     void release(void* p, std::size_t bytes) noexcept;   // from any thread
//
// and where blocks shrink, which it must then be asked for (plan_options),
//
//     void* shrink(void* p, std::size_t from, std::size_t to) noexcept;   // where it is now
//     void* shrink_more(void* p, std::size_t from, std::size_t to) noexcept;  // one that did
//     before void release_shrunk(void* p, std::size_t bytes) noexcept;               // the same
//
// In place of void* it may give what has data(), such as a buffer, and is then passed pointers to
// it. Each recorded thread is a thread; a release of another thread's block waits until the block
// is there, and nobody runs far ahead (plan.hpp). Of every block the first byte of each 4 KiB is
// written, so that memory is real. A realloc is a request for the new block and a release of the
// old one; nothing is copied. Per event the harness reads 8 bytes in order and one slot; a trace of
// one thread runs on the calling thread, and nothing in it waits.
//
// With payload a block is written whole when it comes, or the part that it shrinks to, and read
// whole when it goes; what is not there any more is counted. Relies on plan.hpp.
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
#include <utility>
#include <vector>

#include "cells.hpp"
#include "memory.hpp"
#include "payload.hpp"
#include "plan.hpp"

namespace caiman::traces {

struct replay_result {
  double seconds = 0;  // from the first step of any thread to the last of all
  std::uint64_t events = 0;
  std::uint32_t threads = 0;
  std::uint64_t failures = 0;         // refused requests; what they did not give is not released
  std::uint64_t shrinkings = 0;       // that were asked for
  std::uint64_t damaged = 0;          // blocks whose payload was not what had been written
  std::uint64_t peak_live_bytes = 0;  // asked for and not released, in the recorded order
  memory_use memory;                  // of the process
};

/// Of a replay: whether blocks are written and read as a whole.
enum class payload { no, yes };

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

/// The same on a machine that is busy with other things: a thread that has looked for long sleeps,
/// so that the one that it waits for is run, and not everybody else.
struct sleeping_waiting {
  template <class Ready>
  static void until(Ready ready) {
    constexpr unsigned looks = 100;
    constexpr unsigned yields = 200;
    for (unsigned n = 0; !ready(); ++n) {
      if (n >= yields) {
        std::this_thread::sleep_for(std::chrono::microseconds(20));
      } else if (n >= looks) {
        std::this_thread::yield();
      }
    }
  }
};

namespace detail {

template <class Subject>
using handle_of = decltype(std::declval<Subject&>().allocate(std::size_t{}));
template <class Subject>
using slot = cell<handle_of<Subject>>;

/// A subject all of whose blocks are one another's says so, and may have damaged them.
template <class Subject>
concept hands_out_one_block = requires {
  requires Subject::all_is_one_block;
};
template <class Subject>
concept shrinking_subject = requires(Subject& s, slot<Subject>& at) {
  s.shrink(at.template await<patient_waiting>(), std::size_t{}, std::size_t{});
};

inline void touch(std::byte* block, std::size_t bytes) {
  constexpr std::size_t page = 4096;
  auto* const at = static_cast<volatile std::byte*>(block);
  for (std::size_t offset = 0; offset < bytes; offset += page) at[offset] = std::byte{1};
}

/// What a pointer to a handle is a pointer to; a pointer is its own.
inline void* pointee(void* p) { return p; }
template <class Handle>
Handle& pointee(Handle* p) {
  return *p;
}

/// How far each thread is: everything that it does before this place of the recorded order is done.
class progress_board {
 public:
  progress_board(std::size_t threads, std::uint64_t lead) : places_(threads), lead_(lead) {}

  template <class Waiting>
  void begin(std::size_t me, const step_chunk& next) {
    places_[me].value.store(next.first, std::memory_order_relaxed);
    Waiting::until([&] { return next.last <= furthest_behind() + lead_; });
  }
  void finish(std::size_t me) { places_[me].value.store(end, std::memory_order_relaxed); }

 private:
  static constexpr std::uint64_t end = std::numeric_limits<std::uint64_t>::max() / 2;
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
  std::uint64_t lead_;
};

using clock = std::chrono::steady_clock;

struct thread_outcome {
  clock::time_point begin, end;
  std::uint64_t failures = 0;
  std::uint64_t damaged = 0;
};

/// What one thread does with its steps.
template <payload Payload, class Waiting, class Subject>
class worker {
 public:
  worker(Subject& subject, slot<Subject>* slots, const step_note* notes)
      : subject_(subject), slots_(slots), notes_(notes) {}

  void take(const trace_step& step) {
    if (step.is_release()) return release(step);
    if (step.is_shrinking()) [[unlikely]]
      return shrink(step);
    request(step);
  }
  thread_outcome& outcome() { return outcome_; }

 private:
  void request(const trace_step& step) {
    slot<Subject>& mine = slots_[step.slot()];
    step_note end{step.slot(), step.bytes()};
    if (step.shrinks()) [[unlikely]]
      end = *notes_++;
    auto block = subject_.allocate(step.bytes());
    if (!slot<Subject>::is_there(block)) [[unlikely]] {
      ++outcome_.failures;
      return mine.refuse();
    }
    if constexpr (Payload == payload::yes) {
      write_payload(slot<Subject>::bytes_of(block), end.bytes, content_of(end.slot));
    } else {
      touch(slot<Subject>::bytes_of(block), step.bytes());
    }
    mine.put(std::move(block));
  }

  void release(const trace_step& step) {
    if (step.shrinks()) [[unlikely]]
      return release_shrunk(step, *notes_++);
    const auto block = slots_[step.slot()].template await<Waiting>();
    if (slot<Subject>::was_refused(block)) return;
    look_at(block, {step.slot(), step.bytes()});
    subject_.release(block, step.bytes());
  }

  void release_shrunk(const trace_step& step, const step_note& end) {
    const auto block = slots_[step.slot()].template await<Waiting>();
    if (slot<Subject>::was_refused(block)) return;
    look_at(block, end);
    if constexpr (shrinking_subject<Subject>) {
      // A block that kept its tail has more than the program needs of it.
      if (end.bytes == step.bytes()) return subject_.release_shrunk(block, step.bytes());
    }
    subject_.release(block, step.bytes());
  }

  template <class Block>
  void look_at(Block block, const step_note& end) {
    if constexpr (Payload == payload::yes) {
      auto&& handle = pointee(block);
      const bool good =
          holds_payload(slot<Subject>::bytes_of(handle), end.bytes, content_of(end.slot));
      if (!good && !hands_out_one_block<Subject>) [[unlikely]]
        ++outcome_.damaged;
    }
  }

  void shrink(const trace_step& step) {
    const step_note note = *notes_++;
    const auto block = slots_[step.slot()].template await<Waiting>();
    if (slot<Subject>::was_refused(block)) return slots_[note.slot].refuse();
    if constexpr (shrinking_subject<Subject>) {
      const auto moved = step.shrinks() ? subject_.shrink_more(block, note.bytes, step.bytes())
                                        : subject_.shrink(block, note.bytes, step.bytes());
      auto&& handle = pointee(moved);
      slots_[note.slot].put(std::move(handle));
    }
  }

  Subject& subject_;
  slot<Subject>* slots_;
  const step_note* notes_;
  thread_outcome outcome_;
};

template <payload Payload, class Waiting, class Subject>
thread_outcome run_alone(Subject& subject, const thread_plan& plan, slot<Subject>* slots) {
  worker<Payload, Waiting, Subject> me(subject, slots, plan.notes.data());
  me.outcome().begin = clock::now();
  for (const trace_step& step : plan.steps) me.take(step);
  me.outcome().end = clock::now();
  return me.outcome();
}

template <payload Payload, class Waiting, class Subject>
thread_outcome run_among_others(Subject& subject, const thread_plan& plan, slot<Subject>* slots,
                                progress_board& board, std::size_t number) {
  worker<Payload, Waiting, Subject> me(subject, slots, plan.notes.data());
  me.outcome().begin = clock::now();
  std::size_t next = 0;
  for (const step_chunk& chunk : plan.chunks) {
    board.begin<Waiting>(number, chunk);
    for (; next < chunk.end; ++next) me.take(plan.steps[next]);
  }
  board.finish(number);
  me.outcome().end = clock::now();
  return me.outcome();
}

template <payload Payload, class Waiting, class Subject>
std::vector<thread_outcome> run_threads(Subject& subject, const replay_plan& plan,
                                        slot<Subject>* slots) {
  std::vector<thread_outcome> outcomes(plan.threads.size());
  progress_board board(plan.threads.size(), plan.lead);
  std::barrier<> start(static_cast<std::ptrdiff_t>(plan.threads.size()));
  std::vector<std::jthread> crew;
  crew.reserve(plan.threads.size());
  for (std::size_t me = 0; me < plan.threads.size(); ++me) {
    crew.emplace_back([&, me] {
      start.arrive_and_wait();
      outcomes[me] =
          run_among_others<Payload, Waiting>(subject, plan.threads[me], slots, board, me);
    });
  }
  crew.clear();  // joins
  return outcomes;
}

template <payload Payload, class Waiting, class Subject>
std::vector<thread_outcome> run(Subject& subject, const replay_plan& plan, slot<Subject>* slots) {
  if (plan.threads.size() != 1) return run_threads<Payload, Waiting>(subject, plan, slots);
  return {run_alone<Payload, Waiting>(subject, plan.threads.front(), slots)};
}

}  // namespace detail

/// Replays a plan; the blocks that the trace leaves live are released afterwards, off the clock.
/// A plan of blocks that shrink wants a subject that can do that.
template <class Waiting = patient_waiting, payload Payload = payload::no, class Subject>
replay_result replay(Subject& subject, const replay_plan& plan) {
  replay_result result;
  result.events = plan.events;
  result.threads = static_cast<std::uint32_t>(plan.threads.size());
  result.peak_live_bytes = plan.peak_live_bytes;
  result.shrinkings = plan.shrinkings;
  mapped_vector<detail::slot<Subject>> slots(plan.slots);
  memory_watch watch;
  const auto outcomes = detail::run<Payload, Waiting>(subject, plan, slots.data());
  result.memory = watch.seen();
  detail::worker<Payload, Waiting, Subject> rest(subject, slots.data(),
                                                 plan.left_over.notes.data());
  for (const trace_step& step : plan.left_over.steps) rest.take(step);
  result.damaged = rest.outcome().damaged;
  if (outcomes.empty()) return result;
  auto begin = outcomes.front().begin;
  auto end = outcomes.front().end;
  for (const auto& outcome : outcomes) {
    result.failures += outcome.failures;
    result.damaged += outcome.damaged;
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
