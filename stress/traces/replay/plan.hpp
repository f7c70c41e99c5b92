// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// plan.hpp: a trace, made ready to be replayed without thinking
//
// What can be decided before the clock starts is decided here: each thread gets its steps in an
// array of its own, 8 bytes a step, and every block a slot in a table of pointers. A block that
// comes and goes on one thread shares its slot with others of that thread that live at another
// time, so that the table stays small in the cache; one that another thread releases has a slot to
// itself, which is empty until it is there: that is what the releasing thread waits for.
//
// Threads run freely but for that, and for one thing more: none gets further ahead of another than
// `most_lead` events of the recorded order. Else a thread that allocates for others would run to
// the end of the trace before they began, and the memory in use would be that of no program.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../events.hpp"
#include "../mapped.hpp"

namespace caiman::traces {

inline constexpr std::uint64_t most_lead = 1U << 14U;

class trace_step {
 public:
  trace_step(std::uint32_t slot, std::uint32_t bytes, bool is_release)
      : slot_(slot), bytes_(bytes | (is_release ? release_bit : 0U)) {}

  std::uint32_t slot() const { return slot_; }
  std::uint32_t bytes() const { return bytes_ & ~release_bit; }
  bool is_release() const { return (bytes_ & release_bit) != 0; }

 private:
  static constexpr std::uint32_t release_bit = 1U << 31U;
  static_assert(largest_request < release_bit);

  std::uint32_t slot_;
  std::uint32_t bytes_;
};

/// Steps that a thread does without looking how far the others are: few, and close together, so
/// that the thread that is furthest behind never has to wait for its own.
struct step_chunk {
  static constexpr std::size_t most_steps = 64;
  static constexpr std::uint64_t longest = most_lead / 2;

  std::size_t end;      // behind its last step
  std::uint64_t first;  // places in the recorded order
  std::uint64_t last;
};

struct thread_plan {
  mapped_vector<trace_step> steps;
  mapped_vector<step_chunk> chunks;
};

struct replay_plan {
  std::vector<thread_plan> threads;
  mapped_vector<trace_step> left_over;  // releases of what the trace does not release
  std::size_t slots = 0;
  std::size_t events = 0;
  std::uint64_t peak_live_bytes = 0;  // as trace_counts
};

/// Of a trace without complaint.
replay_plan plan_for(const trace& what);

/// The smallest block of ours: programs ask malloc mostly for 16 to 64 bytes.
inline constexpr std::size_t min_block_bytes = 16;

/// The most that can be live at once in a replay, whatever the threads do within most_lead, when
/// each block takes a power of two of at least `min_block` bytes.
std::uint64_t most_live_bytes(const trace& what, std::uint64_t min_block);

/// A region, in bytes and a power of two from 64 MiB to 512 MiB, in which a buddy system of blocks
/// of `min_block` bytes has room for the trace: most_live_bytes and a quarter more, for what lies
/// scattered. A trace that needs more than 512 MiB will see refusals.
std::size_t region_bytes_for(const trace& what, std::size_t min_block = min_block_bytes);

}  // namespace caiman::traces
