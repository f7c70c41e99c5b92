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
// a lead of so many events of the recorded order. Else a thread that allocates for others would run
// to the end of the trace before they began, and the memory in use would be that of no program.
//
// A block that shrinks moves on to another slot where threads share it, since who releases it has
// to wait for that, too. What does not fit into a step stands in a note, which is read in order.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../events.hpp"
#include "../mapped.hpp"

namespace caiman::traces {

inline constexpr std::uint64_t most_lead = 1U << 14U;
/// Where blocks are buffers, of which as many would be more memory than the program ever had.
inline constexpr std::uint64_t most_buffers_lead = 1U << 10U;

class trace_step {
 public:
  trace_step(std::uint32_t slot, std::uint32_t bytes, event_kind kind, bool shrinks = false)
      : slot_(slot),
        bytes_(bytes | (kind == event_kind::release ? release_bit : 0U) |
               (shrinks ? shrinks_bit : 0U) |
               (kind == event_kind::shrinking ? shrinking_bit : 0U)) {}

  std::uint32_t slot() const { return slot_; }
  /// Of a request: what is asked for; else what is left after this step, or before a release.
  std::uint32_t bytes() const { return bytes_ & ~(release_bit | shrinks_bit | shrinking_bit); }
  bool is_release() const { return (bytes_ & release_bit) != 0; }
  /// Of a request: whether the block shrinks later; else whether it did before. It does so for the
  /// program even where no block shrinks in the replay, and has a note.
  bool shrinks() const { return (bytes_ & shrinks_bit) != 0; }
  bool is_shrinking() const { return (bytes_ & shrinking_bit) != 0; }

 private:
  static constexpr std::uint32_t release_bit = 1U << 31U;
  static constexpr std::uint32_t shrinks_bit = 1U << 30U;
  static constexpr std::uint32_t shrinking_bit = 1U << 29U;
  static_assert(largest_request < shrinking_bit);

  std::uint32_t slot_;
  std::uint32_t bytes_;
};

/// What belongs to a step besides. Of a request or release of a block that shrinks: the slot that
/// it is released from, and what the program needs of it then. Of a shrinking: the slot that it
/// moves on to, and the bytes before.
struct step_note {
  std::uint32_t slot;
  std::uint32_t bytes;
};

/// Steps that a thread does without looking how far the others are: few, and close together, so
/// that the thread that is furthest behind never has to wait for its own.
struct step_chunk {
  static constexpr std::size_t most_steps = 64;

  std::size_t end;      // behind its last step
  std::uint64_t first;  // places in the recorded order
  std::uint64_t last;
};

struct thread_plan {
  mapped_vector<trace_step> steps;
  mapped_vector<step_note> notes;
  mapped_vector<step_chunk> chunks;
};

struct replay_plan {
  std::vector<thread_plan> threads;
  thread_plan left_over;  // releases of what the trace does not release
  std::size_t slots = 0;
  std::size_t events = 0;
  std::uint64_t shrinkings = 0;
  std::uint64_t peak_live_bytes = 0;  // as trace_counts
  std::uint64_t lead = most_lead;     // no thread gets further ahead of another
};

/// What ours do with a block that shrinks. Peers have realloc, which decides that for itself.
enum class shrink_manner {
  move,      // what is kept goes into a smaller block, if there is one; as most of theirs do
  in_place,  // the tail goes back, by whole min blocks
  never,     // nothing: an affair of the plan
};

struct plan_options {
  std::uint64_t lead = most_lead;
  bool keep_tails = false;  // no block shrinks, though no more is written than if it did
};

/// Of a trace without complaint.
replay_plan plan_for(const trace& what, const plan_options& chosen = {});

/// The smallest block of ours: programs ask malloc mostly for 16 to 64 bytes.
inline constexpr std::size_t min_block_bytes = 16;
/// The same where blocks are buffers: the arena's own measure in the benchmark.
inline constexpr std::size_t min_buffer_bytes = 256;

/// The most that can be live at once in a replay, whatever the threads do within the lead, when
/// each block takes a power of two of at least `min_block` bytes, and none shrinks.
std::uint64_t most_live_bytes(const trace& what, std::uint64_t min_block,
                              std::uint64_t lead = most_lead);

/// A region, in bytes and a power of two from 64 MiB to 512 MiB, in which a buddy system of blocks
/// of `min_block` bytes has room for the trace: most_live_bytes and a quarter more, for what lies
/// scattered. A trace that needs more than 512 MiB will see refusals.
std::size_t region_bytes_for(const trace& what, std::size_t min_block = min_block_bytes,
                             std::uint64_t lead = most_lead);

}  // namespace caiman::traces
