// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// events.hpp: what a program asked of its allocator, in memory
//
// A trace is the list of a program's requests and releases in one order, without addresses and
// without content: blocks are numbered in the order in which they were allocated, so event after
// event says all there is. A block may shrink in between: its tail is not needed any more. Every
// other file here speaks of this one. Relies on mapped.hpp.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "mapped.hpp"

namespace caiman::traces {

/// Larger requests are left out of a trace, and counted.
inline constexpr std::uint32_t largest_request = 1U << 20;
inline constexpr std::uint32_t most_threads = 4096;
inline constexpr std::size_t longest_name = 100;

enum class event_kind : std::uint8_t { allocation, release, shrinking };

struct trace_event {
  std::uint32_t thread;
  std::uint32_t value;  // of an allocation: its bytes; of all else: the number of the block
  event_kind kind;
  std::uint32_t kept = 0;  // of a shrinking: how many bytes are left

  friend bool operator==(const trace_event&, const trace_event&) = default;
};

struct trace {
  std::string name;            // letters, digits, and - . _
  std::uint32_t threads = 0;   // each has an event
  std::uint64_t left_out = 0;  // requests beyond largest_request
  std::uint64_t resized = 0;   // how many allocations are the second half of a realloc
  mapped_vector<trace_event> events;

  friend bool operator==(const trace&, const trace&) = default;
};

/// What follows from the events; meaningful only for a trace without complaint.
struct trace_counts {
  std::uint64_t allocations = 0;
  std::uint64_t releases = 0;
  std::uint64_t foreign_releases = 0;  // by another thread than the one that allocated
  std::uint64_t shrinkings = 0;
  std::uint64_t asked_bytes = 0;      // all allocations together
  std::uint64_t shrunk_bytes = 0;     // of these, what was given back by shrinking
  std::uint64_t peak_live_bytes = 0;  // in the recorded order
  std::uint64_t peak_live_blocks = 0;
  std::uint32_t largest_bytes = 0;
};

/// Whether a trace makes sense: sizes and threads in range, every release of a block that is live,
/// every shrinking to less than is left of one.
/// Returns what is wrong first, or nothing. Nothing else here may be given a trace with a
/// complaint.
std::optional<std::string> complaint_about(const trace& what);

trace_counts counts_of(const trace& what);

}  // namespace caiman::traces
